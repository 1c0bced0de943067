import { open } from "node:fs/promises";
import { join } from "node:path";
import { LINE_BYTES_MAX } from "./format-line.ts";
import { listLogFiles, OFFSET_SPAN, type LogFileName } from "./log-files.ts";

const LINES_DEFAULT = 500;
const BYTES_DEFAULT = 250_000;

export interface LogTailOptions {
  readonly dir: string;
  readonly prefix?: string;
  /** The `cursor` of an earlier answer: only what came after it is read. */
  readonly cursor?: number;
  readonly limit?: number;
  readonly maxBytes?: number;
}

export interface LogTail {
  readonly file: string;
  /** Hand it back to go on from here; it rises, and says nothing else. */
  readonly cursor: number;
  readonly size: number;
  readonly lines: readonly string[];
  /** Earlier lines exist that were not read. */
  readonly truncated?: boolean;
  /** The cursor's file is gone or was cut: this is the newest text instead. */
  readonly reset?: boolean;
}

/** Reads the end of the log, or what followed a cursor; whole lines only. An absent log is an empty answer. */
export async function readLogTail(options: LogTailOptions): Promise<LogTail> {
  const { dir, prefix = "gateway", cursor, limit = LINES_DEFAULT } = options;
  const maxBytes = Math.max(options.maxBytes ?? BYTES_DEFAULT, LINE_BYTES_MAX); // one line always fits
  const files = await listLogFiles(dir, prefix);
  const newest = files.at(-1);
  if (newest === undefined) {
    return { file: join(dir, `${prefix}.jsonl`), cursor: 0, size: 0, lines: [], ...(cursor ? { reset: true } : {}) };
  }
  if (cursor !== undefined && cursor > 0) {
    const after = await readAfter(files, cursor, limit, maxBytes);
    if (after !== undefined) return after;
    return { ...(await readEnd(newest, limit, maxBytes)), reset: true };
  }
  return readEnd(newest, limit, maxBytes);
}

async function readEnd(file: LogFileName, limit: number, maxBytes: number): Promise<LogTail> {
  const { size, bytes, start } = await readPiece(file.path, (end) => Math.max(0, end - maxBytes), maxBytes);
  const first = start === 0 ? 0 : bytes.indexOf(10) + 1;
  const end = bytes.lastIndexOf(10) + 1;
  const lines = linesOf(bytes.subarray(first, Math.max(first, end)));
  const kept = lines.slice(Math.max(0, lines.length - limit));
  return {
    file: file.path,
    cursor: file.id * OFFSET_SPAN + start + end,
    size,
    lines: kept,
    ...(start > 0 || kept.length < lines.length ? { truncated: true } : {}),
  };
}

/** Undefined when the cursor points nowhere. Goes on into later files while both bounds allow. */
async function readAfter(files: readonly LogFileName[], cursor: number, limit: number, maxBytes: number): Promise<LogTail | undefined> {
  const at = files.findIndex((file) => file.id === Math.floor(cursor / OFFSET_SPAN));
  if (at < 0) return undefined;
  const lines: string[] = [];
  let offset = cursor % OFFSET_SPAN;
  let budget = maxBytes;
  let answer: LogTail | undefined;
  for (const [index, file] of files.slice(at).entries()) {
    const { size, bytes } = await readPiece(file.path, () => offset, budget);
    if (offset > size) return undefined;
    let end = 0;
    while (lines.length < limit) {
      const next = bytes.indexOf(10, end);
      if (next < 0) break;
      if (next > end) lines.push(bytes.toString("utf8", end, next));
      end = next + 1;
    }
    answer = { file: file.path, cursor: file.id * OFFSET_SPAN + offset + end, size, lines };
    budget -= end;
    // The last line of an older file may have been cut by a crash: it will never be completed, so it is passed over.
    const rest = offset + bytes.length >= size && lines.length < limit && index < files.length - at - 1;
    if (!rest || budget <= 0) break;
    offset = 0;
  }
  return answer;
}

interface Piece { readonly size: number; readonly start: number; readonly bytes: Buffer }

async function readPiece(path: string, from: (size: number) => number, bytesMax: number): Promise<Piece> {
  const handle = await open(path, "r");
  try {
    const { size } = await handle.stat();
    const start = from(size);
    const want = Math.max(0, Math.min(bytesMax, size - start));
    const { buffer, bytesRead } = await handle.read(Buffer.allocUnsafe(want), 0, want, start);
    return { size, start, bytes: buffer.subarray(0, bytesRead) };
  } finally {
    await handle.close();
  }
}

function linesOf(bytes: Buffer): string[] {
  return bytes.toString("utf8").split("\n").filter((line) => line !== "");
}
