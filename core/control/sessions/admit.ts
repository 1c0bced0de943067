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
  if (message.bytes > limits.messageBytesMax) {
    throw new OpenClawError("MESSAGE_TOO_LARGE", { why: `It has ${message.bytes} bytes; ${limits.messageBytesMax} are allowed.`, detail: { bytes: message.bytes, max: limits.messageBytesMax } });
  }
  if (state.queue.length + message.offersInFlight >= limits.turnsWaitingMax) {
    throw new OpenClawError("SESSION_QUEUE_FULL", { why: `${limits.turnsWaitingMax} messages wait already.`, detail: { key: state.key, max: limits.turnsWaitingMax }, retryAfterMs: 1_000 });
  }
}
