/** Reading what came over the wire: nothing is there until it was looked at. */
import { plainLine } from "../kit/plain-line.ts";

export type Fields = Readonly<Record<string, unknown>>;

export function fieldsOf(value: unknown): Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : {};
}

export function listOf(value: unknown): readonly Fields[] {
  return Array.isArray(value) ? value.map(fieldsOf) : [];
}

/** Undefined for the empty text too. */
export function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** A name, a command, a path: whoever wrote it, nothing in it hides or turns around what stands beside it. */
export function lineOf(value: unknown): string | undefined {
  const text = textOf(value);
  return text === undefined ? undefined : plainLine(text);
}

export function numberOf(value: unknown): number | undefined {
  return typeof value === "number" && Number.isFinite(value) ? value : undefined;
}

export function textsOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((each): each is string => typeof each === "string") : [];
}
