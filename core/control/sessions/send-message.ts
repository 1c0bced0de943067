/** A message's way into its session: known already, refused, or offered to the log. */
import { QUEUE_MODES, type Label } from "@openclaw/protocol";
import { crashPoint } from "../../base/crash-point.ts";
import type { Principal } from "../../fabric/identity.ts";
import type { Journal, MessageOffer, QueueMode, ReplyAddress, RunOutcome, SessionState } from "../../fabric/journal.ts";
import type { AcceptedRuns } from "./accepted-runs.ts";
import { admitMessage } from "./admit.ts";
import type { SessionsConfig } from "./config.ts";
import type { LiveSessions } from "./live-sessions.ts";
import type { MakeOffer } from "./make-offer.ts";
import { parseSessionKey } from "./session-key.ts";

export interface SentMessage extends MessageOffer {
  readonly principal: Principal;
  readonly label?: Label;
  /** The agent's own way with messages that come during a turn. */
  readonly agentQueueMode?: QueueMode;
  /** Whether a message of a group speaks to the agent; not known unless given. */
  readonly mentioned?: boolean;
}

export type RunStatus = { readonly status: "started" | "in_flight" } | RunOutcome;

export interface SendDeps {
  readonly journal: Journal;
  readonly live: LiveSessions;
  readonly runs: AcceptedRuns;
  readonly offer: MakeOffer;
  readonly config: () => SessionsConfig;
  /** Throws where the outcome could be brought to nobody. */
  readonly checkReply: (to: ReplyAddress) => void;
}

/** Resolves once the message is durable, or with what became of the same run before. Throws admission's refusals. */
export function createSend({ journal, live, runs, offer, config, checkReply }: SendDeps): (message: SentMessage) => Promise<RunStatus> {
  const inFlight = new Map<string, number>();
  const count = (token: string, more: 1 | -1): void => {
    const now = (inFlight.get(token) ?? 0) + more;
    if (now === 0) inFlight.delete(token);
    else inFlight.set(token, now);
  };

  return async ({ principal, label, agentQueueMode, mentioned, ...given }) => {
    const { runId, text } = given;
    const address = journal.address(given.sessionKey);
    const { state } = (await live.hold(address)).log;
    const known = statusOf(state, runId);
    if (known !== undefined) return known;
    const offerId = journal.offerId(address, "message.offered", runId);
    if (state.seen.has(offerId)) return { status: "ok", endedAtMs: 0 }; // ended so long ago that only its id is remembered
    if (given.replyTo !== undefined) checkReply(given.replyTo);
    const offersInFlight = inFlight.get(address.token) ?? 0;
    const far = given.relays === undefined ? {} : { relays: given.relays };
    admitMessage(state, { offerId, text, bytes: Buffer.byteLength(text), offersInFlight, ...far }, config());
    // What is accepted is accepted as it is: a setting changed later changes nothing of it.
    const mode = modeOf(given, state, agentQueueMode, config());
    const historyOnly = isForOthers(given, state, mentioned ?? isOurs(principal), config());
    const { queueMode: _, ...plain } = given;
    const wish = historyOnly ? { historyOnly } : mode === "followup" ? {} : { queueMode: mode };
    const message = { ...plain, ...wish };
    count(address.token, 1);
    runs.begin(runId, address);
    try {
      crashPoint("message.admitted");
      const labelled = label === undefined ? {} : { label };
      const { duplicate } = await offer(address, { type: "message.offered", id: runId, body: message, principal, ...labelled });
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

function statusOf(state: SessionState, runId: string): RunStatus | undefined {
  const ended = state.runs.get(runId);
  if (ended !== undefined) return ended;
  const under = [...(state.turn?.inputs ?? []), ...state.queue];
  return state.turn?.runId === runId || under.some(({ message }) => message.runId === runId) ? { status: "in_flight" } : undefined;
}

/** The message's own wish, then the session's setting, the agent's, the gateway's. Only a person ends what runs unasked. */
function modeOf(
  { queueMode: wanted, origin }: MessageOffer, { settings }: SessionState, ofAgent: QueueMode | undefined, config: SessionsConfig,
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
  { sessionKey, agentId }: MessageOffer, { settings }: SessionState, mentioned: boolean | undefined, { groupActivation }: SessionsConfig,
): boolean {
  if (mentioned === true || parseSessionKey(sessionKey, agentId).kind !== "group") return false;
  return settings.groupActivation === "mention" || (mentioned === false && (settings.groupActivation ?? groupActivation) === "mention");
}
