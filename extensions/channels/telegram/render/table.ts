/** A table in columns that align; one too wide for a telephone as a row of lines for each of its rows. No cell is left out. */
import { LOOK, StyledTextBuilder } from "./styled-text.ts";
import { readInline } from "./read-inline.ts";

const WIDTH_MAX = 80;
const GAP = "  ";

/** `|---|:-:|`: what makes the rows around it a table. */
export function isDelimiterRow(line: string): boolean {
  if (line.length > 1_000 || !line.includes("-") || !line.includes("|")) return false;
  return /^[\s|:-]+$/.test(line) && cellsIn(line).every((cell) => /^:?-+:?$/.test(cell));
}

export function cellsIn(line: string): readonly string[] {
  const inner = line.trim().replace(/^\|/, "").replace(/(?<!\\)\|$/, "");
  return inner.split(/(?<!\\)\|/).map((cell) => cell.trim().replaceAll("\\|", "|"));
}

/** `rows[0]` is the head. */
export function writeTable(rows: readonly (readonly string[])[], base: number, into: StyledTextBuilder): void {
  const cells = rows.map((row) => row.map(plainText));
  const count = Math.max(...cells.slice(0, 10_000).map((row) => row.length), 1);
  const widths = Array.from({ length: Math.min(count, WIDTH_MAX) }, () => 0);
  for (const row of cells) row.forEach((cell, column) => (widths[column] = Math.max(widths[column] ?? 0, widthOf(cell))));
  const width = widths.reduce((sum, each) => sum + each + GAP.length, -GAP.length);
  if (width > WIDTH_MAX || cells.some((row) => row.length > widths.length)) return writeRecords(rows, base, into);
  const line = (row: readonly string[]): string =>
    widths.map((wide, column) => (row[column] ?? "") + " ".repeat(wide - widthOf(row[column] ?? ""))).join(GAP).trimEnd();
  const rule = widths.map((wide) => "-".repeat(Math.max(1, wide))).join(GAP);
  const [head = [], ...body] = cells;
  into.push([line(head), rule, ...body.map(line)].join("\n"), (base & LOOK.quote) | LOOK.pre, "");
}

function writeRecords(rows: readonly (readonly string[])[], base: number, into: StyledTextBuilder): void {
  const [head = [], ...body] = rows;
  if (body.length === 0) return readInline(head.join(" · "), base | LOOK.bold, into);
  body.forEach((row, index) => {
    if (index > 0) into.push("\n", base);
    row.forEach((cell, column) => {
      if (column > 0) into.push("\n  ", base);
      const title = column === 0 ? "" : head[column] ?? "";
      if (title !== "") {
        readInline(title, base, into);
        into.push(": ", base);
      }
      readInline(cell === "" ? "–" : cell, column === 0 ? base | LOOK.bold : base, into);
    });
  });
}

/** What a cell says, without its looks; where a word leads stands behind it. */
function plainText(cell: string): string {
  const styled = new StyledTextBuilder();
  readInline(cell, 0, styled);
  const { text, runs } = styled.build();
  let from = 0;
  return runs.map(({ end, link }) => {
    const words = text.slice(from, end);
    from = end;
    return link === undefined || link === words || link === `${words}/` ? words : `${words} (${link})`;
  }).join("").replaceAll("\n", " ");
}

const MARK = /\p{M}|\p{Cf}/u;
const EAST_ASIAN = /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}/u;

/** In columns of a fixed face: marks take none, East Asian signs and pictures two. */
function widthOf(text: string): number {
  if (text.length > 10 * WIDTH_MAX) return text.length;
  let width = 0;
  for (const sign of text) width += MARK.test(sign) ? 0 : EAST_ASIAN.test(sign) ? 2 : 1;
  return width;
}
