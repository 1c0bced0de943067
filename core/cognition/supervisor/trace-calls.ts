/**
 * A turn's calls as fingerprints: tool, arguments and outcome, each so normalised that what only looks new is the same.
 *
 * In an outcome, times, durations and ids are the clock's and not the world's; in a failure no number tells anything. All
 * other numbers stay: a job at 10 % and at 20 % has moved.
 */
import { hash } from "node:crypto";
import type { SessionState, TranscriptMessage } from "../../fabric/journal.ts";

export interface TracedCall {
  readonly name: string;
  /** For people: shortened. */
  readonly args: string;
  readonly argsMark: string;
  readonly outcome: string;
  readonly outcomeMark: string;
  readonly isError: boolean;
  /** A word or two: it says that something was done, and no more. */
  readonly isWord: boolean;
  readonly timeMs: number;
}

const SHOWN_CHARS = 160;
const WORD_CHARS = 80;
/** Characters of an outcome that are looked at; its length is part of the mark. */
const LOOKED_AT_CHARS = 65_536;

/** Calls of the running turn that have an outcome, oldest first; as far as the state still holds them. */
export function traceCalls({ messages, turn }: SessionState): readonly TracedCall[] {
  if (turn === null) return [];
  const calls = new Map<string, { readonly name: string; readonly args: string }>();
  const traced: TracedCall[] = [];
  for (const { runId, content, timeMs } of messages) {
    if (runId !== turn.runId) continue;
    if (content.role === "assistant") {
      for (const { id, name, arguments: args } of content.calls) calls.set(id, { name, args });
    } else if (content.role === "tool") {
      const { args = "" } = calls.get(content.callId) ?? {};
      traced.push({
        name: content.name, args: shorten(args), argsMark: markOfArguments(args), outcome: shorten(content.text), isError: content.isError,
        outcomeMark: markOfOutcome(content), isWord: content.text.length <= WORD_CHARS, timeMs,
      });
    }
  }
  return traced;
}

function shorten(text: string): string {
  const line = text.replaceAll(/\s+/g, " ").trim();
  return line.length <= SHOWN_CHARS ? line : `${line.slice(0, SHOWN_CHARS)}…`.toWellFormed();
}

const argumentMarks = new Map<string, string>();
const MARKS_MAX = 1_000;

/** The order of members and the white space between words are nobody's intention. */
function markOfArguments(args: string): string {
  const known = argumentMarks.get(args);
  if (known !== undefined) return known;
  let canonical: string;
  try {
    canonical = JSON.stringify(sorted(JSON.parse(args)));
  } catch {
    canonical = args.replaceAll(/\s+/g, " ").trim();
  }
  const mark = markOf(canonical);
  if (argumentMarks.size >= MARKS_MAX) argumentMarks.clear();
  if (args.length <= LOOKED_AT_CHARS) argumentMarks.set(args, mark);
  return mark;
}

function sorted(value: unknown): unknown {
  if (typeof value === "string") return value.replaceAll(/\s+/g, " ").trim();
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)).map(([key, one]) => [key, sorted(one)]));
}

const outcomeMarks = new WeakMap<TranscriptMessage["content"], string>();

function markOfOutcome(content: Extract<TranscriptMessage["content"], { role: "tool" }>): string {
  let mark = outcomeMarks.get(content);
  if (mark !== undefined) return mark;
  const text = content.text.slice(0, LOOKED_AT_CHARS);
  const plain = content.isError ? withoutClock(text).replaceAll(/\d+/g, "#") : withoutClock(text);
  const length = content.text.length > LOOKED_AT_CHARS ? content.text.length : 0;
  mark = markOf(`${content.isError ? "!" : ""}${length}${plain.replaceAll(/\s+/g, " ").trim()}`);
  outcomeMarks.set(content, mark);
  return mark;
}

function withoutClock(text: string): string {
  return text
    .replaceAll(/\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d([.,]\d+)?)?(Z|[+-]\d\d:?\d\d)?/g, "<time>")
    .replaceAll(/\b\d{1,2}:\d\d(:\d\d([.,]\d+)?)?\b/g, "<time>")
    .replaceAll(/\b1[5-9]\d{8}(\d{3})?\b/g, "<time>")
    .replaceAll(/\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/gi, "<id>")
    .replaceAll(/\b(?=[0-9a-f]*\d)[0-9a-f]{12,}\b/gi, "<id>")
    .replaceAll(/\b\d+([.,]\d+)?\s?(ms|µs|ns|seconds?|secs?|s)\b/g, "<span>");
}

function markOf(text: string): string {
  return hash("sha256", text, "base64url").slice(0, 16);
}
