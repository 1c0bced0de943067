/**
 * A structured value as a person reads it: names and values in two columns, lists of things as aligned rows below their name.
 *
 * Names follow the house: what ends in `Bytes`, `Ms` or `AtMs` says its unit, so the value is shown with it and the name
 * without. Nothing is left out but what is empty; what lies deeper than a list of things stays JSON, on one line.
 */
import { formatBytes, formatDuration } from "./quantities.ts";
import { cleanLine, widthOf } from "./text.ts";

/** One string per line. Undefined for what has no parts: a text, a number, an empty object. */
export function formatOutline(value: unknown): readonly string[] | undefined {
  if (!isObject(value)) return undefined;
  const fields = Object.entries(value).filter(([, one]) => !isEmpty(one));
  if (fields.length === 0) return undefined;
  const width = Math.max(0, ...fields.filter(([, one]) => !isTable(one)).map(([name]) => widthOf(nameOf(name))));
  return fields.flatMap(([name, one]) => (
    isTable(one)
      ? [nameOf(name), ...rowsOf(one).map((row) => `  ${row}`)]
      : [`${nameOf(name)}${" ".repeat(Math.max(0, width - widthOf(nameOf(name))))}  ${valueOf(name, one)}`]
  ));
}

type Fields = Readonly<Record<string, unknown>>;

function isObject(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isTable(value: unknown): value is readonly Fields[] {
  return Array.isArray(value) && value.length > 0 && value.every(isObject);
}

function isEmpty(value: unknown): boolean {
  return value === null || value === undefined || value === "" || (Array.isArray(value) && value.length === 0);
}

/** Each thing on a line, its fields under those of the others; a field that one of them lacks is a quiet gap. */
function rowsOf(things: readonly Fields[]): readonly string[] {
  const names = [...new Set(things.flatMap((thing) => Object.keys(thing).filter((name) => !isEmpty(thing[name]))))];
  const cells = things.map((thing) => names.map((name) => (isEmpty(thing[name]) ? "" : valueOf(name, thing[name]))));
  const widths = names.map((_, at) => Math.max(0, ...cells.map((row) => widthOf(row[at] ?? ""))));
  return cells.map((row) => row.map((cell, at) => cell + " ".repeat((widths[at] ?? 0) - widthOf(cell))).join("  ").trimEnd());
}

/** `memoryTotalBytes` is `memory total`. */
function nameOf(name: string): string {
  if (!/^[a-zA-Z0-9]+$/.test(name)) return cleanLine(name);
  const bare = name.replace(/(?:AtMs|Ms|Bytes)$/, "");
  return (bare === "" ? name : bare).replace(/(?<=[a-z0-9])(?=[A-Z])/g, " ").toLowerCase();
}

function valueOf(name: string, value: unknown): string {
  if (typeof value === "number") {
    if (/bytes$/i.test(name)) return formatBytes(value);
    if (/(?:AtMs|^timeMs)$/.test(name)) return new Date(value).toISOString().replace(/\.\d+Z$/, "Z");
    return /Ms$/.test(name) ? formatDuration(value) : String(value);
  }
  if (typeof value === "string") return cleanLine(value);
  if (typeof value === "boolean") return value ? "yes" : "no";
  const isList = Array.isArray(value) && value.every((one) => typeof one !== "object");
  return cleanLine(isList ? value.join(", ") : JSON.stringify(value));
}
