import type { EntryHeader, NewEvent, Recorded } from "./event.ts";
import { foldEntry } from "./fold.ts";
import type { SessionState } from "./session-state.ts";

const ENDS_RUNS: ReadonlySet<NewEvent["type"]> = new Set(["turn.ended", "message.dropped", "message.noted"]);

/**
 * The state as it will be once `events` are appended; nothing is shared that the fold would change. Positions in it are
 * not the real ones, so it serves for deciding and for assembling a prompt, and is thrown away.
 */
export function previewState(state: SessionState, events: readonly NewEvent[], timeMs: number): SessionState {
  const view: SessionState = {
    ...state, messages: [...state.messages], queue: [...state.queue], requests: [...state.requests], index: [...state.index],
    allowed: new Set(state.allowed), usage: { ...state.usage },
    // Hundreds of outcomes, and most events end no run.
    runs: events.some(({ type }) => ENDS_RUNS.has(type)) ? new Map(state.runs) : state.runs,
    turn: state.turn === null ? null : { ...state.turn, calls: [...state.turn.calls] },
  };
  events.forEach(({ type, body, label = "agent" }, index) => {
    const header: EntryHeader = { v: 1, type, tenant: "", session: "", principal: "", label, cause: null, timeMs, commitment: "" };
    foldEntry(view, { kind: "event", type, body, position: state.position + index + 1, id: "", header } as Recorded, state.link);
  });
  return view;
}
