/**
 * A conversation on a terminal: what was said scrolls up as on any terminal, and a few rows at the bottom stay.
 *
 * What is complete is written once and belongs to the terminal from then on: it scrolls, is copied and searched like anything else,
 * and over SSH costs what it costs to send it once. Only what is still growing and the rows at the bottom are drawn again, at most
 * once a frame. No row is wider than the screen, and what is drawn again is never taller: so where everything stands is known without
 * asking, and nothing that will be drawn again scrolls away.
 */
import type { Clock } from "../../base/clock.ts";
import type { Taken } from "./take-over.ts";
import { widthOf } from "./text.ts";
import { wrapPainted } from "./wrap-painted.ts";

export interface Footer {
  /** Painted, and no wider than the screen. */
  readonly rows: readonly string[];
  /** Where the cursor stands; undefined hides it. */
  readonly cursor?: { readonly row: number; readonly column: number } | undefined;
}

export interface Screen extends Disposable {
  /** Text that is cleaned and may be painted; a line is final once it has ended. */
  write(text: string): void;
  /** What follows, as far as it is not decided yet: shown behind what was written, and never final. */
  hold(text: string): void;
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
  let held = "";
  /** Rows drawn that will be drawn again, as they were drawn; and on which of them the cursor is. */
  let drawn: readonly string[] = [];
  let cursorRow = 0;
  let cursorColumn = 0;
  let timer: { close(): void } | undefined;
  let ended = false;

  /** Back to where the rows begin that are not final. After the screen became narrower, a row may have become several. */
  const toTop = (): string => {
    const columns = taken.columns;
    const above = drawn.slice(0, cursorRow).reduce((sum, row) => sum + Math.max(1, Math.ceil(widthOf(row) / columns)), 0)
      + Math.floor(cursorColumn / columns);
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
    const bottom = fitFooter(footer(columns, taken.rows), taken.rows - 1);
    const growing = open + held === "" ? [] : (open + held).split("\n").flatMap((line) => wrapPainted(line, columns));
    const live = [...growing.slice(-(taken.rows - bottom.rows.length)), ...bottom.rows];
    const { cursor } = bottom;
    const at = cursor === undefined ? live.length - 1 : live.length - bottom.rows.length + cursor.row;
    const up = live.length - 1 - at;
    // Row by row: a screen that is cleared whole goes into the scrollback of some terminals, once for each time.
    const body = [...final, ...live].map((row) => `\x1b[2K${row}`).join("\r\n");
    const right = cursor !== undefined && cursor.column > 0 ? `\x1b[${cursor.column}C` : "";
    const place = cursor === undefined ? "\x1b[?25l" : `${up > 0 ? `\x1b[${up}A` : ""}\r${right}\x1b[?25h`;
    taken.write(`${SYNC_BEGIN}${toTop()}${body}\x1b[J${place}${SYNC_END}`);
    drawn = live;
    cursorRow = at;
    cursorColumn = cursor?.column ?? 0;
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
    hold: (text) => {
      held = text;
      changed();
    },
    [Symbol.dispose]: () => {
      if (ended) return;
      timer?.close();
      const rest = open + waiting + held;
      taken.write(`${toTop()}\x1b[J${rest.replaceAll("\n", "\r\n")}${rest === "" || rest.endsWith("\n") ? "" : "\r\n"}`);
      ended = true;
    },
  };
}

/** On a screen too small for it the upper rows are left out: what is written and how things stand remain. */
function fitFooter({ rows, cursor }: Footer, rowsMax: number): Footer {
  const over = Math.max(0, rows.length - Math.max(1, rowsMax));
  if (over === 0) return { rows, cursor };
  return { rows: rows.slice(over), cursor: cursor === undefined || cursor.row < over ? undefined : { ...cursor, row: cursor.row - over } };
}
