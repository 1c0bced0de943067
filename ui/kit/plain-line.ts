/**
 * A name, a command or a path as one line that shows what it is: what turns writing around, hides or moves is written out.
 * For what people decide by; ordinary words in any script stay as they are.
 */
const RANGES = [
  "\\u0000-\\u001f", "\\u007f-\\u009f", "\\u00ad", "\\u061c", "\\u115f", "\\u1160", "\\u180e", "\\u200b-\\u200f", "\\u2028-\\u202e",
  "\\u2060-\\u206f", "\\u3164", "\\ufe00-\\ufe0f", "\\ufeff", "\\uffa0", "\\ufff9-\\ufffb", "\\u{e0000}-\\u{e0fff}",
];
const HIDDEN = new RegExp(`[${RANGES.join("")}]`, "gu");
const MARKS = /(\p{M}{3})\p{M}+/gu;

export function plainLine(text: string): string {
  return text.replace(HIDDEN, (mark) => NAMED[mark] ?? `⟨U+${(mark.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}⟩`)
    .replace(MARKS, "$1…");
}

const NAMED: Readonly<Record<string, string>> = { "\n": "⏎", "\t": "⇥", "\r": "⟨CR⟩" };
