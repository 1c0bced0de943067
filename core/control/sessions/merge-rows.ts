/** The list of sessions as it is now: what is on disk, and in its place what memory knows better. */
import type { LiveSession } from "./live-session.ts";
import { newerFirst, type IndexedRow } from "./session-index.ts";
import type { SessionRow } from "./session-row.ts";

/** Newest first. */
export function liveRows(
  live: { all(): Iterable<LiveSession> }, rowOf: (session: LiveSession) => SessionRow | null,
): readonly IndexedRow[] {
  const rows: IndexedRow[] = [];
  for (const session of live.all()) {
    const row = rowOf(session);
    if (row !== null) rows.push({ token: session.log.address.token, row });
  }
  return rows.sort(newerFirst);
}

export async function* mergeRows(stored: AsyncIterable<IndexedRow>, live: readonly IndexedRow[]): AsyncGenerator<SessionRow> {
  const inMemory = new Set(live.map(({ token }) => token));
  let next = 0;
  for await (const entry of stored) {
    if (inMemory.has(entry.token)) continue;
    for (let first = live[next]; first !== undefined && newerFirst(first, entry) < 0; first = live[next]) {
      yield first.row;
      next += 1;
    }
    yield entry.row;
  }
  for (const { row } of live.slice(next)) yield row;
}
