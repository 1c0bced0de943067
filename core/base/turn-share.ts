/**
 * How many of those that wait one turn of the event loop takes, so that the turn keeps to a time.
 *
 * Most of what a thing costs is done by what goes on because of it, right behind the function that began it. So a turn is timed until
 * nothing is left to do in it, and the next one takes as many as would have fitted.
 */
import type { Clock } from "./clock.ts";

export class TurnShare {
  readonly #clock: Clock;
  readonly #budgetMs: number;
  readonly #most: number;
  #count = 1;

  constructor(clock: Clock, { budgetMs, most }: { readonly budgetMs: number; readonly most: number }) {
    this.#clock = clock;
    this.#budgetMs = budgetMs;
    this.#most = most;
  }

  /** Calls `takeOne` until it finds nothing, the turn has its share, or its time is over. */
  take(takeOne: () => boolean): void {
    const beganMs = this.#clock.monotonic();
    let taken = 0;
    while (taken < this.#count && this.#clock.monotonic() - beganMs <= this.#budgetMs && takeOne()) taken += 1;
    if (taken > 0) queueMicrotask(() => process.nextTick(() => this.#adapt(taken, this.#clock.monotonic() - beganMs)));
  }

  #adapt(taken: number, tookMs: number): void {
    const isLong = tookMs > this.#budgetMs;
    this.#count = isLong ? Math.max(1, Math.floor((taken * this.#budgetMs) / tookMs)) : Math.min(this.#most, this.#count * 2);
  }
}
