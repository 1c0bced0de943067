/**
 * Live readers of records.
 *
 * A watch is a cursor over revisions, not a queue: it reads what changed after the last revision it saw, so a slow reader
 * costs no memory and sees only the newest value of a key. Deleted keys therefore stay in the store as tombstones until
 * every watch has passed them; `passed` says up to where that is.
 */
import { OpenClawError } from "@openclaw/protocol";
import type { RecordChange } from "@openclaw/sdk";
import { breathe, Wake } from "./wake.ts";

export interface ChangesPage {
  /** In order of revision; deleted keys as null values. */
  readonly changes: readonly RecordChange[];
  /** The last revision this page has looked at, whether or not its key fitted the prefix. */
  readonly upTo: number;
  /** False when there was nothing after the cursor. */
  readonly found: boolean;
}

export interface ChangesSource {
  changes(bucket: string, prefix: string, afterRevision: number): ChangesPage;
  /** The newest revision in the bucket, tombstones included; 0 when it is empty. */
  newest(bucket: string): number;
}

interface Watch {
  readonly bucket: string;
  readonly prefix: string;
  readonly wake: Wake;
  cursor: number;
  caughtUp: boolean;
}

export class RecordWatches {
  readonly #source: ChangesSource;
  readonly #watches = new Set<Watch>();
  #newest = 0;
  #closed = false;

  constructor(source: ChangesSource) {
    this.#source = source;
  }

  /** Tells the watches of a committed change. */
  changed(bucket: string, key: string, revision: number): void {
    this.#newest = Math.max(this.#newest, revision);
    for (const watch of this.#watches) {
      if (watch.bucket !== bucket || !key.startsWith(watch.prefix)) continue;
      watch.caughtUp = false;
      watch.wake.notify();
    }
  }

  /** Makes every watch look again: for commits nobody told of. */
  reread(): void {
    for (const watch of this.#watches) {
      watch.caughtUp = false;
      watch.wake.notify();
    }
  }

  /** Tombstones up to this revision have been seen by every watch and may be forgotten. */
  passed(): number {
    let passed = this.#newest;
    for (const watch of this.#watches) if (!watch.caughtUp) passed = Math.min(passed, watch.cursor);
    return passed;
  }

  /** Every watch throws CLOSED. */
  close(): void {
    this.#closed = true;
    for (const watch of this.#watches) watch.wake.notify();
  }

  async *watch(bucket: string, prefix: string, signal: AbortSignal): AsyncGenerator<RecordChange, void, undefined> {
    const watch: Watch = { bucket, prefix, wake: new Wake(), cursor: 0, caughtUp: false };
    const onAbort = (): void => watch.wake.notify();
    signal.addEventListener("abort", onAbort, { once: true });
    this.#watches.add(watch);
    try {
      // A key deleted before the watch began is not news.
      const begunAt = this.#closed ? 0 : this.#source.newest(bucket);
      while (!signal.aborted) {
        if (this.#closed) throw new OpenClawError("CLOSED");
        if (watch.caughtUp) {
          await watch.wake.wait();
          continue;
        }
        const page = this.#source.changes(bucket, prefix, watch.cursor);
        if (!page.found) {
          watch.caughtUp = true;
          continue;
        }
        for (const change of page.changes) {
          if (signal.aborted) return;
          if (change.value !== null || change.revision > begunAt) yield change;
        }
        watch.cursor = page.upTo;
        await breathe();
      }
    } finally {
      signal.removeEventListener("abort", onAbort);
      this.#watches.delete(watch);
    }
  }
}
