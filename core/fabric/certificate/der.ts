/** The few forms of DER that a certificate consists of. Writes only; what others sent is read by the platform. */

const TAG = { integer: 0x02, bitString: 0x03, octetString: 0x04, oid: 0x06, utf8: 0x0c, time: 0x18, sequence: 0x30, set: 0x31 } as const;

function element(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(contents);
  return Buffer.concat([Buffer.from([tag]), lengthOf(content.length), content]);
}

function lengthOf(length: number): Buffer {
  if (length < 0x80) return Buffer.from([length]);
  const bytes = length < 0x100 ? [length] : [length >> 8, length & 0xff];
  return Buffer.from([0x80 | bytes.length, ...bytes]);
}

export const der = {
  sequence: (...items: readonly Uint8Array[]): Buffer => element(TAG.sequence, ...items),
  set: (...items: readonly Uint8Array[]): Buffer => element(TAG.set, ...items),
  octets: (bytes: Uint8Array): Buffer => element(TAG.octetString, bytes),
  bits: (bytes: Uint8Array, unused = 0): Buffer => element(TAG.bitString, Buffer.from([unused]), bytes),
  text: (value: string): Buffer => element(TAG.utf8, Buffer.from(value, "utf8")),
  truth: (): Buffer => Buffer.from([0x01, 0x01, 0xff]),

  /** A positive number from its bytes, highest first. */
  integer: (bytes: Uint8Array): Buffer => {
    let start = 0;
    while (start < bytes.length - 1 && bytes[start] === 0) start += 1;
    const bare = bytes.subarray(start);
    return element(TAG.integer, ...((bare[0] ?? 0) >= 0x80 ? [Buffer.from([0])] : []), bare);
  },

  /** `1.2.840.10045.2.1` */
  oid: (dotted: string): Buffer => {
    const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number);
    return element(TAG.oid, Buffer.from([first * 40 + second, ...rest.flatMap(base128)]));
  },

  /** GeneralizedTime, to the second, in UTC. */
  time: (ms: number): Buffer => element(TAG.time, Buffer.from(`${new Date(ms).toISOString().replace(/[-:T]|\..*/g, "")}Z`)),

  /** `[n]` around whole elements. */
  explicit: (n: number, ...items: readonly Uint8Array[]): Buffer => element(0xa0 | n, ...items),
  /** `[n]` in place of a primitive's own tag. */
  implicit: (n: number, bytes: Uint8Array): Buffer => element(0x80 | n, bytes),
};

function base128(value: number): number[] {
  const digits = [value & 0x7f];
  for (let rest = Math.floor(value / 128); rest > 0; rest = Math.floor(rest / 128)) digits.unshift(0x80 | (rest & 0x7f));
  return digits;
}
