/**
 * Signs that a file of instructions was written to be obeyed by a model and not to be read by its owner: characters nobody
 * sees, and lines that fetch a program and run it. Simple rules on the text alone: a file without a sign is not thereby good,
 * and one with a sign not thereby bad. A person is asked to look.
 */
export interface Sign {
  readonly kind: "hidden characters" | "download and run" | "encoded program";
  /** Counted from 1. */
  readonly line: number;
}

const SIGNS_MAX = 8;
/** Zero width, direction of writing, and the invisible copies of ASCII. A mark at the very beginning only says how it is encoded. */
const HIDDEN = /[\u200b-\u200d\u2060-\u2064\u202a-\u202e\u2066-\u2069\ufeff]|[\u{e0000}-\u{e007f}]/u;
/** Parts of these stand in ordinary text: they join emoji and letters of some scripts. */
const JOINED = /[\p{Extended_Pictographic}\p{M}\ufe0f]\u200d|[\p{Script=Arabic}\p{Script=Devanagari}]\p{M}*[\u200c\u200d]/gu;
const DOWNLOAD = [
  /\b(?:curl|wget|fetch)\b[^\n]*\|\s*(?:sudo\s+)?(?:env\s+)?(?:ba|z|da|k)?sh\b/i,
  /\b(?:ba|z|da)?sh\s+(?:-c\s+)?["']?(?:<\(|\$\(|`)\s*(?:curl|wget)\b/i,
  /\b(?:iex|invoke-expression)\b[^\n]*(?:downloadstring|invoke-webrequest|\biwr\b)/i,
  /\b(?:curl|wget)\b[^\n]*(?:&&|;)[^\n]*\bchmod\s+\+?[0-7x]+\b/i,
  /\bxattr\s+-[a-z]*d[a-z]*\s+com\.apple\.quarantine\b/i,
  /\bpython3?\s+-c\s+["'][^\n]*(?:urlopen|requests\.get)[^\n]*exec\b/i,
];
const ENCODED = /\bbase64\s+(?:-d|-D|--decode)\b[^\n]*\|\s*(?:sudo\s+)?(?:ba|z|da)?sh\b/i;

/** At most eight, in the order of the text. */
export function examineText(text: string): readonly Sign[] {
  const signs: Sign[] = [];
  for (const [at, whole] of text.replace(/^\ufeff/, "").split("\n").entries()) {
    const line = at + 1;
    if (HIDDEN.test(whole.replace(JOINED, ""))) signs.push({ kind: "hidden characters", line });
    if (ENCODED.test(whole)) signs.push({ kind: "encoded program", line });
    else if (DOWNLOAD.some((rule) => rule.test(whole))) signs.push({ kind: "download and run", line });
    if (signs.length >= SIGNS_MAX) break;
  }
  return signs.slice(0, SIGNS_MAX);
}

export function formatSigns(signs: readonly Sign[]): string {
  return signs.map(({ kind, line }) => `${kind} in line ${line}`).join(", ");
}
