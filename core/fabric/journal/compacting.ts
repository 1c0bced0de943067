/**
 * Few sessions at a time move their entries into a segment: each holds what it moves in memory, more than once.
 */
/** Sessions that do it side by side. */
export const COMPACTING_MAX = 2;

export interface Compacting {
  /** Somebody who comes now need not wait. */
  readonly isFree: boolean;
  /** In the order of calls, as soon as there is a place. */
  run<T>(work: () => Promise<T>): Promise<T>;
}

export function createCompacting(most: number): Compacting {
  const waiting: (() => void)[] = [];
  let running = 0;
  return {
    get isFree() {
      return running < most;
    },
    run: async (work) => {
      if (running < most) running += 1;
      else await new Promise<void>((resolve) => waiting.push(resolve)); // whoever ends hands the place over
      try {
        return await work();
      } finally {
        const next = waiting.shift();
        if (next === undefined) running -= 1;
        else next();
      }
    },
  };
}
