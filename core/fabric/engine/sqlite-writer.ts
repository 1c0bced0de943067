/**
 * The only thread that writes to the database.
 *
 * It gets groups and answers each after its COMMIT: what was answered is on the disk. A refused operation (CONFLICT,
 * FENCED) is found before it writes anything, so it harms nobody in its group. When the disk fails a group, the group is
 * rolled back whole and, if it certainly left nothing behind, each operation is tried alone and gets its own verdict.
 */
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { parentPort, workerData } from "node:worker_threads";
import { systemClock } from "../../base/clock.ts";
import { crashPoint } from "../../base/crash-point.ts";
import { SqliteJobs } from "./sqlite-jobs.ts";
import { placeOf, positionOfPlace, slotEnd } from "./place.ts";
import { sqliteFault } from "./sqlite-fault.ts";
import type { WriterAnswer, WriterDone, WriterFault, WriterGroup, WriterOp, WriterOptions } from "./writer-protocol.ts";

/** Numbers are reserved on disk in blocks, so that a commit need not touch the counter. Hence they are not dense. */
const NUMBER_BLOCK = 4_096;
/** Pages given back to the file system after one group that trimmed. */
const VACUUM_PAGES = 128;
const UNKNOWN = -1;
/** A value no longer than this, written over another, says that the other one is gone. */
const TOMBSTONE_BYTES = 1;
/** Longest the write-ahead log may hold a value that was deleted; emptying it takes several syncs, which no turn waits for. */
const SCRUB_AFTER_MS = 5_000;

type Result = WriterDone | WriterFault;

/** Thrown inside a transaction for an operation that is refused; it has written nothing. */
class Refused extends Error {
  readonly code: "FENCED" | "CONFLICT" | "BACKPRESSURE";
  constructor(code: "FENCED" | "CONFLICT" | "BACKPRESSURE") {
    super(code);
    this.code = code;
  }
}

class SqliteWriter {
  readonly #options: WriterOptions;
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  readonly #jobs: SqliteJobs;
  #next = 1;
  #reserved = 0;
  #dataVersion = UNKNOWN;
  #foreign = false;
  #trimmed = false;
  /** Something was erased, and the write-ahead log may still hold it. True at first: a crash may have come in between. */
  #erased = true;
  #started = false;
  #scrubbing: { close(): void } | undefined;

  constructor(options: WriterOptions) {
    this.#options = options;
    this.#database = new DatabaseSync(options.path, { timeout: options.lockWaitMs });
    this.#database.exec(
      `PRAGMA synchronous = FULL; PRAGMA secure_delete = ON; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -4000;
        PRAGMA journal_size_limit = 16777216`,
    );
    this.#jobs = new SqliteJobs({
      run: (sql, ...values) => this.#run(sql, ...values),
      get: (sql, ...values) => this.#get(sql, ...values),
      position: () => this.#take(1),
      refuse: () => {
        throw new Refused("BACKPRESSURE");
      },
    });
    if (options.pagesMax !== undefined) this.#database.exec(`PRAGMA max_page_count = ${options.pagesMax}`);
  }

  /** Never throws: what fails is in the answer. */
  commit(group: WriterGroup): WriterAnswer {
    this.#foreign = false;
    const together = this.#transaction(() => {
      const results = group.ops.map((op) => this.#try(op, group.nowMs));
      this.#prune(group);
      return results;
    });
    const results = this.#verdicts(group, together);
    if (this.#erased && this.#started) this.#scrub();
    this.#started = true;
    return { results, foreign: this.#foreign };
  }

  /** Empties the write-ahead log: whoever was told that a tombstone stands may rely on no file holding what was there. */
  #scrub(): void {
    this.#scrubbing?.close();
    this.#scrubbing = undefined;
    try {
      this.#erased = this.#number("PRAGMA wal_checkpoint(TRUNCATE)") !== 0;
    } catch {
      // A reader is in the way, or the disk is full: the next group tries again.
    }
  }

  #scrubSoon(): void {
    this.#scrubbing ??= systemClock.after(SCRUB_AFTER_MS, () => {
      this.#erased = true; // until it has worked
      this.#scrub();
    });
  }

  #verdicts({ ops, nowMs }: WriterGroup, together: readonly Result[] | WriterFault): readonly Result[] {
    if (!("code" in together)) return together;
    if (ops.length === 1 || together.code !== "DISK_FULL") return ops.map(() => together);
    return ops.map((op) => this.#transaction(() => this.#try(op, nowMs)));
  }

  /** Gives freed pages back, a few at a time. A failure only means that the file stays larger. */
  tidy(): void {
    if (this.#erased) this.#scrub();
    if (!this.#trimmed) return;
    this.#trimmed = false;
    try {
      this.#database.exec(`PRAGMA incremental_vacuum(${VACUUM_PAGES})`);
    } catch {
      // The next trim tries again.
    }
  }

  close(): void {
    this.#scrubbing?.close();
    this.#database.close();
  }

  #transaction<T>(run: () => T): T | WriterFault {
    try {
      this.#database.exec("BEGIN IMMEDIATE");
    } catch (error) {
      return sqliteFault(error);
    }
    try {
      this.#lookForOthers();
      const result = run();
      crashPoint("writer.committing");
      this.#database.exec("COMMIT");
      crashPoint("writer.committed");
      return result;
    } catch (error) {
      const fault = sqliteFault(error);
      try {
        if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
      } catch {
        // SQLite has rolled back by itself.
      }
      this.#dataVersion = UNKNOWN; // what was reserved in memory may not be on the disk
      return fault;
    }
  }

  /** Notices when another connection has written since our last transaction: our numbers must then start above its own. */
  #lookForOthers(): void {
    const version = this.#number("PRAGMA data_version");
    if (version === this.#dataVersion) return;
    if (this.#dataVersion !== UNKNOWN) this.#foreign = true;
    this.#dataVersion = version;
    this.#reserved = this.#number("SELECT reserved FROM counter");
    this.#next = this.#reserved + 1;
  }

  #try(op: WriterOp, nowMs: number): Result {
    try {
      return this.#apply(op, nowMs);
    } catch (error) {
      if (error instanceof Refused) return { code: error.code };
      throw error;
    }
  }

  #apply(op: WriterOp, nowMs: number): WriterDone {
    switch (op.op) {
      case "offer":
        return this.#seen(op.slot, op.id) ?? this.#store(op.slot, op.session, "offer", op.id, [op.body], nowMs);
      case "append":
        this.#fence(op.slot, op.epoch);
        return this.#seen(op.slot, `${op.id}#`) ?? this.#store(op.slot, op.session, "event", `${op.id}#`, op.bodies, nowMs);
      case "claim": {
        const before = this.#get("SELECT owner FROM claims WHERE slot = ?", op.slot)?.["owner"] ?? null;
        const epoch = this.#take(1);
        this.#run(
          `INSERT INTO claims (slot, epoch, owner) VALUES (?, ?, ?)
            ON CONFLICT (slot) DO UPDATE SET epoch = excluded.epoch, owner = excluded.owner`,
          op.slot,
          epoch,
          op.owner,
        );
        return { ...done(epoch), count: before === null || before === op.owner ? 0 : 1 };
      }
      case "release":
        // The epoch stays: it fences whoever still holds the released claim.
        this.#run("UPDATE claims SET owner = NULL WHERE slot = ? AND epoch = ?", op.slot, op.epoch);
        return done(op.epoch);
      case "trim":
        this.#fence(op.slot, op.epoch);
        return this.#trim(op.slot, op.upTo, op.session);
      case "write":
        return this.#write(op.bucket, op.key, op.value, op.expected);
      default:
        return this.#jobs.apply(op, nowMs);
    }
  }

  #fence(slot: number, epoch: number): void {
    const claim = this.#get("SELECT epoch, owner FROM claims WHERE slot = ?", slot);
    if (claim?.["epoch"] !== epoch || claim["owner"] === null) throw new Refused("FENCED");
  }

  #seen(slot: number, id: string): WriterDone | undefined {
    const row = this.#get("SELECT first, count FROM seen WHERE slot = ? AND id = ?", slot, id);
    return row === undefined ? undefined : { value: Number(row["first"]), count: Number(row["count"]), duplicate: true };
  }

  #store(slot: number, session: string, kind: "offer" | "event", id: string, bodies: readonly Uint8Array[], nowMs: number): WriterDone {
    const first = this.#take(bodies.length);
    for (const [index, body] of bodies.entries()) {
      this.#run(
        "INSERT INTO entries (place, session, kind, id, body) VALUES (?, ?, ?, ?, ?)",
        placeOf(slot, first + index),
        session,
        kind,
        kind === "offer" ? id : `${id}${index}`,
        body,
      );
    }
    this.#run("INSERT INTO seen (slot, id, first, count, at_ms) VALUES (?, ?, ?, ?, ?)", slot, id, first, bodies.length, nowMs);
    return { value: first, count: bodies.length, duplicate: false };
  }

  #trim(slot: number, upTo: number, session: string | null): WriterDone {
    const newest = this.#get("SELECT max(place) AS place FROM entries WHERE place BETWEEN ? AND ?", placeOf(slot, 0), slotEnd(slot))?.[
      "place"
    ];
    if (typeof newest !== "number") return done(upTo);
    this.#run(
      "INSERT INTO heads (slot, position) VALUES (?, ?) ON CONFLICT (slot) DO UPDATE SET position = max(position, excluded.position)",
      slot,
      positionOfPlace(newest),
    );
    const [from, to] = [placeOf(slot, 0), placeOf(slot, upTo)];
    const removed =
      session === null
        ? this.#run(
            "DELETE FROM entries WHERE place IN (SELECT place FROM entries WHERE place BETWEEN ? AND ? ORDER BY place LIMIT ?)",
            from,
            to,
            this.#options.batchRows,
          )
        : this.#run(
            `DELETE FROM entries WHERE place IN
              (SELECT place FROM entries WHERE session = ? AND place BETWEEN ? AND ? ORDER BY place LIMIT ?)`,
            session,
            from,
            to,
            this.#options.batchRows,
          );
    this.#trimmed = this.#trimmed || removed > 0;
    return { value: upTo, count: removed, duplicate: false };
  }

  #write(bucket: string, key: string, value: Uint8Array | null, expected: number): WriterDone {
    const row = this.#get("SELECT revision, length(value) AS bytes FROM records WHERE bucket = ? AND key = ?", bucket, key);
    const bytes = row?.["bytes"] ?? null;
    const present = row === undefined || bytes === null ? 0 : Number(row["revision"]);
    if (present !== expected) throw new Refused("CONFLICT");
    const revision = this.#take(1);
    if (value === null && present === 0) return done(revision);
    if (value === null) {
      if (Number(bytes) > 0) this.#scrubSoon();
    } else if (present !== 0 && value.byteLength <= TOMBSTONE_BYTES) this.#erased = true;
    this.#run(
      `INSERT INTO records (bucket, key, value, revision) VALUES (?, ?, ?, ?)
        ON CONFLICT (bucket, key) DO UPDATE SET value = excluded.value, revision = excluded.revision`,
      bucket,
      key,
      value,
      revision,
    );
    return done(revision);
  }

  /** Forgets a little of what may be forgotten: more than the group added, so that it never grows for long. */
  #prune({ ops, nowMs, passed }: WriterGroup): void {
    const limit = 2 * ops.length + 16;
    const oldest = this.#get("SELECT at_ms FROM seen ORDER BY made LIMIT 1")?.["at_ms"];
    const before = nowMs - this.#options.dedupeMs;
    if (typeof oldest === "number" && oldest < before) {
      this.#run(
        "DELETE FROM seen WHERE made IN (SELECT made FROM (SELECT made, at_ms FROM seen ORDER BY made LIMIT ?) WHERE at_ms < ?)",
        limit,
        before,
      );
    }
    if (ops.some((op) => op.op === "write")) {
      this.#run(
        "DELETE FROM records WHERE rowid IN (SELECT rowid FROM records WHERE value IS NULL AND revision <= ? LIMIT ?)",
        passed,
        limit,
      );
    }
  }

  #take(count: number): number {
    if (this.#next + count - 1 > this.#reserved) {
      this.#reserved = Math.max(this.#reserved, this.#next - 1) + NUMBER_BLOCK;
      this.#run("UPDATE counter SET reserved = ?", this.#reserved);
    }
    const first = this.#next;
    this.#next += count;
    return first;
  }

  #prepare(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#database.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  #run(sql: string, ...values: (string | number | null | Uint8Array)[]): number {
    return Number(this.#prepare(sql).run(...values).changes);
  }

  #get(sql: string, ...values: (string | number)[]): Record<string, unknown> | undefined {
    return this.#prepare(sql).get(...values);
  }

  #number(sql: string): number {
    return Number(Object.values(this.#get(sql) ?? {})[0]);
  }
}

function done(value: number): WriterDone {
  return { value, count: 0, duplicate: false };
}

const port = parentPort;
if (port !== null) {
  let writer: SqliteWriter | undefined;
  port.on("message", (group: WriterGroup | "close") => {
    if (group === "close") {
      writer?.close();
      port.close();
      return;
    }
    let answer: WriterAnswer;
    try {
      writer ??= new SqliteWriter(workerData as WriterOptions);
      answer = writer.commit(group);
    } catch (error) {
      const fault = sqliteFault(error);
      answer = { results: group.ops.map(() => fault), foreign: false };
    }
    port.postMessage(answer);
    writer?.tidy();
  });
}
