/** Ids, keys and nonces that a seed determines: the same run has the same bytes. Never for anything but tests. */
import { seededRandom } from "./virtual-clock.ts";

/** The shape of the program's ids: see core/base/ids.ts. */
export interface TestIds {
  sortable(nowMs: number): string;
  uuid(): string;
  bytes(count: number): Buffer;
  random(): number;
}

const DIGITS = "0123456789abcdefghijklmnopqrstuv";

export function seededIds(seed: number): TestIds {
  const random = seededRandom(seed);
  const digits = (count: number, base: number): string => {
    let text = "";
    for (let at = 0; at < count; at++) text += DIGITS[Math.floor(random() * base)];
    return text;
  };
  return {
    sortable: (nowMs) => nowMs.toString(32).padStart(9, "0") + digits(13, 32),
    uuid: () => `${digits(8, 16)}-${digits(4, 16)}-4${digits(3, 16)}-8${digits(3, 16)}-${digits(12, 16)}`,
    bytes: (count) => {
      const bytes = Buffer.allocUnsafe(count);
      for (let at = 0; at < count; at++) bytes[at] = Math.floor(random() * 256);
      return bytes;
    },
    random,
  };
}
