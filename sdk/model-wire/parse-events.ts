/**
 * Server-sent events out of bytes, however they are cut.
 *
 * Works on bytes until a line is complete, so a character split between two packets is never broken. Comments and fields
 * other than `data` are dropped. A line, and the data of one event, are bounded.
 */
import { ModelFailure } from "./model-failure.ts";

const LINE_BYTES_MAX = 4_194_304;
const NEWLINE = 0x0a;
const RETURN = 0x0d;
const SPACE = 0x20;
const COLON = 0x3a;
const DATA = Buffer.from("data");

export class EventParser {
  readonly #take: (data: string) => void;
  #partial: Buffer[] = [];
  #partialBytes = 0;
  #data: string | undefined;
  #started = false;

  /** `take` is called with the data of each event, in order, while `push` runs; what it throws, `push` throws. */
  constructor(take: (data: string) => void) {
    this.#take = take;
  }

  /** Throws MODEL_OUTPUT_INVALID when a line or an event passes 4 MiB. */
  push(chunk: Buffer): void {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      const tail = chunk.subarray(start, end);
      start = end + 1;
      this.#line(this.#partialBytes === 0 ? tail : this.#complete(tail));
    }
    if (start < chunk.length) this.#keep(chunk.subarray(start));
  }

  /** At the end of the stream: some servers leave out the last empty line, or even the last line's end. */
  end(): void {
    if (this.#partialBytes > 0) this.#line(this.#complete(Buffer.alloc(0)));
    this.#dispatch();
  }

  #line(line: Buffer): void {
    let end = line.length;
    if (end > 0 && line[end - 1] === RETURN) end -= 1;
    let start = 0;
    if (!this.#started) {
      this.#started = true;
      if (end >= 3 && line[0] === 0xef && line[1] === 0xbb && line[2] === 0xbf) start = 3;
    }
    if (end === start) return this.#dispatch();
    if (end - start < DATA.length || DATA.compare(line, start, start + DATA.length) !== 0) return;
    start += DATA.length;
    if (start < end) {
      if (line[start] !== COLON) return;
      start += 1;
      if (start < end && line[start] === SPACE) start += 1;
    }
    const text = line.toString("utf8", start, end);
    this.#data = this.#data === undefined ? text : `${this.#data}\n${text}`;
    if (this.#data.length > LINE_BYTES_MAX) throw tooLong();
  }

  #dispatch(): void {
    const data = this.#data;
    if (data === undefined) return;
    this.#data = undefined;
    this.#take(data);
  }

  #keep(part: Buffer): void {
    this.#partialBytes += part.length;
    if (this.#partialBytes > LINE_BYTES_MAX) throw tooLong();
    this.#partial.push(part);
  }

  #complete(tail: Buffer): Buffer {
    this.#partial.push(tail);
    const line = Buffer.concat(this.#partial);
    this.#partial = [];
    this.#partialBytes = 0;
    if (line.length > LINE_BYTES_MAX) throw tooLong();
    return line;
  }
}

function tooLong(): ModelFailure {
  return new ModelFailure("MODEL_OUTPUT_INVALID", `The server sent a line of more than ${LINE_BYTES_MAX} bytes.`);
}
