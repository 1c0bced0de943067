/** How conversations end, for a list that is asked to say so. */
import { hasCode } from "@openclaw/protocol";
import type { HistoryItem, SessionRow, Sessions } from "../../sessions.ts";

const LAST_MESSAGES = { rows: 50, together: 8, looked: 4, chars: 160 } as const;

/** The newest rows say how their conversation ends. Only who asks for it waits for sessions that sleep to be read. */
export async function withLastMessages(sessions: Pick<Sessions, "history">, rows: readonly SessionRow[]): Promise<readonly SessionRow[]> {
  const shown: SessionRow[] = [];
  for (let from = 0; from < Math.min(rows.length, LAST_MESSAGES.rows); from += LAST_MESSAGES.together) {
    const some = rows.slice(from, Math.min(from + LAST_MESSAGES.together, LAST_MESSAGES.rows));
    shown.push(...await Promise.all(some.map(async (row) => {
      const said = await lastMessage(sessions, row.key);
      return said === "" ? row : { ...row, lastMessagePreview: said };
    })));
  }
  return [...shown, ...rows.slice(shown.length)];
}

/** A person's words or the agent's, on one line; empty where nothing was said, or the session cannot be read. */
async function lastMessage(sessions: Pick<Sessions, "history">, key: string): Promise<string> {
  try {
    const { messages } = await sessions.history(key, LAST_MESSAGES.looked, 0);
    const said = messages.filter(({ role }) => role !== "toolResult").map(textOf).findLast((text) => text.trim() !== "") ?? "";
    return said.replace(/\s+/g, " ").trim().slice(0, LAST_MESSAGES.chars).toWellFormed();
  } catch (error) {
    if (hasCode(error, "SESSION_DAMAGED")) return "";
    throw error;
  }
}

/** What was said in a message, without its parts. */
export function textOf({ content }: HistoryItem): string {
  return content.map((part) => String(part["text"] ?? "")).join("");
}
