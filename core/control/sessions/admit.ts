/**
 * May this message enter the session?
 *
 * Answered before the message is offered to the log, because an accepted message is a promise: after the offer only a
 * recorded failure is possible. Pure; the caller brings the session's state.
 */
import { OpenClawError } from "@openclaw/protocol";
import type { SessionState } from "../../fabric/journal.ts";
import { RELAYS_MAX, queueLimits, type SessionsConfig } from "./config.ts";

export type AdmissionLimits = Pick<SessionsConfig, "turnsWaitingMax" | "messageBytesMax">
  & Partial<Pick<SessionsConfig, "queue" | "relaysMax">>;

/** Throws MESSAGE_EMPTY, MESSAGE_TOO_LARGE, MESSAGE_LOOP, SESSION_QUEUE_FULL or KEY_DESTROYED. There is nothing to undo. */
export function admitMessage(
  state: SessionState,
  message: { readonly offerId: string; readonly text: string; readonly bytes: number; readonly offersInFlight: number;
    readonly relays?: number;
    /** Files came with it: it may go without words. */
    readonly hasFiles?: boolean },
  limits: AdmissionLimits,
): void {
  if (state.deleted) throw new OpenClawError("KEY_DESTROYED");
  if (state.seen.has(message.offerId)) return; // a repeat takes no place in the line: the fold will drop it
  if (message.text.trim() === "" && message.hasFiles !== true) throw new OpenClawError("MESSAGE_EMPTY");
  const { bytes } = message;
  const { messageBytesMax } = limits;
  if (bytes > messageBytesMax) {
    const why = `It has ${bytes} bytes; ${messageBytesMax} are allowed.`;
    throw new OpenClawError("MESSAGE_TOO_LARGE", { why, detail: { bytes, max: messageBytesMax } });
  }
  const { relays = 0 } = message;
  const { relaysMax = RELAYS_MAX } = limits;
  if (relays > relaysMax) {
    const why = `It was passed on ${relays} times since a person spoke; ${relaysMax} are allowed.`;
    throw new OpenClawError("MESSAGE_LOOP", { why, detail: { relays, max: relaysMax } });
  }
  // Where the oldest are dropped they are only dropped by their owner, a moment later: until then the line may be longer.
  const { hardCap: max } = queueLimits(limits);
  if (state.queue.length + message.offersInFlight >= max) {
    const why = `${max} messages wait already.`;
    throw new OpenClawError("SESSION_QUEUE_FULL", { why, detail: { key: state.key, max }, retryAfterMs: 1_000 });
  }
}
