/** Sessions as lists show them: their rows, with what was asked for beside. */
import { hasCode } from "@openclaw/protocol";
import { showRow, type HistoryItem, type SessionRow, type Sessions } from "../../sessions.ts";

export interface PresentRowsDeps {
  readonly sessions: Pick<Sessions, "history">;
  readonly now: () => number;
  /** The window of a model; undefined where nobody could call it. */
  readonly contextTokensOf: (ref: string) => Promise<number | undefined>;
}

export interface RowWish {
  /** With a line of how each conversation ends. */
  readonly includeLastMessage?: boolean;
  /** With a line of how it began, where it has no name. */
  readonly includeDerivedTitles?: boolean;
}

/** Sessions that are read for their words: the newest of a page, some at once, of each a few messages. */
const READ = { rows: 50, together: 8, looked: 4, chars: 160, titleChars: 60 } as const;

export async function presentRows(deps: PresentRowsDeps, rows: readonly SessionRow[], wish: RowWish = {}): Promise<readonly object[]> {
  const windows = new Map<string, number | undefined>();
  const snapshotAt = deps.now();
  const shown: object[] = [];
  for (const row of rows) {
    const ref = `${row.modelProvider ?? ""}/${row.model ?? ""}`;
    if (!windows.has(ref)) windows.set(ref, await deps.contextTokensOf(ref));
    const contextTokens = windows.get(ref);
    shown.push({ ...showRow(row), ...(contextTokens === undefined ? {} : { contextTokens }), snapshotAt });
  }
  if (wish.includeLastMessage !== true && wish.includeDerivedTitles !== true) return shown;
  for (let from = 0; from < Math.min(rows.length, READ.rows); from += READ.together) {
    const some = rows.slice(from, Math.min(from + READ.together, READ.rows));
    const words = await Promise.all(some.map((row) => wordsOf(deps.sessions, row, wish)));
    for (const [at, found] of words.entries()) shown[from + at] = { ...shown[from + at], ...found };
  }
  return shown;
}

/** Only who asks for them waits for sessions that sleep to be read; one that cannot be read has none. */
async function wordsOf(sessions: PresentRowsDeps["sessions"], { key, label }: SessionRow, wish: RowWish): Promise<object> {
  try {
    const { messages, totalMessages } = await sessions.history(key, READ.looked, 0);
    const said = wish.includeLastMessage !== true ? "" : lineOf(messages, "last").slice(0, READ.chars).toWellFormed();
    const isTitled = wish.includeDerivedTitles !== true || label !== undefined || totalMessages === 0;
    const first = isTitled ? [] : (await sessions.history(key, READ.looked, Math.max(0, totalMessages - READ.looked))).messages;
    const title = lineOf(first, "first").slice(0, READ.titleChars).toWellFormed();
    return { ...(said === "" ? {} : { lastMessagePreview: said }), ...(title === "" ? {} : { derivedTitle: title }) };
  } catch (error) {
    if (hasCode(error, "SESSION_DAMAGED")) return {};
    throw error;
  }
}

/** The last words of anybody, or the first of a person, on one line. */
function lineOf(messages: readonly HistoryItem[], which: "first" | "last"): string {
  const texts = messages.filter(({ role }) => (which === "first" ? role === "user" : role !== "toolResult")).map(textOf)
    .filter((text) => text.trim() !== "");
  return (texts.at(which === "first" ? 0 : -1) ?? "").replace(/\s+/g, " ").trim();
}

/** What was said in a message, without its parts. */
export function textOf({ content }: HistoryItem): string {
  return content.map((part) => String(part["text"] ?? "")).join("");
}
