/**
 * Reads committed state on the calling thread, through a connection that cannot write.
 *
 * Every call is bounded in rows and in bytes, so that no read holds the event loop for long; the caller pages. A page that
 * reached its byte bound is shorter than asked for and never empty while there is more.
 */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { OpenClawError } from "@openclaw/protocol";
import type { DeadJob, LogEntry, QueueDepth, RecordChange, RecordEntry } from "@openclaw/sdk";
import { placeOf, positionOfPlace, slotEnd, slotOfPlace } from "./place.ts";
import type { ChangesPage } from "./record-watches.ts";
import { sqliteFault } from "./sqlite-fault.ts";

const PAGE_ROWS = 256;
const PAGE_BYTES = 1_048_576;

type Row = Record<string, unknown>;

export class SqliteReader {
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  slotPage(slot: number, after: number): readonly LogEntry[] {
    return this.#page(
      PAGE_ROWS,
      entryOf,
      "SELECT place, session, kind, id, body FROM entries WHERE place > ? AND place <= ? ORDER BY place LIMIT ?",
      placeOf(slot, after),
      slotEnd(slot),
      PAGE_ROWS,
    );
  }

  sessionPage(slot: number, session: string, after: number, limit: number): readonly LogEntry[] {
    return this.#page(
      limit,
      entryOf,
      "SELECT place, session, kind, id, body FROM entries WHERE session = ? AND place > ? AND place <= ? ORDER BY place LIMIT ?",
      session,
      placeOf(slot, after),
      slotEnd(slot),
      limit,
    );
  }

  /** Steps from one slot that holds something to the next: as many look-ups as there are such slots. */
  heads(): Map<number, number> {
    const heads = new Map<number, number>();
    for (const row of this.#all("SELECT slot, position FROM heads")) heads.set(Number(row["slot"]), Number(row["position"]));
    for (let below = Number.MAX_SAFE_INTEGER; ;) {
      const place = this.#get("SELECT max(place) AS place FROM entries WHERE place < ?", below)?.["place"];
      if (typeof place !== "number") return heads;
      const slot = slotOfPlace(place);
      heads.set(slot, Math.max(heads.get(slot) ?? 0, positionOfPlace(place)));
      below = placeOf(slot, 0);
    }
  }

  record(bucket: string, key: string): RecordEntry | null {
    const row = this.#get("SELECT key, value, revision FROM records WHERE bucket = ? AND key = ? AND value IS NOT NULL", bucket, key);
    return row === undefined ? null : recordOf(row);
  }

  /**
   * One lower bound only: of two, SQLite seeks to the first it finds and steps over the rest, so that every page would cost as much
   * as all before it together.
   */
  recordPage(bucket: string, prefix: string, after: string, limit: number): readonly RecordEntry[] {
    // No character of a key sorts after "z", so everything that starts with the prefix is below prefix + "{".
    const rowsMax = Math.min(limit, PAGE_ROWS);
    const [lower, from] = after >= prefix ? [">", after] : [">=", prefix];
    const sql = `SELECT key, value, revision FROM records
      WHERE bucket = ? AND key ${lower} ? AND key < ? AND value IS NOT NULL ORDER BY key LIMIT ?`;
    return this.#page(rowsMax, recordOf, sql, bucket, from, `${prefix}{`, rowsMax);
  }

  changes(bucket: string, prefix: string, afterRevision: number): ChangesPage {
    const rows = this.#page(
      PAGE_ROWS,
      changeOf,
      "SELECT key, value, revision FROM records WHERE bucket = ? AND revision > ? ORDER BY revision LIMIT ?",
      bucket,
      afterRevision,
      PAGE_ROWS,
    );
    return {
      changes: rows.filter((row) => row.key.startsWith(prefix)),
      upTo: rows.at(-1)?.revision ?? afterRevision,
      found: rows.length > 0,
    };
  }

  newest(bucket: string): number {
    return Number(this.#get("SELECT max(revision) AS revision FROM records WHERE bucket = ?", bucket)?.["revision"] ?? 0);
  }

  dueJobs(queue: string, nowMs: number, limit: number): readonly string[] {
    return this.#all(
      "SELECT id FROM jobs WHERE queue = ? AND state = 0 AND due_ms <= ? ORDER BY due_ms, made LIMIT ?",
      queue,
      nowMs,
      limit,
    ).map((row) => row["id"] as string);
  }

  nextDueMs(queue: string): number | null {
    const due = this.#get("SELECT min(due_ms) AS due FROM jobs WHERE queue = ? AND state = 0", queue)?.["due"];
    return typeof due === "number" ? due : null;
  }

  jobBody(queue: string, id: string): Uint8Array | null {
    return (this.#get("SELECT body FROM jobs WHERE queue = ? AND id = ?", queue, id)?.["body"] as Uint8Array | undefined) ?? null;
  }

  hasJobsUnderWay(): boolean {
    return this.#get("SELECT 1 FROM jobs WHERE state = 1 LIMIT 1") !== undefined;
  }

  deadJobs(queue: string, after: number, limit: number): readonly DeadJob[] {
    return this.#page(
      limit,
      deadJobOf,
      "SELECT id, body, attempts, code, note, dead_ms, dead_at FROM jobs WHERE queue = ? AND dead_at > ? ORDER BY dead_at LIMIT ?",
      queue,
      after,
      limit,
    );
  }

  depth(queue: string): QueueDepth | null {
    const row = this.#get("SELECT queue, jobs, dead, bytes FROM queue_depths WHERE queue = ?", queue);
    return row === undefined ? null : this.#depthOf(row);
  }

  depths(): readonly QueueDepth[] {
    return this.#all("SELECT queue, jobs, dead, bytes FROM queue_depths ORDER BY queue").map((row) => this.#depthOf(row));
  }

  #depthOf(row: Row): QueueDepth {
    const queue = row["queue"] as string;
    const oldest = this.#get(
      `SELECT min(came) AS came FROM (
        SELECT min(came_ms) AS came FROM jobs WHERE queue = ? AND state = 0 UNION ALL
        SELECT min(came_ms) FROM jobs WHERE queue = ? AND state = 1)`,
      queue,
      queue,
    )?.["came"];
    return {
      queue, jobs: Number(row["jobs"]), dead: Number(row["dead"]), bytes: Number(row["bytes"]),
      oldestMs: typeof oldest === "number" ? oldest : null,
    };
  }

  close(): void {
    this.#database.close();
  }

  #page<T extends { readonly body?: Uint8Array; readonly value?: Uint8Array | null }>(
    rowsMax: number,
    make: (row: Row) => T,
    sql: string,
    ...values: (string | number)[]
  ): T[] {
    return this.#coded(sql, (statement) => {
      const page: T[] = [];
      let bytes = 0;
      for (const row of statement.iterate(...values)) {
        const item = make(row);
        page.push(item);
        bytes += item.body?.byteLength ?? item.value?.byteLength ?? 0;
        if (page.length >= rowsMax || bytes >= PAGE_BYTES) break;
      }
      return page;
    });
  }

  #all(sql: string, ...values: (string | number)[]): Row[] {
    return this.#coded(sql, (statement) => statement.all(...values));
  }

  #get(sql: string, ...values: (string | number)[]): Row | undefined {
    return this.#coded(sql, (statement) => statement.get(...values));
  }

  #coded<T>(sql: string, run: (statement: StatementSync) => T): T {
    try {
      let statement = this.#statements.get(sql);
      if (statement === undefined) {
        statement = this.#database.prepare(sql);
        this.#statements.set(sql, statement);
      }
      return run(statement);
    } catch (error) {
      const { code, why } = sqliteFault(error);
      throw new OpenClawError(code, { ...(why === undefined ? {} : { why }), cause: error });
    }
  }
}

function entryOf(row: Row): LogEntry {
  const place = row["place"] as number;
  return {
    slot: slotOfPlace(place),
    position: positionOfPlace(place),
    session: row["session"] as string,
    kind: row["kind"] as LogEntry["kind"],
    id: row["id"] as string,
    body: row["body"] as Uint8Array,
  };
}

function deadJobOf(row: Row): DeadJob {
  return {
    id: row["id"] as string,
    body: row["body"] as Uint8Array,
    attempts: row["attempts"] as number,
    code: row["code"] as string,
    note: row["note"] as Uint8Array | null,
    deadAtMs: row["dead_ms"] as number,
    position: row["dead_at"] as number,
  };
}

function recordOf(row: Row): RecordEntry {
  return { key: row["key"] as string, value: row["value"] as Uint8Array, revision: row["revision"] as number };
}

function changeOf(row: Row): RecordChange {
  return { key: row["key"] as string, value: row["value"] as Uint8Array | null, revision: row["revision"] as number };
}
