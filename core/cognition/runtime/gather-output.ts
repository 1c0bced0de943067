/** What a command writes, stored while it comes: its result holds only the beginning and the end of much. */
import { createHash } from "node:crypto";
import { OUTPUT_GOES_ON } from "@openclaw/protocol";
import type { OutputPart, SessionBlobs } from "../../fabric/journal.ts";
import type { IntentEvent } from "../../execution/intents.ts";
import { shortenResult, type ToolOutcome } from "../../execution/tools.ts";
import { OUTPUT_LIMITS, wholeEnd, type StoredText } from "./keep-output.ts";

type Piece = Extract<IntentEvent, { type: "output" }>;

/**
 * Gathers from the first byte on. What comes with a gap in it is given up: then the result is what is kept. Nobody waits for the
 * disk; until it has taken them, the pieces are in memory, no more than a node tells of one command. What was stored and is named
 * by no event goes when the turn is taken up again.
 */
export class OutputGatherer {
  readonly #blobs: SessionBlobs;
  readonly #bytesMax: number;
  readonly #hash = createHash("sha256");
  readonly #parts: OutputPart[] = [];
  #pieces: string[] = [];
  #held = 0;
  #storing: Promise<void> = Promise.resolve();
  /** Where the next piece has to begin, in bytes of the command's output. */
  #at = 0;
  #bytes = 0;
  #chars = 0;
  /** The rest of it is not told. */
  #isCut = false;
  #isGivenUp = false;

  constructor(blobs: SessionBlobs, bytesMax: number) {
    this.#blobs = blobs;
    this.#bytesMax = bytesMax;
  }

  add({ text, offset, bytes, marked }: Piece): void {
    if (marked === true) {
      this.#isCut = true; // harmless at the end; a gap where something comes behind it
      return;
    }
    if (this.#isCut || offset !== this.#at) return this.giveUp();
    this.#isCut = text.endsWith(OUTPUT_GOES_ON);
    const own = this.#isCut ? text.slice(0, -OUTPUT_GOES_ON.length) : text;
    this.#at = offset + (this.#isCut ? Buffer.byteLength(own) : bytes ?? Buffer.byteLength(text));
    this.#push(own);
  }

  /** Drops what was stored; nothing more is. */
  giveUp(): void {
    if (this.#isGivenUp) return;
    this.#isGivenUp = true;
    this.#pieces = [];
    this.#storing = this.#storing.then(async () => {
      for (const { blob } of this.#parts.splice(0)) await this.#blobs.drop(blob).catch(() => undefined);
    });
  }

  /**
   * The whole of a result that is head and tail, and the result with a mark that names it; where only the beginning was told, the
   * result's end stands behind it. Undefined where the result itself is the whole, or nothing better was gathered.
   */
  async finish(outcome: ToolOutcome, payload: unknown): Promise<{ readonly outcome: ToolOutcome; readonly kept: StoredText } | undefined> {
    const { truncated, outputBytes } = fieldsOf(payload);
    const { whole } = outcome;
    if (whole === undefined || truncated !== true || typeof outputBytes !== "number") this.giveUp();
    else if (this.#isCut) {
      const end = endOf(whole.text).slice(-Math.max(0, outputBytes - this.#at) - OUTPUT_LIMITS.overlapChars);
      this.#push(`\n[… the command wrote ${outputBytes} bytes in all; this is the end of them …]\n${end}`);
    }
    this.#store(0);
    await this.#storing;
    if (this.#isGivenUp || whole === undefined || this.#chars <= whole.text.length) {
      this.giveUp();
      await this.#storing;
      return undefined;
    }
    const digest = this.#hash.digest("hex");
    const written = this.#isCut ? { written: Number(outputBytes) } : {};
    const kept = { parts: this.#parts, bytes: this.#bytes, chars: this.#chars, digest, ...written };
    return { outcome: { ...outcome, ...shortenResult(whole.text, kept) }, kept };
  }

  #push(text: string): void {
    if (this.#isGivenUp) return;
    this.#pieces.push(text);
    this.#held += text.length;
    this.#chars += text.length;
    this.#bytes += Buffer.byteLength(text);
    this.#hash.update(text);
    if (this.#bytes > this.#bytesMax) return this.giveUp();
    this.#store(OUTPUT_LIMITS.partChars);
  }

  /** As many whole parts as there are; with 0, all of it. */
  #store(least: number): void {
    if (this.#isGivenUp || this.#held === 0 || this.#held < least) return;
    const text = this.#pieces.join("");
    let from = 0;
    while (from < text.length && text.length - from >= least) {
      const part = text.slice(from, wholeEnd(text, from + OUTPUT_LIMITS.partChars));
      from += part.length;
      this.#storing = this.#storing.then(() => this.#put(part));
    }
    this.#pieces = from < text.length ? [text.slice(from)] : [];
    this.#held = text.length - from;
  }

  async #put(text: string): Promise<void> {
    if (this.#isGivenUp) return;
    try {
      this.#parts.push({ blob: await this.#blobs.put(Buffer.from(text)), chars: text.length });
    } catch {
      this.giveUp(); // what the result brings may still find room
    }
  }
}

/** Behind what a node left out between head and tail. */
function endOf(result: string): string {
  const gap = /\n\[\.\.\. \d+ bytes left out \.\.\.\]\n/.exec(result);
  return gap === null ? result.slice(-OUTPUT_LIMITS.endChars) : result.slice(gap.index + gap[0].length);
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}
