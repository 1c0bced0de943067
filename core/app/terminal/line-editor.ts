/**
 * A text being written: several lines, a cursor, and what was sent before. Pure: keys in, rows out.
 *
 * The cursor moves over what a reader takes for one sign, whatever it is made of. What is pasted goes in whole.
 */
import type { Key } from "./keys.ts";
import { cellsOf, cleanText } from "./text.ts";

export const EDITOR_LIMITS = { chars: 1_000_000, history: 200, rows: 8 } as const;

export interface EditorRows {
  readonly rows: readonly string[];
  /** Where the cursor stands in `rows`. */
  readonly row: number;
  readonly column: number;
  /** Rows that do not fit above and below. */
  readonly above: number;
  readonly below: number;
}

export interface LineEditor {
  readonly text: string;
  /** True where the key meant something here. Enter is the caller's. */
  press(key: Key): boolean;
  set(text: string): void;
  /** Gives the text, empties the editor and remembers it. */
  take(): string;
  /** In as many columns, at most `rows` of them. `mask` stands for every sign. */
  show(columns: number, rows?: number, mask?: string): EditorRows;
}

const segmenter = new Intl.Segmenter(undefined, { granularity: "grapheme" });

export function createLineEditor(history: string[] = []): LineEditor {
  let text = "";
  let cursor = 0;
  let place = history.length;
  let draft = "";

  const insert = (fresh: string): void => {
    const room = EDITOR_LIMITS.chars - text.length;
    const taken = cleanText(fresh).replaceAll("\t", "  ").slice(0, Math.max(0, room));
    text = text.slice(0, cursor) + taken + text.slice(cursor);
    cursor += taken.length;
  };
  const remove = (from: number, to: number): void => {
    text = text.slice(0, from) + text.slice(to);
    cursor = from;
  };
  const before = (): number => {
    const line = text.lastIndexOf("\n", cursor - 1) + 1;
    let at = cursor - 1;
    if (line < cursor) for (const { index } of segmenter.segment(text.slice(line, cursor))) at = line + index;
    return Math.max(0, at);
  };
  const after = (): number => {
    const [first] = segmenter.segment(text.slice(cursor, cursor + 64));
    return cursor + (first?.segment.length ?? 0);
  };
  const wordBefore = (): number => cursor - (/[\p{L}\p{N}_]*[^\p{L}\p{N}_]*$/u.exec(text.slice(0, cursor))?.[0].length ?? 0);
  const wordAfter = (): number => cursor + (/^[^\p{L}\p{N}_]*[\p{L}\p{N}_]*/u.exec(text.slice(cursor))?.[0].length ?? 0);
  const lineStart = (): number => text.lastIndexOf("\n", cursor - 1) + 1;
  const lineEnd = (): number => {
    const end = text.indexOf("\n", cursor);
    return end < 0 ? text.length : end;
  };
  const recall = (step: number): boolean => {
    const next = place + step;
    if (next < 0 || next > history.length) return false;
    if (place === history.length) draft = text;
    place = next;
    text = history[place] ?? draft;
    cursor = text.length;
    return true;
  };
  const vertical = (step: -1 | 1): boolean => {
    const start = lineStart();
    if (step < 0 ? start === 0 : lineEnd() === text.length) return recall(step);
    const column = cursor - start;
    const target = step < 0 ? text.lastIndexOf("\n", start - 2) + 1 : lineEnd() + 1;
    const end = text.indexOf("\n", target);
    cursor = Math.min(target + column, end < 0 ? text.length : end);
    return true;
  };

  const press = ({ name, text: typed }: Key): boolean => {
    switch (name) {
      case "text": case "paste": insert(typed); return true;
      case "alt-enter": insert("\n"); return true;
      case "backspace": if (cursor > 0) remove(before(), cursor); return true;
      case "delete": case "ctrl-d": if (cursor < text.length) remove(cursor, after()); return true;
      case "left": case "ctrl-b": cursor = before(); return true;
      case "right": case "ctrl-f": cursor = after(); return true;
      case "alt-b": cursor = wordBefore(); return true;
      case "alt-f": cursor = wordAfter(); return true;
      case "home": case "ctrl-a": cursor = lineStart(); return true;
      case "end": case "ctrl-e": cursor = lineEnd(); return true;
      case "ctrl-w": case "alt-backspace": remove(wordBefore(), cursor); return true;
      case "ctrl-u": remove(lineStart(), cursor); return true;
      case "ctrl-k": remove(cursor, lineEnd()); return true;
      case "up": case "ctrl-p": return vertical(-1);
      case "down": case "ctrl-n": return vertical(1);
      default: return false;
    }
  };
  const set = (fresh: string): void => {
    text = fresh;
    cursor = fresh.length;
    place = history.length;
  };
  return {
    get text() {
      return text;
    },
    press, set,
    take: () => {
      const taken = text;
      if (taken.trim() !== "" && history.at(-1) !== taken) history.push(taken);
      if (history.length > EDITOR_LIMITS.history) history.shift();
      set("");
      draft = "";
      return taken;
    },
    show: (columns, rows = EDITOR_LIMITS.rows, mask) => layOut(text, cursor, Math.max(4, columns), rows, mask),
  };
}

function layOut(text: string, cursor: number, columns: number, rowsMax: number, mask: string | undefined): EditorRows {
  const rows: string[] = [""];
  let width = 0;
  let at = { row: 0, column: 0 };
  for (const { segment, index } of segmenter.segment(text)) {
    if (index === cursor) at = { row: rows.length - 1, column: width };
    if (segment === "\n") {
      rows.push("");
      width = 0;
      continue;
    }
    const shown = mask ?? segment;
    let cells = 0;
    for (const character of shown) cells = Math.max(cells, cellsOf(character.codePointAt(0) ?? 0));
    if (width + cells > columns) {
      rows.push("");
      width = 0;
      if (index === cursor) at = { row: rows.length - 1, column: 0 };
    }
    rows[rows.length - 1] += shown;
    width += cells;
  }
  if (cursor >= text.length) {
    if (width >= columns) {
      rows.push("");
      width = 0;
    }
    at = { row: rows.length - 1, column: width };
  }
  const above = Math.max(0, Math.min(at.row - rowsMax + 1, rows.length - rowsMax));
  const shown = rows.slice(above, above + rowsMax);
  return { rows: shown, row: at.row - above, column: at.column, above, below: rows.length - above - shown.length };
}
