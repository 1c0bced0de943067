/**
 * The engine for simulation and tests: the whole contract, nothing on disk, no thread, no I/O.
 *
 * It keeps everything in plain maps and answers in the order it was asked.
 */
import { createHash } from "node:crypto";
import { OpenClawError } from "@openclaw/protocol";
import { ENGINE_LIMITS, type Blobs, type Claim, type Engine, type LogEntry, type RecordChange, type RecordEntry } from "@openclaw/sdk";
import type { Clock } from "../../base/clock.ts";
import {
  checkBatch,
  checkDigest,
  checkFrame,
  checkKey,
  checkNumber,
  checkPrefix,
  checkSlot,
  checkToken,
  pageRows,
} from "./check-arguments.ts";
import { ClaimBook } from "./claim-book.ts";
import { RecordWatches } from "./record-watches.ts";
import { createMemoryJobs } from "./memory-jobs.ts";
import { SlotTails } from "./slot-tails.ts";
import { createTopics } from "./topics.ts";

export interface MemoryEngineDeps {
  readonly clock: Clock;
  /** Leaves holes between numbers, as a cluster does, even inside a batch. */
  readonly skipNumbers?: boolean;
  /** Gets what a subscriber of the bus throws. */
  readonly onFault?: (error: unknown) => void;
}

const PAGE_ROWS = 256;

interface Seen {
  readonly positions: readonly number[];
  readonly atMs: number;
}

interface Slot {
  entries: LogEntry[];
  head: number;
  epoch: number;
  /** Null where nobody holds it. */
  owner: string | null;
  /** In the order of arrival, so that the oldest are forgotten first. */
  readonly seen: Map<string, Seen>;
}

/** Never fails but for the contract's own reasons; disposing forgets everything. */
export async function openMemoryEngine(deps: MemoryEngineDeps): Promise<Engine> {
  const slots = new Map<number, Slot>();
  const buckets = new Map<string, Map<string, RecordChange>>();
  let counter = 0;
  let closed = false;
  const next = (): number => (counter += deps.skipNumbers === true ? 1 + ((counter * 7) % 5) : 1);
  const checkOpen = (): void => {
    if (closed) throw new OpenClawError("CLOSED");
  };
  const slotAt = (slot: number): Slot => {
    let found = slots.get(slot);
    if (found === undefined) slots.set(slot, (found = { entries: [], head: 0, epoch: 0, owner: null, seen: new Map() }));
    return found;
  };
  const bucketAt = (bucket: string): Map<string, RecordChange> => {
    let found = buckets.get(bucket);
    if (found === undefined) buckets.set(bucket, (found = new Map()));
    return found;
  };

  const tails = new SlotTails((slot, after) => pageAfter(slots.get(slot)?.entries ?? [], after, PAGE_ROWS));
  const watches = new RecordWatches({
    changes: (bucket, prefix, after) => {
      const page = [...bucketAt(bucket).values()]
        .filter(({ revision }) => revision > after)
        .sort((a, b) => a.revision - b.revision)
        .slice(0, PAGE_ROWS);
      return { changes: page.filter(({ key }) => key.startsWith(prefix)), upTo: page.at(-1)?.revision ?? after, found: page.length > 0 };
    },
    newest: (bucket) => Math.max(0, ...[...bucketAt(bucket).values()].map(({ revision }) => revision)),
  });
  const claims = new ClaimBook();
  const topics = createTopics(deps.onFault);
  const jobs = createMemoryJobs({ clock: deps.clock, next, checkOpen });

  const fence = (claim: Claim): Slot => {
    const slot = slotAt(claim.slot);
    if (slot.epoch === claim.epoch && slot.owner !== null) return slot;
    claims.fenced(claim);
    throw new OpenClawError("FENCED");
  };
  const seenBefore = (slot: Slot, id: string): readonly number[] | undefined => {
    for (const [old, { atMs }] of slot.seen) {
      if (atMs >= deps.clock.now() - ENGINE_LIMITS.dedupeMs) break;
      slot.seen.delete(old);
    }
    return slot.seen.get(id)?.positions;
  };
  const store = (slot: Slot, id: string, entries: readonly Omit<LogEntry, "position">[]): readonly number[] => {
    const stored = entries.map((entry) => ({ ...entry, position: next(), body: new Uint8Array(entry.body) }));
    slot.entries.push(...stored);
    slot.head = stored.at(-1)?.position ?? slot.head;
    const positions = stored.map(({ position }) => position);
    slot.seen.set(id, { positions, atMs: deps.clock.now() });
    for (const entry of stored) tails.push(entry);
    return positions;
  };

  const log: Engine["log"] = {
    offer: async ({ slot, session, id, body }) => {
      checkSlot(slot);
      checkToken("session", session);
      checkToken("id", id);
      checkFrame(body);
      checkOpen();
      const target = slotAt(slot);
      const before = seenBefore(target, id);
      const [position = 0] = before ?? store(target, id, [{ slot, session, kind: "offer", id, body }]);
      return { position, duplicate: before !== undefined };
    },
    claim: async (slot, owner) => {
      checkSlot(slot);
      checkToken("owner", owner);
      checkOpen();
      const target = slotAt(slot);
      const cut = target.owner !== null && target.owner !== owner;
      target.epoch = next();
      target.owner = owner;
      return claims.enter(slot, target.epoch, owner, cut);
    },
    release: async (claim) => {
      checkOpen();
      const slot = slotAt(claim.slot);
      if (slot.epoch === claim.epoch) slot.owner = null;
      claims.released(claim);
    },
    append: async (claim, session, bodies, id) => {
      checkToken("session", session);
      checkToken("id", id);
      checkBatch(bodies);
      checkOpen();
      const slot = fence(claim);
      return (
        seenBefore(slot, `${id}#`) ??
        store(
          slot,
          `${id}#`,
          bodies.map((body, index) => ({ slot: claim.slot, session, kind: "event", id: `${id}#${index}`, body })),
        )
      );
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
      return (slots.get(slot)?.entries ?? [])
        .filter((entry) => entry.session === session && entry.position > after)
        .slice(0, pageRows(limit));
    },
    heads: async () => {
      checkOpen();
      return new Map([...slots].filter(([, { head }]) => head > 0).map(([slot, { head }]) => [slot, head]));
    },
    trim: async (claim, upTo, session) => {
      checkNumber("position", upTo);
      if (session !== undefined) checkToken("session", session);
      checkOpen();
      const slot = fence(claim);
      slot.entries = slot.entries.filter((entry) => entry.position > upTo || (session !== undefined && entry.session !== session));
    },
  };

  const records: Engine["records"] = {
    get: async (bucket, key) => {
      checkToken("bucket", bucket);
      checkKey(key);
      checkOpen();
      return presentEntry(bucketAt(bucket).get(key));
    },
    write: async (bucket, key, value, expected) => {
      checkToken("bucket", bucket);
      checkKey(key);
      checkNumber("revision", expected);
      if (value !== null) checkFrame(value);
      checkOpen();
      const present = presentEntry(bucketAt(bucket).get(key));
      if ((present?.revision ?? 0) !== expected) throw new OpenClawError("CONFLICT");
      const revision = next();
      if (value === null && present === null) return revision;
      bucketAt(bucket).set(key, { key, value: value === null ? null : new Uint8Array(value), revision });
      watches.changed(bucket, key, revision);
      return revision;
    },
    list: async (bucket, prefix, options = {}) => {
      checkToken("bucket", bucket);
      checkPrefix(prefix);
      checkOpen();
      const after = options.after ?? "";
      const entries = [...bucketAt(bucket).values()].flatMap((change) => presentEntry(change) ?? []);
      return entries
        .filter(({ key }) => key.startsWith(prefix) && key > after)
        .sort((a, b) => (a.key < b.key ? -1 : 1))
        .slice(0, pageRows(options.limit));
    },
    watch: (bucket, prefix, signal) => {
      checkToken("bucket", bucket);
      checkPrefix(prefix);
      return watches.watch(bucket, prefix, signal);
    },
  };

  return {
    log,
    records,
    bus: topics,
    queues: jobs.queues,
    blobs: createMemoryBlobs(checkOpen),
    drain: async () => {},
    [Symbol.asyncDispose]: async () => {
      await jobs.close();
      closed = true;
      claims.close();
      topics.close();
      tails.close();
      watches.close();
    },
  };
}

function createMemoryBlobs(checkOpen: () => void): Blobs {
  const blobs = new Map<string, Uint8Array>();
  return {
    put: async (data, options = {}) => {
      checkOpen();
      const bytesMax = options.maxBytes ?? Number.POSITIVE_INFINITY;
      const chunks: Uint8Array[] = [];
      let bytes = 0;
      for await (const chunk of data instanceof Uint8Array ? [data] : data) {
        bytes += chunk.byteLength;
        if (bytes > bytesMax) throw new OpenClawError("TOO_LARGE", { detail: { what: "blob", bytesMax } });
        chunks.push(chunk);
      }
      checkOpen();
      const content = new Uint8Array(Buffer.concat(chunks));
      const digest = createHash("sha256").update(content).digest("hex");
      blobs.set(digest, content);
      return { digest, bytes };
    },
    async *get(digest, signal) {
      checkOpen();
      checkDigest(digest);
      const content = blobs.get(digest);
      if (content === undefined) throw new OpenClawError("NOT_FOUND");
      signal?.throwIfAborted();
      if (content.byteLength > 0) yield content;
    },
    stat: async (digest) => {
      checkOpen();
      checkDigest(digest);
      const bytes = blobs.get(digest)?.byteLength;
      return bytes === undefined ? null : { digest, bytes };
    },
    delete: async (digest) => {
      checkOpen();
      checkDigest(digest);
      blobs.delete(digest);
    },
  };
}

/** Null for a key that was never written or is deleted. */
function presentEntry(change: RecordChange | undefined): RecordEntry | null {
  return change === undefined || change.value === null ? null : { key: change.key, value: change.value, revision: change.revision };
}

/** Entries are in order of position: finds the first by halving. */
function pageAfter(entries: readonly LogEntry[], after: number, rows: number): readonly LogEntry[] {
  let low = 0;
  let high = entries.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((entries[middle]?.position ?? 0) <= after) low = middle + 1;
    else high = middle;
  }
  return entries.slice(low, low + rows);
}
