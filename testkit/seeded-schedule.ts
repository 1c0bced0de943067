/**
 * Decides by a seed who goes next.
 *
 * Whoever would wait for the world (an engine's answer, a frame on its way, a person) takes a turn instead, and the run
 * lets one of those that wait go at a time. Within a lane the order of asking is kept, as on one connection; between lanes
 * nothing is. Nothing here looks at a real clock, so one seed is one run, and its digest says whether two runs were the same.
 */
import { createHash, type Hash } from "node:crypto";
import { seededRandom } from "./virtual-clock.ts";

interface Waiting {
  readonly what: string;
  readonly go: () => void;
}

/** The last steps are kept, for whoever has to find out what happened. */
const TAIL_MAX = 400;

export class SeededSchedule {
  readonly #random: () => number;
  readonly #digest: Hash = createHash("sha256");
  readonly #tail: string[] = [];
  /** By lane, in the order of asking. */
  readonly #lanes = new Map<string, Waiting[]>();
  #made = 0;
  #steps = 0;
  #waiting = 0;

  constructor(seed: number) {
    this.#random = seededRandom(seed);
  }

  /** In [0, 1): every choice of a run is drawn here, so that the seed decides all of them. */
  random(): number {
    return this.#random();
  }

  chance(rate: number): boolean {
    return this.#random() < rate;
  }

  pick<T>(items: readonly T[]): T | undefined {
    return items[Math.floor(this.#random() * items.length)];
  }

  /** Resolves when it is this one's turn. */
  turn(what: string, lane?: string): Promise<void> {
    return new Promise((go) => this.later(what, go, lane));
  }

  /** Calls `run` when it is its turn. */
  later(what: string, run: () => void, lane = `#${++this.#made}`): void {
    const queue = this.#lanes.get(lane);
    const waiting: Waiting = { what, go: run };
    if (queue === undefined) this.#lanes.set(lane, [waiting]);
    else queue.push(waiting);
    this.#waiting += 1;
  }

  /** Everything on its way in this lane is lost. */
  drop(lane: string): void {
    this.#waiting -= this.#lanes.get(lane)?.length ?? 0;
    this.#lanes.delete(lane);
  }

  get waiting(): number {
    return this.#waiting;
  }

  get steps(): number {
    return this.#steps;
  }

  /** Lets one go, and all that follows from it without waiting. False when nobody waits. */
  async step(): Promise<boolean> {
    if (this.#lanes.size === 0) return false;
    let at = Math.floor(this.#random() * this.#lanes.size);
    for (const [lane, queue] of this.#lanes) {
      if (at-- > 0) continue;
      const next = queue.shift();
      if (queue.length === 0) this.#lanes.delete(lane);
      if (next === undefined) break;
      this.#waiting -= 1;
      this.note(next.what);
      next.go();
      break;
    }
    await settled();
    return true;
  }

  /** Part of what two runs of one seed must have in common. */
  note(what: string): void {
    this.#steps += 1;
    this.#digest.update(what).update("\n");
    this.#tail.push(what);
    if (this.#tail.length > 2 * TAIL_MAX) this.#tail.splice(0, TAIL_MAX);
  }

  /** Of everything noted so far. */
  digest(): string {
    return this.#digest.copy().digest("hex");
  }

  get tail(): readonly string[] {
    return this.#tail.slice(-TAIL_MAX);
  }
}

/** All that can happen without waiting has happened. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
