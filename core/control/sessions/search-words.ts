/**
 * A text as the words by which it is found: Unicode letters, digits and marks, compatibility forms made one, case folded.
 * Scripts that write without spaces give pairs of neighbouring characters, so that any two that stand together are found.
 */
export const WORD_LIMITS = {
  /** Of one text; words beyond are not found. */
  textChars: 262_144,
  wordChars: 64,
  words: 8_192,
  queryWords: 16,
} as const;

const RUN = /[\p{L}\p{N}\p{M}]+/gu;
const SCRIPTS = ["Han", "Hiragana", "Katakana", "Thai", "Lao", "Khmer"].map((script) => `\\p{Script=${script}}`).join("");
const UNSPACED = new RegExp(`[${SCRIPTS}]`, "u");
const PARTS = new RegExp(`[${SCRIPTS}ー]+|[^${SCRIPTS}ー]+`, "gu");

/** Each word once. Pure. */
export function wordsOf(text: string, most: number = WORD_LIMITS.words): ReadonlySet<string> {
  const words = new Set<string>();
  const folded = text.slice(0, WORD_LIMITS.textChars).normalize("NFKC").toLowerCase();
  for (const [run] of folded.matchAll(RUN)) {
    if (words.size >= most) break;
    if (!UNSPACED.test(run)) words.add(clip(run));
    else for (const [part] of run.matchAll(PARTS)) addPart(part, words);
  }
  return words;
}

function addPart(part: string, words: Set<string>): void {
  if (!UNSPACED.test(part)) {
    words.add(clip(part));
    return;
  }
  const characters = [...part];
  if (characters.length === 1) words.add(part);
  for (let at = 0; at + 1 < characters.length; at += 1) words.add(`${characters[at] ?? ""}${characters[at + 1] ?? ""}`);
}

function clip(word: string): string {
  return word.length <= WORD_LIMITS.wordChars ? word : word.slice(0, WORD_LIMITS.wordChars).toWellFormed();
}
