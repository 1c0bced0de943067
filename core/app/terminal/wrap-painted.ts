/** Lines as rows of a screen: broken between words where there is a place to, under where their text begins, each painted as it was. */
import { cellsOf, widthOf } from "./text.ts";

const PAINT = /^\x1b\[[0-9;]*m|^\x1b\]8;;[^\x1b]*\x1b\\/;
const TAB = 8;
/** What stands before the text of a line: a bar, which each row repeats, or a bullet, which they stand clear of. */
const BAR = /^(?: |\x1b\[[0-9;]*m)*[│|](?:\x1b\[[0-9;]*m)* /;
const BULLET = /^ *(?:[•·-] |\d{1,3}[.)] )?/;

/** Rows no wider than `columns`. */
export function wrapPainted(said: string, columns: number): string[] {
  const line = said.includes("\t") ? expandTabs(said) : said;
  if (widthOf(line) <= columns) return [line];
  const bar = BAR.exec(line)?.[0];
  const hanging = bar ?? " ".repeat(widthOf(BULLET.exec(line)?.[0] ?? ""));
  const lead = widthOf(hanging) > columns / 3 ? "" : hanging;
  const rows: string[] = [];
  let row = "";
  let width = 0;
  let paint: readonly string[] = [];
  /** After the last space of the row: what may go to the next one, and the paint that holds there. */
  let word = { at: -1, paint };
  for (let at = 0; at < line.length;) {
    const escape = line[at] === "\x1b" ? PAINT.exec(line.slice(at, at + 2_200))?.[0] : undefined;
    if (escape !== undefined) {
      row += escape;
      paint = painted(paint, escape);
      at += escape.length;
      continue;
    }
    const character = String.fromCodePoint(line.codePointAt(at) ?? 32);
    const cells = cellsOf(character.codePointAt(0) ?? 0);
    if (width + cells > columns) {
      const isSpace = character === " ";
      const isBreak = !isSpace && word.at > 0 && widthOf(row.slice(0, word.at).trimEnd()) > columns / 3;
      const rest = isBreak ? row.slice(word.at) : "";
      const held = isBreak ? word.paint : paint;
      rows.push((isBreak ? row.slice(0, word.at).trimEnd() : row) + (held.length === 0 ? "" : "\x1b[0m"));
      row = lead + held.join("") + rest;
      width = widthOf(row);
      word = { at: -1, paint: [] };
      if (isSpace) {
        at += 1;
        continue;
      }
    }
    row += character;
    width += cells;
    at += character.length;
    if (character === " ") word = { at: row.length, paint };
  }
  rows.push(row);
  return rows;
}

/** What is painted on top of what, after this. */
function painted(before: readonly string[], escape: string): readonly string[] {
  const code = /^\x1b\[(\d*)/.exec(escape)?.[1];
  if (code === "0" || code === "") return [];
  const ended = code === "22" ? /^\x1b\[[12]m/ : code === "23" ? /^\x1b\[3m/ : code === "39" ? /^\x1b\[(?:3[0-7]|38;|9\d)/ : undefined;
  if (ended !== undefined) return before.filter((one) => !ended.test(one));
  return escape === "\x1b]8;;\x1b\\" ? before.filter((one) => !one.startsWith("\x1b]8;;")) : [...before, escape];
}

function expandTabs(line: string): string {
  let shown = "";
  for (const part of line.split(/(?<=\t)/)) {
    shown += part.endsWith("\t") ? part.slice(0, -1) : part;
    if (part.endsWith("\t")) shown += " ".repeat(TAB - (widthOf(shown) % TAB));
  }
  return shown;
}
