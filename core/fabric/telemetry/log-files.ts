/**
 * How log files are named: `gateway-2026-11-21.jsonl`, then `gateway-2026-11-21.1.jsonl` once the first is full.
 *
 * A file is never renamed, so a reader's place in it stays valid. The place is one whole number, `file id × 2^26 + offset`,
 * which rises from file to file: a follower loses nothing when a day ends or a file fills up.
 */
import { readdir } from "node:fs/promises";
import { join } from "node:path";

const DAY_MS = 86_400_000;
const PARTS_MAX = 1_024;
/** Offsets must stay below it; files are a quarter of it. */
export const OFFSET_SPAN = 2 ** 26;
export const FILE_BYTES_MAX = 16 * 1_024 * 1_024;

export interface LogFileName {
  readonly id: number;
  readonly path: string;
}

export function logFileName(dir: string, prefix: string, id: number): LogFileName {
  const day = new Date(Math.floor(id / PARTS_MAX) * DAY_MS).toISOString().slice(0, 10);
  const part = id % PARTS_MAX;
  return { id, path: join(dir, `${prefix}-${day}${part === 0 ? "" : `.${part}`}.jsonl`) };
}

/** The id of a day's first file. */
export function dayId(nowMs: number): number {
  return Math.floor(nowMs / DAY_MS) * PARTS_MAX;
}

/** The file after this one on the same day; the last part of a day is reused rather than overflowing into the next. */
export function nextId(id: number): number {
  return id % PARTS_MAX === PARTS_MAX - 1 ? id : id + 1;
}

/** Oldest first; an absent directory is an empty list. */
export async function listLogFiles(dir: string, prefix: string): Promise<LogFileName[]> {
  const names = await readdir(dir).catch(() => []);
  const ids = names.flatMap((name) => {
    const match = /^(.+)-(\d{4}-\d\d-\d\d)(?:\.(\d{1,4}))?\.jsonl$/.exec(name);
    const dayMs = Date.parse(match?.[2] ?? "");
    return match?.[1] !== prefix || Number.isNaN(dayMs) ? [] : [dayId(dayMs) + Number(match[3] ?? 0)];
  });
  return ids.sort((a, b) => a - b).map((id) => logFileName(dir, prefix, id));
}
