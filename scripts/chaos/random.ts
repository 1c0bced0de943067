/** Chance that can be had again: the same seed gives the same choices. */
export interface Random {
  /** From 0 up to and without 1. */
  next(): number;
  /** A whole number from `from` up to and with `to`. */
  between(from: number, to: number): number;
  pick<T>(items: readonly T[]): T;
  /** By weight. */
  choose<T extends string>(weights: Readonly<Record<T, number>>): T;
}

/** `stream` gives independent chance under one seed, so that one part's draws do not move another's. */
export function createRandom(seed: number, stream = 0): Random {
  let state = (Math.imul(seed, 2_654_435_761) ^ Math.imul(stream + 1, 40_503)) >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
  const between = (from: number, to: number): number => from + Math.floor(next() * (to - from + 1));
  return {
    next, between,
    pick: <T>(items: readonly T[]): T => items[between(0, items.length - 1)] as T,
    choose: <T extends string>(weights: Readonly<Record<T, number>>): T => {
      const entries = Object.entries(weights) as [T, number][];
      let left = next() * entries.reduce((sum, [, weight]) => sum + weight, 0);
      for (const [name, weight] of entries) if ((left -= weight) < 0) return name;
      return (entries.at(-1) as [T, number])[0];
    },
  };
}
