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

/** Fresh bytes from a pool: a system call for each nonce would cost more than the nonce is worth. */
function take(count: number): Buffer {
  if (taken + count > pool.length) {
    randomFillSync(pool);
    taken = 0;
  }
  const bytes = Buffer.from(pool.subarray(taken, taken + count));
  pool.fill(0, taken, taken + count);
  taken += count;
  return bytes;
}

export const systemIds: Ids = {
  sortable: (nowMs) => {
    const chance = take(8).readBigUInt64LE().toString(32).padStart(13, "0");
    return nowMs.toString(32).padStart(9, "0") + chance;
  },
  uuid: () => randomUUID(),
  bytes: (count) => (count <= 64 ? take(count) : randomBytes(count)),
  random: () => Math.random(),
};
