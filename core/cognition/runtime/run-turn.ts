import { crashPoint } from "../../base/crash-point.ts";
import { blobsOf, filesOf, previewState, type Attachment, type SessionState, type TurnEnded } from "../../fabric/journal.ts";
import { agentFor, beginning, nextOf, pinNext, type Beginning, type End } from "./begin-turn.ts";
import { callStep } from "./call-step.ts";
import { decide, joining } from "./decide.ts";
import { createLive } from "./emit-live.ts";
import { endJob } from "./end-job.ts";
import { modelStep } from "./model-step.ts";
import { resumeStep } from "./resume-step.ts";
import { late } from "../../base/late.ts";
import { createTellCalls } from "./tell-call.ts";
import { reportOf, timeLeftMs, watchStep } from "./stop-turn.ts";
import type { Carry, RuntimeDeps, TurnAgent, TurnSession, TurnWork } from "./turn-work.ts";

const transcribe = late(() => import("./transcribe-step.ts"), "transcribeStep");
const NOTHING: Carry = { events: [] };

/**
 * Runs the session's open turn, or starts one from its queue, to its end. Returns false when there was nothing to do.
 *
 * `signal` stops it where it stands, without an end: the state stays open for the next owner. A person's abort comes
 * through the log instead. Throws FENCED when the session has a newer owner, and the engine's errors.
 */
export async function runTurn(session: TurnSession, deps: RuntimeDeps, signal: AbortSignal): Promise<boolean> {
  const { state } = session.log;
  if (decide(state).do === "nothing") return false;
  await deps.prepareAgent?.(state.agentId === "" ? (state.queue[0]?.message.agentId ?? "") : state.agentId);
  const first = decide(state);
  if (first.do === "nothing") return false;
  crashPoint("turn.beginning");
  const { agent, gone } = agentFor(state, deps.agentOf);
  const begin = first.do === "start" ? await begun(state, deps, agent) : undefined;
  const { runId, sessionKey } = begin ?? { runId: state.turn?.runId ?? "", sessionKey: state.key };
  const principal = `agent:${agent.id}`;
  // Counted in the log, so that whoever watches never sees a number twice, however many owners a turn has had.
  if (begin === undefined) {
    const body = session.claim.cut ? { runId, cut: true as const } : { runId };
    await session.log.append(session.claim, principal, [{ type: "turn.resumed", body }]);
    await session.log.blobs.sweep(state.outputs.flatMap(blobsOf)); // what the owner before kept, and died before recording
  }
  const resumes = state.turn?.resumes ?? 0;
  const shown = { publish: session.publish, verbose: () => state.settings.verboseLevel };
  const live = createLive(shown, deps.clock, { runId, sessionKey, agentId: agent.id, resumes });
  const calls = createTellCalls(live, deps.clock);
  const model = nameModel(begin?.model ?? state.turn?.model ?? agent.model);
  // Told when what the turn answers is part of the transcript, and told as such: a run is not shown before its question.
  const opening = { told: false };
  const tellOpening = (): void => {
    if (opening.told) return;
    opening.told = true;
    live.emit("lifecycle", { phase: begin === undefined ? "resumed" : "start", startedAt: state.turn?.startedAtMs ?? deps.clock.now() });
    live.emit("lifecycle", { phase: "model", ...model });
  };
  const held: { carried?: Carry } = {};
  const work: TurnWork = {
    session, deps, live, calls, agent, runId,
    record: async (carried, more) => {
      if (held.carried === carried) delete held.carried;
      const all = typeof more === "function" ? () => [...carried.events, ...more()] : [...carried.events, ...more];
      await session.log.append(session.claim, principal, all);
      tellOpening();
      if (carried.recorded === undefined) return;
      crashPoint("result.recorded");
      carried.recorded();
      crashPoint("result.acknowledged");
    },
  };
  if (begin === undefined) tellOpening();
  else live.emit("run_status", { phase: "preparing_context" });
  try {
    await runSteps(work, begin === undefined ? NOTHING : { events: begin.events }, held, gone, signal);
  } finally {
    calls.close();
  }
  return true;
}

async function begun(state: SessionState, deps: RuntimeDeps, agent: TurnAgent): Promise<Beginning> {
  const revision = await deps.revisionOf(agent.id);
  return beginning(state, agent, { revision, sessionId: () => deps.ids.uuid(), profilesOf: deps.profilesOf });
}

/** What the present step was given to record and has not yet: it must not go with the step. */
interface Held { carried?: Carry }

async function runSteps(work: TurnWork, begin: Carry, held: Held, gone: End | undefined, signal: AbortSignal): Promise<void> {
  const { session, deps, live } = work;
  const { state } = session.log;
  for (let carry = begin; ; ) {
    signal.throwIfAborted();
    const view = carry.events.length === 0 ? state : previewState(state, carry.events, deps.clock.now());
    const now = deps.clock.now();
    const next = nextOf(view, gone, now, deps.supervisor?.(work.agent.id));
    if (next.do === "warn") {
      const { rule, text } = next;
      carry = { ...carry, events: [...carry.events, { type: "turn.warned", body: { runId: work.runId, rule, text } }] };
      live.emit("lifecycle", { phase: "warned", rule });
      continue;
    }
    if (next.do === "model" && joining(state).length > 0) {
      carry = await join(work, carry);
      continue;
    }
    if (next.do === "end-job") {
      carry = await endJob(work, next.job, carry, signal);
      continue;
    }
    // An abort is offered through the log and ends whatever is under way; the fold then decides the end.
    const step = watchStep(session, deps, timeLeftMs(view, now), signal);
    held.carried = carry;
    try {
      const unheard = next.do === "model" ? toTranscribe(view) : [];
      const transcriber = unheard.length === 0 ? undefined : deps.transcriber?.();
      if (transcriber !== undefined) carry = await transcribe(work, unheard, transcriber, carry, step.signal);
      else if (next.do === "model") carry = await modelStep(work, view, carry, step.signal);
      else if (next.do === "call") carry = await callStep(work, view, next.call, carry, step.signal);
      else if (next.do === "resume") carry = await resumeStep(work, view, next.open, carry, step.signal);
      else if (next.do === "end") return await endTurn(work, view, next, carry);
      else return;
    } catch (error) {
      if (!step.stopped() || signal.aborted) throw error;
      carry = held.carried ?? NOTHING;
    } finally {
      step.close();
    }
    const pinned = pinNext(state, deps.profilesOf, carry.events);
    if (pinned.length > 0) carry = { ...carry, events: [...carry.events, ...pinned] };
  }
}

/** Recordings that came with what this turn answers, and of which nobody has said yet what they say. */
function toTranscribe({ messages, turn }: SessionState): readonly Attachment[] {
  return messages.flatMap(({ runId, content }) => (runId === turn?.runId && content.role === "user" ? filesOf(content) : []))
    .filter(({ kind, transcript }) => kind === "audio" && transcript === undefined);
}

/** Takes the messages that steer into the turn. Decided when all before is folded: one of them may have been taken back. */
async function join({ session: { log }, live, runId, record }: TurnWork, carry: Carry): Promise<Carry> {
  const joined: string[] = [];
  await record(carry, () => {
    const taken = joining(log.state);
    joined.push(...taken.map(({ message }) => message.runId));
    const inputs = taken.map(({ offerId }) => offerId);
    return inputs.length === 0 ? [] : [{ type: "input.joined", body: { runId, inputs } }];
  });
  for (const one of joined) live.emitFor(one, { phase: "joined", joinedRunId: runId });
  return NOTHING;
}

/** Longest unfinished text that is kept of a turn that was cut short: with room to spare in one frame of the engine. */
const PARTIAL_CHARS_MAX = 100_000;

async function endTurn(work: TurnWork, view: SessionState, next: End, carry: Carry): Promise<void> {
  const { record, live, calls, runId, deps, session } = work;
  const { status, code } = next;
  const { turn } = view;
  const cutShort = status === "aborted" || status === "halted";
  const text = cutShort ? (live.partialText() || next.text).slice(0, PARTIAL_CHARS_MAX) : next.text;
  const abandons = cutShort ? unwanted(view) : [];
  const report = cutShort && turn !== null ? reportOf(turn, abandons.length) : "";
  const why = report === "" ? next.why : `${next.why ?? ""} ${report}`.trim();
  const coded = code === undefined ? {} : { code };
  // The conversation has to say what happened outside, and why nobody was told of anything at the time.
  const told = why === undefined || (report === "" && code !== "TURN_CRASHED") ? {} : { report: why };
  const others = (turn?.inputs ?? []).map(({ message }) => message.runId).filter((other) => other !== runId);
  const reason = why === undefined ? {} : { why };
  const body = { runId, status, text, ...coded, ...reason, ...told, ...debtsOf(view, status), ...unwantedOf(abandons) };
  await record(carry, [{ type: "turn.ended", body }]);
  session.log.blobs.named();
  crashPoint("turn.ended");
  // Nobody is to be asked for a turn that has ended; the index of questions outlives the wait that opened it.
  if (turn?.open?.kind === "wait") void deps.approvals.cancel(turn.open.approvalId).catch(() => undefined);
  const ended = {
    phase: status === "ok" ? "end" : "error", ...(turn === null ? {} : { startedAt: turn.startedAtMs }), endedAt: deps.clock.now(),
    status, aborted: status === "aborted",
    ...coded, ...(why === undefined ? {} : { error: why }), stopReason: status === "ok" ? "stop" : status,
  };
  const { endedAt, aborted, stopReason } = ended;
  calls.settle();
  live.emit("lifecycle", { phase: "finishing", stopReason, aborted, endedAt });
  live.emit("lifecycle", { phase: "model", provider: null, model: null });
  live.emit("lifecycle", { ...ended, text });
  // The answer is shown once, under the turn's own run; whoever waits for another run is told that it is answered.
  for (const other of others) live.emitFor(other, { ...ended, joinedRunId: runId });
}

function nameModel(ref: string): { readonly provider: string; readonly model: string } {
  const slash = ref.indexOf("/");
  return { provider: ref.slice(0, Math.max(slash, 0)), model: ref.slice(slash + 1) };
}

const unwantedOf = (abandons: readonly string[]): Pick<TurnEnded, "abandons"> => (abandons.length === 0 ? {} : { abandons });

/** The answers this turn asked for that have not been read: whoever is at work on one is stopped with it. */
function unwanted({ turn, expected, queue }: SessionState): readonly string[] {
  const unread = new Set([...expected.map(({ id }) => id), ...queue.map(({ offerId }) => offerId)]);
  return (turn?.asked ?? []).filter((id) => unread.has(id));
}

/**
 * What this end owes. While sub-agents of a run have not answered, its own outcome is not known yet: it is owed by the end of
 * the turn that reads the last answer, or by the first that goes wrong.
 */
function debtsOf({ turn, deferred, expected, queue }: SessionState, status: End["status"]): Pick<TurnEnded, "owes" | "defers"> {
  const own = (turn?.inputs ?? []).flatMap(({ offerId, message: { replyTo, runId } }) =>
    replyTo === undefined ? [] : [{ id: offerId, runId, to: replyTo }]);
  const debts = [...deferred, ...own];
  if (debts.length === 0) return {};
  // An answer that came while the turn ran waits in line: nobody has read it yet.
  const isUnread = expected.some(({ stopped }) => stopped?.then !== "note")
    || queue.some(({ message: { origin, historyOnly } }) => origin?.kind === "reply" && historyOnly !== true);
  if (status === "ok" && isUnread) return { defers: debts };
  const owes = debts.filter(({ to }) => to.kind !== "caller");
  return owes.length === 0 ? {} : { owes };
}
