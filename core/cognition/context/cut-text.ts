const ATTEMPTS = 12;
/** No text has fewer tokens than this, beside blanks and rules: what is longer need not be counted to be known as too long. */
const CHARS_PER_TOKEN_MOST = 16;

/**
 * The text if it has at most `tokens`, else its head and its tail with a mark between them that says how much is missing.
 * Never more than `tokens` as `count` counts: where not even the mark fits, nothing is left.
 */
export function cutMiddle(text: string, tokens: number, count: (text: string) => number): string {
  if (text.length <= tokens * CHARS_PER_TOKEN_MOST && count(text) <= tokens) return text;
  const mark = (gap: number): string => `[… ${gap} characters left out to save room …]`;
  const markTokens = count(mark(text.length));
  if (markTokens > tokens) return "";
  let keep = Math.min(text.length - 1, Math.floor((tokens - markTokens) * 4));
  for (let attempt = 0; attempt < ATTEMPTS && keep >= 16; attempt++) {
    const half = Math.floor(keep / 2);
    const cut = `${text.slice(0, half)}\n${mark(text.length - 2 * half)}\n${text.slice(text.length - half)}`.trim().toWellFormed();
    const counted = count(cut);
    if (counted <= tokens) return cut;
    keep = Math.floor(keep * Math.min(0.9, (0.98 * (tokens - markTokens)) / Math.max(1, counted - markTokens)));
  }
  return mark(text.length);
}
