/** What an agent is shown of sessions. Nothing free is shown under a better label than it came with. */
import { joinLabels, type Label } from "@openclaw/protocol";
import type { SessionLog } from "../../fabric/journal.ts";
import type { SessionRow } from "./session-row.ts";
import { readTranscript } from "./transcript.ts";

const SHOWN = { rows: 50, looked: 10_000, messages: 50, textChars: 2_000 } as const;

export interface ShownSession {
  readonly sessionKey: string;
  readonly status: string;
  readonly updatedAt: number;
  readonly label?: string;
  readonly spawnedBy?: string;
  readonly self?: true;
}

type Params = Readonly<Record<string, unknown>>;

/** The newest that are within reach, newest first. Looks at a bounded number. */
export async function showList(
  rows: AsyncIterable<SessionRow>, reaches: (key: string) => boolean, ownKey: string, { limit, spawnedByMe }: Params,
): Promise<{ readonly sessions: readonly ShownSession[]; readonly label: Label }> {
  const sessions: ShownSession[] = [];
  let looked = 0;
  for await (const { key, status = "idle", updatedAt, label, spawnedBy, archived } of rows) {
    looked += 1;
    if (sessions.length >= atMost(limit, SHOWN.rows) || looked > SHOWN.looked) break;
    if (archived === true || !reaches(key) || (spawnedByMe === true && spawnedBy !== ownKey)) continue;
    sessions.push({
      sessionKey: key, status, updatedAt, ...(label === undefined ? {} : { label }), ...(spawnedBy === undefined ? {} : { spawnedBy }),
      ...(key === ownKey ? { self: true } : {}),
    });
  }
  // A label's words may be anybody's: an agent may have taken them from what it read.
  return { sessions, label: sessions.some(({ label }) => label !== undefined) ? "outside" : "agent" };
}

/** The newest messages, oldest first. */
export async function showHistory(log: SessionLog, { limit }: Params): Promise<unknown> {
  const { messages: all, totalMessages } = await readTranscript(log, atMost(limit, SHOWN.messages), 0);
  const messages = all.filter(({ __openclaw }) => __openclaw.aside !== true);
  const label = messages.reduce<Label>((least, { __openclaw }) => joinLabels(least, __openclaw.label), "agent");
  const shown = messages.map(({ role, content, timestamp }) => {
    const text = content.map((part) => (typeof part["text"] === "string" ? part["text"] : "")).join("");
    return { role, timestamp, text: text.length > SHOWN.textChars ? `${text.slice(0, SHOWN.textChars).toWellFormed()}…` : text };
  });
  return { sessionKey: log.state.key, totalMessages, messages: shown, label };
}

function atMost(wished: unknown, most: number): number {
  return typeof wished === "number" ? Math.min(Math.max(1, Math.floor(wished)), most) : 20;
}
