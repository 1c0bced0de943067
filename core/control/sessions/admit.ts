/**
 * May this message enter the session?
 *
 * Answered before the message is offered to the log, because an accepted message is a promise: after the offer only a
 * recorded failure is possible. Pure; the caller brings the session's state.
 */
import { OpenClawError } from "@openclaw/protocol";
import type { SessionState } from "../../fabric/journal.ts";

export interface AdmissionLimits {
  readonly turnsWaitingMax: number;
  readonly messageBytesMax: number;
}

/** Throws MESSAGE_EMPTY, MESSAGE_TOO_LARGE, SESSION_QUEUE_FULL or KEY_DESTROYED. Returns nothing: there is nothing to undo. */
export function admitMessage(
  state: SessionState,
  message: { readonly offerId: string; readonly text: string; readonly bytes: number; readonly offersInFlight: number },
  limits: AdmissionLimits,
): void {
  if (state.deleted) throw new OpenClawError("KEY_DESTROYED");
  if (state.seen.has(message.offerId)) return; // a repeat takes no place in the line: the fold will drop it
  if (message.text.trim() === "") throw new OpenClawError("MESSAGE_EMPTY");
  const { bytes } = message;
  const { messageBytesMax, turnsWaitingMax } = limits;
  if (bytes > messageBytesMax) {
    const why = `It has ${bytes} bytes; ${messageBytesMax} are allowed.`;
    throw new OpenClawError("MESSAGE_TOO_LARGE", { why, detail: { bytes, max: messageBytesMax } });
  }
  if (state.queue.length + message.offersInFlight >= turnsWaitingMax) {
    const why = `${turnsWaitingMax} messages wait already.`;
    throw new OpenClawError("SESSION_QUEUE_FULL", { why, detail: { key: state.key, max: turnsWaitingMax }, retryAfterMs: 1_000 });
  }
}
