/** Ids and randomness as a dependency. */
import { randomBytes, randomFillSync, randomUUID } from "node:crypto";

export interface Ids {
  /** Sorts by time of making: 9 characters of milliseconds, 13 of chance; `[0-9a-v]{22}`. */
  sortable(nowMs: number): string;
  uuid(): string;
  /** Unpredictable bytes: keys, tokens, nonces. */
  bytes(count: number): Buffer;
  /** In [0, 1); for jitter, never for secrets. */
  random(): number;
}

const pool = Buffer.alloc(4_096);
let taken = pool.length;

export const systemIds: Ids = {
  sortable: (nowMs) => {
    if (taken + 8 > pool.length) {
      randomFillSync(pool);
      taken = 0;
    }
    const chance = pool.readBigUInt64LE(taken).toString(32).padStart(13, "0");
    taken += 8;
    return nowMs.toString(32).padStart(9, "0") + chance;
  },
  uuid: () => randomUUID(),
  bytes: (count) => randomBytes(count),
  random: () => Math.random(),
};
