/** The list of sessions as it is now: what is on disk, and in its place what memory knows better. */
import type { LiveSession } from "./live-session.ts";
import { type IndexedRow, type SessionIndex, type SessionKinds, type Standing } from "./session-index.ts";
import { markOf } from "./session-marks.ts";
import type { SessionRow } from "./session-row.ts";

/** A session in memory; its row is made when it is its turn. */
export interface LiveStanding extends Standing { readonly session: LiveSession }

/** Newest first. */
export function liveStandings(live: { all(): Iterable<LiveSession> }): readonly LiveStanding[] {
  const standings: LiveStanding[] = [];
  for (const session of live.all()) {
    const { state, address: { token } } = session.log;
    if (state.key === "" || state.deleted) continue;
    standings.push({ token, session, updatedAt: state.updatedAtMs, archived: state.settings.archived === true });
  }
  return standings.sort((a, b) => b.updatedAt - a.updatedAt || (a.session.log.state.key < b.session.log.state.key ? -1 : 1));
}

/** Rows from a place in the list on. */
export interface RowsFrom {
  /** Sessions of the kinds asked for that come before the first of these. */
  readonly before: number;
  readonly rows: AsyncIterable<SessionRow>;
}

export interface MergeDeps {
  readonly index: SessionIndex;
  readonly live: { all(): Iterable<LiveSession> };
  readonly rowOf: (session: LiveSession) => SessionRow | null;
}

/** All rows, newest first. */
export function mergeAll({ index, live, rowOf }: MergeDeps): AsyncIterable<SessionRow> {
  const standings = liveStandings(live);
  return mergeRows(index.newest(), standings, standings, rowOf);
}

/** From a place with at most `skip` rows of these kinds before it. */
export async function mergeFrom({ index, live, rowOf }: MergeDeps, skip: number, kinds: SessionKinds): Promise<RowsFrom> {
  const standings = liveStandings(live);
  const { from, before } = await index.place(skip, kinds, standings);
  const next = from === undefined ? standings : standings.filter((standing) => markOf(standing) >= from);
  return { before, rows: mergeRows(index.newest(from), standings, next, rowOf) };
}

async function* mergeRows(
  stored: AsyncIterable<IndexedRow>, all: readonly LiveStanding[], live: readonly LiveStanding[], rowOf: MergeDeps["rowOf"],
): AsyncGenerator<SessionRow> {
  const inMemory = new Set(all.map(({ token }) => token));
  let next = 0;
  const isBefore = (standing: LiveStanding, { row }: IndexedRow): boolean =>
    standing.updatedAt > row.updatedAt || (standing.updatedAt === row.updatedAt && standing.session.log.state.key < row.key);
  for await (const entry of stored) {
    if (inMemory.has(entry.token)) continue;
    for (let first = live[next]; first !== undefined && isBefore(first, entry); first = live[next]) {
      next += 1;
      const row = rowOf(first.session);
      if (row !== null) yield row;
    }
    yield entry.row;
  }
  for (const { session } of live.slice(next)) {
    const row = rowOf(session);
    if (row !== null) yield row;
  }
}
