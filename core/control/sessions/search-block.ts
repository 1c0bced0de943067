/**
 * One block of a session's search index as bytes: which of up to 256 entries hold which words, the words as keyed hashes.
 *
 *   upTo f64 · mark f64 · entries u16 · (position f64, time f64, role u8)… · words u32 · hash 8 bytes each, sorted ·
 *   ends u32 each · entry numbers u8 each
 */
export const BLOCK_ENTRIES = 256;
export const HASH_BYTES = 8;

export const ROLES = ["user", "assistant", "toolResult"] as const;
export type Role = (typeof ROLES)[number];

export interface IndexedEntry {
  readonly position: number;
  readonly timeMs: number;
  readonly role: Role;
}

/** A block that still grows. */
export interface Block {
  /** Everything of the log up to here was looked at. */
  upTo: number;
  /** What the session's row said of its last change when this was written. */
  mark: number;
  readonly entries: IndexedEntry[];
  /** Numbers of entries by the word's hash, in hex. */
  readonly words: Map<string, number[]>;
}

export const newBlock = (upTo: number): Block => ({ upTo, mark: 0, entries: [], words: new Map() });

const HEAD_BYTES = 18;
const ENTRY_BYTES = 17;

export function formatBlock({ upTo, mark, entries, words }: Block): Buffer {
  const sorted = [...words].sort(([a], [b]) => (a < b ? -1 : 1));
  const postings = sorted.reduce((sum, [, numbers]) => sum + numbers.length, 0);
  const bytes = Buffer.alloc(HEAD_BYTES + entries.length * ENTRY_BYTES + 4 + sorted.length * (HASH_BYTES + 4) + postings);
  bytes.writeDoubleLE(upTo, 0);
  bytes.writeDoubleLE(mark, 8);
  bytes.writeUInt16LE(entries.length, 16);
  let at = HEAD_BYTES;
  for (const { position, timeMs, role } of entries) {
    bytes.writeDoubleLE(position, at);
    bytes.writeDoubleLE(timeMs, at + 8);
    bytes[at + 16] = ROLES.indexOf(role);
    at += ENTRY_BYTES;
  }
  bytes.writeUInt32LE(sorted.length, at);
  at += 4;
  for (const [hash] of sorted) at += bytes.write(hash, at, "hex");
  let end = 0;
  for (const [, numbers] of sorted) {
    end += numbers.length;
    bytes.writeUInt32LE(end, at);
    at += 4;
  }
  for (const [, numbers] of sorted) for (const number of numbers) bytes[at++] = number;
  return bytes;
}

/** A block that is only read. */
export interface ReadBlock {
  readonly upTo: number;
  readonly mark: number;
  readonly entries: number;
  entry(number: number): IndexedEntry;
  /** Numbers of the entries that hold the word, rising. */
  find(hash: Buffer): readonly number[];
  /** The same as one that grows. */
  open(): Block;
}

export function readBlock(bytes: Buffer): ReadBlock {
  const entries = bytes.readUInt16LE(16);
  const wordsAt = HEAD_BYTES + entries * ENTRY_BYTES + 4;
  const words = bytes.readUInt32LE(wordsAt - 4);
  const endsAt = wordsAt + words * HASH_BYTES;
  const numbersAt = endsAt + words * 4;
  const numbersOf = (word: number): number[] => {
    const from = word === 0 ? 0 : bytes.readUInt32LE(endsAt + (word - 1) * 4);
    return [...bytes.subarray(numbersAt + from, numbersAt + bytes.readUInt32LE(endsAt + word * 4))];
  };
  const entry = (number: number): IndexedEntry => {
    const at = HEAD_BYTES + number * ENTRY_BYTES;
    return { position: bytes.readDoubleLE(at), timeMs: bytes.readDoubleLE(at + 8), role: ROLES[bytes[at + 16] ?? 0] ?? "user" };
  };
  return {
    upTo: bytes.readDoubleLE(0), mark: bytes.readDoubleLE(8), entries, entry,
    find: (hash) => {
      let [low, high] = [0, words];
      while (low < high) {
        const middle = (low + high) >>> 1;
        const at = wordsAt + middle * HASH_BYTES;
        const order = bytes.compare(hash, 0, HASH_BYTES, at, at + HASH_BYTES);
        if (order === 0) return numbersOf(middle);
        if (order < 0) low = middle + 1;
        else high = middle;
      }
      return [];
    },
    open: () => ({
      upTo: bytes.readDoubleLE(0), mark: bytes.readDoubleLE(8), entries: Array.from({ length: entries }, (_, number) => entry(number)),
      words: new Map(Array.from({ length: words }, (_, word) => {
        const at = wordsAt + word * HASH_BYTES;
        return [bytes.toString("hex", at, at + HASH_BYTES), numbersOf(word)];
      })),
    }),
  };
}
