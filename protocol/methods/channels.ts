/** Channels: the messengers this gateway speaks through, and a message sent through one. */
import type { MethodSpec } from "../method.ts";
import { agentId, anything, count, flag, id, idempotencyKey, message, sessionKey, word, words } from "./fields.ts";

const texts = { type: "object", additionalProperties: { type: "string" } } as const;

export const CHANNEL_METHODS = {
  "channels.status": {
    role: "operator", scope: "operator.read", summary: "Every channel and its accounts.",
    params: {
      type: "object", additionalProperties: false,
      properties: { probe: flag, timeoutMs: { type: "integer", minimum: 0 }, channel: id },
    },
    result: {
      type: "object",
      required: [
        "ts", "channelOrder", "channelLabels", "channelDetailLabels", "channelSystemImages", "channelMeta", "channels", "channelAccounts",
        "channelDefaultAccountId", "statusIssues",
      ],
      properties: {
        ts: count, channelOrder: words, channelLabels: texts, channelDetailLabels: texts, channelSystemImages: texts,
        channelMeta: { type: "array", items: anything }, channels: anything, channelAccounts: anything, channelDefaultAccountId: texts,
        eventLoop: anything, statusIssues: { type: "array", items: anything },
      },
    },
  },
  send: {
    role: "operator", scope: "operator.write", summary: "Sends a message through a channel, with no agent in between.",
    params: {
      type: "object", additionalProperties: false, required: ["to", "idempotencyKey"],
      properties: {
        to: id, idempotencyKey, message, mediaUrl: { type: "string", maxLength: 8_192 },
        mediaUrls: { type: "array", maxItems: 32, items: { type: "string", maxLength: 8_192 } }, channel: word, accountId: word,
        threadId: { type: ["string", "number"] }, replyToId: word, silent: flag, gifPlayback: flag, asVoice: flag, forceDocument: flag,
        agentId, sessionKey,
      },
    },
    result: { type: "object", properties: { runId: id, messageId: word, channel: word } },
  },
} as const satisfies Record<string, MethodSpec>;
