/**
 * What the demo prints. Plain lines in a pipe; colour on a terminal only, and never as the only carrier of a meaning.
 *
 * Text of the agent and of commands streams: a line may be open. Whoever prints something else first ends it, so nothing
 * is ever written into the middle of a line.
 */
import { createPainter, formatDuration, type Painter } from "../paint.mjs";

export interface Output {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  write(text: string): unknown;
}

export interface Narrator {
  readonly paint: Painter;
  /** A part of the story. */
  heading(title: string, about: string): void;
  /** A command line as a person would type it. */
  command(line: string): void;
  /** Something that holds now; `ms` is how long it took. */
  done(what: string, ms?: number): void;
  /** Something begins, or happens without being good or bad. */
  begins(what: string): void;
  remark(text: string): void;
  failed(text: string): void;
  /** What a person says. */
  said(text: string): void;
  /** A piece of the agent's words. */
  words(delta: string): void;
  /** A piece of a command's output, behind a bar. */
  output(chunk: string): void;
  /** Rows in aligned columns; the first row is the heading. */
  table(rows: readonly (readonly string[])[]): void;
  /** Ends an open line. */
  lineEnd(): void;
}

const INDENT = "  ";
const WIDTH_MAX = 110;

export function createNarrator(stdout: Output, env: Readonly<Record<string, string | undefined>> = process.env): Narrator {
  const paint = createPainter(stdout, env);
  const bar = paint.good === "✓" ? "│" : "|";
  const width = Math.min(stdout.columns || WIDTH_MAX, WIDTH_MAX);
  let open: "nothing" | "words" | "output" = "nothing";
  let outputChars = 0;

  const lineEnd = (): void => {
    if (open !== "nothing") stdout.write("\n");
    open = "nothing";
    outputChars = 0;
  };
  const line = (text: string): void => {
    lineEnd();
    stdout.write(text === "" ? "\n" : `${INDENT}${text}\n`);
  };
  /** Each piece is at most one line, its line break included. */
  const stream = (kind: "words" | "output", text: string, lead: string): void => {
    if (open !== "nothing" && open !== kind) lineEnd();
    for (const piece of harmless(text).split(/(?<=\n)/)) {
      if (piece === "") continue;
      const begins = open === "nothing" && piece !== "\n";
      const body = kind === "output" ? fitted(piece) : piece;
      stdout.write((begins ? lead : "") + body);
      open = piece.endsWith("\n") ? "nothing" : kind;
      if (open === "nothing") outputChars = 0;
    }
  };
  /** Long output lines are cut on the screen only; what the agent sees is whole. */
  const fitted = (piece: string): string => {
    const end = piece.endsWith("\n") ? "\n" : "";
    const text = end === "" ? piece : piece.slice(0, -1);
    const room = Math.max(0, width - 6 - outputChars);
    outputChars += text.length;
    if (text.length <= room) return text + end;
    return (room === 0 ? "" : text.slice(0, room - 1) + paint.ellipsis) + end;
  };

  return {
    paint,
    lineEnd,
    heading: (title, about) => {
      lineEnd();
      stdout.write(`\n${paint.bold(title)}  ${paint.dim(about)}\n`);
    },
    command: (text) => line(paint.dim(`$ ${text}`)),
    done: (what, ms) => line(`${paint.green(paint.good)} ${what}${ms === undefined ? "" : `  ${paint.dim(formatDuration(ms))}`}`),
    begins: (what) => line(`${paint.bold(paint.step)} ${what}`),
    remark: (text) => line(paint.dim(`${paint.dot} ${text}`)),
    failed: (text) => line(`${paint.red(paint.bad)} ${text}`),
    said: (text) => line(`${paint.dim("you")}  ${paint.bold(text)}`),
    words: (delta) => stream("words", delta, INDENT),
    output: (chunk) => stream("output", chunk, `${INDENT}${INDENT}${paint.dim(bar)} `),
    table: (rows) => {
      for (const [at, text] of alignRows(rows).entries()) line(at === 0 ? paint.dim(text) : text);
    },
  };
}

/** Columns two spaces apart; the last one is not padded. */
export function alignRows(rows: readonly (readonly string[])[]): readonly string[] {
  const widths: number[] = [];
  for (const row of rows) row.forEach((cell, column) => (widths[column] = Math.max(widths[column] ?? 0, cell.length)));
  return rows.map((row) => row.map((cell, column) => cell.padEnd(column === row.length - 1 ? 0 : (widths[column] ?? 0))).join("  "));
}

/** Output is shown, never obeyed: control characters other than line breaks and tabs become a visible dot. */
function harmless(text: string): string {
  return text.replace(/\r\n/g, "\n").replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, "·");
}
