import { closeSync, openSync, readSync, writeSync, writevSync } from "node:fs";
import { completeLength, firstCharacter } from "./complete-characters.ts";
import { OutputTail, type OutputStream } from "./output-tail.ts";

export interface OutputPiece {
  readonly stream: OutputStream;
  /** Of the first byte, in the command's whole output, both streams together. */
  readonly offset: number;
  readonly bytes: Buffer;
}

/** A reader's place. Made by `seek`, moved by `read`. */
export interface OutputCursor { framePosition: number; used: number; offset: number }

export interface OutputSizes { readonly stdoutBytes: number; readonly stderrBytes: number; readonly storedBytes: number }

export interface OutputSummary {
  readonly stdout: string;
  readonly stderr: string;
  readonly truncated: boolean;
  readonly outputBytes: number;
}

const HEADER_BYTES = 5;
const FRAMES_MAX = 65_536;
/** Length of the frame that is still being written: it reaches to the end of the file. */
const OPEN = 0;

/**
 * What a command wrote, on disk: frames of stream (1 byte), length (4 bytes, little endian) and bytes.
 *
 * One frame holds everything up to a change of stream, so the file stays as large as the output even when a program
 * writes byte by byte. The first `keptMax` bytes are stored; of the rest only the last `tailMax` are held, in memory. All
 * writes are synchronous and bounded by `keptMax`: what `read` returns is always what a restart would find. A disk that
 * refuses writes ends the storing, never the command.
 */
export class OutputLog {
  readonly #path: string;
  readonly #tailMax: number;
  #keptMax: number;
  #file: number | undefined;
  #size = 0;
  #frames = 0;
  #frameStart = -1;
  #frameStream: OutputStream | undefined;
  #stored = 0;
  #full = false;
  #tail: OutputTail | undefined;
  #totals = { stdout: 0, stderr: 0 };

  constructor(path: string, keptMax: number, tailMax: number) {
    this.#path = path;
    this.#keptMax = keptMax;
    this.#tailMax = tailMax;
  }

  /** For reading the output of a command that has ended; `sizes` as they were recorded then. */
  static reopen(path: string, sizes: OutputSizes): OutputLog {
    const log = new OutputLog(path, sizes.storedBytes, 0);
    log.#totals = { stdout: sizes.stdoutBytes, stderr: sizes.stderrBytes };
    log.#stored = sizes.storedBytes;
    log.#full = true;
    return log;
  }

  /** All bytes the command wrote. */
  get totalBytes(): number {
    return this.#totals.stdout + this.#totals.stderr;
  }

  /** The bytes that `read` can reach, from offset 0. */
  get storedBytes(): number {
    return this.#stored;
  }

  get sizes(): OutputSizes {
    return { stdoutBytes: this.#totals.stdout, stderrBytes: this.#totals.stderr, storedBytes: this.#stored };
  }

  append(stream: OutputStream, bytes: Buffer): void {
    if (bytes.length === 0) return;
    this.#totals[stream] += bytes.length;
    let kept = 0;
    if (!this.#full) {
      const room = this.#keptMax - this.#stored;
      kept = bytes.length <= room ? bytes.length : completeLength(bytes, room);
      if (kept < bytes.length) this.#full = true;
      if (kept > 0 && !this.#write(stream, bytes.subarray(0, kept))) {
        kept = 0;
        this.#full = true;
      }
    }
    if (kept < bytes.length) (this.#tail ??= new OutputTail(this.#tailMax)).push(stream, bytes.subarray(kept));
  }

  seek(offset: number): OutputCursor {
    const cursor: OutputCursor = { framePosition: 0, used: 0, offset: 0 };
    while (cursor.offset < offset && cursor.offset < this.#stored) {
      const frame = this.#frameAt(cursor.framePosition);
      if (frame === undefined) break;
      const left = frame.length - cursor.used;
      const step = Math.min(left, offset - cursor.offset);
      cursor.offset += step;
      cursor.used += step;
      if (step < left || frame.open) break;
      cursor.framePosition += HEADER_BYTES + frame.length;
      cursor.used = 0;
    }
    return cursor;
  }

  /** At most `bytesMax` bytes of one stream from the cursor on, ending on a whole character; nothing at the end. */
  read(cursor: OutputCursor, bytesMax: number): OutputPiece | undefined {
    while (cursor.offset < this.#stored) {
      const frame = this.#frameAt(cursor.framePosition);
      if (frame === undefined) return undefined;
      const left = Math.min(frame.length - cursor.used, this.#stored - cursor.offset);
      if (left > 0) return this.#readFrame(cursor, frame.stream, left, bytesMax);
      if (frame.open) return undefined;
      cursor.framePosition += HEADER_BYTES + frame.length;
      cursor.used = 0;
    }
    return undefined;
  }

  /** Both streams as text of at most `bytesMax` bytes together: the head, a mark for what is left out, the tail. */
  summarize(bytesMax: number): OutputSummary {
    const outputBytes = this.totalBytes;
    if (outputBytes <= bytesMax && this.#stored === outputBytes) {
      const whole = this.#collect(0, outputBytes);
      return { stdout: text(whole.stdout), stderr: text(whole.stderr), truncated: false, outputBytes };
    }
    const half = Math.floor(bytesMax / 2);
    const head = this.#collect(0, Math.min(half, this.#stored));
    const held = this.#tail?.pieces(half) ?? { bytes: 0, stdout: [], stderr: [] };
    // Output that goes on past what is stored without a held tail (a node that restarted) has no end to show.
    const reaches = this.#stored + (this.#tail?.pushedBytes ?? 0) === outputBytes;
    const isAllHeld = held.bytes === (this.#tail?.pushedBytes ?? 0);
    const fromLog = reaches && isAllHeld ? Math.min(half - held.bytes, Math.max(0, this.#stored - half)) : 0;
    const end = this.#collect(this.#stored - fromLog, this.#stored);
    return {
      stdout: joined(head.stdout, [...end.stdout, ...held.stdout], this.#totals.stdout),
      stderr: joined(head.stderr, [...end.stderr, ...held.stderr], this.#totals.stderr),
      truncated: true,
      outputBytes,
    };
  }

  /** Closes the file; `read` opens it again when needed. */
  close(): void {
    if (this.#file === undefined) return;
    this.#sealFrame();
    closeSync(this.#file);
    this.#file = undefined;
    this.#full = true;
  }

  #readFrame(cursor: OutputCursor, stream: OutputStream, left: number, bytesMax: number): OutputPiece | undefined {
    const wanted = Math.min(left, bytesMax);
    const buffer = Buffer.allocUnsafe(wanted);
    const got = readSync(this.#open(), buffer, 0, wanted, cursor.framePosition + HEADER_BYTES + cursor.used);
    if (got === 0) return undefined;
    const whole = got < left ? completeLength(buffer, got) : got;
    const taken = whole === 0 ? got : whole;
    const piece = { stream, offset: cursor.offset, bytes: buffer.subarray(0, taken) };
    cursor.offset += taken;
    cursor.used += taken;
    return piece;
  }

  #collect(from: number, to: number): { readonly stdout: Buffer[]; readonly stderr: Buffer[] } {
    const found = { stdout: [] as Buffer[], stderr: [] as Buffer[] };
    if (from >= to) return found;
    const cursor = this.seek(from);
    while (cursor.offset < to) {
      const piece = this.read(cursor, to - cursor.offset);
      if (piece === undefined) break;
      found[piece.stream].push(piece.bytes);
    }
    return found;
  }

  #frameAt(position: number): { readonly stream: OutputStream; readonly length: number; readonly open: boolean } | undefined {
    if (position === this.#frameStart && this.#frameStream !== undefined) {
      return { stream: this.#frameStream, length: this.#size - position - HEADER_BYTES, open: true };
    }
    const header = Buffer.allocUnsafe(HEADER_BYTES);
    if (this.#stored === 0 || readSync(this.#open(), header, 0, HEADER_BYTES, position) < HEADER_BYTES) return undefined;
    const length = header.readUInt32LE(1);
    const stream = header[0] === 2 ? "stderr" : "stdout";
    return length === OPEN ? { stream, length: this.#stored, open: true } : { stream, length, open: false };
  }

  #write(stream: OutputStream, bytes: Buffer): boolean {
    try {
      if (this.#file === undefined) this.#file = openSync(this.#path, "w+", 0o600);
      if (stream !== this.#frameStream) {
        // Each change of stream costs a header, which whoever looks for a place reads; a program that alternates byte by byte is
        // stopped at twice its share, or where that looking would take long.
        if (this.#size > this.#keptMax * 2 || this.#frames >= FRAMES_MAX) return false;
        this.#frames += 1;
        this.#sealFrame();
        const header = Buffer.alloc(HEADER_BYTES);
        header[0] = stream === "stderr" ? 2 : 1;
        if (writevSync(this.#file, [header, bytes], this.#size) < HEADER_BYTES + bytes.length) return false;
        this.#frameStart = this.#size;
        this.#frameStream = stream;
        this.#size += HEADER_BYTES + bytes.length;
      } else {
        if (writeSync(this.#file, bytes, 0, bytes.length, this.#size) < bytes.length) return false;
        this.#size += bytes.length;
      }
      this.#stored += bytes.length;
      return true;
    } catch {
      return false; // a full disk: the command goes on, its further output is counted and its tail held
    }
  }

  #sealFrame(): void {
    if (this.#frameStream === undefined || this.#file === undefined) return;
    const length = Buffer.alloc(4);
    length.writeUInt32LE(this.#size - this.#frameStart - HEADER_BYTES);
    writeSync(this.#file, length, 0, 4, this.#frameStart + 1);
    this.#frameStream = undefined;
    this.#frameStart = -1;
  }

  #open(): number {
    this.#file ??= openSync(this.#path, "r");
    return this.#file;
  }
}

function text(parts: readonly Buffer[]): string {
  return Buffer.concat(parts).toString("utf8");
}

function joined(head: readonly Buffer[], tail: readonly Buffer[], totalBytes: number): string {
  const before = Buffer.concat(head);
  const after = Buffer.concat(tail);
  const left = totalBytes - before.length - after.length;
  if (left <= 0) return text([before, after]);
  const first = before.subarray(0, completeLength(before)).toString("utf8");
  return `${first}\n[... ${left} bytes left out ...]\n${after.subarray(firstCharacter(after)).toString("utf8")}`;
}
