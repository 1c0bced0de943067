/**
 * The one seam between embedded and cluster. All durable state goes through here.
 *
 * Errors are exactly FENCED, CONFLICT, ENGINE_UNAVAILABLE (maybe applied), BACKPRESSURE, TOO_LARGE, NOT_FOUND, CLOSED,
 * and on a local disk DISK_FULL or FILE_LOCKED (never applied). Positions, revisions and epochs rise but are not dense:
 * never add one to them, never subtract them. The interface has no engine time in it.
 */

/** Slots of the session log; fixed for the life of an installation. */
export const SLOTS = 256;

/** Bounds that hold for every engine. */
export const ENGINE_LIMITS = {
  frameBytes: 1_048_576,
  keyBytes: 256,
  pageRows: 512,
  batchRows: 128,
  /** Ids of offers, batches and enqueued jobs are remembered at least this long. */
  dedupeMs: 120_000,
  /** Living jobs, dead letters that are put in, and bytes of both, that one queue holds unless the caller sets less. */
  queueJobs: 100_000,
  queueBytes: 268_435_456,
} as const;

export interface Engine extends AsyncDisposable {
  readonly records: Records;
  readonly log: SlotLog;
  readonly bus: Topics;
  readonly queues: Queues;
  readonly blobs: Blobs;
  /** Resolves once everything accepted is durable. */
  drain(): Promise<void>;
}

// ── records: keyed values, compare-and-set by revision, watch ────────────────────────────────────────────────────────

export interface RecordEntry {
  readonly key: string;
  readonly value: Uint8Array;
  readonly revision: number;
}

export interface RecordChange {
  readonly key: string;
  /** Null when the record was deleted. */
  readonly value: Uint8Array | null;
  readonly revision: number;
}

export interface Records {
  get(bucket: string, key: string): Promise<RecordEntry | null>;
  /**
   * Writes if the record is still at `expected` (0 = must not exist); `value` null deletes. Returns the new revision.
   * Throws CONFLICT and changes nothing otherwise. Resolves only when durable.
   */
  write(bucket: string, key: string, value: Uint8Array | null, expected: number): Promise<number>;
  /** Records whose key starts with `prefix`, in key order, after `after`, at most `limit` (≤ ENGINE_LIMITS.pageRows). */
  list(bucket: string, prefix: string, options?: { readonly after?: string; readonly limit?: number }): Promise<readonly RecordEntry[]>;
  /** The present records, then each change; may coalesce to the newest value of a key. Ends when `signal` aborts. */
  watch(bucket: string, prefix: string, signal: AbortSignal): AsyncIterable<RecordChange>;
}

// ── log: slots of ordered entries; anyone offers, the claim's holder appends ─────────────────────────────────────────

export interface LogEntry {
  readonly slot: number;
  readonly position: number;
  readonly session: string;
  readonly kind: "offer" | "event";
  /** The offer's id, or the batch's id and index joined by `#`. */
  readonly id: string;
  readonly body: Uint8Array;
}

export interface Offer {
  readonly slot: number;
  /** Token of the session: `[A-Za-z0-9_-]{1,64}`. */
  readonly session: string;
  /** De-duplicates within the engine's window; the fold de-duplicates for ever. `[A-Za-z0-9_-]{1,64}`. */
  readonly id: string;
  readonly body: Uint8Array;
}

export interface Claim {
  readonly slot: number;
  readonly epoch: number;
  readonly owner: string;
  /** The owner before did not let it go: it died, or this claim took it away. */
  readonly cut: boolean;
  /** Aborts when the engine learns that a newer claim exists, or when it closes. Safety never rests on it. */
  readonly lost: AbortSignal;
}

export interface SlotLog {
  /** Durable when it resolves. A repeated id returns the first position and `duplicate: true`. */
  offer(offer: Offer): Promise<{ readonly position: number; readonly duplicate: boolean }>;
  /** Takes the slot over; any earlier claim on it is fenced from this moment. */
  claim(slot: number, owner: string): Promise<Claim>;
  release(claim: Claim): Promise<void>;
  /**
   * All or none, in order, durable when it resolves; throws FENCED if a newer claim exists. At most `batchRows` entries.
   * A repeated `id` (after ENGINE_UNAVAILABLE) returns the positions of the first time.
   */
  append(claim: Claim, session: string, bodies: readonly Uint8Array[], id: string): Promise<readonly number[]>;
  /** Every entry of the slot after `after`, in order without a gap, then live ones, until `signal` aborts. */
  read(slot: number, after: number, signal: AbortSignal): AsyncIterable<LogEntry>;
  /** One page of one session's entries after `after`, in order, without touching its neighbours; empty at the end. */
  readSession(slot: number, session: string, after: number, limit?: number): Promise<readonly LogEntry[]>;
  /** Newest position of every slot that ever held an entry. */
  heads(): Promise<ReadonlyMap<number, number>>;
  /** Forgets entries up to and including `upTo`, of one session if given. Throws FENCED like `append`. */
  trim(claim: Claim, upTo: number, session?: string): Promise<void>;
}

// ── bus: topics, request and reply, at most once ─────────────────────────────────────────────────────────────────────

export interface Closer { close(): void }

export interface Topics {
  /** Topics are dot-separated tokens. Never waits; a subscriber that cannot keep up loses frames and is told. */
  publish(topic: string, frame: Uint8Array): void;
  /** `pattern` may end in `.>`, which matches any further tokens. */
  subscribe(
    pattern: string, on: (topic: string, frame: Uint8Array) => void,
    options?: { readonly onDrop?: (count: number) => void; readonly pendingMax?: number },
  ): Closer;
  /** Throws ENGINE_UNAVAILABLE at once when nobody serves the topic. */
  request(topic: string, frame: Uint8Array, signal: AbortSignal): Promise<Uint8Array>;
  serve(topic: string, on: (frame: Uint8Array, signal: AbortSignal) => Promise<Uint8Array>): Closer;
}

// ── blobs: bytes by digest ───────────────────────────────────────────────────────────────────────────────────────────

export interface BlobInfo { readonly digest: string; readonly bytes: number }

export interface Blobs {
  /** Stores once per content; the digest is lowercase hex SHA-256. Durable when it resolves. Throws TOO_LARGE above `maxBytes`. */
  put(data: AsyncIterable<Uint8Array> | Uint8Array, options?: { readonly maxBytes?: number }): Promise<BlobInfo>;
  /** Throws NOT_FOUND; verifies the digest and throws STATE_DAMAGED at the end when it does not match. */
  get(digest: string, signal?: AbortSignal): AsyncIterable<Uint8Array>;
  stat(digest: string): Promise<BlobInfo | null>;
  delete(digest: string): Promise<void>;
}

// ── queues: background jobs, each delivered at least once ────────────────────────────────────────────────────────────

export interface Queues {
  /**
   * Durable when it resolves. An id that is in the queue, dead or alive, or was within the engine's window, changes nothing
   * and answers `duplicate`. Throws BACKPRESSURE when the queue holds its bound: of the living for a living one, of the dead
   * for one that is stored dead, of bytes for both.
   */
  enqueue(queue: string, job: Uint8Array, options: EnqueueOptions): Promise<{ readonly duplicate: boolean }>;
  /**
   * Delivers jobs in the order they fell due, until disposed. The start of an attempt is durable before `on` is called, so
   * an attempt that was cut off by a death counts, and the next delivery says so. Throws BACKPRESSURE for nothing: a slow
   * `on` only lets its own queue grow. One worker for each queue and engine; a second one is an assertion.
   */
  work(queue: string, on: (job: Job, signal: AbortSignal) => Promise<JobVerdict | void>, options: WorkOptions): QueueWorker;
  /** Null for a queue that holds nothing. */
  depth(queue: string): Promise<QueueDepth | null>;
  /** Every queue that holds something, by name. */
  depths(): Promise<readonly QueueDepth[]>;
  /** Jobs that are not tried any more, in the order in which they were given up, after `after`; at most `pageRows`. */
  dead(queue: string, options?: { readonly after?: number; readonly limit?: number }): Promise<readonly DeadJob[]>;
  /** A dead letter becomes a new job that is due at once; false when there is none of that id. */
  revive(queue: string, id: string): Promise<boolean>;
  /** Forgets a dead letter; false when there is none of that id. */
  discard(queue: string, id: string): Promise<boolean>;
}

export interface EnqueueOptions {
  /** What a job is known by, and what its effect should be idempotent under. `[A-Za-z0-9_-]{1,64}`. */
  readonly id: string;
  readonly delayMs?: number;
  readonly jobsMax?: number;
  readonly bytesMax?: number;
  /** Stored as a dead letter at once: for work that has no place among the living, and must not be lost. */
  readonly dead?: { readonly code: string; readonly note?: Uint8Array };
}

export interface Job {
  readonly id: string;
  readonly body: Uint8Array;
  /** From 1. */
  readonly attempt: number;
  /** The attempt before this one began and never ended: its worker died, or its time was over. Its effect may have happened. */
  readonly interrupted: boolean;
}

/** Returning nothing is `done`. What `on` throws is a failed attempt: tried again with back-off, then a dead letter. */
export type JobVerdict =
  | { readonly end: "done" }
  /** Delivered again; `counted: false` gives the attempt back. */
  | { readonly end: "again"; readonly afterMs: number; readonly counted?: boolean }
  /** Given up now. `note` is kept beside it and never looked into. */
  | { readonly end: "dead"; readonly code: string; readonly note?: Uint8Array };

export interface WorkOptions {
  readonly concurrency: number;
  /** A job whose attempts are used up becomes a dead letter. */
  readonly attemptsMax: number;
  /** Wait after the first failed attempt; doubles up to the last. */
  readonly retryFirstMs?: number;
  readonly retryLastMs?: number;
  /** Longest one attempt may take: then its signal aborts and it has failed, whatever `on` does afterwards. */
  readonly ackWaitMs?: number;
}

export interface QueueWorker extends AsyncDisposable {
  /** Attempts under way. */
  readonly running: number;
}

export interface QueueDepth {
  readonly queue: string;
  /** Waiting or under way. */
  readonly jobs: number;
  readonly dead: number;
  /** Of all of them. */
  readonly bytes: number;
  /** Since when the oldest of the living is in the queue, on the engine's clock; null when there is none. */
  readonly oldestMs: number | null;
}

export interface DeadJob {
  readonly id: string;
  readonly body: Uint8Array;
  readonly attempts: number;
  readonly code: string;
  readonly note: Uint8Array | null;
  readonly deadAtMs: number;
  /** Rises with each; what `after` takes. */
  readonly position: number;
}

// ── built with their first user ──────────────────────────────────────────────────────────────────────────────────────

export interface Member { readonly id: string; readonly epoch: number; readonly capacity: number; readonly seenMs: number }

export interface Members {
  watch(signal: AbortSignal): AsyncIterable<readonly Member[]>;
}
