/** How a turn begins, and what it does next: the parts of it that a replay decides again. */
import { OpenClawError, type ErrorCode } from "@openclaw/protocol";
import type { NewEvent, Revision, SessionState } from "../../fabric/journal.ts";
import { decide, TURN_LIMITS, type Next } from "./decide.ts";
import type { TurnAgent } from "./turn-work.ts";

export type End = Extract<Next, { do: "end" }>;

/** An agent may be taken out of the configuration while a message waits for it: its turns then end, and say so. */
export function agentFor(
  state: SessionState, agentOf: (agentId: string) => TurnAgent,
): { readonly agent: TurnAgent; readonly gone?: End } {
  const id = state.agentId === "" ? (state.queue[0]?.message.agentId ?? "") : state.agentId;
  try {
    return { agent: agentOf(id) };
  } catch (error) {
    if (!(error instanceof OpenClawError) || error.code !== "UNKNOWN_AGENT_ID") throw error;
    const agent = { id, name: id, instructions: "", model: "none/none", workspace: "" };
    return { agent, gone: { do: "end", status: "error", text: "", code: error.code as ErrorCode, why: error.message } };
  }
}

export interface Beginning {
  readonly events: readonly NewEvent[];
  readonly runId: string;
  readonly sessionKey: string;
}

/** The first events of a turn: the session's own first event where it is new, and what the turn answers. */
export function beginning(
  state: SessionState, agent: TurnAgent, { revision, sessionId }: { readonly revision: Revision; readonly sessionId: () => string },
): Beginning {
  const input = state.queue[0];
  if (input === undefined) throw new OpenClawError("INTERNAL", { why: "A turn was started without a message." });
  const { message: { sessionKey, runId, model: wanted }, offerId } = input;
  const model = wanted ?? state.settings.model ?? agent.model;
  const events: NewEvent[] = [];
  if (state.key === "") {
    events.push({ type: "session.opened", body: { key: sessionKey, agentId: agent.id, sessionId: sessionId() }, cause: offerId });
  }
  events.push({ type: "turn.started", body: { runId, inputs: [offerId], model, revision }, cause: offerId });
  return { events, runId, sessionKey };
}

/** Pure: what the turn does at `nowMs`. */
export function nextOf(view: SessionState, gone: End | undefined, nowMs: number): Next {
  return gone ?? pastDeadline(view, nowMs) ?? decide(view);
}

function pastDeadline({ turn }: SessionState, nowMs: number): End | undefined {
  if (turn === null || turn.answered || turn.open?.kind === "wait") return undefined;
  const limitMs = turn.inputs[0]?.message.timeoutMs ?? TURN_LIMITS.timeoutMs;
  if (nowMs - turn.startedAtMs - turn.waitedMs <= limitMs) return undefined;
  const why = `It ran for more than ${Math.round(limitMs / 1_000)} s.`;
  return { do: "end", status: "halted", text: turn.text, code: "TURN_TIMEOUT", why };
}
