import type { ErrorCode } from "@openclaw/protocol";
import type { ToolCall } from "@openclaw/sdk";
import type { SessionState, TurnState } from "../../fabric/journal.ts";

export const TURN_LIMITS = {
  /** Model calls in one turn. */
  modelSteps: 24,
  /** Tool calls in one turn. */
  toolSteps: 64,
  timeoutMs: 3_600_000,
} as const;

/** What a turn does next. */
export type Next =
  | { readonly do: "start" }
  | { readonly do: "model" }
  | { readonly do: "call"; readonly call: ToolCall }
  /** A step was started and has no end: the crash table decides. */
  | { readonly do: "resume"; readonly open: NonNullable<TurnState["open"]> }
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
  if (turn === null) return state.queue.length === 0 ? { do: "nothing" } : { do: "start" };
  if (turn.abort !== null) return { do: "end", status: "aborted", text: turn.text, why: `Stopped by ${turn.abort}.` };
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

function halted(turn: TurnState, why: string): Next {
  return { do: "end", status: "halted", text: turn.text, code: "TURN_STEPS_EXCEEDED", why };
}
