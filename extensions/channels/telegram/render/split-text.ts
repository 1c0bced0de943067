/**
 * Where a long text is cut: between paragraphs, else lines, else words, else signs. Never within a sign as people see it, and within an
 * address only where the address alone is too long.
 */
import { LOOK, type Run, type StyledText } from "./styled-text.ts";

export interface Part {
  readonly from: number;
  readonly to: number;
  /** The run that `from` lies in. */
  readonly run: number;
}

export interface PartLimits {
  /** UTF-16 units of what people see. */
  readonly textMax: number;
  /** Stretches of formatting; what exceeds it, the messenger leaves out. */
  readonly marksMax: number;
  /** Signs that formatting may add. */
  readonly markCharsMax: number;
}

/** `costOf` says how many stretches of formatting a run may need, and how many signs they take. */
export function splitText(
  { text, runs }: StyledText, limits: PartLimits, costOf: (run: Run) => { readonly marks: number; readonly chars: number },
): readonly Part[] {
  const parts: Part[] = [];
  let from = 0;
  let run = 0;
  while (from < text.length) {
    while ((runs[run]?.end ?? text.length) <= from) run += 1;
    const most = reach(text, runs, from, run, limits, costOf);
    const { end, next } = most >= text.length ? { end: text.length, next: text.length } : cut(text, runs, from, most, run);
    if (VISIBLE.test(text.slice(from, end))) parts.push({ from, to: end, run });
    from = next;
  }
  return parts;
}

/** A message of nothing that can be seen is refused. */
const VISIBLE = /[^\s\p{Cf}\p{Cc}\p{Z}\u034f\u115f\u1160\u2800\u3164\uffa0]/u;

function reach(
  text: string, runs: readonly Run[], from: number, first: number, { textMax, marksMax, markCharsMax }: PartLimits,
  costOf: (run: Run) => { readonly marks: number; readonly chars: number },
): number {
  const most = Math.min(text.length, from + textMax);
  let [marks, chars, at] = [0, 0, from];
  for (let index = first; at < most; index += 1) {
    const run = runs[index];
    if (run === undefined) break;
    const cost = costOf(run);
    marks += cost.marks;
    chars += cost.chars;
    if (at > from && (marks > marksMax || chars > markCharsMax)) return at;
    at = run.end;
  }
  return most;
}

interface Cut {
  readonly end: number;
  readonly next: number;
}

function cut(text: string, runs: readonly Run[], from: number, most: number, first: number): Cut {
  const window = text.slice(from, most + 1);
  const half = (most - from) / 2;
  for (const gap of ["\n\n", "\n"]) {
    const at = window.lastIndexOf(gap, most - from);
    if (at > half) return { end: from + at, next: from + at + gap.length };
  }
  for (let at = most - from; at > 0; at -= 1) {
    const isGap = /\s/.test(window[at] ?? "") && !JOINS.test(text.slice(from + at + 1, from + at + 3));
    if (isGap) return { end: from + at, next: from + at + 1 };
  }
  let [index, begins] = [first, from];
  while ((runs[index]?.end ?? text.length) <= most) begins = runs[index++]?.end ?? begins;
  const isWhole = ((runs[index]?.look ?? 0) & LOOK.whole) !== 0;
  const end = isWhole && begins > from ? begins : signBefore(text, from, most);
  return { end, next: end };
}

/** Belongs to the sign in front of it. */
const JOINS = /^[\p{M}\p{Emoji_Modifier}\u200d\ufe0f]/u;
const SIGNS = new Intl.Segmenter(undefined, { granularity: "grapheme" });

function signBefore(text: string, from: number, most: number): number {
  const sign = SIGNS.segment(text.slice(from, most + 64)).containing(most - from);
  const end = from + (sign?.index ?? most - from);
  if (end > from) return end;
  const isPair = /[\udc00-\udfff]/.test(text[most] ?? "") && /[\ud800-\udbff]/.test(text[most - 1] ?? "");
  return isPair && most - 1 > from ? most - 1 : most;
}
