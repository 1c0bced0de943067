/** At most `max` in any window of `windowMs`, per key. Remembers a bounded number of keys, the oldest forgotten first. */
export class SlidingLimit {
  readonly #max: number;
  readonly #windowMs: number;
  readonly #keysMax: number;
  readonly #times = new Map<string, number[]>();

  constructor(max: number, windowMs: number, keysMax = 10_000) {
    this.#max = max;
    this.#windowMs = windowMs;
    this.#keysMax = keysMax;
  }

  /** Counts one, and answers 0; or counts nothing and answers after how many milliseconds there is room again. */
  take(key: string, nowMs: number): number {
    const times = this.#recent(key, nowMs);
    const first = times[0];
    if (first !== undefined && times.length >= this.#max) return Math.max(1, first + this.#windowMs - nowMs);
    times.push(nowMs);
    this.#times.delete(key);
    this.#times.set(key, times);
    if (this.#times.size > this.#keysMax) this.#times.delete(this.#times.keys().next().value as string);
    return 0;
  }

  count(key: string, nowMs: number): number {
    return this.#recent(key, nowMs).length;
  }

  clear(key: string): void {
    this.#times.delete(key);
  }

  #recent(key: string, nowMs: number): number[] {
    const times = this.#times.get(key) ?? [];
    while (times.length > 0 && (times[0] as number) <= nowMs - this.#windowMs) times.shift();
    return times;
  }
}
