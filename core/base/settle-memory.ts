import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { Clock } from "./clock.ts";

/** Between two looks, and how many there are. */
const LOOK_MS = 500;
const LOOKS_MAX = 120;

/**
 * Gives back what starting, or a burst of work, left behind.
 *
 * Both fill the heap with what is needed only for a while, and an idle process never collects it. An ordinary collection
 * keeps the emptied pages for the next burst; one of last resort hands them to the system. It stops the process for 100 ms and
 * more, so call it while nothing is under way.
 */
export function settleMemory(): void {
  setFlagsFromString("--expose-gc");
  const collect: unknown = runInNewContext("gc");
  if (typeof collect === "function") (collect as (options: object) => void)({ type: "major", flavor: "last-resort" });
  setFlagsFromString("--no-expose-gc");
}

/**
 * What outlives the young generation is not looked at again by Node's own measure before there are hundreds of megabytes of it, nearly
 * all garbage; told how far it may grow beyond what the last collection left, it stays near what is in use.
 *
 * Told to a process that runs, not on its command line: Node takes what it has compiled of itself ahead only under the flags it was
 * built with, and without that each start takes a tenth longer. So it is told once everything that a start needs is loaded.
 */
export function boundHeap(): void {
  setFlagsFromString("--heap-growing-percent=50");
}

export interface Quiet {
  readonly clock: Clock;
  readonly afterMs: number;
  /** A number that changes with whatever is done; undefined while something is under way. */
  readonly done: () => number | undefined;
  readonly settle: () => void;
}

/** Settles once, when nothing was done between two looks: whoever is served at that moment would wait for it. */
export function settleWhenQuiet({ clock, afterMs, done, settle }: Quiet): { close(): void } {
  let timer: { close(): void };
  const look = (before: number | undefined, looks: number): void => {
    const now = done();
    if (now !== undefined && now === before) return settle();
    if (looks < LOOKS_MAX) timer = clock.after(LOOK_MS, () => look(now, looks + 1));
  };
  timer = clock.after(Math.max(0, afterMs - LOOK_MS), () => look(undefined, 1));
  return { close: () => timer.close() };
}
