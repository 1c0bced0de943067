/**
 * A conversation on a terminal: what was said scrolls up as on any terminal, and a few rows at the bottom stay.
 *
 * What is complete is written once and belongs to the terminal from then on: it scrolls, is copied and searched like anything else,
 * and over SSH costs what it costs to send it once. Only the line that is still growing and the rows at the bottom are drawn again,
 * at most once a frame. No row is wider than the screen, so that where everything stands is known without asking.
 */
import type { Clock } from "../../base/clock.ts";
import type { Taken } from "./take-over.ts";
import { cellsOf, widthOf } from "./text.ts";

export interface Footer {
  /** Painted, and no wider than the screen. */
  readonly rows: readonly string[];
  /** Where the cursor stands; undefined hides it. */
  readonly cursor?: { readonly row: number; readonly column: number } | undefined;
}

export interface Screen extends Disposable {
  /** Text that is cleaned and may be painted; a line is final once it has ended. */
  write(text: string): void;
  /** Something changed that the footer shows. */
  changed(): void;
  /** Draws what waits to be drawn. */
  draw(): void;
}

const FRAME_MS = 16;
const SYNC_BEGIN = "\x1b[?2026h";
const SYNC_END = "\x1b[?2026l";

export function openScreen(taken: Taken, clock: Clock, footer: (columns: number, rows: number) => Footer): Screen {
  let waiting = "";
  let open = "";
  /** Rows drawn that will be drawn again, as they were drawn; and on which of them the cursor is. */
  let drawn: readonly string[] = [];
  let cursorRow = 0;
  let timer: { close(): void } | undefined;
  let ended = false;

  /** Back to where the rows begin that are not final. After the screen became narrower, a row may have become several. */
  const toTop = (): string => {
    const columns = taken.columns;
    const above = drawn.slice(0, cursorRow).reduce((sum, row) => sum + Math.max(1, Math.ceil(widthOf(row) / columns)), 0);
    return `\r${above > 0 ? `\x1b[${above}A` : ""}`;
  };
  const draw = (): void => {
    timer?.close();
    timer = undefined;
    if (ended) return;
    const { columns } = taken;
    const final: string[] = [];
    for (const piece of (open + waiting).split(/(?<=\n)/)) {
      const [line, isWhole] = piece.endsWith("\n") ? [piece.slice(0, -1), true] : [piece, false];
      const rows = wrapPainted(line, columns);
      if (isWhole) final.push(...rows);
      else final.push(...rows.slice(0, -1));
      open = isWhole ? "" : rows.at(-1) ?? "";
    }
    waiting = "";
    const { rows, cursor } = footer(columns, taken.rows);
    const live = [...(open === "" ? [] : [open]), ...rows];
    const at = cursor === undefined ? live.length - 1 : live.length - rows.length + cursor.row;
    const up = live.length - 1 - at;
    // Row by row: a screen that is cleared whole goes into the scrollback of some terminals, once for each time.
    const body = [...final, ...live].map((row) => `\x1b[2K${row}`).join("\r\n");
    const right = cursor !== undefined && cursor.column > 0 ? `\x1b[${cursor.column}C` : "";
    const place = cursor === undefined ? "\x1b[?25l" : `${up > 0 ? `\x1b[${up}A` : ""}\r${right}\x1b[?25h`;
    taken.write(`${SYNC_BEGIN}${toTop()}${body}\x1b[J${place}${SYNC_END}`);
    drawn = live;
    cursorRow = cursor === undefined ? live.length - 1 : at;
  };
  const changed = (): void => {
    timer ??= clock.after(FRAME_MS, draw);
  };
  taken.onResize(changed);
  return {
    draw, changed,
    write: (text) => {
      waiting += text;
      changed();
    },
    [Symbol.dispose]: () => {
      if (ended) return;
      timer?.close();
      const rest = open + waiting;
      taken.write(`${toTop()}\x1b[J${rest.replaceAll("\n", "\r\n")}${rest === "" || rest.endsWith("\n") ? "" : "\r\n"}`);
      ended = true;
    },
  };
}

const PAINT = /^\x1b\[[0-9;]*m|^\x1b\]8;;[^\x1b]*\x1b\\/;

/** Rows no wider than `columns`, broken between words where there is a place to. A row begins painted as the one before it ended. */
export function wrapPainted(line: string, columns: number): string[] {
  if (widthOf(line) <= columns) return [line];
  const rows: string[] = [];
  let row = "";
  let width = 0;
  let paint = "";
  /** After the last space of the row: what may go to the next one, and the paint that holds there. */
  let word = { at: -1, paint: "" };
  for (let at = 0; at < line.length;) {
    const escape = line[at] === "\x1b" ? PAINT.exec(line.slice(at, at + 2_200))?.[0] : undefined;
    if (escape !== undefined) {
      row += escape;
      paint = /^\x1b\[(0|22|39)?m$/.test(escape) ? "" : paint + escape;
      at += escape.length;
      continue;
    }
    const character = String.fromCodePoint(line.codePointAt(at) ?? 32);
    const cells = cellsOf(character.codePointAt(0) ?? 0);
    if (width + cells > columns) {
      const isBreak = word.at > 0 && widthOf(row.slice(0, word.at).trimEnd()) > columns / 3;
      const rest = isBreak ? row.slice(word.at) : "";
      rows.push((isBreak ? row.slice(0, word.at).trimEnd() : row) + (paint === "" ? "" : "\x1b[0m"));
      row = (isBreak ? word.paint : paint) + rest;
      width = widthOf(rest);
      word = { at: -1, paint: "" };
      if (character === " " && width === 0) {
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
