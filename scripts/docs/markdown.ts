/** Markdown that reads well as plain text too. */

/** A table whose columns align in the source. Cells hold inline Markdown; a bar inside one is escaped. */
export function formatTable(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = [headings, ...rows].map((row) => row.map((cell) => cell.replaceAll("|", "\\|").replaceAll(/\s+/g, " ").trim()));
  const widths = headings.map((_, column) => Math.min(60, Math.max(3, ...cells.map((row) => (row[column] ?? "").length))));
  const line = (row: readonly string[]): string => `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |\n`;
  const [head = [], ...body] = cells;
  return line(head) + line(widths.map((width) => "-".repeat(width))) + body.map(line).join("");
}

export const code = (text: string): string => (text === "" ? "" : `\`${text}\``);

/** The first lines of every generated page. */
export function formatHead(title: string, source: string, about: string): string {
  return `<!-- Generated from ${source} by: npm run docs -->\n# ${title}\n\n${about}\n`;
}
