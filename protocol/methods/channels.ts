/** Channels: the messengers this gateway speaks through, who may write, what they owe, and a message sent through one. */
import type { MethodSpec } from "../method.ts";
import { agentId, anything, count, flag, id, idempotencyKey, message, sessionKey, word, words } from "./fields.ts";

const texts = { type: "object", additionalProperties: { type: "string" } } as const;
const text = { type: "string" } as const;

/**
 * `up`: it answers. `degraded`: it did, and has given no sign of life for long. `starting`: it has not said yet. `down`: see `why`.
 * `stopped`: by a person. `off`: not enabled, or no secret.
 */
export const CHANNEL_STATES = ["up", "degraded", "starting", "down", "stopped", "off"] as const;

/** Whose messages are taken where one person writes alone. */
const dmPolicy = { enum: ["pairing", "allowlist", "open", "disabled"] } as const;

const account = {
  type: "object", required: ["accountId", "enabled", "configured", "running", "connected", "state", "sinceMs"],
  properties: {
    accountId: id, enabled: flag, configured: flag, running: flag, connected: flag, linked: flag,
    state: { enum: CHANNEL_STATES }, sinceMs: count,
    /** As whom it speaks there: `@name`. */
    as: word,
    why: text, next: text, lastError: text,
    /** Only a person can mend it: nothing is tried again. */
    final: flag,
    lastInboundAt: count, lastOutboundAt: count,
    dmPolicy,
    /** Senders that wait for approval, messages on their way, and deliveries of which nobody knows whether they arrived. */
    waiting: count, owed: count, unsure: count,
  },
} as const;

const channel = {
  type: "object", required: ["id", "label"],
  properties: {
    id, label: word,
    /** The variable that holds the usual account's secret where the configuration names none. */
    credentialVariable: word,
  },
} as const;

const issue = {
  type: "object", required: ["channel", "accountId", "kind", "message"],
  properties: { channel: id, accountId: id, kind: word, message: text, fix: text },
} as const;

const request = {
  type: "object", required: ["channel", "accountId", "code", "senderId", "createdAtMs", "expiresAtMs"],
  properties: { channel: id, accountId: id, code: word, senderId: id, name: word, username: word, createdAtMs: count, expiresAtMs: count },
} as const;

const approved = {
  type: "object", required: ["channel", "accountId", "senderId", "owner"],
  properties: {
    channel: id, accountId: id, senderId: id, name: word, username: word, owner: flag, approvedAtMs: count,
    /** Who let them in; `config`: they stand in the configuration, and are taken away there. */
    by: word,
  },
} as const;

const delivery = {
  type: "object", required: ["id", "channel", "accountId", "to", "text", "atMs"],
  properties: { id, channel: id, accountId: id, to: word, threadId: word, sessionKey, text, why: text, atMs: count },
} as const;

const one = { channel: id, accountId: id } as const;
const oneAccount = { type: "object", additionalProperties: false, required: ["channel"], properties: one } as const;
const anyAccount = { type: "object", additionalProperties: false, properties: one } as const;
const acted = {
  type: "object", required: ["ok", "channel", "accountId"],
  properties: { ok: flag, ...one, state: { enum: CHANNEL_STATES }, note: text, cleared: flag, loggedOut: flag },
} as const;
const ofCode = { ...one, code: { type: "string", minLength: 1, maxLength: 32 } } as const;

export const CHANNEL_METHODS = {
  "channels.status": {
    role: "operator", scope: "operator.read",
    summary: "Every channel and its accounts. With probe it waits, at most timeoutMs, until those that start have said how they stand.",
    params: {
      type: "object", additionalProperties: false,
      properties: { probe: flag, timeoutMs: { type: "integer", minimum: 0, maximum: 120_000 }, channel: id },
    },
    result: {
      type: "object",
      required: [
        "ts", "channelOrder", "channelLabels", "channelDetailLabels", "channelSystemImages", "channelMeta", "channels", "channelAccounts",
        "channelDefaultAccountId", "statusIssues",
      ],
      properties: {
        ts: count,
        /** Every channel that could be used; one without an account is not configured. */
        channelOrder: words,
        channelLabels: texts, channelDetailLabels: texts, channelSystemImages: texts,
        channelMeta: { type: "array", items: channel }, channels: anything,
        channelAccounts: { type: "object", additionalProperties: { type: "array", items: account } },
        channelDefaultAccountId: texts,
        eventLoop: anything, statusIssues: { type: "array", items: issue },
      },
    },
  },
  "channels.connect": {
    role: "operator", scope: "operator.admin", hidden: true, controlPlaneWrite: true,
    summary: "Puts an account into the configuration, and its secret into the store; how it stands then is told by channels.status.",
    params: {
      type: "object", additionalProperties: false, required: ["channel"],
      properties: {
        channel: id, accountId: { type: "string", pattern: "^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$" },
        secret: { type: "string", minLength: 1, maxLength: 16_384, secret: true }, dmPolicy,
      },
    },
    result: { type: "object", required: ["ok", "channel", "accountId"], properties: { ok: flag, channel: id, accountId: id } },
  },
  "channels.start": {
    role: "operator", scope: "operator.admin", summary: "Starts an account that was stopped, or tries one again that is down.",
    params: oneAccount, result: acted,
  },
  "channels.stop": {
    role: "operator", scope: "operator.admin",
    summary: "Stops an account until it is started, or the gateway starts anew. What people write meanwhile waits at the messenger.",
    params: oneAccount, result: acted,
  },
  "channels.logout": {
    role: "operator", scope: "operator.admin",
    summary: "Stops an account, takes it out of the configuration, and forgets its secret and who may write.",
    params: oneAccount, result: acted,
  },
  "channels.pairing.list": {
    role: "operator", scope: "operator.pairing", summary: "Senders that wait for approval, and those that may write.", params: anyAccount,
    result: {
      type: "object", required: ["requests", "approved"],
      properties: { requests: { type: "array", items: request }, approved: { type: "array", items: approved } },
    },
  },
  "channels.pairing.approve": {
    role: "operator", scope: "operator.pairing",
    summary: "Lets a sender write, by the code it was shown. With owner its words count as the owner's: needs operator.admin.",
    params: {
      type: "object", additionalProperties: false, required: ["channel", "code"],
      properties: {
        ...ofCode, owner: flag,
        /** The same as `owner`. */
        bootstrapCommandOwner: flag,
      },
    },
    result: {
      type: "object", required: ["ok", "channel", "accountId", "senderId", "owner"],
      properties: { ok: flag, ...one, senderId: id, name: word, username: word, owner: flag },
    },
  },
  "channels.pairing.dismiss": {
    role: "operator", scope: "operator.pairing",
    summary: "Takes a request away; whoever wrote is told nothing, and gets no other code for a while.",
    params: { type: "object", additionalProperties: false, required: ["channel", "code"], properties: ofCode },
    result: { type: "object", required: ["ok", "senderId"], properties: { ok: flag, senderId: id } },
  },
  "channels.pairing.remove": {
    role: "operator", scope: "operator.pairing", summary: "Whoever was let in is a stranger again.",
    params: { type: "object", additionalProperties: false, required: ["channel", "senderId"], properties: { ...one, senderId: id } },
    result: { type: "object", required: ["ok", "removed"], properties: { ok: flag, removed: flag } },
  },
  "channels.unsure.list": {
    role: "operator", scope: "operator.read",
    summary: "Deliveries of which nobody knows whether they arrived, the oldest first. What follows in the same conversation goes on.",
    params: anyAccount,
    result: {
      type: "object", required: ["deliveries"], properties: { deliveries: { type: "array", items: delivery }, more: flag },
    },
  },
  "channels.unsure.answer": {
    role: "operator", scope: "operator.write", summary: "Sends one of them again, or forgets it.",
    params: {
      type: "object", additionalProperties: false, required: ["id", "answer"],
      properties: { id, answer: { enum: ["resend", "discard"] } },
    },
    result: { type: "object", required: ["ok", "id", "answer"], properties: { ok: flag, id, answer: word } },
  },
  send: {
    role: "operator", scope: "operator.write",
    summary: "Sends a message through a channel, with no agent in between. Answers when the messenger has it, or when it is kept and owed.",
    params: {
      type: "object", additionalProperties: false, required: ["to", "idempotencyKey"],
      properties: {
        to: id, idempotencyKey, message, mediaUrl: { type: "string", maxLength: 8_192 },
        mediaUrls: { type: "array", maxItems: 32, items: { type: "string", maxLength: 8_192 } }, channel: word, accountId: word,
        threadId: { type: ["string", "number"] }, replyToId: word, silent: flag, gifPlayback: flag, asVoice: flag, forceDocument: flag,
        agentId, sessionKey,
      },
    },
    result: {
      type: "object", required: ["runId", "channel", "accountId", "to", "state"],
      properties: {
        /** The idempotency key. */
        runId: id, ...one, to: word, state: { enum: ["sent", "owed", "unsure"] },
        /** Of the first part, where it was cut; absent unless it was sent. */
        messageId: word, messageIds: words, why: text,
      },
    },
  },
} as const satisfies Record<string, MethodSpec>;
