import type { Clock } from "../../base/clock.ts";
import type { LiveEvent, LiveStream } from "./live-event.ts";

export interface Live {
  emit(stream: LiveStream, data: Readonly<Record<string, unknown>>): void;
  /** One piece of the answer; keeps what a person has seen of the present model step. */
  text(delta: string): void;
  thinking(delta: string): void;
  /** A word on the lifecycle of another run that this turn answers too. */
  emitFor(runId: string, data: Readonly<Record<string, unknown>>): void;
  partialText(): string;
  /** A new model step begins: what was streamed before belongs to an earlier one. */
  clearText(): void;
}

/** What of a run a session may keep to itself. */
const TOOL_STREAMS: ReadonlySet<LiveStream> = new Set(["tool", "item", "command_output"]);

/** Each owner of a turn counts far above what the one before can have reached. */
const SEQ_PER_OWNER = 100_000_000;

/** A piece of text that fits into one frame of the bus, whatever its characters need there. */
const PIECE_CHARS = 100_000;

export function createLive(
  target: { publish(event: LiveEvent): void; verbose?(): string | null | undefined },
  clock: Clock,
  run: { readonly runId: string; readonly sessionKey: string; readonly agentId: string; readonly resumes: number },
): Live {
  const { runId, sessionKey, agentId } = run;
  let seq = run.resumes * SEQ_PER_OWNER;
  let partial = "";
  const emit = (stream: LiveStream, data: Readonly<Record<string, unknown>>): void => {
    seq += 1;
    const verbose = TOOL_STREAMS.has(stream) ? target.verbose?.() : undefined;
    const shown = verbose === "off" || verbose === "on" ? { verbose } : {};
    target.publish({ runId, sessionKey, agentId, stream, seq, ts: clock.now(), data, ...shown } as LiveEvent);
  };
  const others = new Map<string, number>();
  const emitFor = (other: string, data: Readonly<Record<string, unknown>>): void => {
    const count = (others.get(other) ?? run.resumes * SEQ_PER_OWNER) + 1;
    others.set(other, count);
    target.publish({ runId: other, sessionKey, agentId, stream: "lifecycle", seq: count, ts: clock.now(), data });
  };
  const inPieces = (stream: LiveStream, delta: string): void => {
    for (let at = 0; at < delta.length; at += PIECE_CHARS) emit(stream, { delta: delta.slice(at, at + PIECE_CHARS) });
  };
  return {
    emit,
    emitFor,
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
