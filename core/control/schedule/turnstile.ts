/** Lets so many in at a time, the others in the order they came. */
export interface Turnstile {
  /** Runs `work` when there is room. What it throws, this rejects with. */
  pass<T>(work: () => Promise<T>): Promise<T>;
}

export function createTurnstile(inside: number): Turnstile {
  const waiting: (() => void)[] = [];
  let free = inside;
  return {
    pass: async (work) => {
      if (free > 0) free -= 1;
      else await new Promise<void>((enter) => waiting.push(enter));
      try {
        return await work();
      } finally {
        const next = waiting.shift();
        if (next === undefined) free += 1;
        else next();
      }
    },
  };
}
