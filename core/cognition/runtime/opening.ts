import type { MessageOffer, NewEvent, QueuedMessage, SessionState } from "../../fabric/journal.ts";

/** The first event of a session's log, where it has none. */
export function opening(
  state: SessionState, { message, offerId: cause }: QueuedMessage, agentId: string, sessionId: () => string,
): readonly NewEvent[] {
  if (state.key !== "") return [];
  return [{ type: "session.opened", body: { key: message.sessionKey, agentId, sessionId: sessionId(), ...descentOf(message) }, cause }];
}

/** Who made a session, where that was not whoever speaks in it. */
function descentOf({ origin }: MessageOffer): { readonly spawnedBy?: string; readonly spawnDepth?: number } {
  if (origin?.kind === "agent") return { spawnedBy: origin.sessionKey, spawnDepth: origin.depth ?? 0 };
  return origin?.kind === "person" && origin.sessionKey !== undefined ? { spawnedBy: origin.sessionKey } : {};
}
