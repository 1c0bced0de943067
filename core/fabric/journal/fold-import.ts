/** Transcripts that no turn said: in the session a branch parted from, in another program, or between a person and the gateway. */
import type { Recorded } from "./event.ts";
import { markTurn, pushMessage } from "./push-message.ts";
import type { SessionState } from "./session-state.ts";

export function foldCopied(state: SessionState, { body, position }: Extract<Recorded, { type: "transcript.copied" }>): void {
  if (state.turn === null) markTurn(state, position); // whoever reads from a mark on finds no turn before it
  for (const { timeMs, runId, label, content } of body.messages) pushMessage(state, position, timeMs, runId, label, content);
}

export function foldImported(state: SessionState, { body }: Extract<Recorded, { type: "session.imported" }>): void {
  const { key, agentId, sessionId, program, settings, createdAtMs, spawnedBy = null, spawnDepth = 0 } = body;
  Object.assign(state, { key, agentId, sessionId, settings, spawnedBy, spawnDepth, createdAtMs, updatedAtMs: createdAtMs });
  state.activeAtMs = createdAtMs;
  state.imported = { program, source: "", entries: 0, done: false };
}

/** Times are those of the other program: a session that came along is no younger for it. */
export function foldAdvanced(state: SessionState, { body }: Extract<Recorded, { type: "import.advanced" }>): void {
  if (state.imported === null) return;
  const { source, entries, done = false, usage, updatedAtMs } = body;
  state.imported = { program: state.imported.program, source, entries, done };
  state.usage.inputTokens += usage?.inputTokens ?? 0;
  state.usage.outputTokens += usage?.outputTokens ?? 0;
  if (updatedAtMs === undefined) return;
  state.updatedAtMs = updatedAtMs;
  state.activeAtMs = updatedAtMs;
}
