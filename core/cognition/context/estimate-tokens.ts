/**
 * How many tokens a text has, where no tokenizer of the model's family is at hand: on the safe side, in one pass.
 *
 * Every class of characters has a rate of its own, taken from the worst of two real tokenizers over the corpus of
 * `testkit/token-corpus.ts`: over that corpus no text is counted too low (estimate-tokens.test.ts). Characters of scripts
 * that the corpus does not hold count as many tokens as they have bytes, which no byte-level tokenizer exceeds.
 */

/** Tokens for one character, unless said otherwise. Letters of the alphabet are counted by words, below. */
const RATES = {
  digit: 1,
  /** Letters that others stand between: é, ß, ł. */
  latinExtended: 1.25,
  cyrillic: 0.75,
  greek: 1.1,
  hebrewOrArabic: 1.1,
  indicOrThai: 1.75,
  kana: 1.15,
  commonIdeograph: 1.55,
  rareIdeograph: 3,
  hangul: 1.35,
  /** Punctuation, arrows, boxes, dashes beyond ASCII. */
  symbol: 2,
  /** Of a pair of code units: emoji, rare ideographs. */
  astral: 4,
} as const;

/** A word of ASCII letters: one token up to `wordChars`, then one for each further `wordStep`; a long one is no word. */
const WORD = { wordChars: 3, wordStep: 2.6, longChars: 20, longStep: 1.75 } as const;
/** Capitals in a row: an abbreviation or a part of a key. */
const CAPITALS = { first: 0.6, step: 1.6 } as const;
/** Repeated signs are merged, but not for ever. */
const REPEATED_PER_TOKEN = 4;
const FOLLOWING_SIGN = 0.5;
const SPACES_PER_TOKEN = 8;
/** For texts that are not in the corpus. */
const MARGIN = 1.04;

const [OTHER, LOWER, UPPER, DIGIT, SPACE, BREAK, SIGN] = [0, 1, 2, 3, 4, 5, 6] as const;
const CLASS = classTable();

/** Never below what the tokenizers it was measured against count over the corpus; linear in the length of the text. */
export function estimateTokens(text: string): number {
  let tokens = 0;
  const { length } = text;
  for (let at = 0; at < length; ) {
    const code = text.charCodeAt(at);
    const kind = code < 128 ? CLASS[code] : OTHER;
    let end = at + 1;
    switch (kind) {
      case LOWER: case UPPER: {
        // A capital begins a word; several are a word of their own, and so is what follows them in another case.
        const capitals = kind === UPPER && isKind(text, end, UPPER);
        const inner = kind === LOWER || !capitals ? LOWER : UPPER;
        while (isKind(text, end, inner)) end += 1;
        tokens += capitals ? CAPITALS.first + (end - at) / CAPITALS.step : wordTokens(end - at);
        break;
      }
      case DIGIT: tokens += RATES.digit; break;
      case SPACE:
        while (isKind(text, end, SPACE)) end += 1;
        // One blank before a word is part of the word.
        if (end - at > 1) tokens += 1 + (end - at) / SPACES_PER_TOKEN;
        break;
      case BREAK: case SIGN:
        while (end < length && text.charCodeAt(end) === code) end += 1;
        // Signs that follow one another are often merged, as in `":"` or `});`.
        tokens += (at > 0 && isKind(text, at - 1, SIGN) ? FOLLOWING_SIGN : 1) + (end - at - 1) / REPEATED_PER_TOKEN;
        break;
      default:
        if (code >= 0xd800 && code < 0xdc00) {
          end += 1;
          tokens += RATES.astral;
        } else tokens += rateOf(code);
    }
    at = end;
  }
  return Math.ceil(tokens * MARGIN);
}

function wordTokens(chars: number): number {
  const { wordChars, wordStep, longChars, longStep } = WORD;
  if (chars > longChars) return wordTokens(longChars) + (chars - longChars) / longStep;
  return chars <= wordChars ? 1 : 1 + (chars - wordChars) / wordStep;
}

function isKind(text: string, at: number, kind: number): boolean {
  const code = text.charCodeAt(at); // NaN beyond the end: no member of the table
  return code < 128 && CLASS[code] === kind;
}

function rateOf(code: number): number {
  if (code < 0x80) return 1;
  if (code < 0x250 || (code >= 0x1e00 && code < 0x1f00)) return RATES.latinExtended;
  if (code >= 0x370 && code < 0x400) return RATES.greek;
  if (code >= 0x400 && code < 0x530) return RATES.cyrillic;
  if (code >= 0x590 && code < 0x700) return RATES.hebrewOrArabic;
  if (code >= 0x900 && code < 0xe80) return RATES.indicOrThai;
  if (code >= 0x2000 && code < 0x2c00) return RATES.symbol;
  if (code >= 0x3000 && code < 0x3100) return RATES.kana;
  if (code >= FIRST_IDEOGRAPH && code < LAST_IDEOGRAPH) return isCommon(code) ? RATES.commonIdeograph : RATES.rareIdeograph;
  if (code >= 0xac00 && code < 0xd7b0) return RATES.hangul;
  if (code >= 0xff00 && code < 0xfff0) return RATES.symbol;
  return code < 0x800 ? 2 : 3;
}

const FIRST_IDEOGRAPH = 0x4e00;
const LAST_IDEOGRAPH = 0xa000;
let common: Uint8Array | undefined;

/** The first planes of the two old standards hold the ideographs in daily use, simplified and traditional. */
function isCommon(code: number): boolean {
  common ??= commonIdeographs();
  return common[code - FIRST_IDEOGRAPH] === 1;
}

function commonIdeographs(): Uint8Array {
  const table = new Uint8Array(LAST_IDEOGRAPH - FIRST_IDEOGRAPH);
  const mark = (encoding: string, leads: readonly [number, number], trails: readonly (readonly [number, number])[]): void => {
    const bytes: number[] = [];
    for (let lead = leads[0]; lead <= leads[1]; lead++) {
      for (const [first, last] of trails) for (let trail = first; trail <= last; trail++) bytes.push(lead, trail);
    }
    for (const sign of new TextDecoder(encoding).decode(Uint8Array.from(bytes))) {
      const code = sign.charCodeAt(0);
      if (code >= FIRST_IDEOGRAPH && code < LAST_IDEOGRAPH) table[code - FIRST_IDEOGRAPH] = 1;
    }
  };
  mark("gb2312", [0xb0, 0xd7], [[0xa1, 0xfe]]);
  mark("big5", [0xa4, 0xc6], [[0x40, 0x7e], [0xa1, 0xfe]]);
  return table;
}

function classTable(): Uint8Array {
  const table = new Uint8Array(128).fill(SIGN);
  for (let code = 0; code < 128; code++) {
    if (code >= 97 && code <= 122) table[code] = LOWER;
    else if (code >= 65 && code <= 90) table[code] = UPPER;
    else if (code >= 48 && code <= 57) table[code] = DIGIT;
    else if (code === 32) table[code] = SPACE;
    else if (code === 9 || code === 10 || code === 13) table[code] = BREAK;
  }
  return table;
}
