/**
 * What a turn has set going beside itself, and what becomes of that when the turn is stopped: answers asked of other sessions,
 * and background programs. Part of the fold: pure, and the same whether an offer is folded before or after own events.
 */
import type { JobEnded, StepStarted } from "./event.ts";
import type { AbortOffer, ExpectedReply, MessageOffer } from "./offer.ts";
import type { Act, AwaitedReply, QueuedMessage, SessionState, TurnJob, TurnState } from "./session-state.ts";

/** In whose name runs are stopped that a stopped turn had started. */
const WHOEVER_ASKED = "the session that asked";

/** The program may run: started, or nobody knows. */
const MAY_RUN: ReadonlySet<Act["outcome"]> = new Set(["done", "unknown", "stopped"]);

type ToolStep = Extract<StepStarted, { kind: "tool" }>;

/** False where the step was none that starts a background program. */
export function foldJobStarted(turn: TurnState, { intent, nodeId, stepId }: ToolStep, outcome: Act["outcome"]): boolean {
  if (intent.actuator !== "node" || intent.command !== "job.start" || nodeId === null || !MAY_RUN.has(outcome)) return false;
  const job: TurnJob = { jobId: stepId, nodeId, summary: intent.summary, detached: intent.detached === true };
  turn.jobs = [...turn.jobs, job];
  return true;
}

export function foldJobEnded(turn: TurnState | null, { jobId, outcome }: JobEnded): void {
  if (turn !== null) turn.jobs = turn.jobs.map((job) => (job.jobId === jobId ? { ...job, end: outcome } : job));
}

/** It lies in an actuator's queue, and goes on by itself. */
export function isHandedOver({ intent }: ToolStep, outcome: Act["outcome"]): boolean {
  return intent.actuator === "outside" && intent.handOver === true && outcome === "done";
}

export function foldAsked(state: SessionState, turn: TurnState, expects: ExpectedReply): void {
  if (expects.detached !== true) turn.asked = [...turn.asked, expects.id];
  // It may have come already: the one who owes it waits for nobody.
  if (!state.seen.has(expects.id)) state.expected = [...state.expected, { ...expects, askedBy: turn.runId }];
}

/** A message as it waits: the answer of a run that was stopped makes nobody think again. */
export function takeAnswer(state: SessionState, offerId: string, message: MessageOffer): Pick<QueuedMessage, "message" | "stoppedBy"> {
  const awaited = state.expected.find(({ id }) => id === offerId);
  if (awaited === undefined) return { message };
  state.expected = state.expected.filter((other) => other !== awaited);
  if (awaited.stopped === undefined) return { message };
  return awaited.stopped.then === "note" ? { message: noted(message) } : { message, stoppedBy: awaited.stopped.by };
}

/** Whose answers a turn no longer wants that ends early: those still to come, and those that wait in line unread. */
export function abandon(state: SessionState, ids: readonly string[]): void {
  if (ids.length === 0) return;
  state.expected = stoppedAmong(state.expected, ids, { by: WHOEVER_ASKED, then: "note" });
  state.queue = state.queue.map((one) => (ids.includes(one.offerId) ? { ...one, message: noted(one.message) } : one));
}

/** An answer that has come already is left where it is: whoever wished this knew only of those still to come. */
export function stopAsked(state: SessionState, { by, abandons = [], ends = [] }: AbortOffer): void {
  state.expected = stoppedAmong(state.expected, abandons, { by, then: "note" });
  state.expected = stoppedAmong(state.expected, ends, { by, then: "end" });
}

function stoppedAmong(
  expected: readonly AwaitedReply[], ids: readonly string[], stopped: NonNullable<AwaitedReply["stopped"]>,
): readonly AwaitedReply[] {
  if (ids.length === 0) return expected;
  return expected.map((reply) => (ids.includes(reply.id) && reply.stopped === undefined ? { ...reply, stopped } : reply));
}

/** A turn that would only read answers of stopped runs is stopped itself. */
export function stopOf(inputs: readonly QueuedMessage[]): string | null {
  return inputs.length > 0 && inputs.every(({ stoppedBy }) => stoppedBy !== undefined) ? inputs[0]?.stoppedBy ?? null : null;
}

function noted(message: MessageOffer): MessageOffer {
  return { ...message, historyOnly: true };
}
