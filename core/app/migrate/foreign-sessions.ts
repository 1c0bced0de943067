/** Which conversations the other program holds: of its database, and of the files of older releases. Looks only. */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import type { ForeignAgent } from "./foreign-place.ts";
import { isObject } from "./read-foreign-config.ts";
import { readJsonLines, readStoredEvents, type ReadEntry } from "./read-transcript.ts";
import type { Report } from "./report.ts";

export interface ForeignSession {
  readonly agentId: string;
  /** As it is called there. */
  readonly key: string;
  readonly sessionId: string;
  /** Settings and times. */
  readonly entry: Readonly<Record<string, unknown>>;
  readonly spawnedBy: string | undefined;
  /** Oldest first; a conversation that was begun anew has several. */
  readonly transcripts: readonly ForeignTranscript[];
}

export interface ForeignTranscript {
  readonly id: string;
  entries(): AsyncIterable<ReadEntry>;
}

export async function* foreignSessions(agent: ForeignAgent, report: Report): AsyncGenerator<ForeignSession> {
  const known = new Set<string>();
  for (const session of storedSessions(agent)) {
    known.add(session.key);
    yield session;
  }
  for await (const session of fileSessions(agent, report)) if (!known.has(session.key)) yield session;
}

function* storedSessions({ id: agentId, database }: ForeignAgent): Generator<ForeignSession> {
  if (database === undefined) return;
  const nodes = database.rows(
    "select session_key, current_session_id, entry_json, spawned_by from session_nodes order by updated_at, session_key",
  );
  for (const { session_key: key, current_session_id: current, entry_json: json, spawned_by: spawnedBy } of nodes) {
    const windows = database.rows("select session_id from session_windows where session_key = ? order by created_at, session_id",
      String(key));
    const ids = windows.map((row) => String(row["session_id"]));
    yield {
      agentId, key: String(key), sessionId: String(current), entry: parseObject(String(json)),
      spawnedBy: typeof spawnedBy === "string" ? spawnedBy : undefined,
      // The present one last, whatever the clock said when the others were made.
      transcripts: [...ids.filter((id) => id !== current), ...ids.filter((id) => id === current)]
        .map((id) => ({ id, entries: () => readStoredEvents(database, id) })),
    };
  }
}

async function* fileSessions({ id: agentId, sessionsDir }: ForeignAgent, report: Report): AsyncGenerator<ForeignSession> {
  const listPath = join(sessionsDir, "sessions.json");
  if (!existsSync(listPath)) return;
  const listed = parseObject(await readFile(listPath, "utf8"));
  for (const [key, entry] of Object.entries(listed)) {
    if (!isObject(entry) || typeof entry["sessionId"] !== "string") {
      report.add({ part: "sessions", outcome: "left", what: `an entry of ${agentId}'s list`, why: "it names no transcript" });
      continue;
    }
    const { sessionId } = entry as { readonly sessionId: string };
    const named = typeof entry["sessionFile"] === "string" ? basename(entry["sessionFile"]) : `${sessionId}.jsonl`;
    const path = join(sessionsDir, basename(named));
    const transcripts = existsSync(path) ? [{ id: sessionId, entries: () => readJsonLines(path) }] : [];
    const spawnedBy = typeof entry["spawnedBy"] === "string" ? entry["spawnedBy"] : undefined;
    yield { agentId, key, sessionId, entry, spawnedBy, transcripts };
  }
}

function parseObject(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : {};
  } catch {
    return {};
  }
}
