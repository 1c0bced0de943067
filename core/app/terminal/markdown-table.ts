/** A table of Markdown in columns that align; where the screen is too narrow for it, each row as lines of its own. Nothing is cut. */
import type { Style } from "./style.ts";
import { widthOf } from "./text.ts";

const GAP = 2;

/** `|---|:-:|`: what makes the rows around it a table. */
export function isDelimiterRow(row: string): boolean {
  return /^ {0,3}\|?(?:\s*:?-+:?\s*\|)*\s*:?-+:?\s*\|?\s*$/.test(row);
}

/** Undefined for what is no table. `cell` paints one. */
export function formatMarkdownTable(
  rows: readonly string[], style: Style, columns: number, cell: (text: string) => string,
): readonly string[] | undefined {
  const [head, delimiter, ...body] = rows;
  if (head === undefined || delimiter === undefined || !isDelimiterRow(delimiter)) return undefined;
  const titles = cellsIn(head).map(cell);
  const aligned = cellsIn(delimiter).map((mark) => (/^:-+:$/.test(mark) ? "middle" : mark.endsWith(":") ? "right" : "left"));
  const lines = body.map((row) => cellsIn(row).map(cell));
  const count = Math.max(titles.length, ...lines.map((row) => row.length));
  const widths = Array.from({ length: count }, (_, at) => Math.max(...[titles, ...lines].map((row) => widthOf(row[at] ?? ""))));
  if (widths.reduce((sum, width) => sum + width, GAP * (count - 1)) > columns) return inRecords(titles, lines, style);
  const format = (row: readonly string[]): string => widths.map((width, at) => {
    const shown = row[at] ?? "";
    const space = width - widthOf(shown);
    const left = aligned[at] === "right" ? space : aligned[at] === "middle" ? Math.floor(space / 2) : 0;
    return " ".repeat(left) + shown + " ".repeat(space - left);
  }).join(" ".repeat(GAP)).trimEnd();
  const rule = style.dim(widths.map((width) => (style.unicode ? "─" : "-").repeat(width)).join(" ".repeat(GAP)));
  return [style.strong(format(titles)), rule, ...lines.map(format)];
}

function inRecords(titles: readonly string[], lines: readonly (readonly string[])[], style: Style): readonly string[] {
  return lines.flatMap((row) => [
    style.strong(row[0] ?? ""),
    ...row.slice(1).flatMap((shown, at) => (shown === "" ? [] : [`  ${style.dim(`${titles[at + 1] ?? ""}:`)} ${shown}`])),
  ]);
}

function cellsIn(row: string): string[] {
  const inner = row.trim().replace(/^\|/, "").replace(/(?<!\\)\|$/, "");
  return inner.split(/(?<!\\)\|/).map((text) => text.trim().replaceAll("\\|", "|"));
}
