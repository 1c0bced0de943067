import { NODE_LIMITS, type InvokeProgressParams } from "@openclaw/protocol";
import type { InvokeEnd, InvokeEvent } from "./invoke-event.ts";

type OutputEvent = Extract<InvokeEvent, { type: "output" }>;

interface Waiting {
  readonly stream: "stdout" | "stderr"; text: string; readonly offset: number; nextOffset: number; readonly marked: boolean;
}

/** Pieces that wait for the reader; neighbours are joined, so only a flood of changing streams comes near this. */
const WAITING_MAX = 4_096;
const JOINED_CHARS_MAX = 65_536;
/** Twice what a node sends before it waits for an answer: all of that may come in one moment, before any reader has its turn. */
const WAITING_BYTES_MAX = 524_288;

/**
 * The output of one invocation, from what a node sends to what a caller reads.
 *
 * Offsets never go back: what was shown before is cut away, and what is missing is said. All text together is capped at
 * `bytesMax`. What waits for a reader is bounded as well, so one that never comes costs little, and a node is never made to wait
 * for one: the connection is shared with other invocations. What the live output leaves out is in the result, up to its own bounds.
 */
export class InvocationOutput {
  /** Of all text. Lowering it takes back nothing. */
  bytesMax: number;
  readonly #waiting: Waiting[] = [];
  #shown: number;
  #seqNext = 0;
  #textBytes = 0;
  #waitingBytes = 0;
  /** Where the output goes on that found no room. */
  #lostTo = 0;
  #capped = false;
  #end: InvokeEnd | undefined;
  #wake: (() => void) | undefined;

  constructor(offset: number, bytesMax: number = NODE_LIMITS.outputBytes) {
    this.#shown = offset;
    this.bytesMax = bytesMax;
  }

  /** Bytes of the command's output that were shown, or left out with a mark: where a re-attached node goes on. */
  get shown(): number {
    return this.#shown;
  }

  /** After a new connection the node counts its pieces from 0 again. */
  restartCount(): void {
    this.#seqNext = 0;
  }

  /** False when the piece is not wanted: a repeat, or after the end. */
  accept({ seq, chunk, stream = "stdout", offset, bytes }: InvokeProgressParams): boolean {
    if (this.#end !== undefined) return false;
    const size = bytes ?? Buffer.byteLength(chunk);
    if (offset === undefined) {
      if (seq < this.#seqNext) return false;
      if (seq > this.#seqNext) this.#mark(stream, "some output is missing here");
    } else if (offset > this.#shown) {
      if (!this.#mark(stream, `${offset - this.#shown} bytes are missing here`)) {
        this.#lostTo = offset + size;
        return true;
      }
      this.#shown = offset;
    }
    this.#seqNext = seq + 1;
    const repeated = offset === undefined ? 0 : this.#shown - offset;
    if (repeated > 0 && repeated >= size) return false;
    const text = repeated > 0 ? cutBytes(chunk, repeated) : chunk;
    if (this.#push(stream, text, size - repeated)) this.#shown += size - repeated;
    else if (offset !== undefined) this.#lostTo = offset + size;
    return true;
  }

  end(event: InvokeEnd): void {
    if (this.#end === undefined && !this.#capped && this.#lostTo > this.#shown) {
      this.#enqueue("stdout", `\n[… ${this.#lostTo - this.#shown} bytes are missing here …]\n`, 0, true, true);
    }
    this.#end ??= event;
    this.#wake?.();
  }

  async *events(): AsyncGenerator<InvokeEvent> {
    for (;;) {
      const next = this.#waiting.shift();
      if (next !== undefined) {
        const { stream, text, offset, nextOffset, marked } = next;
        const textBytes = Buffer.byteLength(text);
        this.#waitingBytes -= textBytes;
        const bytes = marked || nextOffset - offset === textBytes ? {} : { bytes: nextOffset - offset };
        yield { type: "output", stream, text, offset, ...bytes, ...(marked ? { marked: true as const } : {}) } satisfies OutputEvent;
      } else if (this.#end !== undefined) {
        yield this.#end;
        return;
      } else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    }
  }

  /** False when there is no room: the piece is lost, and the next one that finds room says so by its offset. */
  #push(stream: "stdout" | "stderr", text: string, size: number): boolean {
    if (this.#capped) return true;
    const bytes = Buffer.byteLength(text);
    if (this.#waitingBytes + bytes > WAITING_BYTES_MAX && this.#textBytes + bytes <= this.bytesMax) return false;
    this.#textBytes += bytes;
    if (this.#textBytes > this.bytesMax) {
      this.#capped = true;
      const fitting = cutEnd(text, this.#textBytes - this.bytesMax);
      if (fitting !== "") this.#enqueue(stream, fitting, size, false);
      this.#enqueue(stream, `\n[… output beyond ${this.bytesMax} bytes is not shown here …]\n`, 0, true, true);
      return true;
    }
    return text === "" || this.#enqueue(stream, text, size, false);
  }

  #mark(stream: "stdout" | "stderr", what: string): boolean {
    if (this.#capped) return true;
    // A mark that leaves no room for what comes behind it would be followed by another one.
    if (this.#waitingBytes + NODE_LIMITS.progressChunkChars > WAITING_BYTES_MAX) return false;
    return this.#enqueue(stream, `\n[… ${what} …]\n`, 0, true);
  }

  #enqueue(stream: "stdout" | "stderr", text: string, size: number, marked: boolean, always = false): boolean {
    const last = this.#waiting.at(-1);
    const joins = last !== undefined && !marked && !last.marked && last.stream === stream && last.nextOffset === this.#shown;
    if (joins && last.text.length < JOINED_CHARS_MAX) {
      last.text += text;
      last.nextOffset += size;
    } else {
      if (this.#waiting.length >= WAITING_MAX && !always) return false;
      this.#waiting.push({ stream, text, offset: this.#shown, nextOffset: this.#shown + size, marked });
    }
    this.#waitingBytes += Buffer.byteLength(text);
    this.#wake?.();
    return true;
  }
}

/** Without its first bytes; a character that was cut in two is left out. */
function cutBytes(text: string, bytes: number): string {
  const whole = Buffer.from(text);
  let from = Math.min(bytes, whole.length);
  while (from < whole.length && ((whole[from] ?? 0) & 0xc0) === 0x80) from += 1;
  return whole.toString("utf8", from);
}

/** Without its last bytes, and without a character that would be cut in two. */
function cutEnd(text: string, bytes: number): string {
  const whole = Buffer.from(text);
  let to = Math.max(0, whole.length - bytes);
  while (to > 0 && ((whole[to] ?? 0) & 0xc0) === 0x80) to -= 1;
  return whole.toString("utf8", 0, to);
}
