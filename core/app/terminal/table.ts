/** Columns that align, two spaces apart. On a narrow screen the columns that may shrink do; in a pipe nothing is cut. */
import type { Style } from "./style.ts";
import { cleanLine, shortenText, widthOf } from "./text.ts";

export interface Column {
  readonly title: string;
  readonly align?: "left" | "right";
  /** May be cut when the screen is too narrow. */
  readonly shrinks?: boolean;
  /** How the padded cell is painted. It gets the raw cell to decide by. */
  readonly paint?: (text: string, cell: string) => string;
}

export type Row = readonly (string | number | undefined)[];

const SHRUNK_MIN = 8;

/** One string per line, without a line's end. An absent cell shows a quiet dash. `screenWidth` 0 means no limit. */
export function formatTable(columns: readonly Column[], rows: readonly Row[], style: Style, screenWidth: number): string[] {
  const cells = rows.map((row) => columns.map(
    (_, at) => (row[at] === undefined || row[at] === "" ? style.mark.dash : cleanLine(String(row[at]))),
  ));
  const widths = columns.map((column, at) => Math.max(widthOf(column.title), ...cells.map((row) => widthOf(row[at] ?? ""))));
  shrink(columns, widths, screenWidth);

  const line = (texts: readonly string[], paint: (column: Column, padded: string, cell: string) => string): string =>
    columns.map((column, at) => {
      const cell = texts[at] ?? "";
      const width = widths[at] ?? 0;
      const shown = shortenText(cell, width, style.mark.ellipsis);
      const space = " ".repeat(Math.max(0, width - widthOf(shown)));
      const last = at === columns.length - 1;
      const padded = column.align === "right" ? space + shown : last ? shown : shown + space;
      return paint(column, padded, cell);
    }).join("  ").trimEnd();

  return [
    line(columns.map((column) => column.title), (_, padded) => style.dim(padded)),
    ...cells.map((row) => line(row, (column, padded, cell) => (column.paint === undefined ? padded : column.paint(padded, cell)))),
  ];
}

/** Takes from the widest shrinking column until the line fits or nothing more can be taken. */
function shrink(columns: readonly Column[], widths: number[], screenWidth: number): void {
  if (screenWidth <= 0) return;
  let excess = widths.reduce((sum, width) => sum + width, 2 * (widths.length - 1)) - screenWidth;
  while (excess > 0) {
    let widest = -1;
    for (const [at, column] of columns.entries()) {
      if (column.shrinks === true && (widths[at] ?? 0) > SHRUNK_MIN && (widths[at] ?? 0) > (widths[widest] ?? 0)) widest = at;
    }
    if (widest < 0) return;
    widths[widest] = (widths[widest] ?? 0) - 1;
    excess -= 1;
  }
}
