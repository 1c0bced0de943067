/**
 * How many tokens a text has under a table of byte pairs: the text is split into words, and in each word the pair of the
 * lowest rank is merged until none is left.
 */

export interface Ranks {
  readonly pat_str: string;
  /** Lines of `!`, the rank of the first, and tokens in base64. */
  readonly bpe_ranks: string;
}

/**
 * Longest word that is merged as one, in bytes. Merging takes time with the square of the length; real words are far shorter,
 * and a longer run cut into these has a few tokens more.
 */
const WORD_BYTES_MAX = 256;
/** Characters that are split at once: the pattern's own look-ahead must not run over megabytes. */
const PIECE_CHARS = 4_096;
const WORDS_KEPT = 50_000;

export function createByteCounter({ pat_str, bpe_ranks }: Ranks): (text: string) => number {
  const ranks = parseRanks(bpe_ranks);
  const words = new RegExp(pat_str, "ug");
  const known = new Map<string, number>();
  const countWord = (word: string): number => {
    const found = known.get(word);
    if (found !== undefined) return found;
    const bytes = Buffer.from(word, "utf8").toString("latin1");
    let tokens = 0;
    for (let at = 0; at < bytes.length; at += WORD_BYTES_MAX) tokens += countBytes(bytes.slice(at, at + WORD_BYTES_MAX), ranks);
    if (known.size >= WORDS_KEPT) known.clear();
    known.set(word, tokens);
    return tokens;
  };
  return (text) => {
    let tokens = 0;
    for (const piece of piecesOf(text.toWellFormed())) for (const [word] of piece.matchAll(words)) tokens += countWord(word);
    return tokens;
  };
}

/** Cut where a line or a word ends, if one does. */
function* piecesOf(text: string): Generator<string> {
  for (let at = 0; at < text.length; ) {
    let end = Math.min(text.length, at + PIECE_CHARS);
    if (end < text.length) {
      const space = Math.max(text.lastIndexOf("\n", end), text.lastIndexOf(" ", end));
      if (space > at + PIECE_CHARS / 2) end = space;
      else if (/[\udc00-\udfff]/.test(text.charAt(end))) end -= 1;
    }
    yield text.slice(at, end);
    at = end;
  }
}

/** Bytes are characters here, so that a part of a word is a key as it stands. */
function countBytes(bytes: string, ranks: ReadonlyMap<string, number>): number {
  if (bytes.length < 2 || ranks.has(bytes)) return bytes.length === 0 ? 0 : 1;
  const starts = Array.from({ length: bytes.length + 1 }, (_, at) => at);
  const rankAt = (at: number): number => {
    const [from, to] = [starts[at], starts[at + 2]];
    return from === undefined || to === undefined ? Infinity : (ranks.get(bytes.slice(from, to)) ?? Infinity);
  };
  const pairs = starts.slice(0, -2).map((_, at) => rankAt(at));
  for (;;) {
    let best = -1;
    let least = Infinity;
    for (let at = 0; at < pairs.length; at++) {
      const rank = pairs[at] ?? Infinity;
      if (rank < least) [least, best] = [rank, at];
    }
    if (best < 0) return starts.length - 1;
    starts.splice(best + 1, 1);
    pairs.splice(best, 1);
    if (best < pairs.length) pairs[best] = rankAt(best);
    if (best > 0) pairs[best - 1] = rankAt(best - 1);
  }
}

function parseRanks(lines: string): ReadonlyMap<string, number> {
  const ranks = new Map<string, number>();
  for (const line of lines.split("\n")) {
    const [, first, ...tokens] = line.split(" ");
    tokens.forEach((token, index) => ranks.set(Buffer.from(token, "base64").toString("latin1"), Number(first) + index));
  }
  return ranks;
}
