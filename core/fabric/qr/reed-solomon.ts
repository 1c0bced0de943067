/** Check bytes over the field of 256 elements that QR codes use (polynomial 0x11d). */

const EXP = new Uint8Array(510);
const LOG = new Uint8Array(256);
for (let power = 0, value = 1; power < 255; power += 1) {
  EXP[power] = EXP[power + 255] = value;
  LOG[value] = power;
  value = (value << 1) ^ (value >= 0x80 ? 0x11d : 0);
}

export function multiply(a: number, b: number): number {
  return a === 0 || b === 0 ? 0 : (EXP[(LOG[a] ?? 0) + (LOG[b] ?? 0)] ?? 0);
}

/** `count` check bytes for `data`: the remainder of its polynomial by (x-1)(x-2)(x-4)… */
export function checkBytes(data: Uint8Array, count: number): Uint8Array {
  const divisor = divisorOf(count);
  const remainder = new Uint8Array(count);
  for (const byte of data) {
    const factor = byte ^ (remainder[0] ?? 0);
    remainder.copyWithin(0, 1);
    remainder[count - 1] = 0;
    for (let at = 0; at < count; at += 1) remainder[at] = (remainder[at] ?? 0) ^ multiply(divisor[at] ?? 0, factor);
  }
  return remainder;
}

/** Without its leading 1. */
function divisorOf(degree: number): Uint8Array {
  const divisor = new Uint8Array(degree);
  divisor[degree - 1] = 1;
  for (let root = 1, step = 0; step < degree; step += 1, root = multiply(root, 2)) {
    for (let at = 0; at < degree; at += 1) {
      divisor[at] = multiply(divisor[at] ?? 0, root) ^ (at + 1 < degree ? (divisor[at + 1] ?? 0) : 0);
    }
  }
  return divisor;
}
