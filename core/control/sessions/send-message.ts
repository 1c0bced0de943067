/** A message's way into its session: known already, refused, or offered to the log. */
import { OpenClawError, hasCode, QUEUE_MODES, type Label } from "@openclaw/protocol";
import { crashPoint } from "../../base/crash-point.ts";
import type { Principal } from "../../fabric/identity.ts";
import type {
  Attachment, IncomingFile, Journal, MessageOffer, NewAttachment, NewFile, QueueMode, ReplyAddress, RunOutcome, SessionAttachments,
  SessionState,
} from "../../fabric/journal.ts";
import type { AcceptedRuns } from "./accepted-runs.ts";
import { admitMessage } from "./admit.ts";
import type { SessionsConfig } from "./config.ts";
import type { LiveSessions } from "./live-sessions.ts";
import type { MakeOffer } from "./make-offer.ts";
import { parseSessionKey } from "./session-key.ts";

export interface SentMessage extends Omit<MessageOffer, "attachments"> {
  /** What comes with it: kept before the message is offered, under the session's key. */
  readonly files?: readonly IncomingFile[];
  readonly principal: Principal;
  readonly label?: Label;
  /** The agent's own way with messages that come during a turn. */
  readonly agentQueueMode?: QueueMode;
  /** Whether a message of a group speaks to the agent; not known unless given. */
  readonly mentioned?: boolean;
  /** Which messages of a group begin a turn, where the session says nothing of it; `session.groupActivation` unless given. */
  readonly activation?: SessionsConfig["groupActivation"];
}

export type RunStatus = { readonly status: "started" | "in_flight" } | RunOutcome;

export interface SendDeps {
  readonly journal: Journal;
  readonly live: LiveSessions;
  readonly runs: AcceptedRuns;
  readonly offer: MakeOffer;
  /** Bytes of files that one session may keep; beyond them its oldest go. */
  readonly filesBytesMax: () => number;
  readonly config: () => SessionsConfig;
  /** Throws where the outcome could be brought to nobody. */
  readonly checkReply: (to: ReplyAddress) => void;
}

/** Resolves once the message is durable, or with what became of the same run before. Throws admission's refusals. */
export function createSend(
  { journal, live, runs, offer, config, checkReply, filesBytesMax }: SendDeps,
): (message: SentMessage) => Promise<RunStatus> {
  const inFlight = new Map<string, number>();
  const count = (token: string, more: 1 | -1): void => {
    const now = (inFlight.get(token) ?? 0) + more;
    if (now === 0) inFlight.delete(token);
    else inFlight.set(token, now);
  };

  return async ({ principal, label, agentQueueMode, mentioned, activation, files = [], ...given }) => {
    const { runId, text } = given;
    const address = journal.address(given.sessionKey);
    const { state, blobs } = (await live.hold(address)).log;
    const known = statusOf(state, runId);
    if (known !== undefined) return known;
    const offerId = journal.offerId(address, "message.offered", runId);
    if (state.seen.has(offerId)) return { status: "ok", endedAtMs: 0 }; // ended so long ago that only its id is remembered
    if (given.replyTo !== undefined) checkReply(given.replyTo);
    const offersInFlight = inFlight.get(address.token) ?? 0;
    const far = given.relays === undefined ? {} : { relays: given.relays };
    admitMessage(state, { offerId, text, bytes: Buffer.byteLength(text), offersInFlight, hasFiles: files.length > 0, ...far }, config());
    // What is accepted is accepted as it is: a setting changed later changes nothing of it.
    const mode = modeOf(given, state, agentQueueMode, config());
    const historyOnly = isForOthers(given, state, mentioned ?? isOurs(principal), activation ?? config().groupActivation);
    const { queueMode: _, ...plain } = given;
    const wish = historyOnly ? { historyOnly } : mode === "followup" ? {} : { queueMode: mode };
    count(address.token, 1);
    runs.begin(runId, address);
    try {
      crashPoint("message.admitted");
      const kept = files.length === 0 ? undefined
        : await keepAll(blobs.attachments, files, offerId, filesBytesMax(), (id) => state.seen.has(id));
      if (kept !== undefined) crashPoint("attachments.kept");
      const labelled = label === undefined ? {} : { label };
      const message = { ...plain, ...wish, ...(kept === undefined ? {} : { attachments: kept }) };
      const { duplicate } = await offer(address, { type: "message.offered", id: runId, body: message, principal, ...labelled });
      if (kept !== undefined && !duplicate) blobs.attachments.offered(kept.flatMap(idsOf));
      crashPoint("message.offered");
      return duplicate ? (statusOf(state, runId) ?? { status: "in_flight" }) : { status: "started" };
    } catch (error) {
      runs.forget(runId); // should it have been stored after all, the fold tells of it
      throw error;
    } finally {
      count(address.token, -1);
    }
  };
}

/** In the order given: what comes with the message is stored, what was brought before goes with it from now on. */
async function keepAll(
  store: SessionAttachments, files: readonly IncomingFile[], offerId: string, bytesMax: number, isSeen: (id: string) => boolean,
): Promise<readonly Attachment[]> {
  const fresh = files.filter((file): file is NewFile => "content" in file);
  const put = fresh.length === 0 ? [] : await store.put(fresh.map(fileOf), { offerId }, bytesMax, isSeen);
  const brought = await store.claim(files.flatMap((file) => ("content" in file ? [] : [file.id])), offerId).catch((error: unknown) => {
    if (!hasCode(error, "NOT_FOUND")) throw error;
    const why = "A file that was brought here is not here any more: it waits an hour for its message.";
    throw new OpenClawError("MEDIA_INVALID", { why, next: "Attach it again." });
  });
  return files.flatMap((file): readonly Attachment[] => {
    if (!("content" in file)) return brought.filter(({ id }) => id === file.id).slice(0, 1);
    const { content: _, ...facts } = file;
    return [{ id: put[fresh.indexOf(file)] ?? "", ...facts }];
  });
}

function idsOf({ id, thumbnailId }: Attachment): readonly string[] {
  return thumbnailId === undefined ? [id] : [id, thumbnailId];
}

function fileOf({ kind, mimeType, name, content }: NewFile): NewAttachment {
  return { head: { kind, mimeType, name }, content };
}

function statusOf(state: SessionState, runId: string): RunStatus | undefined {
  const ended = state.runs.get(runId);
  if (ended !== undefined) return ended;
  const under = [...(state.turn?.inputs ?? []), ...state.queue];
  return state.turn?.runId === runId || under.some(({ message }) => message.runId === runId) ? { status: "in_flight" } : undefined;
}

type Said = Omit<MessageOffer, "attachments">;

/** The message's own wish, then the session's setting, the agent's, the gateway's. Only a person ends what runs unasked. */
function modeOf(
  { queueMode: wanted, origin }: Said, { settings }: SessionState, ofAgent: QueueMode | undefined, config: SessionsConfig,
): QueueMode {
  if (wanted !== undefined) return wanted;
  const usual = QUEUE_MODES.find((mode) => mode === settings.queueMode) ?? ofAgent ?? config.queue.mode ?? "followup";
  return usual === "interrupt" && (origin?.kind ?? "person") !== "person" ? "followup" : usual;
}

/** What a schedule, a hook or another agent sends is meant for the agent; of anybody else it is not known. */
function isOurs({ kind }: Principal): true | undefined {
  return kind === "service" || kind === "agent" ? true : undefined;
}

/** Said in a group, and not to the agent. A session told to wait for a mention holds what is not known to be one for none. */
function isForOthers(
  { sessionKey, agentId }: Said, { settings }: SessionState, mentioned: boolean | undefined, usual: SessionsConfig["groupActivation"],
): boolean {
  if (mentioned === true || parseSessionKey(sessionKey, agentId).kind !== "group") return false;
  return settings.groupActivation === "mention" || (mentioned === false && (settings.groupActivation ?? usual) === "mention");
}
