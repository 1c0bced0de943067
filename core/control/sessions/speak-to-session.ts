import { hash } from "node:crypto";
import { OpenClawError, hasCode, type ErrorCode, type Label } from "@openclaw/protocol";
import { PAST_DEADLINE } from "../../cognition/runtime.ts";
import { deadline, type Clock } from "../../base/clock.ts";
import type { IntentOrder } from "../../execution/intents.ts";
import {
  labelSeen, relaysOf, type ExpectedReply, type Journal, type ReplyAddress, type SessionAddress, type SessionSettings, type SessionState,
  type TranscriptMessage,
} from "../../fabric/journal.ts";
import { statusOf, type ReplyStatus } from "./delivery.ts";
import type { LiveSession } from "./live-session.ts";
import type { LiveSessions } from "./live-sessions.ts";
import type { MakeOffer } from "./make-offer.ts";
import type { RunStatus, SentMessage } from "./send-message.ts";
import { parseSessionKey } from "./session-key.ts";

export interface SubagentLimits {
  /** Sub-agents at work at once, of all sessions together. */
  readonly maxConcurrent: number;
  /** Answers one session may wait for. */
  readonly maxChildrenPerAgent: number;
  /** Agents between a sub-agent and a person. */
  readonly maxSpawnDepth: number;
}

export const SPEAK_LIMITS = {
  /** Messages between agents, answers included, since a person last spoke. */
  hops: 64,
  /** Sessions looked at to find out whether a wait would be for itself. */
  waitsFollowed: 16,
  /** Added to what the run may take before its outcome is done without. */
  graceMs: 5_000,
  titleChars: 64,
} as const;

/** The message, and the one that comes back. */
const HOPS_OF_AN_ANSWER = 2;

export interface SpeakDeps {
  readonly journal: Journal;
  readonly live: LiveSessions;
  readonly offer: MakeOffer;
  readonly send: (message: SentMessage) => Promise<RunStatus>;
  readonly clock: Clock;
  readonly agents: { get(agentId: string): { readonly id: string; readonly timeoutMs: number } };
  readonly limits: () => SubagentLimits;
  readonly stopRun: (sessionKey: string, runId: string, by: string) => Promise<void>;
}

export interface Speech {
  readonly key: string;
  readonly agentId: string;
  readonly text: string;
  /** A session of its own for this task. */
  readonly isNew: boolean;
}

/** What a tool's answer is made of. */
export interface Spoken {
  readonly status: ReplyStatus | "accepted";
  readonly sessionKey: string;
  readonly runId: string;
  readonly text?: string;
  readonly code?: ErrorCode;
  readonly why?: string;
  /** The least trusted of what the text was made from. */
  readonly label: Label;
  readonly expects?: ExpectedReply;
}

/** The same task has the same session, whoever carries it out and however often. */
export function childKeyOf(agentId: string, invocationId: string): string {
  const hex = hash("sha256", `subagent/${invocationId}`, "hex");
  return `agent:${agentId}:subagent:${[[0, 8], [8, 12], [12, 16], [16, 20], [20, 32]].map(([from, to]) => hex.slice(from, to)).join("-")}`;
}

export function createSpeak(deps: SpeakDeps): (order: IntentOrder, speech: Speech, signal: AbortSignal) => Promise<Spoken> {
  const { journal, live, offer, send, clock, agents } = deps;

  return async (order, speech, signal) => {
    const { key, agentId, isNew } = speech;
    const { invocationId: runId, intent: { params } } = order;
    const own = (await live.hold(journal.address(order.sessionKey))).log.state;
    const address = journal.address(key);
    const wait = params["wait"] === true;
    const other = isNew ? await live.hold(address) : await live.holdExisting(address);
    if (other === null) throw new OpenClawError("NOT_FOUND", { why: `There is no session ${key}.`, next: "Use sessions_list." });
    if (!other.log.state.seen.has(journal.offerId(address, "message.offered", runId))) {
      signal.throwIfAborted(); // a turn that is being stopped starts nothing more
      admit(deps, order, own, speech);
    }
    const limitMs = typeof params["timeoutSeconds"] === "number" ? params["timeoutSeconds"] * 1_000 : agents.get(agentId).timeoutMs;
    const replyRunId = `reply-${runId}`;
    const message = messageOf(order, own, speech, { limitMs, wait, replyRunId });
    const accepted = await send(message);
    if (accepted.status === "started" && isNew) await nameChild(offer, address, order, params);
    const deadlineMs = clock.now() + limitMs + SPEAK_LIMITS.graceMs;
    if (wait) return await waitFor(deps, address, { key, runId, deadlineMs }, signal);
    const id = journal.offerId(journal.address(own.key), "message.offered", replyRunId);
    const { depth, hops } = standingOf(own);
    const alone = params["detached"] === true ? { detached: true as const } : {};
    const standing = { depth, hops: hops + HOPS_OF_AN_ANSWER, ...relaysOf(own) };
    const expects: ExpectedReply = { id, replyRunId, sessionKey: key, runId, deadlineMs, ...standing, ...alone };
    return { status: "accepted", sessionKey: key, runId, label: "agent", expects };
  };
}

interface Terms {
  readonly limitMs: number;
  readonly wait: boolean;
  readonly replyRunId: string;
}

function messageOf(order: IntentOrder, own: SessionState, speech: Speech, { limitMs, wait, replyRunId }: Terms): SentMessage {
  const { key, agentId, text } = speech;
  const { depth, hops } = standingOf(own);
  const { intent: { params }, invocationId: runId, label } = order;
  const replyTo: ReplyAddress = wait
    ? { kind: "caller" }
    : { kind: "session", sessionKey: own.key, runId: replyRunId, depth, hops: hops + HOPS_OF_AN_ANSWER, ...relaysOf(own) };
  return {
    sessionKey: key, agentId, runId, text, channel: "session", timeoutMs: limitMs, replyTo, label, queueMode: "followup", mentioned: true,
    origin: { kind: "agent", sessionKey: own.key, depth: depth + 1, hops: hops + 1, ...(own.turn === null ? {} : { runId: own.turn.runId }) },
    ...relaysOf(own), principal: { tenant: "home", id: `agent:${own.agentId}`, kind: "agent", label },
    ...(typeof params["model"] === "string" ? { model: params["model"] } : {}),
  };
}

/** How far the present turn is from a person. */
function standingOf({ turn, spawnDepth }: SessionState): { readonly depth: number; readonly hops: number } {
  const standing = { depth: spawnDepth, hops: 0 };
  for (const { message: { origin } } of turn?.inputs ?? []) {
    if (origin?.kind !== "agent" && origin?.kind !== "reply") continue;
    standing.depth = Math.max(standing.depth, origin.depth ?? 0);
    standing.hops = Math.max(standing.hops, origin.hops ?? 0);
  }
  return standing;
}

/** Every bound on agents that set agents to work. Throws SUBAGENT_LIMIT, or PARAMS_INVALID for a wait that could not end. */
function admit({ limits, live, journal }: SpeakDeps, order: IntentOrder, own: SessionState, { key, isNew }: Speech): void {
  const { maxConcurrent, maxChildrenPerAgent, maxSpawnDepth } = limits();
  const { depth, hops } = standingOf(own);
  const tooMany = (why: string): OpenClawError => new OpenClawError("SUBAGENT_LIMIT", { why });
  if (key === own.key) throw new OpenClawError("PARAMS_INVALID", { why: "That is this very session.", next: "Do it here." });
  if (depth >= maxSpawnDepth) throw tooMany(`${depth} agents stand between this one and a person; ${maxSpawnDepth} are allowed.`);
  if (hops >= SPEAK_LIMITS.hops) throw tooMany(`Agents have exchanged ${hops} messages since a person last spoke.`);
  if (own.expected.length >= maxChildrenPerAgent) {
    throw tooMany(`This session waits for ${own.expected.length} answers; ${maxChildrenPerAgent} are allowed.`);
  }
  if (isNew) {
    const running = runningBefore(live.all(), order.invocationId);
    if (running >= maxConcurrent) throw tooMany(`${running} sub-agents are at work; ${maxConcurrent} are allowed.`);
  }
  if (order.intent.params["wait"] === true && waitsForItself(live, journal, key, own.key)) {
    const why = `${key} waits for this session, so neither would end.`;
    throw new OpenClawError("PARAMS_INVALID", { why, next: "Send it without wait." });
  }
}

/** Answers that any session waits for, and tasks given before this one that are still being handed over. */
function runningBefore(sessions: Iterable<LiveSession>, invocationId: string): number {
  let running = 0;
  for (const { log: { state: { expected, turn } } } of sessions) {
    running += expected.length;
    const open = turn?.open;
    if (open?.kind !== "tool" || open.intent.actuator !== "sessions") continue;
    if (open.intent.action === "spawn" && open.invocationId < invocationId) running += 1;
  }
  return running;
}

function waitsForItself(live: LiveSessions, journal: Journal, from: string, ownKey: string): boolean {
  let key: string | undefined = from;
  for (let left = SPEAK_LIMITS.waitsFollowed; key !== undefined && left > 0; left -= 1) {
    if (key === ownKey) return true;
    key = awaitedBy(live.get(journal.address(key).token)?.log.state);
  }
  return false;
}

/** The session whose outcome this one's turn stands still for. */
function awaitedBy(state: SessionState | undefined): string | undefined {
  const open = state?.turn?.open;
  if (state === undefined || open?.kind !== "tool" || open.intent.actuator !== "sessions") return undefined;
  const { action, params } = open.intent;
  const { agentId = state.agentId, wait } = params;
  if (wait !== true) return undefined;
  if (action === "spawn") return childKeyOf(String(agentId), open.invocationId);
  return action === "send" ? parseSessionKey(String(params["sessionKey"]), state.agentId).key : undefined;
}

/** Repeating it changes nothing: the wish has an id of its own. */
async function nameChild(
  offer: MakeOffer, address: SessionAddress, { invocationId, label }: IntentOrder, params: Readonly<Record<string, unknown>>,
): Promise<void> {
  const { label: title, model } = params;
  const named = typeof title === "string" ? { label: title.slice(0, SPEAK_LIMITS.titleChars) } : {};
  const patch: SessionSettings = { ...named, ...(typeof model === "string" ? { model } : {}) };
  if (Object.keys(patch).length === 0) return;
  const requestId = `spawn-${invocationId}`;
  const principal = { tenant: address.tenant, id: "service:sessions", kind: "service", label } as const;
  await offer(address, { type: "patch.requested", id: requestId, body: { requestId, patch }, principal, label });
}

interface Awaited {
  readonly key: string;
  readonly runId: string;
  readonly deadlineMs: number;
}

/** The outcome, whatever becomes of the other session; a person's abort stops the run as well. */
async function waitFor(
  { live, clock, stopRun }: SpeakDeps, address: SessionAddress, { key, runId, deadlineMs }: Awaited, signal: AbortSignal,
): Promise<Spoken> {
  const named = { sessionKey: key, runId };
  const limit = deadline(clock, Math.max(0, deadlineMs - clock.now()), () => new OpenClawError("REQUEST_TIMEOUT"), signal);
  try {
    return { ...named, ...(await live.until(address, (session) => outcomeOf(session, runId), limit.signal)) };
  } catch (error) {
    if (signal.aborted) {
      if (hasCode(signal.reason, "TURN_STOPPED")) await stopRun(key, runId, "the session that asked").catch(() => undefined);
      throw error;
    }
    const gone = { status: "error", code: "KEY_DESTROYED", why: "The session was deleted.", label: "agent" } as const;
    if (hasCode(error, "KEY_DESTROYED")) return { ...named, ...gone };
    if (!hasCode(error, "REQUEST_TIMEOUT")) throw error;
    await stopRun(key, runId, PAST_DEADLINE).catch(() => undefined);
    return { ...named, status: "timeout", why: "It did not answer before its deadline.", label: "agent" };
  } finally {
    limit.close();
  }
}

function outcomeOf({ log: { state } }: LiveSession, runId: string): Omit<Spoken, "sessionKey" | "runId"> | undefined {
  const outcome = state.runs.get(runId);
  if (outcome === undefined || state.deferred.some((debt) => debt.runId === runId)) return undefined;
  const { code, why, answeredBy = runId } = outcome;
  // Of that run: others may have spoken since.
  const said = state.messages.findLast((message) => message.runId === answeredBy && saysSomething(message))?.content.text ?? "";
  return {
    status: statusOf(outcome), text: outcome.status === "ok" ? said : "", label: labelSeen(state),
    ...(code === undefined ? {} : { code }), ...(why === undefined ? {} : { why }),
  };
}

function saysSomething({ content: { role, text } }: TranscriptMessage): boolean {
  return role === "assistant" && text !== "";
}
