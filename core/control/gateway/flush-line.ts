/**
 * Sockets that have something to write, one behind the other: some milliseconds of them in each turn of the event loop.
 *
 * A write costs a system call. An event for thousands would else keep the loop for as long as all of them take together, and a request
 * that comes in meanwhile would wait for the last.
 */
import type { Clock } from "../../base/clock.ts";

export interface Flushed {
  flush(): void;
}

/** Between two looks at the clock. */
const STEP = 16;

export class FlushLine {
  readonly #clock: Clock;
  readonly #budgetMs: number;
  #waiting: Flushed[] = [];
  #next = 0;
  #scheduled = false;

  constructor(clock: Clock, budgetMs: number) {
    this.#clock = clock;
    this.#budgetMs = budgetMs;
  }

  /** Has it flushed once, in one of the next turns; in the order in which they were added. */
  add(one: Flushed): void {
    this.#waiting.push(one);
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(this.#turn);
  }

  readonly #turn = (): void => {
    const beganMs = this.#clock.monotonic();
    const line = this.#waiting;
    do for (const end = Math.min(line.length, this.#next + STEP); this.#next < end; this.#next += 1) line[this.#next]?.flush();
    while (this.#next < line.length && this.#clock.monotonic() - beganMs < this.#budgetMs);
    this.#scheduled = this.#next < line.length;
    if (this.#scheduled) return void setImmediate(this.#turn);
    this.#waiting = [];
    this.#next = 0;
  };
}
