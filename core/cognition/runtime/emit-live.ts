import type { Clock } from "../../base/clock.ts";
import type { LiveEvent, LiveStream } from "./live-event.ts";

export interface Live {
  emit(stream: LiveStream, data: Readonly<Record<string, unknown>>): void;
  /** One piece of the answer; keeps what a person has seen of the present model step. */
  text(delta: string): void;
  thinking(delta: string): void;
  partialText(): string;
  /** A new model step begins: what was streamed before belongs to an earlier one. */
  clearText(): void;
}

/** After a restart a run goes on counting far above what the first owner can have reached. */
const RESUMED_SEQ = 1_000_000;

/** A piece of text that fits into one frame of the bus, whatever its characters need there. */
const PIECE_CHARS = 100_000;

export function createLive(
  target: { publish(event: LiveEvent): void },
  clock: Clock,
  run: { readonly runId: string; readonly sessionKey: string; readonly agentId: string; readonly resumed: boolean },
): Live {
  const { runId, sessionKey, agentId } = run;
  let seq = run.resumed ? RESUMED_SEQ : 0;
  let partial = "";
  const emit = (stream: LiveStream, data: Readonly<Record<string, unknown>>): void => {
    seq += 1;
    target.publish({ runId, sessionKey, agentId, stream, seq, ts: clock.now(), data });
  };
  const inPieces = (stream: LiveStream, delta: string): void => {
    for (let at = 0; at < delta.length; at += PIECE_CHARS) emit(stream, { delta: delta.slice(at, at + PIECE_CHARS) });
  };
  return {
    emit,
    text: (delta) => {
      partial += delta;
      inPieces("assistant", delta);
    },
    thinking: (delta) => inPieces("thinking", delta),
    partialText: () => partial,
    clearText: () => {
      partial = "";
    },
  };
}
