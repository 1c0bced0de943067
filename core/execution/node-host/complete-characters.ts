/**
 * Keeps UTF-8 characters whole while bytes arrive in pieces.
 *
 * Output is cut into frames and chunks at many places: pipe reads, limits, frame sizes. A character cut in two would be
 * shown as two replacement marks, and would stay so in the transcript.
 */

/** The greatest length, at most `length`, at which `bytes` can be cut without splitting a character. */
export function completeLength(bytes: Uint8Array, length: number = bytes.length): number {
  for (let back = 1; back <= 3 && back <= length; back++) {
    const byte = bytes[length - back] ?? 0;
    if ((byte & 0xc0) === 0x80) continue;
    const needed = byte >= 0xf8 ? 1 : byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    return needed > back ? length - back : length;
  }
  return length;
}

/** Where the first whole character starts: the bytes before it are the end of one that was cut off. */
export function firstCharacter(bytes: Uint8Array): number {
  let at = 0;
  while (at < 3 && at < bytes.length && ((bytes[at] ?? 0) & 0xc0) === 0x80) at++;
  return at;
}

/** Holds back the at most three bytes of a character whose rest has not arrived. One per stream. */
export class CharacterGate {
  #held: Buffer | undefined;

  push(bytes: Buffer): Buffer {
    const all = this.#held === undefined ? bytes : Buffer.concat([this.#held, bytes]);
    const complete = completeLength(all);
    this.#held = complete === all.length ? undefined : Buffer.from(all.subarray(complete));
    return complete === all.length ? all : all.subarray(0, complete);
  }

  /** What is left when the stream has ended: bytes that never became a character. */
  flush(): Buffer {
    const rest = this.#held ?? Buffer.alloc(0);
    this.#held = undefined;
    return rest;
  }
}
