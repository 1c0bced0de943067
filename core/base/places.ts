/** Work of which only so much goes on at a time. */
export interface Places {
  /** Somebody who comes now need not wait. */
  readonly isFree: boolean;
  /** In the order of calls, as soon as there is a place. */
  run<T>(work: () => Promise<T>): Promise<T>;
}

export function createPlaces(most: number): Places {
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
