/**
 * Messages of people, on their way in: who may write, what was meant, and then the one intake that everything goes through.
 *
 * What a stranger says reaches no model and no log. Whatever is answered here without a model is durable before the messenger may
 * forget the message. The store's troubles are thrown, so that the messenger brings the same again; everything else is decided once.
 */
import { hash } from "node:crypto";
import { codeOf, hasCode, OpenClawError, type Label } from "@openclaw/protocol";
import type { ChannelFile, ChannelMessage } from "@openclaw/sdk";
import { deadline, type Clock } from "../../base/clock.ts";
import { HOME_TENANT, type Principal } from "../../fabric/identity.ts";
import type { Sender } from "../routing.ts";
import type { IncomingFile } from "../sessions.ts";
import { admitSender } from "./admit-sender.ts";
import type { FollowRuns } from "./follow-runs.ts";
import { accountKey, type OpenedAccount } from "./open-account.ts";
import type { Outbox } from "./outbox.ts";
import { shortName, type Pairing } from "./pairing.ts";
import type { Inbound, Intake } from "./receive.ts";

export interface SaidInChannel {
  readonly runId: string;
  readonly text: string;
  readonly sessionKey: string;
  readonly agentId: string;
  readonly principal: Principal;
  readonly isAdmin: boolean;
}

/** What became of a command: an answer for the person, or what goes to the agent in its place. */
export type ObeyedCommand = { readonly reply: string } | { readonly send: string } | undefined;

export interface FetchedFile {
  readonly name?: string;
  readonly mimeType?: string;
  readonly bytes: Uint8Array;
}

export interface ReceiveDeps {
  readonly clock: Clock;
  readonly intake: Intake;
  readonly pairing: Pairing;
  readonly outbox: Outbox;
  readonly follow: FollowRuns;
  readonly owners: () => readonly (string | number)[];
  readonly command: (said: SaidInChannel, signal: AbortSignal) => Promise<ObeyedCommand>;
  /** Answers an approval for the owner. */
  readonly approve: (id: string, decision: string, by: string) => Promise<string>;
  /** A session of theirs alone is called so in lists, unless somebody has named it. Never throws. */
  readonly callIt?: (sessionKey: string, name: string, principal: Principal) => Promise<void>;
  /** Bytes as files of a message. Throws MEDIA_INVALID, MEDIA_TOO_LARGE. */
  readonly readFile: (file: FetchedFile) => Promise<readonly IncomingFile[]>;
  readonly log: { info(event: string, fields: Readonly<Record<string, unknown>>): void };
}

export const RECEIVE_LIMITS = {
  maxAgeMs: 86_400_000, lateMs: 300_000, filesMax: 10, seenMax: 1_000, fetchMs: 30_000, commandMs: 30_000, livesMax: 100,
} as const;

/** The store did not answer: the same is to be brought again. */
const PASSING = ["ENGINE_UNAVAILABLE", "BACKPRESSURE", "DISK_FULL", "FILE_LOCKED", "GATEWAY_STARTING", "CLOSED", "FENCED"] as const;

export function createReceiveMessages(deps: ReceiveDeps): (account: OpenedAccount, messages: readonly ChannelMessage[]) => Promise<void> {
  const { clock, intake, pairing, outbox, follow, log } = deps;

  /** Said to the person by the gateway itself; the same id is said once. */
  const tell = async ({ section }: OpenedAccount, message: ChannelMessage, id: string, text: string): Promise<void> => {
    const { channel, accountId } = section;
    const reply = message.peer.kind === "direct" ? {} : { replyToId: message.id };
    await outbox.put(`${channel}.${accountId}.${id}`, { channel, accountId, at: message.at, ...reply, text });
  };

  /** How often a conversation's session was deleted, as far as it was tried since this gateway began. */
  const lives = new Map<string, number>();
  /** A deleted session's key is gone for good, and the person behind it is not: they go on in another one. */
  const aliveKey = (sessionKey: string): string => {
    const life = lives.get(sessionKey) ?? 1;
    return life === 1 ? sessionKey : `${sessionKey}:again:${life}`;
  };
  /** Whether there is another one to go on in. */
  const isReborn = (sessionKey: string): boolean => {
    const life = (lives.get(sessionKey) ?? 1) + 1;
    if (sessionKey.endsWith(":main") || life > RECEIVE_LIMITS.livesMax) return false;
    if (lives.size >= RECEIVE_LIMITS.seenMax) lives.clear();
    lives.set(sessionKey, life);
    return true;
  };

  const seen = new Set<string>();
  /** Since this gateway began, or since many others came. */
  const isFirst = (sessionKey: string): boolean => {
    if (seen.has(sessionKey)) return false;
    if (seen.size >= RECEIVE_LIMITS.seenMax) seen.clear();
    seen.add(sessionKey);
    return true;
  };

  const ignored = new Set<string>();
  /** Once for each conversation and reason: a busy group fills no log, and its owner reads there which id to list. */
  const noteIgnored = ({ section: { channel, accountId } }: OpenedAccount, { peer }: ChannelMessage, why: string): void => {
    const fact = JSON.stringify([channel, accountId, peer.id, why]);
    if (ignored.has(fact)) return;
    if (ignored.size >= RECEIVE_LIMITS.seenMax) ignored.clear();
    ignored.add(fact);
    log.info("channel.ignored", { channel, accountId, why, ...(peer.kind === "direct" ? {} : { [peer.kind]: peer.id }) });
  };

  const takeOne = async (account: OpenedAccount, message: ChannelMessage, expired: ChannelMessage[]): Promise<void> => {
    const { section } = account;
    const { channel, accountId, values } = section;
    if (message.text.trim() === "" && message.files.length === 0) return;
    const admission = admitSender(message, {
      channel, section: values, owners: deps.owners(), approved: (senderId) => pairing.approved(accountKey(section), senderId),
    });
    if (admission.kind === "ignored") return noteIgnored(account, message, admission.why);
    const ageMs = clock.now() - message.sentAtMs;
    const isExpired = ageMs > (values.maxAgeMs ?? RECEIVE_LIMITS.maxAgeMs);
    if (admission.kind === "stranger") {
      const code = isExpired ? undefined : await pairing.ask(accountKey(section), message.sender);
      if (code !== undefined) await tell(account, message, `pair-${code.code}`, strangerText(code.code));
      return;
    }
    if (isExpired) {
      log.info("channel.expired", { channel, accountId });
      if (message.peer.kind === "direct" || message.mentionsMe) expired.push(message);
      return;
    }
    // Whoever passes words on does not make them their own.
    const label = message.passedOn === undefined ? admission.label : "outside";
    await takeAdmitted(account, message, label, admission.label === "owner", admission.activation, ageMs);
  };

  const takeAdmitted = async (
    account: OpenedAccount, message: ChannelMessage, label: Label, isOwner: boolean, activation: "mention" | "always", ageMs: number,
  ): Promise<void> => {
    const { channel, accountId } = account.section;
    const { at, peer, sender: who } = message;
    const isDirect = peer.kind === "direct";
    const runId = runIdOf(account, message);
    const sender: Sender = {
      channel, accountId, peer: { kind: peer.kind, id: peer.id }, ...(at.threadId === undefined ? {} : { threadId: at.threadId }),
      ...(isOwner ? {} : { guest: true }),
    };
    const principal: Principal = { tenant: HOME_TENANT, id: `${channel}:${who.id}`, kind: "person", label };
    let usualKey = "";
    try {
      const place = intake.placeOf({ sender });
      usualKey = place.sessionKey;
      const { agentId } = place;
      const sessionKey = aliveKey(usualKey);
      // A group that shares a session with people has no activation of its own there.
      if (!isDirect && sessionKey.endsWith(":main") && activation === "mention" && !message.mentionsMe) return;
      let text = message.text;
      if (label !== "outside" && text.trimStart().startsWith("/") && (isDirect || message.mentionsMe)) {
        const said = { runId, text: plainCommand(text), sessionKey, agentId, principal, isAdmin: label === "owner" };
        const obeyed = await obeyInTime(said, isDirect);
        if (obeyed !== undefined && "reply" in obeyed) {
          if (obeyed.reply !== "") await tell(account, message, `cmd-${runId}`, obeyed.reply);
          return;
        }
        if (obeyed !== undefined) text = obeyed.send;
      }
      const { files, notes } = await filesOf(account, message);
      const inbound: Inbound = {
        sender, ...(sessionKey === usualKey ? {} : { sessionKey }), idempotencyKey: runId, principal, channel, activation,
        mentions: message.mentionsMe || isDirect ? [agentId] : [],
        text: textOf(message, [text, ...notes].filter((part) => part.trim() !== "").join("\n\n"), ageMs),
        ...(files.length === 0 ? {} : { files }),
        // What piled up while nobody listened is read as one, not answered line by line.
        ...(ageMs > RECEIVE_LIMITS.lateMs ? { queueMode: "collect" as const } : {}),
        replyTo: {
          kind: "channel", channel, accountId, to: at.to, ...(at.threadId === undefined ? {} : { threadId: at.threadId }),
          ...(isDirect ? {} : { replyToId: message.id }),
        },
      };
      if (isDirect || message.mentionsMe || activation === "always") follow.begin({
        sessionKey, runId, channel, accountId, at, isOwnersOwn: isDirect && isOwner,
        ...(isDirect ? {} : { replyToId: message.id }),
      });
      await intake.receiveInbound(inbound);
      const name = isDirect ? who.name ?? who.username : peer.title;
      const isTheirs = name !== undefined && !sessionKey.endsWith(":main");
      if (isTheirs && isFirst(sessionKey)) void deps.callIt?.(sessionKey, shortName(name), principal);
    } catch (error) {
      if (!(error instanceof OpenClawError) || PASSING.some((code) => hasCode(error, code))) throw error;
      follow.end(runId);
      if (hasCode(error, "KEY_DESTROYED") && isReborn(usualKey)) {
        return await takeAdmitted(account, message, label, isOwner, activation, ageMs);
      }
      log.info("channel.refused", { channel, accountId, code: codeOf(error) });
      if (isDirect || message.mentionsMe) await tell(account, message, `no-${runId}`, `⚠️ ${error.message} ${error.next}`.trim());
    }
  };

  /** Whatever comes after it to this account waits for it. */
  const obeyInTime = async (said: SaidInChannel, isDirect: boolean): Promise<ObeyedCommand> => {
    const limit = deadline(clock, RECEIVE_LIMITS.commandMs, () => new OpenClawError("REQUEST_TIMEOUT"));
    try {
      return await obey(said, isDirect, limit.signal);
    } finally {
      limit.close();
    }
  };
  const obey = async (said: SaidInChannel, isDirect: boolean, signal: AbortSignal): Promise<ObeyedCommand> => {
    const [, id, decision = ""] = /^\/approve(?:\s+(\S+))?(?:\s+(\S+))?\s*$/i.exec(said.text.trim()) ?? [];
    if (!/^\/approve(?:\s|$)/i.test(said.text.trim())) return await deps.command(said, signal);
    if (!said.isAdmin || !isDirect) return { reply: "Only the owner answers approvals, in a direct conversation." };
    if (id === undefined || decision === "") return { reply: "Use /approve ID allow-once, or /approve ID deny." };
    return { reply: await deps.approve(id, decision.toLowerCase(), said.principal.id) };
  };

  /** Fetched only now: of whoever may not write here, nothing is. */
  const filesOf = async (
    account: OpenedAccount, { files: given }: ChannelMessage,
  ): Promise<{ readonly files: readonly IncomingFile[]; readonly notes: readonly string[] }> => {
    const files: IncomingFile[] = [];
    const notes: string[] = [];
    for (const [at, file] of given.entries()) {
      const named = file.name === undefined ? `file ${at + 1}` : shortName(file.name);
      try {
        if (at >= RECEIVE_LIMITS.filesMax) {
          throw new OpenClawError("MEDIA_TOO_LARGE", { why: `${RECEIVE_LIMITS.filesMax} files are taken of one message.` });
        }
        files.push(...await fetchOne(account, file));
      } catch (error) {
        if (!(error instanceof OpenClawError) || PASSING.some((code) => hasCode(error, code))) throw error;
        notes.push(`[${named} came and was not taken: ${error.message}]`);
      }
    }
    return { files, notes };
  };
  const fetchOne = async ({ open, channel: { limits } }: OpenedAccount, file: ChannelFile): Promise<readonly IncomingFile[]> => {
    if (open.fetch === undefined) throw new OpenClawError("MEDIA_INVALID", { why: "This messenger's files cannot be fetched." });
    if ((file.sizeBytes ?? 0) > limits.fileBytesMax) {
      throw new OpenClawError("MEDIA_TOO_LARGE", { why: `It has ${file.sizeBytes ?? 0} bytes; ${limits.fileBytesMax} can be fetched.` });
    }
    const limit = deadline(clock, RECEIVE_LIMITS.fetchMs, () => new OpenClawError("REQUEST_TIMEOUT"));
    try {
      const got = await open.fetch(file, limit.signal);
      if (!got.ok) throw new OpenClawError("MEDIA_INVALID", { why: got.why });
      const { name, mimeType } = file;
      const facts = { ...(name === undefined ? {} : { name }), ...(mimeType === undefined ? {} : { mimeType }) };
      return await deps.readFile({ bytes: got.bytes, ...facts });
    } finally {
      limit.close();
    }
  };

  return async (account, messages) => {
    const expired: ChannelMessage[] = [];
    for (const message of messages) await takeOne(account, message, expired);
    const conversations = new Map(expired.map((message) => [`${message.at.to} ${message.at.threadId ?? ""}`, message]));
    for (const newest of conversations.values()) {
      await tell(account, newest, `late-${runIdOf(account, newest)}`, LATE_TEXT);
    }
  };
}

const LATE_TEXT = "I was away, and what you wrote meanwhile is too old to answer now. Send again what still matters.";

function strangerText(code: string): string {
  return `This is a private assistant, and it does not know you yet. Your code: ${code}\n\n`
    + `Its owner can let you in within the hour: openclaw channels pair approve ${code}`;
}

/** The same message has the same one, however often it is brought. */
function runIdOf({ section }: OpenedAccount, { id }: ChannelMessage): string {
  return `${section.channel}-${hash("sha256", `${accountKey(section)}\0${id}`, "hex").slice(0, 32)}`;
}

/** `/status@my_bot` is `/status`. */
function plainCommand(text: string): string {
  return text.trimStart().replace(/^(\/[A-Za-z][\w-]*)@\S+/, "$1");
}

/** In a group, with who says it; what is passed on, with whose it is; what comes late, with how late. */
function textOf({ peer, sender, passedOn }: ChannelMessage, text: string, ageMs: number): string {
  const name = shortName(sender.name ?? sender.username ?? "");
  const user = sender.username === undefined || sender.name === undefined ? "" : `, @${shortName(sender.username)}`;
  const from = peer.kind === "direct" ? "" : `from ${name === "" ? sender.id : name}${user}`;
  const late = ageMs > RECEIVE_LIMITS.lateMs ? `sent ${spanOf(ageMs)} ago` : "";
  const origin = shortName(passedOn?.from ?? "");
  const theirs = passedOn === undefined ? "" : `passed on, not their own words${origin === "" ? "" : `, but those of ${origin}`}`;
  const head = [from, theirs, late].filter((part) => part !== "").join(", ");
  return head === "" ? text : `[${head}] ${text}`;
}

function spanOf(ms: number): string {
  const minutes = Math.round(ms / 60_000);
  return minutes < 120 ? `${minutes} minutes` : `${Math.round(minutes / 60)} hours`;
}
