/** Where a program wrote. */
export type OutputStream = "stdout" | "stderr";

/** The last bytes of an output that no longer is stored: a ring of fixed size, with who wrote which run of it. */
export class OutputTail {
  readonly #ring: Buffer;
  #end = 0;
  #held = 0;
  #runs: { stream: OutputStream; length: number }[] = [];
  #firstRun = 0;
  /** All bytes that were ever pushed. */
  pushedBytes = 0;

  constructor(bytesMax: number) {
    this.#ring = Buffer.allocUnsafe(bytesMax);
  }

  push(stream: OutputStream, bytes: Buffer): void {
    this.pushedBytes += bytes.length;
    const size = this.#ring.length;
    const last = bytes.length > size ? bytes.subarray(bytes.length - size) : bytes;
    const before = Math.min(last.length, size - this.#end);
    last.copy(this.#ring, this.#end, 0, before);
    last.copy(this.#ring, 0, before);
    this.#end = size === 0 ? 0 : (this.#end + last.length) % size;
    this.#held += last.length;
    const run = this.#runs.at(-1);
    if (run !== undefined && run.stream === stream && run.length > 0) run.length += last.length;
    else this.#runs.push({ stream, length: last.length });
    this.#forget(this.#held - size);
  }

  /** Copies of the last `bytesMax` held bytes, by stream, in order. */
  pieces(bytesMax: number): { readonly bytes: number; readonly stdout: Buffer[]; readonly stderr: Buffer[] } {
    const found = { bytes: Math.min(bytesMax, this.#held), stdout: [] as Buffer[], stderr: [] as Buffer[] };
    let skip = this.#held - found.bytes;
    let at = this.#end - this.#held;
    for (const run of this.#runs.slice(this.#firstRun)) {
      const skipped = Math.min(skip, run.length);
      skip -= skipped;
      if (run.length > skipped) found[run.stream].push(this.#copy(at + skipped, run.length - skipped));
      at += run.length;
    }
    return found;
  }

  #copy(from: number, length: number): Buffer {
    const size = this.#ring.length;
    const start = ((from % size) + size) % size;
    const first = this.#ring.subarray(start, Math.min(size, start + length));
    return Buffer.concat([first, this.#ring.subarray(0, length - first.length)]);
  }

  #forget(bytes: number): void {
    for (let left = bytes; left > 0; ) {
      const run = this.#runs[this.#firstRun];
      if (run === undefined) break;
      const gone = Math.min(left, run.length);
      run.length -= gone;
      left -= gone;
      this.#held -= gone;
      if (run.length === 0) this.#firstRun++;
    }
    if (this.#firstRun > 4_096) {
      this.#runs = this.#runs.slice(this.#firstRun);
      this.#firstRun = 0;
    }
  }
}
