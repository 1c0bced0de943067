/**
 * A summary without a model: what was asked, what was decided, names and numbers, the last results and answers, each as it
 * was said. Pure: the same messages give the same text. What an earlier extract kept is kept on, as far as there is room.
 */
import { createPauses } from "../../base/pauses.ts";
import type { TranscriptMessage } from "../../fabric/journal.ts";
import { cutMiddle } from "./cut-text.ts";

export interface Extracting {
  /** The summary before, which covers what came before `messages`. */
  readonly previous: { readonly text: string; readonly by: "model" | "extract" } | null;
  readonly messages: readonly TranscriptMessage[];
  readonly tokensMax: number;
  readonly count: (text: string) => number;
}

/** Sections in the order in which they are written, each with its share of the room. */
const SECTIONS = [
  { title: "Before:", share: 0.3 },
  { title: "Asked:", share: 0.25 },
  { title: "Decided:", share: 0.25 },
  { title: "Names and numbers:", share: 0.15 },
  { title: "Last results:", share: 0.2 },
  { title: "Last answers:", share: 0.15 },
] as const;
type Title = (typeof SECTIONS)[number]["title"];

const ENTRY_CHARS = 240;
const NAMES_MAX = 40;
const LAST_MAX = 6;
/** Of one message, the head and the tail are looked at. */
const LOOKED_AT_CHARS = 8_000;

const DECISION = new RegExp([
  String.raw`\b(?:decid|agree[ds]?\b|we(?:'ll| will| shall)\b|must\b|never\b|always\b|remember\b|prefer|from now on|deadline|promise)`,
  "beschlossen|entschieden|vereinbart|ab sofort|décid|convenu|désormais|decidi|acord|deciso|решил|договор|postanowi|päätimme",
  "决定|決定|決め|결정|قرر|החלט|αποφασ|निर्णय|तय कि",
].join("|"), "iu");
const NAME = new RegExp([
  String.raw`https?:\/\/[^\s"'<>)\]]{4,120}`,
  String.raw`(?:~|\.{0,2})\/[\w.@+-]+(?:\/[\w.@+-]+)*`,
  String.raw`[\w.+-]+@[\w-]+\.[\w.]+`,
  String.raw`\b[A-Z]{2,}[A-Z0-9_]*\b`,
  String.raw`\b[\w-]*\d[\w.,:%°€$£-]*`,
  // A capital within a sentence.
  String.raw`(?<=[\p{Ll},;] )\p{Lu}[\p{L}-]{2,}(?: \p{Lu}[\p{L}-]+)*`,
].join("|"), "gu");

export async function extractSummary({ previous, messages, tokensMax, count }: Extracting): Promise<string> {
  const pause = createPauses();
  const found = previous?.by === "extract" ? parseSections(previous.text) : emptySections();
  if (previous?.by === "model") found.get("Before:")?.push(previous.text);
  const add = (title: Title, entry: string): void => {
    const line = oneLine(entry);
    if (line !== "") found.get(title)?.push(line);
  };
  const names = new Map<string, number>();
  for (const { content } of messages) {
    const text = lookedAt(content.text);
    await pause(text.length);
    if (content.role === "user") add("Asked:", questionOf(text));
    if (content.role === "tool") {
      add("Last results:", `${content.name}${content.isError ? " failed" : ""}: ${endsOf(text)}`);
      continue;
    }
    for (const sentence of sentencesOf(text)) if (DECISION.test(sentence)) add("Decided:", sentence);
    for (const [name] of text.matchAll(NAME)) if (name.length > 1 && name.length <= 120) names.set(name, (names.get(name) ?? 0) + 1);
    if (content.role === "assistant") add("Last answers:", sentencesOf(text).slice(0, 2).join(" "));
  }
  const known = found.get("Names and numbers:") ?? [];
  const ranked = [...names].sort((a, b) => b[1] - a[1]).slice(0, NAMES_MAX).map(([name]) => name);
  found.set("Names and numbers:", [[...new Set([...known.flatMap((line) => line.split(" · ")), ...ranked])].slice(-NAMES_MAX).join(" · ")]);
  for (const title of ["Last results:", "Last answers:"] as const) found.set(title, (found.get(title) ?? []).slice(-LAST_MAX));
  return format(found, tokensMax, count);
}

/** Newest first until a section's share is full; what one does not need goes to the next. */
function format(found: ReadonlyMap<Title, readonly string[]>, tokensMax: number, count: (text: string) => number): string {
  let spare = 0;
  const parts: string[] = [];
  for (const { title, share } of SECTIONS) {
    let left = Math.floor((tokensMax * share) / SHARES) + spare - count(title) - 2;
    const kept: string[] = [];
    for (const entry of [...new Set(found.get(title) ?? [])].reverse()) {
      const line = title === "Before:" ? cutMiddle(entry, left - 4, count) : entry;
      const tokens = count(line) + 3;
      if (line === "" || tokens > left) break;
      left -= tokens;
      kept.push(`- ${line}`);
    }
    if (kept.length > 0) parts.push([title, ...kept.reverse()].join("\n"));
    spare = Math.max(0, left + (kept.length > 0 ? 0 : count(title) + 2));
  }
  return parts.join("\n");
}

const SHARES = SECTIONS.reduce((sum, { share }) => sum + share, 0);

function emptySections(): Map<Title, string[]> {
  return new Map(SECTIONS.map(({ title }) => [title, []]));
}

/** The entries of an extract, under their titles. */
function parseSections(text: string): Map<Title, string[]> {
  const found = emptySections();
  let title: Title = "Before:";
  for (const line of text.split("\n")) {
    const begun = SECTIONS.find((section) => section.title === line);
    if (begun !== undefined) title = begun.title;
    else if (line.startsWith("- ")) found.get(title)?.push(line.slice(2));
    // A carried summary has lines of its own.
    else if (title === "Before:" && line.trim() !== "") found.get(title)?.push(line);
  }
  const before = found.get("Before:") ?? [];
  if (before.length > 1) found.set("Before:", [before.join("\n")]);
  return found;
}

function lookedAt(text: string): string {
  if (text.length <= LOOKED_AT_CHARS) return text;
  const half = LOOKED_AT_CHARS / 2;
  return `${text.slice(0, half)}\n${text.slice(-half)}`.toWellFormed();
}

function sentencesOf(text: string): readonly string[] {
  return text.split(/(?<=[.!?…。！？؟])\s+|(?<=[。！？])|\n+/u).map((sentence) => sentence.trim()).filter((sentence) => sentence.length > 2);
}

/** The questions among the sentences; where there is none, how the message begins. */
function questionOf(text: string): string {
  const sentences = sentencesOf(text);
  const questions = sentences.filter((sentence) => /[?？؟;]$/u.test(sentence)).slice(0, 2);
  return (questions.length > 0 ? questions : sentences.slice(0, 1)).join(" ");
}

function endsOf(text: string): string {
  const lines = text.split("\n").map((line) => line.trim()).filter((line) => line !== "");
  const [first = "", last = ""] = [lines[0], lines.at(-1)];
  return lines.length < 2 ? first : `${first.slice(0, ENTRY_CHARS / 2)} … ${last.slice(0, ENTRY_CHARS / 2)}`;
}

function oneLine(text: string): string {
  const line = text.replace(/\s+/g, " ").trim();
  return (line.length <= ENTRY_CHARS ? line : `${line.slice(0, ENTRY_CHARS - 1)}…`).toWellFormed();
}
