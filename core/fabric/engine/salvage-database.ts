/**
 * Takes what can still be read out of a damaged database into a new one.
 *
 * Every table that matters is kept by a whole number, so it is read from both ends towards the damage, and what lies between
 * is halved until nothing more comes. The damaged file is not changed; the new one takes its place in one rename, the old one
 * stays beside it. What was lost is told by table and range, and it is the reader of the log who finds out which
 * conversations it belonged to.
 */
import { closeSync, copyFileSync, fsyncSync, openSync, readSync, renameSync, rmSync, statSync, truncateSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync, type SQLInputValue } from "node:sqlite";
import { OpenClawError } from "@openclaw/protocol";
import { prepareDatabase } from "./prepare-database.ts";
import { SCHEMA } from "./sqlite-schema.ts";

export interface Salvage {
  /** Where the damaged file is now. */
  readonly kept: string;
  readonly tables: Readonly<Record<string, { readonly rows: number; readonly gaps: number }>>;
}

/** The number each table is kept by. `queue_depths` is made anew by the triggers of `jobs`. */
const TABLES = { entries: "place", records: "made", claims: "slot", heads: "slot", jobs: "made" } as const;
/** Rows read at a time while nothing is wrong. */
const PAGE = 256;
/** Gaps of one table that are looked into before the rest is given up: each costs two failed reads. */
const LOOKS_MAX = 4_000;
/** A header that promises more than this is itself damaged. */
const LENGTH_MAX = 2 ** 40;
/** Numbers that were reserved but not written may be in use elsewhere. */
const RESERVE = 1_000_000;

type Row = Record<string, SQLInputValue>;

/**
 * `path` must not be open anywhere. Throws STATE_DAMAGED, with both files as they were, when nothing can be read, and DISK_FULL
 * or ENGINE_UNAVAILABLE when the new file cannot be written.
 */
export function salvageDatabase(path: string, suffix: string): Salvage {
  const fresh = `${path}.salvaged`;
  const kept = `${path}.damaged-${suffix}`;
  removeDatabase(fresh);
  try {
    prepareDatabase(fresh, SCHEMA).close();
    const source = readablePath(path);
    const tables = copyAll(source, fresh);
    if (source !== path) removeDatabase(source);
    for (const end of ["", "-wal", "-shm"]) if (end === "" || isThere(path + end)) renameSync(path + end, kept + end);
    renameSync(fresh, path);
    syncDirectory(dirname(path));
    return { kept, tables };
  } catch (error) {
    removeDatabase(fresh);
    removeDatabase(`${path}.lengthened`);
    if (error instanceof OpenClawError) throw error;
    throw new OpenClawError("STATE_DAMAGED", {
      why: `${path} cannot be read any more: ${error instanceof Error ? error.message : String(error)}.`,
      next: "Restore the state directory from a backup.", cause: error,
    });
  }
}

/** SQLite reads nothing of a file that is shorter than its header says: such a one is read from a copy of the full length. */
function readablePath(path: string): string {
  const header = Buffer.alloc(100);
  const file = openSync(path, "r");
  try {
    readSync(file, header, 0, header.length, 0);
  } finally {
    closeSync(file);
  }
  const pageBytes = header.readUInt16BE(16) === 1 ? 65_536 : header.readUInt16BE(16);
  const bytes = header.readUInt32BE(28) * pageBytes;
  if (statSync(path).size >= bytes || bytes > LENGTH_MAX) return path;
  const copy = `${path}.lengthened`;
  copyFileSync(path, copy);
  truncateSync(copy, bytes);
  if (isThere(`${path}-wal`)) copyFileSync(`${path}-wal`, `${copy}-wal`);
  return copy;
}

function copyAll(from: string, to: string): Salvage["tables"] {
  const source = new DatabaseSync(from, { readOnly: true });
  const target = new DatabaseSync(to);
  try {
    const present = new Set(source.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all().map((row) => String(row["name"])));
    target.exec("PRAGMA synchronous = FULL; BEGIN IMMEDIATE");
    const tables: Record<string, { rows: number; gaps: number }> = {};
    let highest = 0;
    for (const [table, key] of Object.entries(TABLES)) {
      if (!present.has(table)) continue;
      const copy = copyTable(source, target, table, key);
      tables[table] = { rows: copy.rows, gaps: copy.gaps };
      highest = Math.max(highest, copy.highest);
    }
    target.prepare("UPDATE counter SET reserved = ?").run(Math.max(highest, counterOf(source)) + RESERVE);
    target.exec("COMMIT; PRAGMA wal_checkpoint(TRUNCATE)");
    return tables;
  } finally {
    source.close();
    target.close();
  }
}

interface Copied { rows: number; gaps: number; highest: number }

function copyTable(source: DatabaseSync, target: DatabaseSync, table: string, key: string): Copied {
  const copied: Copied = { rows: 0, gaps: 0, highest: 0 };
  const up = source.prepare(`SELECT * FROM ${table} NOT INDEXED WHERE ${key} >= ? AND ${key} <= ? ORDER BY ${key} LIMIT ?`);
  const down = source.prepare(`SELECT * FROM ${table} NOT INDEXED WHERE ${key} >= ? AND ${key} <= ? ORDER BY ${key} DESC LIMIT 1`);
  const put = (row: Row): void => {
    const columns = Object.keys(row);
    const sql = `INSERT OR IGNORE INTO ${table} (${columns.join(", ")}) VALUES (${columns.map(() => "?").join(", ")})`;
    target.prepare(sql).run(...Object.values(row));
    copied.rows += 1;
    for (const name of ["place", "made", "revision", "epoch", "position"]) {
      const value = Number(row[name] ?? 0);
      copied.highest = Math.max(copied.highest, name === "place" ? value % 2 ** 44 : value);
    }
  };

  /** From `low` upwards; the last number that was read, and whether the end was reached. */
  const upwards = (low: number, high: number): { readonly last: number; readonly whole: boolean } => {
    let last = low - 1;
    for (let size = PAGE; ; ) {
      try {
        const rows = up.all(last + 1, high, size) as Row[];
        rows.forEach(put);
        if (rows.length < size) return { last, whole: true };
        last = Number(rows.at(-1)?.[key]);
      } catch (error) {
        if (!isDamage(error)) throw error;
        if (size === 1) return { last, whole: false };
        size = 1;
      }
    }
  };
  const downwards = (low: number, high: number): number => {
    let first = high + 1;
    for (;;) {
      try {
        const row = down.get(low, first - 1) as Row | undefined;
        if (row === undefined) return low;
        put(row);
        first = Number(row[key]);
      } catch (error) {
        if (!isDamage(error)) throw error;
        return first;
      }
    }
  };
  let looks = 0;
  const salvage = (low: number, high: number): void => {
    looks += 1;
    const { last, whole } = upwards(low, high);
    if (whole) return;
    const first = downwards(last + 1, high);
    const [from, to] = [last + 1, first - 1];
    if (from > to) return;
    const middle = Math.floor((from + to) / 2);
    if (looks > LOOKS_MAX || from === to) return void (copied.gaps += 1);
    salvage(from, middle);
    salvage(middle + 1, to);
  };
  salvage(0, Number.MAX_SAFE_INTEGER);
  return copied;
}

const CORRUPT = [10, 11, 26];

/** Of reading the damaged file, not of writing the new one: those errors carry other codes. */
function isDamage(error: unknown): boolean {
  return typeof error === "object" && error !== null && "errcode" in error && CORRUPT.includes(Number(error.errcode) & 0xff);
}

function counterOf(source: DatabaseSync): number {
  try {
    return Number(source.prepare("SELECT reserved FROM counter").get()?.["reserved"] ?? 0);
  } catch {
    return 0;
  }
}

function isThere(path: string): boolean {
  try {
    closeSync(openSync(path, "r"));
    return true;
  } catch {
    return false;
  }
}

function removeDatabase(path: string): void {
  for (const end of ["", "-journal", "-wal", "-shm"]) rmSync(path + end, { force: true });
}

function syncDirectory(path: string): void {
  const directory = openSync(path, "r");
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}
