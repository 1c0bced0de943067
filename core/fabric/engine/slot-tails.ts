/**
 * Live readers of the log.
 *
 * A tail reads pages until one is empty; from that moment committed entries are handed to it directly, without reading them
 * again. One that does not keep up loses its queue, not its place: it goes back to reading from its cursor. Nothing is
 * skipped or seen twice, because `push` is called in commit order and each entry is compared with the cursor.
 */
import { OpenClawError } from "@openclaw/protocol";
import type { LogEntry } from "@openclaw/sdk";
import { breathe, Wake } from "./wake.ts";

/** A tail that falls further behind than this reads from the store again. */
const QUEUE_ENTRIES_MAX = 1_024;
const QUEUE_BYTES_MAX = 4_194_304;

/** Entries of a slot after a position, in order, at most one page; empty at the end. Synchronous on purpose: see `read`. */
export type ReadPage = (slot: number, after: number) => readonly LogEntry[];

interface Tail {
  readonly wake: Wake;
  readonly queue: LogEntry[];
  queuedBytes: number;
  /** False while the tail reads pages: what is pushed then will be found there. */
  live: boolean;
}

export class SlotTails {
  readonly #readPage: ReadPage;
  readonly #tails = new Map<number, Set<Tail>>();
  #closed = false;

  constructor(readPage: ReadPage) {
    this.#readPage = readPage;
  }

  /** Whether anybody reads the slot: spares the caller building entries for nobody. */
  has(slot: number): boolean {
    return this.#tails.has(slot);
  }

  /** Hands a committed entry to its readers. Must be called in the order of commits. */
  push(entry: LogEntry): void {
    for (const tail of this.#tails.get(entry.slot) ?? []) {
      if (!tail.live) continue;
      if (tail.queue.length >= QUEUE_ENTRIES_MAX || tail.queuedBytes + entry.body.byteLength > QUEUE_BYTES_MAX) fallBehind(tail);
      else {
        tail.queue.push(entry);
        tail.queuedBytes += entry.body.byteLength;
      }
      tail.wake.notify();
    }
  }

  /** Makes every tail read again from its cursor: for commits that were not pushed. */
  reread(): void {
    for (const tails of this.#tails.values()) {
      for (const tail of tails) {
        fallBehind(tail);
        tail.wake.notify();
      }
    }
  }

  /** Every tail throws CLOSED. */
  close(): void {
    this.#closed = true;
    for (const tails of this.#tails.values()) for (const tail of tails) tail.wake.notify();
  }

  /** Ends without an error when `signal` aborts; throws CLOSED when the engine closes, and what reading a page throws. */
  async *read(slot: number, after: number, signal: AbortSignal): AsyncGenerator<LogEntry, void, undefined> {
    const tail: Tail = { wake: new Wake(), queue: [], queuedBytes: 0, live: false };
    const onAbort = (): void => tail.wake.notify();
    signal.addEventListener("abort", onAbort, { once: true });
    this.#add(slot, tail);
    let cursor = after;
    try {
      while (!signal.aborted) {
        if (this.#closed) throw new OpenClawError("CLOSED");
        if (!tail.live) {
          const page = this.#readPage(slot, cursor);
          // Nothing can be pushed between this empty page and the flag: both happen in one synchronous step.
          if (page.length === 0) tail.live = true;
          for (const entry of page) {
            if (signal.aborted) return;
            cursor = entry.position;
            yield entry;
          }
          if (page.length > 0) await breathe();
          continue;
        }
        const entry = tail.queue.shift();
        if (entry === undefined) {
          await tail.wake.wait();
          continue;
        }
        tail.queuedBytes -= entry.body.byteLength;
        if (entry.position <= cursor) continue;
        cursor = entry.position;
        yield entry;
      }
    } finally {
      signal.removeEventListener("abort", onAbort);
      this.#remove(slot, tail);
    }
  }

  #add(slot: number, tail: Tail): void {
    const tails = this.#tails.get(slot);
    if (tails === undefined) this.#tails.set(slot, new Set([tail]));
    else tails.add(tail);
  }

  #remove(slot: number, tail: Tail): void {
    const tails = this.#tails.get(slot);
    tails?.delete(tail);
    if (tails?.size === 0) this.#tails.delete(slot);
  }
}

function fallBehind(tail: Tail): void {
  tail.queue.length = 0;
  tail.queuedBytes = 0;
  tail.live = false;
}
