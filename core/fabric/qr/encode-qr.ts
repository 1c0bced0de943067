/** From text to a square of dark and light modules (ISO/IEC 18004, byte mode, level M). */
import { OpenClawError } from "@openclaw/protocol";
import { QrGrid } from "./qr-grid.ts";
import { checkBytes } from "./reed-solomon.ts";

export interface QrCode {
  /** Modules along one side, without the quiet zone. */
  readonly size: number;
  isDark(x: number, y: number): boolean;
}

/** Per version from 1: check bytes of a block, and blocks, at level M. */
const CHECK_BYTES = [
  10, 16, 26, 18, 24, 16, 18, 22, 22, 26, 30, 22, 22, 24, 24, 28, 28, 26, 26, 26, 26, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28,
  28, 28, 28, 28, 28, 28,
];
const BLOCKS = [
  1, 1, 1, 2, 2, 4, 4, 4, 5, 5, 5, 8, 9, 9, 10, 10, 11, 13, 14, 16, 17, 17, 18, 20, 21, 23, 25, 26, 28, 29, 31, 33, 35, 37, 38, 40, 43, 45,
  47, 49,
];
const MODE_BYTE = 0x4;
const PADDING = [0xec, 0x11];
const MASKS = 8;

/** Throws TOO_LARGE beyond 2,331 bytes. */
export function encodeQr(text: string): QrCode {
  const bytes = Buffer.from(text, "utf8");
  const version = versionFor(bytes.length);
  const codewords = interleave(frameData(bytes, version), version);
  let best: QrGrid | undefined;
  for (let mask = 0; mask < MASKS; mask += 1) {
    const grid = new QrGrid(version);
    grid.place(codewords, mask);
    if (best === undefined || grid.penalty() < best.penalty()) best = grid;
  }
  return best as QrGrid;
}

function versionFor(length: number): number {
  for (let version = 1; version <= BLOCKS.length; version += 1) {
    if (length + headBytes(version) <= dataBytes(version)) return version;
  }
  throw new OpenClawError("TOO_LARGE", { why: `A QR code does not hold ${length} bytes.`, detail: { bytes: length } });
}

/** Mode and length, rounded up to bytes; the terminator fits into the rest of the last one. */
function headBytes(version: number): number {
  return version < 10 ? 2 : 3;
}

function dataBytes(version: number): number {
  return rawBytes(version) - blocksOf(version) * checkBytesOf(version);
}

const blocksOf = (version: number): number => BLOCKS[version - 1] ?? 0;
const checkBytesOf = (version: number): number => CHECK_BYTES[version - 1] ?? 0;

/** Codewords that fit beside finders, timing, alignment and the version's own marks. */
function rawBytes(version: number): number {
  let modules = (16 * version + 128) * version + 64;
  if (version >= 2) {
    const alignments = Math.floor(version / 7) + 2;
    modules -= (25 * alignments - 10) * alignments - 55;
    if (version >= 7) modules -= 36;
  }
  return Math.floor(modules / 8);
}

/** Mode, length, the bytes, four zero bits, and padding to the end. */
function frameData(bytes: Uint8Array, version: number): Uint8Array {
  const data = new Uint8Array(dataBytes(version));
  let bit = 0;
  const put = (value: number, width: number): void => {
    for (let at = width - 1; at >= 0; at -= 1, bit += 1) data[bit >> 3] = (data[bit >> 3] ?? 0) | (((value >> at) & 1) << (7 - (bit & 7)));
  };
  put(MODE_BYTE, 4);
  put(bytes.length, version < 10 ? 8 : 16);
  for (const byte of bytes) put(byte, 8);
  for (
    let at = Math.ceil(Math.min(bit + 4, data.length * 8) / 8), pad = 0; at < data.length; at += 1, pad ^= 1
  ) data[at] = PADDING[pad] ?? 0;
  return data;
}

/** Splits into blocks, adds the check bytes of each, and takes one byte of each block in turn. */
function interleave(data: Uint8Array, version: number): Uint8Array {
  const [count, checks, raw] = [blocksOf(version), checkBytesOf(version), rawBytes(version)];
  const shortBlocks = count - (raw % count);
  const shortData = Math.floor(raw / count) - checks;
  const blocks: { readonly data: Uint8Array; readonly checks: Uint8Array }[] = [];
  for (let block = 0, from = 0; block < count; block += 1) {
    const part = data.subarray(from, from + shortData + (block < shortBlocks ? 0 : 1));
    from += part.length;
    blocks.push({ data: part, checks: checkBytes(part, checks) });
  }
  const result: number[] = [];
  for (let at = 0; at <= shortData; at += 1) for (const block of blocks) if (at < block.data.length) result.push(block.data[at] ?? 0);
  for (let at = 0; at < checks; at += 1) for (const block of blocks) result.push(block.checks[at] ?? 0);
  return Uint8Array.from(result);
}
