/** Marks within a line of Markdown. What may yet become something else is left for later, unless the line is whole. */
import type { Style } from "./style.ts";

/** A mark that is not closed within as much is no mark. */
const HELD_CHARS_MAX = 2_000;
const WORD = /[\p{L}\p{N}_]/u;
const LINK = /^!?\[((?:[^\]\\]|\\.){0,1000})\]\(\s*<?([^\s<>()]*(?:\([^\s<>()]*\)[^\s<>()]*)*)>?(?:\s+(?:"[^"]*"|'[^']*'))?\s*\)/;
const LINK_BEGUN = /^!?(?:\[(?:[^\]\\]|\\.?)*(?:\](?:\([^)]*(?:\([^)]*\)[^)]*)*)?)?)?$/;

export interface Inline {
  readonly text: string;
  /** Characters of the line that `text` stands for. */
  readonly used: number;
}

/** `before`: the sign in front of `line`. Without paint the marks stay as they are; addresses are set apart either way. */
export function formatInline(line: string, style: Style, isWhole: boolean, before = ""): Inline {
  let text = "";
  let at = 0;
  let last = before;
  const give = (shown: string, used: number): void => {
    text += shown;
    last = line[at + used - 1] ?? last;
    at += used;
  };
  while (at < line.length) {
    const rest = line.slice(at, at + HELD_CHARS_MAX);
    const waits = !isWhole && at + HELD_CHARS_MAX > line.length;
    const sign = rest[0] ?? "";
    if (sign === "\\") {
      if (rest.length === 1 && waits) break;
      if (/^\\[!-/:-@[-`{-~]/.test(rest)) give(style.colour ? rest[1] ?? "" : rest.slice(0, 2), 2);
      else give(sign, 1);
    } else if (sign === "`") {
      const run = /^`+/.exec(rest)?.[0] ?? "`";
      const end = closingRun(rest, run);
      if (end < 0 && waits) break;
      if (end < 0) give(run, run.length);
      else give(`${style.dim(run)}${rest.slice(run.length, end)}${style.dim(run)}`, end + run.length);
    } else if (sign === "*" || sign === "_") {
      const run = /^(?:\*{1,3}|_{1,3})/.exec(rest)?.[0] ?? sign;
      const next = rest[run.length];
      if (next === undefined && waits) break;
      const opens = next !== undefined && !/\s/.test(next) && !(sign === "_" && WORD.test(last));
      const end = opens ? closingMark(rest, run) : -1;
      if (opens && end < 0 && waits) break;
      if (end < 0) give(run, run.length);
      else {
        const [italic, strong] = [run.length !== 2, run.length > 1];
        const inner = formatInline(rest.slice(run.length, end), strong ? withinStrong(style) : style, true, sign).text;
        const painted = italic ? style.italic(inner) : inner;
        give(!style.colour ? run + inner + run : strong ? style.strong(painted) : painted, end + run.length);
      }
    } else if (sign === "[" || (sign === "!" && (rest[1] === "[" || (rest.length === 1 && waits)))) {
      const link = LINK.exec(rest);
      if (link === null && waits && LINK_BEGUN.test(rest)) break;
      const [whole = "", words = "", address = ""] = link ?? [];
      if (link === null || address === "") give(sign, 1);
      else {
        const shown = formatInline(words, style, true, "[").text;
        give(words.trim() === "" || words === address ? address : `${shown} ${style.dim("(")}${address}${style.dim(")")}`, whole.length);
      }
    } else {
      const plain = /^[^\\`*_[!]+/.exec(rest)?.[0] ?? sign;
      give(plain, plain.length);
    }
  }
  return { text, used: at };
}

/** For what stands in strong text: strong and dim end alike, so what is within is neither. */
export function withinStrong(style: Style): Style {
  return { ...style, strong: (text) => text, dim: (text) => text };
}

/** Where the run that ends the code begins. */
function closingRun(text: string, run: string): number {
  for (const match of text.slice(run.length).matchAll(/`+/g)) if (match[0] === run) return run.length + match.index;
  return -1;
}

/** Where the mark that ends it begins: after a word, outside of code, and of an underscore not within a word. */
function closingMark(text: string, run: string): number {
  const sign = run[0] ?? "";
  for (let at = run.length + 1; at < text.length; at += 1) {
    const here = text[at];
    if (here === "\\") at += 1;
    else if (here === "`") {
      const code = /^`+/.exec(text.slice(at))?.[0] ?? "`";
      const end = closingRun(text.slice(at), code);
      if (end > 0) at += end + code.length - 1;
    } else if (here === sign) {
      let length = 1;
      while (text[at + length] === sign) length += 1;
      const fits = length === run.length && !/\s/.test(text[at - 1] ?? " ");
      if (fits && !(sign === "_" && WORD.test(text[at + length] ?? ""))) return at;
      at += length - 1;
    }
  }
  return -1;
}
