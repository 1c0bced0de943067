/** What a replay tells. */
import type { Revision } from "../../fabric/journal.ts";

/** The first thing that was decided otherwise. Texts are cut: a difference is named, not printed whole. */
export interface ReplayDifference {
  /** Counted from 1 over the session's model calls, tool calls and waits; 0 before the first. */
  readonly step: number;
  readonly position: number;
  /** Type of the recorded event. */
  readonly event: string;
  /** Which part of it: `prompt`, `decision.rule`. */
  readonly field: string;
  readonly expected: string;
  readonly got: string;
}

export interface ReplayReport {
  readonly entries: number;
  readonly events: number;
  readonly turns: number;
  readonly steps: number;
  /** Events whose content was decided again; the others are what the world said: messages, answers, results. */
  readonly decisions: number;
  readonly equal: boolean;
  readonly difference: ReplayDifference | null;
  readonly revision: {
    /** Of the last turn that was looked at. */
    readonly recorded: Revision | null;
    readonly present: Revision | null;
    /** In what some turn was recorded under another one; empty when all were recorded under the present one. */
    readonly changed: readonly (keyof Revision)[];
  };
}

const SHOWN_CHARS = 300;

/** Where two values part: the path to it, and both sides from there. Undefined when they are the same. */
export function firstDifference(
  expected: unknown, got: unknown, path = "",
): Omit<ReplayDifference, "step" | "position" | "event"> | undefined {
  if (Object.is(expected, got)) return undefined;
  if (isObject(expected) && isObject(got)) {
    for (const name of new Set([...Object.keys(expected), ...Object.keys(got)])) {
      const found = firstDifference(expected[name], got[name], path === "" ? name : `${path}.${name}`);
      if (found !== undefined) return found;
    }
    return undefined;
  }
  return { field: path, expected: shown(expected, got), got: shown(got, expected) };
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}

/** Long texts from a little before they part. */
function shown(value: unknown, other: unknown): string {
  if (value === undefined) return "nothing";
  const text = typeof value === "string" ? value : JSON.stringify(value);
  const beside = typeof other === "string" ? other : "";
  let at = 0;
  while (at < text.length && text[at] === beside[at]) at += 1;
  const from = text.length <= SHOWN_CHARS ? 0 : Math.max(0, at - SHOWN_CHARS / 4);
  const cut = text.slice(from, from + SHOWN_CHARS).toWellFormed();
  return `${from > 0 ? "…" : ""}${cut}${from + SHOWN_CHARS < text.length ? "…" : ""}`;
}
