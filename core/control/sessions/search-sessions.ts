/** Finding what was said: the newest sessions first, in each the newest message first, within bounds of time and number. */
import { OpenClawError, hasCode } from "@openclaw/protocol";
import type { Clock } from "../../base/clock.ts";
import type { Journal, SessionAddress } from "../../fabric/journal.ts";
import type { Role } from "./search-block.ts";
import { saidIn, type SearchIndex } from "./search-index.ts";
import { WORD_LIMITS, wordsOf } from "./search-words.ts";
import type { SessionRow } from "./session-row.ts";

export interface SearchQuery {
  readonly query: string;
  /** Only in this session. */
  readonly key?: string;
  readonly agentId?: string;
  readonly limit: number;
  readonly archived?: boolean | "all";
}

export interface SearchHit {
  readonly key: string;
  readonly sessionId: string;
  readonly agentId: string;
  readonly role: Role;
  readonly timestamp: number;
  /** Around the first of the words. */
  readonly snippet: string;
  readonly position: number;
}

export interface SearchResult {
  readonly results: readonly SearchHit[];
  readonly sessionsLooked: number;
  /** False when there may be more: the limit was reached, or the time was over. */
  readonly complete: boolean;
}

export interface SearchDeps {
  readonly journal: Journal;
  readonly index: SearchIndex;
  readonly rows: () => AsyncIterable<SessionRow>;
  readonly clock: Clock;
  readonly isOn: () => boolean;
}

const FOUND = { timeMs: 5_000, sessions: 100_000, atOnce: 16, snippetChars: 160, snippetLead: 40 } as const;

/** A message is found when it holds all of the words. Throws SEARCH_OFF. */
export function createSearch(
  { journal, index, rows, clock, isOn }: SearchDeps,
): (query: SearchQuery, signal: AbortSignal) => Promise<SearchResult> {
  const hitsIn = async (row: SessionRow, words: readonly string[], most: number): Promise<readonly SearchHit[]> => {
    const address = journal.address(row.key);
    const hashes = words.map((word) => Buffer.from(index.hash(address, word), "hex"));
    const hits: SearchHit[] = [];
    for (const block of (await index.blocks(address, row.updatedAt)).toReversed()) {
      for (const number of common(hashes.map((hash) => block.find(hash))).toReversed()) {
        const { position, timeMs: timestamp, role } = block.entry(number);
        const { key, sessionId, agentId } = row;
        hits.push({ key, sessionId, agentId, role, timestamp, position, snippet: await snippetOf(journal, address, position, words) });
        if (hits.length >= most) return hits;
      }
    }
    return hits;
  };

  return async ({ query, key, agentId, limit, archived = false }, signal) => {
    if (!isOn()) throw new OpenClawError("SEARCH_OFF");
    const words = [...wordsOf(query)].slice(0, WORD_LIMITS.queryWords);
    const results: SearchHit[] = [];
    if (words.length === 0) return { results, sessionsLooked: 0, complete: true };
    const endMs = clock.monotonic() + FOUND.timeMs;
    let sessionsLooked = 0;
    let batch: SessionRow[] = [];
    const look = async (): Promise<boolean> => {
      signal.throwIfAborted();
      const hits = await Promise.all(batch.map((row) => hitsIn(row, words, limit).catch(leaveOut)));
      sessionsLooked += batch.length;
      batch = [];
      results.push(...hits.flat().slice(0, limit - results.length));
      return results.length < limit && sessionsLooked < FOUND.sessions && clock.monotonic() < endMs;
    };
    for await (const row of rows()) {
      if (key !== undefined ? row.key !== key : archived !== "all" && (row.archived ?? false) !== archived) continue;
      if (agentId !== undefined && row.agentId !== agentId) continue;
      batch.push(row);
      if (key !== undefined) break;
      if (batch.length >= FOUND.atOnce && !(await look())) return { results, sessionsLooked, complete: false };
    }
    await look();
    return { results, sessionsLooked, complete: results.length < limit };
  };
}

/** A session that was deleted meanwhile, or that cannot be read, hides no other. */
function leaveOut(error: unknown): readonly SearchHit[] {
  if (hasCode(error, "KEY_DESTROYED") || hasCode(error, "STATE_DAMAGED")) return [];
  throw error;
}

function common([first = [], ...others]: readonly (readonly number[])[]): readonly number[] {
  return first.filter((number) => others.every((numbers) => numbers.includes(number)));
}

async function snippetOf(journal: Journal, address: SessionAddress, position: number, words: readonly string[]): Promise<string> {
  const [entry] = await journal.dump(address, position - 1, 1);
  const text = (entry === undefined ? "" : (saidIn(entry)?.text ?? "")).replace(/\s+/g, " ");
  const folded = text.toLowerCase();
  const found = words.map((word) => folded.indexOf(word)).filter((at) => at >= 0);
  const from = found.length === 0 ? 0 : Math.max(0, Math.min(...found) - FOUND.snippetLead);
  const piece = text.slice(from, from + FOUND.snippetChars).toWellFormed();
  return `${from > 0 ? "…" : ""}${piece}${from + FOUND.snippetChars < text.length ? "…" : ""}`;
}
