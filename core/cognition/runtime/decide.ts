import type { ErrorCode } from "@openclaw/protocol";
import type { ToolCall } from "@openclaw/sdk";
import type { QueuedMessage, SessionState, TurnJob, TurnState } from "../../fabric/journal.ts";

export const TURN_LIMITS = {
  /** Model calls in one turn. */
  modelSteps: 24,
  /** Tool calls in one turn. */
  toolSteps: 64,
  timeoutMs: 3_600_000,
  /** Owners in a row that died with it before a step of it had an end: the next one does not try again. */
  cuts: 20,
} as const;

/** In whose name a run is stopped that did not end in the time it was given. */
export const PAST_DEADLINE = "deadline";

/** What a turn does next. */
export type Next =
  | { readonly do: "start" }
  | { readonly do: "model" }
  | { readonly do: "call"; readonly call: ToolCall }
  /** The model is told that it goes in circles, before its next step. */
  | { readonly do: "warn"; readonly rule: string; readonly text: string }
  /** A step was started and has no end: the crash table decides. */
  | { readonly do: "resume"; readonly open: NonNullable<TurnState["open"]> }
  /** A background program of a turn that has to end. */
  | { readonly do: "end-job"; readonly job: TurnJob }
  | {
      readonly do: "end";
      readonly status: "ok" | "error" | "aborted" | "halted";
      readonly text: string;
      readonly code?: ErrorCode;
      readonly why?: string;
    }
  | { readonly do: "nothing" };

/** Pure: the same state gives the same answer, on any gateway, at any time within the turn's own deadline. */
export function decide(state: SessionState, limits: { readonly modelSteps: number; readonly toolSteps: number } = TURN_LIMITS): Next {
  const { turn } = state;
  if (turn === null) {
    const [first] = state.queue;
    // What only enters the transcript starts no turn.
    return first === undefined || first.message.historyOnly === true ? { do: "nothing" } : { do: "start" };
  }
  const stop = abortOf(state);
  if (stop !== undefined) return endOrFindOut(turn, stopped(turn, stop));
  if (turn.open !== null) return { do: "resume", open: turn.open };
  if (turn.failed !== null) return { do: "end", status: "error", text: "", code: turn.failed.code, why: turn.failed.why };
  if (turn.answered) return { do: "end", status: "ok", text: turn.text };
  const call = turn.calls[0];
  if (call !== undefined) {
    if (turn.toolSteps >= limits.toolSteps) return halted(turn, `It called tools ${limits.toolSteps} times.`);
    return { do: "call", call };
  }
  if (turn.modelSteps >= limits.modelSteps) return halted(turn, `It asked the model ${limits.modelSteps} times.`);
  return { do: "model" };
}

function stopped(turn: TurnState, why: string): Extract<Next, { do: "end" }> {
  if (turn.abort !== PAST_DEADLINE) return { do: "end", status: "aborted", text: turn.text, why };
  return { do: "end", status: "halted", text: turn.text, code: "TURN_TIMEOUT", why: "Whoever waits for it waits no longer." };
}

function halted(turn: TurnState, why: string): Next {
  return endOrFindOut(turn, { do: "end", status: "halted", text: turn.text, code: "TURN_STEPS_EXCEEDED", why });
}

/** Why the turn has to end now, if somebody wants it to: a person's word, or a newer message that does not wait. */
export function abortOf({ turn, queue }: SessionState): string | undefined {
  if (turn === null) return undefined;
  if (turn.abort !== null) return `Stopped by ${turn.abort}.`;
  return !turn.answered && queue.some(isInterrupt) ? "Interrupted by a newer message." : undefined;
}

/** What acts outside is stopped there, and asked what it had done, before the turn ends; then what it left running is ended. */
export function endOrFindOut(turn: TurnState, end: Extract<Next, { do: "end" }>): Next {
  if (turn.open?.kind === "tool") return { do: "resume", open: turn.open };
  const job = turn.jobs.find(({ detached, end: ended }) => !detached && ended === undefined);
  return job === undefined ? end : { do: "end-job", job };
}

/** Most waiting messages that become one turn without one of them insisting. */
const INPUTS_MAX = 64;
/** Most messages of one turn that others joined later: it is held in memory, and shown to the model. */
const JOINED_MAX = 256;

/**
 * What the next turn answers, in the order it came: a message that interrupts takes all that waited before it, so that it
 * need not wait; collected ones go together; whatever steers joins at once.
 */
export function takeInputs(queue: readonly QueuedMessage[]): readonly QueuedMessage[] {
  const last = queue.findLastIndex(isInterrupt);
  if (last >= 0) return queue.slice(0, last + 1);
  const first = queue[0];
  if (first === undefined) return [];
  const gathered = first.message.queueMode === "collect" ? collectedWith(first, queue) : 1;
  return queue.slice(0, gathered + steering(queue.slice(gathered, INPUTS_MAX)).length);
}

/** Of those that steer, as many as the running turn still has room for. */
export function joining({ turn, queue }: SessionState): readonly QueuedMessage[] {
  return turn === null ? [] : steering(queue).slice(0, Math.max(0, JOINED_MAX - turn.inputs.length));
}

/** The waiting messages that join the running turn before its next model step. */
export function steering(queue: readonly QueuedMessage[]): readonly QueuedMessage[] {
  const end = queue.findIndex(({ message }) => message.queueMode !== "steer");
  return end < 0 ? queue : queue.slice(0, end);
}

/** How many at the head of the line are gathered into one turn: those that want to be, and want the same of it. */
export function collectedWith({ message: first }: QueuedMessage, queue: readonly QueuedMessage[]): number {
  const end = queue.findIndex(({ message }, index) => index >= INPUTS_MAX || message.queueMode !== "collect"
    || message.model !== first.model || message.thinking !== first.thinking || message.extraSystemPrompt !== first.extraSystemPrompt);
  return end < 0 ? queue.length : end;
}

function isInterrupt({ message }: QueuedMessage): boolean {
  return message.queueMode === "interrupt";
}
