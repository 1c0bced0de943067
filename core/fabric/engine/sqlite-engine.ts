/**
 * The engine of one machine: one SQLite file, a thread that writes it in group commits, and blobs as files.
 *
 * Reads and live readers run on the calling thread over committed state; every write goes through the writer, which checks
 * claims and revisions in the transaction that depends on them. The directory has one owner (see `openStateDir`).
 */
import { join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { hasCode, OpenClawError } from "@openclaw/protocol";
import { ENGINE_LIMITS, type Claim, type Engine, type RecordEntry } from "@openclaw/sdk";
import type { Clock } from "../../base/clock.ts";
import type { Ids } from "../../base/ids.ts";
import { createBlobFiles } from "./blob-files.ts";
import { checkBatch, checkFrame, checkKey, checkNumber, checkPrefix, checkSlot, checkToken, pageRows } from "./check-arguments.ts";
import { ClaimBook } from "./claim-book.ts";
import { prepareBeside, prepareDatabase } from "./prepare-database.ts";
import { RecordWatches } from "./record-watches.ts";
import { SlotTails } from "./slot-tails.ts";
import { createSqliteQueues } from "./sqlite-queues.ts";
import { SqliteReader } from "./sqlite-reader.ts";
import type { SchemaStep } from "./sqlite-schema.ts";
import { createTopics } from "./topics.ts";
import { breathe } from "./wake.ts";
import { WriterQueue } from "./writer-queue.ts";

export interface SqliteEngineDeps {
  /** The state directory; `state/openclaw.sqlite` and `blobs/` are made in it. */
  readonly dir: string;
  readonly clock: Clock;
  readonly ids: Ids;
  /** Gets what a subscriber of the bus throws. */
  readonly onFault?: (error: unknown) => void;
  /** How long a lock held by another program is waited for before FILE_LOCKED. */
  readonly lockWaitMs?: number;
  /** Bounds the database in pages of 4 KiB; DISK_FULL beyond. */
  readonly pagesMax?: number;
  /** Another list of schema steps than the program's own: for proving migrations. */
  readonly schema?: readonly SchemaStep[];
}

const LOCK_WAIT_MS = 2_000;

/**
 * Opens, creates or migrates the database. Throws what `prepareDatabase` throws. Disposing writes what was accepted, then
 * ends every reader with CLOSED; the caller disposes.
 */
export async function openSqliteEngine(deps: SqliteEngineDeps): Promise<Engine> {
  const path = join(deps.dir, "state", "openclaw.sqlite");
  let closed = false;
  const checkOpen = (): void => {
    if (closed) throw new OpenClawError("CLOSED");
  };

  // The thread starts while this one prepares the file; what refers to the reader is first called after that.
  const writer = new WriterQueue({
    clock: deps.clock,
    passed: () => watches.passed(),
    onForeign: () => {
      tails.reread();
      watches.reread();
    },
    options: {
      path,
      batchRows: ENGINE_LIMITS.batchRows,
      dedupeMs: ENGINE_LIMITS.dedupeMs,
      lockWaitMs: deps.lockWaitMs ?? LOCK_WAIT_MS,
      pagesMax: deps.pagesMax,
    },
  });
  const { schema } = deps;
  const prepare = (): DatabaseSync | Promise<DatabaseSync> => (schema === undefined ? prepareBeside(path) : prepareDatabase(path, schema));
  const reader = new SqliteReader(await preparedOr(writer, prepare));
  const tails = new SlotTails((slot, after) => reader.slotPage(slot, after));
  const watches = new RecordWatches(reader);
  const claims = new ClaimBook();
  const topics = createTopics(deps.onFault);
  writer.warm();
  const jobs = createSqliteQueues({ reader, writer, clock: deps.clock, checkOpen });

  /** A refused claim is lost: its holder is told before it sees the error. */
  const underClaim = async <T>(claim: Claim, run: () => Promise<T>): Promise<T> => {
    try {
      return await run();
    } catch (error) {
      if (hasCode(error, "FENCED")) claims.fenced(claim);
      throw error;
    }
  };

  const log: Engine["log"] = {
    offer: async ({ slot, session, id, body }) => {
      checkSlot(slot);
      checkToken("session", session);
      checkToken("id", id);
      checkFrame(body);
      checkOpen();
      const own = new Uint8Array(body); // the caller may use its bytes again
      const { value, duplicate } = await writer.submit({ op: "offer", slot, session, id, body: own }, own.byteLength, (done) => {
        if (!done.duplicate && tails.has(slot)) tails.push({ slot, position: done.value, session, kind: "offer", id, body: own });
      });
      return { position: value, duplicate };
    },

    claim: async (slot, owner) => {
      checkSlot(slot);
      checkToken("owner", owner);
      checkOpen();
      let claim: Claim | undefined;
      const { value, count } = await writer.submit({ op: "claim", slot, owner }, 0, (done) => {
        claim = claims.enter(slot, done.value, owner, done.count > 0);
      });
      return claim ?? claims.enter(slot, value, owner, count > 0);
    },

    release: async (claim) => {
      checkOpen();
      await writer.submit({ op: "release", slot: claim.slot, epoch: claim.epoch }, 0);
      claims.released(claim);
    },

    append: async (claim, session, bodies, id) => {
      checkToken("session", session);
      checkToken("id", id);
      checkBatch(bodies);
      checkOpen();
      const { slot, epoch } = claim;
      const own = bodies.map((body) => new Uint8Array(body));
      const bytes = own.reduce((sum, body) => sum + body.byteLength, 0);
      const { value, count } = await underClaim(claim, () =>
        writer.submit({ op: "append", slot, epoch, session, id, bodies: own }, bytes, (done) => {
          if (done.duplicate || !tails.has(slot)) return;
          for (const [index, body] of own.entries())
            tails.push({ slot, position: done.value + index, session, kind: "event", id: `${id}#${index}`, body });
        }),
      );
      return Array.from({ length: count }, (_, index) => value + index); // the writer gives a batch numbers in a row
    },

    read: (slot, after, signal) => {
      checkSlot(slot);
      checkNumber("position", after);
      return tails.read(slot, after, signal);
    },

    readSession: async (slot, session, after, limit) => {
      checkSlot(slot);
      checkToken("session", session);
      checkNumber("position", after);
      checkOpen();
      return reader.sessionPage(slot, session, after, pageRows(limit));
    },

    heads: async () => {
      checkOpen();
      return reader.heads();
    },

    trim: async (claim, upTo, session) => {
      checkNumber("position", upTo);
      if (session !== undefined) checkToken("session", session);
      const { slot, epoch } = claim;
      for (let removed: number = ENGINE_LIMITS.batchRows; removed === ENGINE_LIMITS.batchRows;) {
        checkOpen();
        removed = (await underClaim(claim, () => writer.submit({ op: "trim", slot, epoch, upTo, session: session ?? null }, 0))).count;
      }
    },
  };

  const records: Engine["records"] = {
    get: async (bucket, key) => {
      checkToken("bucket", bucket);
      checkKey(key);
      checkOpen();
      return reader.record(bucket, key);
    },

    write: async (bucket, key, value, expected) => {
      checkToken("bucket", bucket);
      checkKey(key);
      checkNumber("revision", expected);
      if (value !== null) checkFrame(value);
      checkOpen();
      const own = value === null ? null : new Uint8Array(value);
      const done = await writer.submit({ op: "write", bucket, key, value: own, expected }, own?.byteLength ?? 0, ({ value: revision }) =>
        watches.changed(bucket, key, revision),
      );
      return done.value;
    },

    list: async (bucket, prefix, options = {}) => {
      checkToken("bucket", bucket);
      checkPrefix(prefix);
      const rowsMax = pageRows(options.limit);
      const found: RecordEntry[] = [];
      for (let after = options.after ?? ""; found.length < rowsMax;) {
        checkOpen();
        const page = reader.recordPage(bucket, prefix, after, rowsMax - found.length);
        found.push(...page);
        const last = page.at(-1);
        if (last === undefined) break;
        after = last.key;
        if (found.length < rowsMax) await breathe();
      }
      return found;
    },

    watch: (bucket, prefix, signal) => {
      checkToken("bucket", bucket);
      checkPrefix(prefix);
      return watches.watch(bucket, prefix, signal);
    },
  };

  let closing: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    await jobs.close();
    closed = true;
    claims.close();
    topics.close();
    tails.close();
    watches.close();
    reader.close(); // before the writer, so that the last connection to close is the one that may write
    await writer.close();
  };

  return {
    log,
    records,
    bus: topics,
    queues: jobs.queues,
    blobs: createBlobFiles({ dir: join(deps.dir, "blobs"), ids: deps.ids, clock: deps.clock, checkOpen }),
    drain: () => writer.drain(),
    [Symbol.asyncDispose]: () => (closing ??= close()),
  };
}

async function preparedOr<T>(writer: WriterQueue, prepare: () => T | Promise<T>): Promise<T> {
  try {
    return await prepare();
  } catch (error) {
    await writer.abandon();
    throw error;
  }
}
