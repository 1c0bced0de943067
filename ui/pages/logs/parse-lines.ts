/** Lines of the log, parsed; a line that is none is kept as it came. And which of them a filter lets through. */
import { fieldsOf, numberOf, textOf, type Fields } from "../../stores/fields.ts";

export const LEVELS = ["debug", "info", "warn", "error"] as const;
export type Level = (typeof LEVELS)[number];

export interface Line {
  /** Rises by one from line to line. */
  readonly number: number;
  readonly atMs: number | undefined;
  readonly level: Level;
  readonly event: string;
  /** First part of the event's name. */
  readonly module: string;
  readonly fields: Fields;
  readonly raw: string;
  /** In small letters, for whoever looks for words. */
  readonly text: string;
  /** Not a line: here some are missing. */
  readonly gap?: true;
}

export function parseLine(raw: string, number: number): Line {
  let said: Fields = {};
  try {
    said = fieldsOf(JSON.parse(raw));
  } catch {
    // Shown as it stands there.
  }
  const { ts, level, event, ...rest } = said;
  const name = textOf(event) ?? "";
  const { fields, isDoubled } = withoutDouble(ts, name, rest);
  const at = Date.parse(textOf(ts) ?? "");
  return {
    number, raw: isDoubled ? JSON.stringify({ ts, level, event, ...fields }) : raw, fields, event: name,
      module: name.split(".", 1)[0] ?? "", atMs: Number.isNaN(at) ? undefined : at,
    level: LEVELS.find((each) => each === level) ?? "info", text: raw.toLowerCase(),
  };
}

/** The wire says time and event a second time, under the names that other clients look for. */
function withoutDouble(ts: unknown, event: string, { time, message, ...fields }: Fields): { readonly fields: Fields;
  readonly isDoubled: boolean } {
  const isDoubled = time === ts && event !== "" && typeof message === "string" && message.startsWith(event);
  return { isDoubled, fields: isDoubled ? fields : { ...(time === undefined ? {} : { time }),
    ...(message === undefined ? {} : { message }), ...fields } };
}

export const gapLine = (number: number): Line =>
  ({ number, raw: "", fields: {}, event: "", module: "", atMs: undefined, level: "error", text: "", gap: true });

/** One line of words: what stands beside the event. */
export function summarize(fields: Fields): string {
  return Object.entries(fields).map(([name, value]) => `${name}=${formatValue(value)}`).join("  ");
}

export function formatValue(value: unknown): string {
  const { code, message } = fieldsOf(value);
  if (typeof code === "string" && typeof message === "string") return `${code}: ${message}`;
  return typeof value === "string" ? value : JSON.stringify(value) ?? "";
}

export interface Filter { readonly level: Level; readonly module: string; readonly text: string }

/** All words of the text have to stand in the line, in whatever order. Where lines are missing is always told. */
export function createFilter({ level, module, text }: Filter): (line: Line) => boolean {
  const least = LEVELS.indexOf(level);
  const words = text.toLowerCase().split(/\s+/).filter((word) => word !== "");
  return (line) => line.gap === true || (LEVELS.indexOf(line.level) >= least && (module === "" || line.module === module)
    && words.every((word) => line.text.includes(word)));
}

export interface Tail {
  readonly file: string;
  readonly cursor: number;
  readonly lines: readonly string[];
  readonly isReset: boolean;
  readonly isTruncated: boolean;
}

export function parseTail(answer: unknown): Tail {
  const row = fieldsOf(answer);
  const lines = Array.isArray(row["lines"]) ? row["lines"] : [];
  return {
    file: textOf(row["file"]) ?? "", cursor: numberOf(row["cursor"]) ?? 0, isReset: row["reset"] === true,
      isTruncated: row["truncated"] === true,
    lines: lines.filter((each): each is string => typeof each === "string"),
  };
}
