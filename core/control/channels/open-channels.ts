/**
 * All accounts of all messengers: as the configuration says, opened, closed and brought up to date one by one.
 */
import { hash } from "node:crypto";
import { hasCode, OpenClawError } from "@openclaw/protocol";
import type { ChannelTarget } from "@openclaw/sdk";
import type { LiveEvent } from "../../cognition/runtime.ts";
import { Secret } from "../../base/secret.ts";
import type { ChannelAddress, Delivery } from "../sessions.ts";
import { listAccounts, type AccountSection } from "./account-sections.ts";
import { openChannelRecords, type ChannelRecordsDeps } from "./channel-records.ts";
import { DEFAULT_ACCOUNT, type ChannelsConfig } from "./config.ts";
import { createFollowRuns, type FollowedRun } from "./follow-runs.ts";
import { formatOutcome } from "./format-outcome.ts";
import { accountKey, openAccount, type AccountDeps, type AccountStatus, type ChannelAccount } from "./open-account.ts";
import { openOutbox, type Outbox, type OutboxEntry } from "./outbox.ts";
import { openPairing, type ApprovedSender, type Pairing, type PairingCode } from "./pairing.ts";
import { createReceiveMessages, type ReceiveDeps } from "./receive-messages.ts";
import { openSaidOnce } from "./said-once.ts";
import { conversationOf } from "./send-pace.ts";

export interface ChannelsDeps extends ChannelRecordsDeps, Omit<ReceiveDeps, "pairing" | "outbox" | "follow" | "log"> {
  readonly config: () => ChannelsConfig;
  readonly ids: AccountDeps["ids"];
  readonly find: AccountDeps["find"];
  readonly lend: AccountDeps["lend"];
  readonly log: AccountDeps["log"];
  /** Every messenger there is a drop-in for. */
  readonly available: () => Promise<readonly AvailableChannel[]>;
  /** The state of an account, a code or a held message changed. */
  readonly onChanged: (account: { readonly channel: string; readonly accountId: string }, what: "account" | "pairing" | "unsure") => void;
}

export interface AvailableChannel {
  readonly id: string;
  readonly label: string;
  readonly credentialVariable?: string;
}

type OfAccount = Pick<AccountSection, "channel" | "accountId">;

export interface SendOrder {
  readonly channel?: string;
  readonly accountId?: string;
  readonly at: ChannelTarget;
  readonly text: string;
  readonly idempotencyKey: string;
  readonly replyToId?: string;
  readonly silent?: boolean;
}

export interface SentOrder extends OfAccount {
  readonly state: "sent" | "owed" | "unsure";
  readonly messageId?: string;
  readonly messageIds?: readonly string[];
  readonly why?: string;
}

/** What is wrong with the configuration of an account, or missing. */
export interface ChannelIssue {
  readonly channel: string;
  readonly accountId: string;
  readonly kind: "config" | "down" | "silent" | "unsure";
  readonly message: string;
  readonly fix: string;
}

export interface Channels extends AsyncDisposable {
  /** Opens what the configuration names, and closes what it no longer does. Resolves when that is begun; never throws. */
  follow(): Promise<void>;
  /** Throws CHANNEL_DOWN, CHANNEL_REFUSED, CHANNEL_UNKNOWN and what the store throws. */
  deliver(to: ChannelAddress, delivery: Delivery, signal: AbortSignal): Promise<void>;
  live(event: LiveEvent): void;
  /** With no agent in between. Throws CHANNEL_UNKNOWN, CHANNEL_REFUSED and what the store throws; what cannot go now is owed. */
  send(order: SendOrder, signal: AbortSignal): Promise<SentOrder>;
  /** Every account that is configured, by messenger and name. */
  status(): readonly AccountStatus[];
  issues(): readonly ChannelIssue[];
  /** Throws CHANNEL_UNKNOWN. Each answers with what is true then. */
  start(channel: string, accountId?: string): Promise<AccountStatus>;
  stop(channel: string, accountId?: string): Promise<AccountStatus>;
  available(): Promise<readonly AvailableChannel[]>;
  /** Strangers with a code. */
  waiting(account: OfAccount): readonly (PairingCode & OfAccount)[];
  /** Whoever may write directly; `by: "config"` for those of the configuration. */
  letIn(account: OfAccount): readonly LetIn[];
  /** Messages on their way. */
  owed(channel: string, accountId: string): number;
  readonly pairing: Pairing;
  readonly outbox: Pick<Outbox, "held" | "settle">;
}

export type LetIn = OfAccount & Pick<ApprovedSender, "senderId" | "owner" | "by"> & Partial<ApprovedSender>;

interface Running {
  readonly section: AccountSection;
  readonly looks: string;
  account: ChannelAccount | undefined;
  /** A person stopped it. */
  stopped: boolean;
  sinceMs: number;
}

export async function openChannels(deps: ChannelsDeps): Promise<Channels> {
  const { clock, log, onChanged } = deps;
  const running = new Map<string, Running>();
  const cursors = openChannelRecords<{ readonly cursor: string }>("channel-cursors", deps);
  let bad: readonly { readonly path: string; readonly why: string }[] = [];
  let closed = false;

  const find = (channel: string, accountId: string): Running => {
    const found = running.get(accountKey({ channel, accountId }));
    if (found !== undefined) return found;
    const known = [...running.values()].map(({ section }) => `${section.channel} ${section.accountId}`).join(", ") || "none";
    throw new OpenClawError("CHANNEL_UNKNOWN", { why: `${channel} ${accountId} is not configured. Configured: ${known}.` });
  };
  const accountOf = (channel: string, accountId: string): ChannelAccount => {
    const { account } = find(channel, accountId);
    if (account === undefined) throw new OpenClawError("CHANNEL_DOWN", { why: `${channel} ${accountId} is stopped.` });
    return account;
  };
  /** Of an address that names none: the usual one, or the only one there is. */
  const accountNamed = (channel: string, accountId: string | undefined): string => {
    if (accountId !== undefined) return accountId;
    const own = [...running.values()].filter(({ section }) => section.channel === channel);
    return own.length === 1 ? (own[0]?.section.accountId ?? DEFAULT_ACCOUNT) : DEFAULT_ACCOUNT;
  };

  const pairing = await openPairing({ ...deps, onChanged: (account) => onChanged(placeOf(account), "pairing") });
  const outbox = await openOutbox({
    ...deps, accountOf, onHeld: (entry: OutboxEntry, isNew) => {
      if (isNew) log.warn("channel.unsure", { channel: entry.channel, accountId: entry.accountId });
      onChanged(entry, "unsure");
    },
  });
  const said = await openSaidOnce(deps);
  const idOf = ({ channel, accountId, sessionKey, runId }: Pick<FollowedRun, "channel" | "accountId" | "sessionKey" | "runId">): string =>
    `${channel}.${accountId}.run-${hash("sha256", `${sessionKey}\0${runId}`, "hex").slice(0, 40)}`;
  const follow = createFollowRuns({ clock, outbox, accountOf, idOf });
  const receive = createReceiveMessages({ ...deps, pairing, outbox, follow });

  const open = (one: Running): void => {
    one.stopped = false;
    one.sinceMs = clock.now();
    if (!one.section.enabled || closed) return;
    one.account = openAccount({
      section: one.section, clock, ids: deps.ids, find: deps.find, lend: deps.lend, cursors, receive, log,
      onChanged: () => onChanged(one.section, "account"),
      onUp: ({ channel, accountId }) => outbox.resume(channel, accountId),
    });
  };
  const close = async (one: Running): Promise<void> => {
    const { account } = one;
    one.account = undefined;
    one.sinceMs = clock.now();
    await account?.[Symbol.asyncDispose]();
  };

  let following: Promise<void> = Promise.resolve();
  const followNow = async (): Promise<void> => {
    const wrong: { path: string; why: string }[] = [];
    const sections = listAccounts(deps.config(), (path, why) => void wrong.push({ path, why }));
    const wanted = new Map(sections.map((section) => [accountKey(section), section]));
    bad = wrong;
    const going = [...running].filter(([key, { looks }]) => {
      const section = wanted.get(key);
      return section === undefined || looksOf(section) !== looks;
    });
    await Promise.all(going.map(async ([key, one]) => {
      running.delete(key);
      await close(one);
    }));
    for (const [key, section] of wanted) {
      if (running.has(key)) continue;
      const one: Running = { section, looks: looksOf(section), account: undefined, stopped: false, sinceMs: clock.now() };
      running.set(key, one);
      open(one);
    }
    for (const [, { section }] of going) onChanged(section, "account");
  };

  const statusOf = ({ section, account, stopped, sinceMs }: Running): AccountStatus => account?.status() ?? {
    channel: section.channel, accountId: section.accountId, label: section.channel, phase: stopped ? "stopped" : "off", sinceMs,
    final: true, restarts: 0, dmPolicy: section.values.dmPolicy ?? "pairing",
    ...(section.values.name === undefined ? {} : { name: section.values.name }),
  };

  return {
    pairing, outbox,
    follow: () => (following = following.then(followNow).catch((error: unknown) => log.warn("channels.failed", { error }))),
    live: follow.live,
    deliver: async (to, delivery, signal) => {
      const { channel, threadId, replyToId } = to;
      const { from } = delivery;
      const accountId = accountNamed(channel, to.accountId);
      follow.end(from.runId);
      const order = {
        channel, accountId, at: { to: to.to, ...(threadId === undefined ? {} : { threadId }) }, text: formatOutcome(delivery),
        ...(replyToId === undefined ? {} : { replyToId }),
      };
      const id = idOf({ channel, accountId, ...from });
      if (delivery.sharedEnd !== undefined) {
        const conversation = `${channel}\0${accountId}\0${conversationOf(order.at)}`;
        const isSaid = await said.isSaidBy(id, { sessionKey: from.sessionKey, end: delivery.sharedEnd, conversation });
        // What stands there already is never left unsaid.
        if (!isSaid && !(await outbox.isPlaced(id))) return;
      }
      await outbox.bring(id, order, signal);
    },
    send: async ({ channel: wished, accountId: account, idempotencyKey, ...order }, signal) => {
      const channel = wished ?? onlyChannel([...running.values()].map(({ section }) => section.channel));
      const accountId = accountNamed(channel, account);
      find(channel, accountId);
      const id = `${channel}.${accountId}.send-${hash("sha256", idempotencyKey, "hex").slice(0, 40)}`;
      await outbox.put(id, { ...order, channel, accountId });
      const sent = await outbox.bring(id, { ...order, channel, accountId }, signal).catch((error: unknown) => {
        // It is kept, and goes when it can.
        if (!signal.aborted && !hasCode(error, "CHANNEL_DOWN") && !hasCode(error, "BACKPRESSURE")) throw error;
        return { why: error instanceof OpenClawError ? error.message : "It takes long." };
      });
      if (!("state" in sent)) return { channel, accountId, state: "owed", why: sent.why };
      const { state, messageIds, why } = sent;
      if (state === "held") return { channel, accountId, state: "unsure", why: why ?? "The messenger did not say whether it took it." };
      const [messageId] = messageIds;
      return { channel, accountId, state: "sent", messageIds, ...(messageId === undefined ? {} : { messageId }) };
    },
    available: deps.available,
    waiting: ({ channel, accountId }) =>
      pairing.list(accountKey({ channel, accountId })).codes.map((code) => ({ channel, accountId, ...code })),
    letIn: ({ channel, accountId }) => {
      const { allowFrom = [] } = find(channel, accountId).section.values;
      const owners = deps.owners();
      const named = [...new Set([...allowFrom, ...owners].map(String))].filter((entry) => entry !== "*" && !entry.startsWith("@"));
      return [
        ...named.map((senderId) => ({ channel, accountId, senderId, owner: owners.map(String).includes(senderId), by: "config" })),
        ...pairing.list(accountKey({ channel, accountId })).approved.map((sender) => ({ channel, accountId, ...sender })),
      ];
    },
    owed: outbox.owed,
    status: () => [...running.values()].map(statusOf),
    issues: () => [
      ...bad.map(({ path, why }) => issueOf(
        { channel: path.split(".")[1] ?? path, accountId: path.split(".")[3] ?? DEFAULT_ACCOUNT }, "config", `${path} ${why}.`,
        "Mend it in the configuration.",
      )),
      ...[...running.values()].flatMap(({ section }) => sectionIssues(section)),
      ...[...running.values()].map(statusOf).flatMap((status) => stateIssues(status)),
      ...unsureIssues(outbox.held()),
    ],
    start: async (channel, account) => {
      const one = find(channel, accountNamed(channel, account));
      await close(one);
      open(one);
      onChanged(one.section, "account");
      return statusOf(one);
    },
    stop: async (channel, account) => {
      const one = find(channel, accountNamed(channel, account));
      await close(one);
      one.stopped = true;
      onChanged(one.section, "account");
      return statusOf(one);
    },
    [Symbol.asyncDispose]: async () => {
      closed = true;
      follow.close();
      await following;
      await Promise.all([...running.values()].map(close));
      await outbox.close();
    },
  };
}

function onlyChannel(names: readonly string[]): string {
  const all = new Set(names);
  const [first] = all;
  if (first !== undefined && all.size === 1) return first;
  throw new OpenClawError("CHANNEL_UNKNOWN", { why: all.size === 0 ? "No channel is configured." : `Name one of ${[...all].join(", ")}.` });
}

function placeOf(account: string): OfAccount {
  const at = account.indexOf(".");
  return { channel: account.slice(0, at), accountId: account.slice(at + 1) };
}

function issueOf({ channel, accountId }: OfAccount, kind: ChannelIssue["kind"], message: string, fix: string): ChannelIssue {
  return { channel, accountId, kind, message, fix };
}

function unsureIssues(held: readonly OutboxEntry[]): readonly ChannelIssue[] {
  const [first] = held;
  if (first === undefined) return [];
  const count = held.length === 1 ? "a message was" : `${held.length} messages were`;
  return [issueOf(first, "unsure", `It is not known whether ${count} sent.`, "Decide: openclaw channels unsure")];
}

function stateIssues(status: AccountStatus): readonly ChannelIssue[] {
  const { phase, why = "", fix = "See what the log says: openclaw logs", label, accountId } = status;
  const name = accountId === DEFAULT_ACCOUNT ? label : `${label} ${accountId}`;
  if (phase === "off" && status.why !== undefined) return [issueOf(status, "down", `${name} is off: ${why}`, fix)];
  if (phase === "down") return [issueOf(status, "down", `${name} is down: ${why}`, fix)];
  return phase === "degraded" ? [issueOf(status, "silent", `${name} is silent: ${why}`, fix)] : [];
}

/** What is taken and cannot hold what it promises. */
function sectionIssues(section: AccountSection): readonly ChannelIssue[] {
  const { values: { allowFrom = [], groupAllowFrom = [], groups = {}, dmPolicy, groupPolicy }, path } = section;
  const lists = [...allowFrom, ...groupAllowFrom, ...Object.values(groups).flatMap((group) => group.allowFrom ?? [])];
  const names = lists.filter((entry) => typeof entry === "string" && entry.startsWith("@"));
  return [
    ...(names.length === 0 ? [] : [issueOf(
      section, "config", `${path}: ${names.slice(0, 3).join(", ")} lets nobody in: a name can be taken by anybody, so only ids count.`,
      "Put the id in its place; openclaw channels pair shows the ids of who wrote.",
    )]),
    ...(dmPolicy === "allowlist" && allowFrom.length === 0 && groupPolicy === "disabled"
      ? [issueOf(section, "config", `${path}: nobody may write there.`, `Fill ${path}.allowFrom.`)] : []),
  ];
}

/** Everything of a section, its secrets by their hash: two that look alike are alike. */
function looksOf({ enabled, values }: AccountSection): string {
  return JSON.stringify({ enabled, values }, function (this: Record<string, unknown>, key, value: unknown) {
    const own = this[key];
    return own instanceof Secret ? hash("sha256", own.reveal(), "hex") : value;
  });
}
