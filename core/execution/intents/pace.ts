/** How often and how many at once: a token bucket and a bounded line before it. */
import { OpenClawError } from "@openclaw/protocol";
import type { Clock } from "../../base/clock.ts";

export interface PaceLimits {
  readonly perMinute: number;
  readonly concurrency: number;
  /** Longest line; beyond it BACKPRESSURE at once. */
  readonly waitingMax: number;
}

interface Waiting {
  readonly go: () => void;
}

export class Pace {
  readonly #clock: Clock;
  readonly #limits: PaceLimits;
  readonly #line: Waiting[] = [];
  readonly #burst: number;
  #tokens: number;
  #filledAtMs: number;
  #running = 0;
  #timer: { close(): void } | undefined;

  constructor(clock: Clock, limits: PaceLimits) {
    this.#clock = clock;
    this.#limits = limits;
    this.#burst = Math.max(1, Math.ceil(limits.perMinute / 10));
    this.#tokens = this.#burst;
    this.#filledAtMs = clock.monotonic();
  }

  get running(): number {
    return this.#running;
  }

  get waiting(): number {
    return this.#line.length;
  }

  /**
   * Resolves when it is one's turn, in the order of asking, with what gives the place back; calling that twice is harmless.
   * Throws BACKPRESSURE when the line is full, and the signal's reason when it aborts first.
   */
  async enter(signal: AbortSignal): Promise<() => void> {
    signal.throwIfAborted();
    if (this.#line.length >= this.#limits.waitingMax) {
      throw new OpenClawError("BACKPRESSURE", { why: `${this.#line.length} intents wait for this actuator already.` });
    }
    await new Promise<void>((resolve, reject) => {
      const onAbort = (): void => {
        const at = this.#line.indexOf(waiting);
        if (at >= 0) this.#line.splice(at, 1);
        reject(signal.reason as Error);
      };
      const waiting: Waiting = {
        go: () => {
          signal.removeEventListener("abort", onAbort);
          resolve();
        },
      };
      signal.addEventListener("abort", onAbort, { once: true });
      this.#line.push(waiting);
      this.#let();
    });
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      this.#running -= 1;
      this.#let();
    };
  }

  #let(): void {
    const { concurrency, perMinute } = this.#limits;
    const now = this.#clock.monotonic();
    this.#tokens = Math.min(this.#burst, this.#tokens + ((now - this.#filledAtMs) * perMinute) / 60_000);
    this.#filledAtMs = now;
    while (this.#line.length > 0 && this.#running < concurrency && this.#tokens >= 1) {
      this.#tokens -= 1;
      this.#running += 1;
      this.#line.shift()?.go();
    }
    this.#timer?.close();
    this.#timer = undefined;
    if (this.#line.length === 0 || this.#running >= concurrency) return;
    const waitMs = Math.ceil(((1 - this.#tokens) * 60_000) / perMinute);
    this.#timer = this.#clock.after(Math.max(1, waitMs), () => this.#let());
  }
}
