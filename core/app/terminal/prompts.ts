/** Questions to a person: one of several, or a line. When answered, one line stays that says what was chosen. */
import { createLineEditor } from "./line-editor.ts";
import type { Key } from "./keys.ts";
import type { Terminal } from "./open-terminal.ts";
import type { Taken } from "./take-over.ts";
import { shortenText, widthOf } from "./text.ts";

export interface Choice<T> {
  readonly value: T;
  /** Cleaned. */
  readonly label: string;
  readonly about?: string;
}

const SHOWN_MAX = 10;

/** The first is preselected. Typing narrows down. Undefined where nobody can be asked. */
export async function choose<T>(
  terminal: Terminal, question: string, choices: readonly Choice<T>[], signal: AbortSignal,
): Promise<T | undefined> {
  const { style } = terminal;
  let at = 0;
  let typed = "";
  const fitting = (): readonly Choice<T>[] => choices.filter(({ label }) => label.toLowerCase().includes(typed.toLowerCase()));
  return await drawn(terminal, signal, {
    rows: (columns) => {
      const found = fitting();
      at = Math.max(0, Math.min(at, found.length - 1));
      const from = Math.max(0, Math.min(at - SHOWN_MAX + 2, found.length - SHOWN_MAX));
      const width = Math.max(0, ...found.map(({ label }) => widthOf(label)));
      return [
        `${style.attention("?")} ${style.strong(question)}${typed === "" ? "" : `  ${typed}`}`,
        ...found.slice(from, from + SHOWN_MAX).map(({ label, about }, index) => {
          const isHere = from + index === at;
          const text = shortenText(`${label.padEnd(Math.min(width, 40))}  ${about ?? ""}`.trimEnd(), columns - 5, style.mark.ellipsis);
          return `${isHere ? style.accent(style.mark.live) : " "} ${isHere ? text : style.dim(text)}`;
        }),
        ...(found.length === 0 ? [style.dim("  none of them")] : []),
        style.dim("  up, down, Enter; typing narrows down; Ctrl-C leaves"),
      ];
    },
    press: ({ name, text }) => {
      if (name === "up" || name === "ctrl-p") at -= 1;
      else if (name === "down" || name === "ctrl-n") at += 1;
      else if (name === "text" || name === "paste") typed += text;
      else if (name === "backspace") typed = typed.slice(0, -1);
      else if (name === "enter") return fitting()[at];
      return undefined;
    },
    answered: ({ label }) => `${style.good(style.mark.good)} ${question}  ${label}`,
  }).then((choice) => choice?.value);
}

export interface AskOptions {
  readonly initial?: string;
  /** What is typed is not shown. */
  readonly secret?: true;
  /** What is wrong with it; undefined where nothing is. */
  readonly check?: (text: string) => string | undefined;
}

/** Undefined where nobody can be asked. */
export async function ask(
  terminal: Terminal, question: string, signal: AbortSignal, { initial = "", secret, check = () => undefined }: AskOptions = {},
): Promise<string | undefined> {
  const { style } = terminal;
  const editor = createLineEditor();
  editor.set(initial);
  let trouble = "";
  return await drawn(terminal, signal, {
    rows: (columns) => {
      const head = `${style.attention("?")} ${style.strong(question)}`;
      const { rows } = editor.show(columns - 3, 3, secret === true ? "*" : undefined);
      return [head, ...rows.map((row) => `  ${row}`), ...(trouble === "" ? [] : [style.attention(`  ${trouble}`)])];
    },
    cursor: (columns) => {
      const { row, column } = editor.show(columns - 3, 3, secret === true ? "*" : undefined);
      return { row: row + 1, column: column + 2 };
    },
    press: (key) => {
      if (key.name !== "enter") {
        editor.press(key);
        return undefined;
      }
      trouble = check(editor.text.trim()) ?? "";
      return trouble === "" ? editor.text.trim() : undefined;
    },
    answered: (text) => `${style.good(style.mark.good)} ${question}  ${secret === true ? "(not shown)" : text}`,
  });
}

interface Drawing<T> {
  rows(columns: number): readonly string[];
  cursor?(columns: number): { readonly row: number; readonly column: number };
  /** The answer, once there is one. */
  press(key: Key): T | undefined;
  answered(answer: T): string;
}

/** Throws what the signal says when it aborts. */
async function drawn<T>(terminal: Terminal, signal: AbortSignal, drawing: Drawing<T>): Promise<T | undefined> {
  const taken = await terminal.takeOver();
  if (taken === undefined) return undefined;
  let above = 0;
  const clear = (): string => `\r${above > 0 ? `\x1b[${above}A` : ""}\x1b[J`;
  const draw = (screen: Taken): void => {
    const rows = drawing.rows(screen.columns);
    const cursor = drawing.cursor?.(screen.columns);
    const up = cursor === undefined ? 0 : rows.length - 1 - cursor.row;
    const place = cursor === undefined ? "\x1b[?25l" : `${up > 0 ? `\x1b[${up}A` : ""}\r\x1b[${cursor.column}C\x1b[?25h`;
    screen.write(clear() + rows.join("\r\n") + place);
    above = rows.length - 1 - up;
  };
  try {
    return await new Promise<T>((resolve, reject) => {
      const leave = (error: unknown): void => reject(error as Error);
      if (signal.aborted) return leave(signal.reason);
      signal.addEventListener("abort", () => leave(signal.reason), { once: true });
      taken.onResize(() => draw(taken));
      taken.onKey((key) => {
        // As outside raw mode: the command is interrupted, and ends as interrupted commands do.
        if (key.name === "ctrl-c" || key.name === "escape") return void process.kill(process.pid, "SIGINT");
        const answer = drawing.press(key);
        if (answer === undefined) return draw(taken);
        taken.write(`${clear()}${drawing.answered(answer)}\r\n`);
        above = 0;
        resolve(answer);
      });
      draw(taken);
    });
  } catch (error) {
    taken.write(clear());
    throw error;
  } finally {
    taken[Symbol.dispose]();
  }
}
