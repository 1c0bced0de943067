/**
 * Frames as a server sends them (RFC 6455, section 5.2): final, unmasked, uncompressed.
 *
 * A small frame is a text each character of which is one byte: a socket takes such a text without a buffer being made for it. What an
 * event is up to its number is prepared once for all who get it; of a large one its bytes are held once, however many wait for them.
 */

/** One frame: a text of bytes, or parts that follow each other, texts of bytes among them. */
export type Frame = string | readonly (string | Buffer)[];

/** A frame up to this is copied for each socket, a larger one shared: to write parts costs more than to copy so little. */
const SMALL_BYTES_MAX = 16_384;
const FINAL_TEXT = 0x81;
const TWO_BYTES = 126;
const EIGHT_BYTES = 127;

/** An event without its number and its last bracket. */
export class EventHead {
  readonly text: string;
  /** Bytes as characters where it is small, else bytes. */
  #body: string | Buffer | undefined;
  /** Of a small one, by the length of what follows: where the frame begins and the body. */
  readonly #starts: string[] = [];

  constructor(text: string) {
    this.text = text;
  }

  numbered(seq: number): Frame {
    const end = `,"seq":${seq}}`;
    const body = (this.#body ??= bodyOf(this.text));
    if (typeof body !== "string") return [beginningOf(body.length + end.length), body, end];
    return `${(this.#starts[end.length] ??= beginningOf(body.length + end.length) + body)}${end}`;
  }
}

/** What goes to one socket only. */
export function frameOf(text: string): Frame {
  const bytes = Buffer.byteLength(text);
  const beginning = beginningOf(bytes);
  if (bytes <= SMALL_BYTES_MAX) return beginning + (bytes === text.length ? text : Buffer.from(text).toString("latin1"));
  const frame = Buffer.allocUnsafe(beginning.length + bytes);
  frame.write(beginning, "latin1");
  frame.write(text, beginning.length);
  return [frame];
}

function bodyOf(text: string): string | Buffer {
  const isPlain = Buffer.byteLength(text) === text.length;
  if (isPlain && text.length <= SMALL_BYTES_MAX) return text;
  const bytes = Buffer.from(text);
  return bytes.length <= SMALL_BYTES_MAX ? bytes.toString("latin1") : bytes;
}

function beginningOf(length: number): string {
  if (length < TWO_BYTES) return String.fromCharCode(FINAL_TEXT, length);
  if (length <= 0xffff) return String.fromCharCode(FINAL_TEXT, TWO_BYTES, length >> 8, length & 0xff);
  const bytes = Buffer.alloc(10);
  bytes[0] = FINAL_TEXT;
  bytes[1] = EIGHT_BYTES;
  bytes.writeUIntBE(length, 4, 6);
  return bytes.toString("latin1");
}
