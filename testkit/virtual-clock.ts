/**
 * Time that only moves when a test says so.
 *
 * `advance` runs every timer that falls due, in order of its due time, and lets promises settle after each, so a timer that
 * starts another one inside the window sees it run too. With a seed, timers due at the same millisecond run in an order
 * drawn from the seed instead of the order of their making: a run that depends on that order shows it, and the seed repeats
 * it. Real I/O (sockets, files, workers) is not moved by this clock: await it first, then advance.
 *
 *     const clock = new VirtualClock();
 *     const waiting = clock.wait(1_000, signal);
 *     await clock.advance(1_000);
 *     await waiting;
 */
/** The shape of the program's clock: see core/base/clock.ts. */
export interface TestClock {
  now(): number;
  monotonic(): number;
  wait(ms: number, signal: AbortSignal): Promise<void>;
  after(ms: number, run: () => void): { close(): void };
}

interface Timer {
  readonly dueMs: number;
  readonly rank: number;
  readonly run: () => void;
}

export interface VirtualClockOptions {
  /** Wall time at the start; 2026-01-01T00:00:00Z unless given. */
  readonly startMs?: number;
  /** Shuffles timers that are due at the same millisecond. */
  readonly seed?: number;
}

export class VirtualClock implements TestClock {
  #elapsedMs = 0;
  #made = 0;
  readonly #startMs: number;
  readonly #random: (() => number) | undefined;
  readonly #timers = new Set<Timer>();

  constructor(options: VirtualClockOptions = {}) {
    this.#startMs = options.startMs ?? Date.UTC(2026, 0, 1);
    this.#random = options.seed === undefined ? undefined : seededRandom(options.seed);
  }

  now(): number {
    return this.#startMs + this.#elapsedMs;
  }

  monotonic(): number {
    return this.#elapsedMs;
  }

  wait(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason as Error);
      const onAbort = (): void => {
        timer.close();
        reject(signal.reason as Error);
      };
      const timer = this.after(ms, () => {
        signal.removeEventListener("abort", onAbort);
        resolve();
      });
      signal.addEventListener("abort", onAbort, { once: true });
    });
  }

  after(ms: number, run: () => void): { close(): void } {
    this.#made += 1;
    const timer: Timer = { dueMs: this.#elapsedMs + Math.max(0, ms), rank: this.#random?.() ?? this.#made, run };
    this.#timers.add(timer);
    return { close: () => this.#timers.delete(timer) };
  }

  /** How many waits and timers have neither run nor been cancelled. */
  get pending(): number {
    return this.#timers.size;
  }

  /** Milliseconds until the next timer is due; undefined when none waits. */
  get nextInMs(): number | undefined {
    const next = this.#next();
    return next === undefined ? undefined : next.dueMs - this.#elapsedMs;
  }

  /** Moves time forward by `ms`, running what falls due on the way. What a timer throws, this rejects with. */
  async advance(ms: number): Promise<void> {
    const endMs = this.#elapsedMs + ms;
    await settle();
    for (let timer = this.#next(); timer !== undefined && timer.dueMs <= endMs; timer = this.#next()) {
      this.#timers.delete(timer);
      this.#elapsedMs = Math.max(this.#elapsedMs, timer.dueMs);
      timer.run();
      await settle();
    }
    this.#elapsedMs = endMs;
  }

  /** Moves to the next due timer and runs it and its equals; resolves to false when nothing waits. */
  async advanceToNext(): Promise<boolean> {
    const inMs = this.nextInMs;
    if (inMs === undefined) return false;
    await this.advance(inMs);
    return true;
  }

  #next(): Timer | undefined {
    let next: Timer | undefined;
    for (const timer of this.#timers) {
      if (next === undefined || timer.dueMs < next.dueMs || (timer.dueMs === next.dueMs && timer.rank < next.rank)) next = timer;
    }
    return next;
  }
}

/** Lets every promise that can settle without time or I/O do so. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Numbers in [0, 1) that a seed determines (mulberry32). Never for secrets. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
