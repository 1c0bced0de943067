/**
 * The list of sessions: one sealed row each, so that listing loads no session, and one mark each in the order of time, so that
 * the newest are found without reading all. It may lag behind the log by what a crash left unwritten; a row of a session in
 * memory is always taken from its fold.
 *
 * Nothing of it stays in memory: a hundred thousand sessions that sleep cost disk only. A mark tells when, to the second, and
 * whether the session is archived; nothing a person wrote.
 */
import { hasCode } from "@openclaw/protocol";
import type { RecordEntry, Records } from "@openclaw/sdk";
import { crashPoint } from "../../base/crash-point.ts";
import { HOME_TENANT } from "../../fabric/identity.ts";
import { recordKeyOf, type SessionAddress } from "../../fabric/journal.ts";
import type { Logger } from "../../fabric/telemetry.ts";
import type { Vault } from "../../fabric/vault.ts";
import type { SessionRow } from "./session-row.ts";

export interface IndexedRow {
  readonly token: string;
  readonly row: SessionRow;
}

export interface SessionCount { readonly shown: number; readonly archived: number }

export interface SessionIndex {
  /** Newest first, a page at a time. What changes meanwhile may be shown at its old place, or missed. */
  newest(): AsyncIterable<IndexedRow>;
  /** How many sessions are listed. Counted on disk once, then kept up to date. */
  count(): Promise<SessionCount>;
  /** Written soon, not at once; the newest row of a session wins. */
  put(address: SessionAddress, row: SessionRow): void;
  remove(address: SessionAddress): Promise<void>;
  /** As it was put last; null for a session that is not listed. */
  row(address: SessionAddress): Promise<SessionRow | null>;
  /** Resolves when what waits now is written, whatever comes meanwhile. */
  settle(): Promise<void>;
  /** Writes what waits. */
  flush(): Promise<void>;
}

const SESSIONS = "sessions";
const ORDER = "session-order";
/** Stands beside the marks once every row has one. */
const COMPLETE = "complete";
const PAGE = 512;
const KNOWN_MAX = 20_000;
const RECENT_MAX = 1_000;
const WRITE_TRIES_MAX = 4;
const STALE_MAX = 1_000;
/** Rows written side by side. */
const TOGETHER = 64;
/** At the end of a mark's second, so that archived sessions are counted without being opened. */
const ARCHIVED = "a";
/** Larger than any time in seconds, so that a later one sorts before an earlier one. */
const LAST_SECOND = 99_999_999_999;

export interface SessionIndexDeps {
  readonly records: Records;
  readonly vault: Vault;
  readonly log: Logger;
}

interface Waiting { readonly address: SessionAddress; readonly row: SessionRow }

/** What was written last for a session: a saved read. */
interface Known { readonly revision: number; readonly mark: string }

export function createSessionIndex({ records, vault, log }: SessionIndexDeps): SessionIndex {
  const known = new Map<string, Known>();
  /** Rows as they were written or read last: the newest are asked for over and over. */
  const recent = new Map<string, SessionRow>();
  const waiting = new Map<string, Waiting>();
  /** Marks that seem to have been left behind. */
  const stale = new Set<string>();
  /** Waits for a moment in which nobody writes marks. */
  let counting: (() => Promise<void>) | undefined;
  let writing: Promise<void> | undefined;
  /** Rows being written side by side. */
  let batch: Promise<unknown> = Promise.resolve();
  let completed: Promise<void> | undefined;
  let counted: Promise<Count> | undefined;
  let present: Count | undefined;

  const open = async (recordKey: string, sealed: Uint8Array): Promise<SessionRow> => {
    const key = await vault.tenantKey(HOME_TENANT);
    return JSON.parse(Buffer.from(key.unseal(`row/${recordKey}`, sealed)).toString("utf8")) as SessionRow;
  };

  const forget = (recordKey: string): void => {
    known.delete(recordKey);
    recent.delete(recordKey);
  };

  const keep = (recordKey: string, row: SessionRow): void => {
    recent.delete(recordKey);
    recent.set(recordKey, row);
    const oldest = recent.size > RECENT_MAX ? recent.keys().next().value : undefined;
    if (oldest !== undefined) recent.delete(oldest);
  };

  const find = async (recordKey: string): Promise<Known | undefined> => {
    const last = known.get(recordKey);
    if (last !== undefined) return last;
    const stored = await records.get(SESSIONS, recordKey);
    return stored === null ? undefined : { revision: stored.revision, mark: markOf(recordKey, await open(recordKey, stored.value)) };
  };

  /** Where there is no row yet, every one to come gets its mark: nothing will have to be completed. */
  let begun: Promise<void> | undefined;
  const begin = (): Promise<void> => (begun ??= (async () => {
    if ((await records.list(SESSIONS, `${HOME_TENANT}.`, { limit: 1 })).length > 0) return;
    await records.write(ORDER, COMPLETE, new Uint8Array(0), 0).catch(ignoreConflict);
  })().catch(() => undefined));

  /** A row waits until it is written, so that whoever reads the list meanwhile is shown it. Many at once share a commit. */
  const write = async (): Promise<void> => {
    await begin();
    while (waiting.size > 0 || counting !== undefined) {
      await counting?.();
      counting = undefined;
      await (batch = Promise.all([...waiting].slice(0, TOGETHER).map(([recordKey, item]) => writeWaiting(recordKey, item))));
      if (known.size > KNOWN_MAX) known.clear();
    }
    for (const mark of stale) await dropStale(mark).catch((error: unknown) => log.warn("session.row.failed", { error }));
    stale.clear();
  };

  const writeWaiting = async (recordKey: string, item: Waiting): Promise<void> => {
    for (let tries = 1; ; tries += 1) {
      try {
        await writeOne(recordKey, item.row);
        break;
      } catch (error) {
        forget(recordKey);
        if (hasCode(error, "CONFLICT")) return; // somebody wrote in between: it still waits, and is written over theirs
        // A session that falls asleep now is not written again before somebody speaks in it.
        if (hasCode(error, "ENGINE_UNAVAILABLE") && tries < WRITE_TRIES_MAX) continue;
        log.warn("session.row.failed", { error });
        break;
      }
    }
    if (waiting.get(recordKey) === item) waiting.delete(recordKey);
  };

  /** Looked at again where nobody writes marks meanwhile: a reader may have seen a new mark beside an old row. */
  const dropStale = async (mark: string): Promise<void> => {
    const recordKey = recordKeyOfMark(mark);
    const stored = await records.get(SESSIONS, recordKey);
    if (stored !== null && markOf(recordKey, await open(recordKey, stored.value)) === mark) return;
    await removeMark(records, mark);
    recount(mark, -1);
  };

  /** The new mark before the row and the old mark after it: a crash in between leaves two marks, never none. */
  const writeOne = async (recordKey: string, row: SessionRow): Promise<void> => {
    const key = await vault.tenantKey(HOME_TENANT);
    const before = await find(recordKey);
    const mark = markOf(recordKey, row);
    if (before?.mark !== mark) await addMark(records, mark);
    crashPoint("row.marked");
    const sealed = key.seal(`row/${recordKey}`, Buffer.from(JSON.stringify({ ...row, hasActiveRun: false, activeRunIds: [] })));
    known.set(recordKey, { revision: await records.write(SESSIONS, recordKey, sealed, before?.revision ?? 0), mark });
    keep(recordKey, { ...row, hasActiveRun: false, activeRunIds: [] });
    crashPoint("row.saved");
    if (before?.mark === mark) return;
    recount(mark, 1);
    if (before === undefined) return await dropDeleted(recordKey);
    await removeMark(records, before.mark);
    recount(before.mark, -1);
  };

  /** Looked at after the row was written: a deletion destroys the key first, so one of the two takes the row away. */
  const dropDeleted = async (recordKey: string): Promise<void> => {
    try {
      await vault.sessionKey(HOME_TENANT, recordKey.slice(HOME_TENANT.length + 1));
    } catch (error) {
      if (!hasCode(error, "KEY_DESTROYED")) throw error;
      await drop(recordKey);
    }
  };

  const drop = async (recordKey: string): Promise<void> => {
    forget(recordKey);
    const stored = await records.get(SESSIONS, recordKey);
    if (stored === null) return;
    const row = await open(recordKey, stored.value);
    await records.write(SESSIONS, recordKey, null, stored.revision);
    await removeMark(records, markOf(recordKey, row));
    recount(markOf(recordKey, row), -1);
  };

  /** Before the marks were counted there is nothing to correct. */
  const recount = (mark: string, change: 1 | -1): void => {
    if (present !== undefined) present[kindOf(mark)] += change;
  };

  const flush = async (): Promise<void> => {
    while (waiting.size > 0 || stale.size > 0 || counting !== undefined || writing !== undefined) {
      writing ??= write().finally(() => {
        writing = undefined;
      });
      await writing;
    }
  };

  /** Of those that wait, how many are on no list yet. Not waited for: under load there is always one. */
  const unlisted = async (): Promise<number> => {
    const looked = [...waiting.keys()].filter((recordKey) => !known.has(recordKey)).slice(0, PAGE);
    const found = await Promise.all(looked.map(find));
    return found.filter((row) => row === undefined).length;
  };

  const countNow = (): Promise<Count> => new Promise((resolve, reject) => {
    counting = () => countMarks(records).then((count) => resolve(present = count), (error: unknown) => {
      counted = undefined;
      reject(error);
    });
    flush().catch(reject);
  });

  /** Rows that were written before there were marks get theirs, once. */
  const complete = (): Promise<void> => (completed ??= (async () => {
    if ((await records.get(ORDER, COMPLETE)) !== null) return;
    for await (const page of pages(records, SESSIONS)) {
      for (const { key, value } of page) await addMark(records, markOf(key, await open(key, value)));
    }
    await records.write(ORDER, COMPLETE, new Uint8Array(0), 0).catch(ignoreConflict);
  })().catch((error: unknown) => {
    completed = undefined;
    throw error;
  }));

  /** The rows behind one page of marks; a mark that a crash left behind is skipped, and taken away later. */
  const rowsOf = async (marks: readonly RecordEntry[]): Promise<IndexedRow[]> => {
    const rows: IndexedRow[] = [];
    for (const { key: mark } of marks) {
      const recordKey = recordKeyOfMark(mark);
      let row = recent.get(recordKey);
      if (row === undefined || markOf(recordKey, row) !== mark) {
        const stored = await records.get(SESSIONS, recordKey);
        row = stored === null ? undefined : await open(recordKey, stored.value);
        if (row !== undefined) keep(recordKey, row);
      }
      if (row !== undefined && markOf(recordKey, row) === mark) rows.push({ token: recordKey.slice(HOME_TENANT.length + 1), row });
      else if (stale.size < STALE_MAX) stale.add(mark);
    }
    return rows.sort(newerFirst);
  };

  return {
    newest: async function* () {
      await complete();
      const unwritten = [...waiting.values()].map(({ address: { token }, row }) => ({ token, row })).sort(newerFirst);
      const told = new Set(unwritten.map(({ token }) => token));
      for await (const marks of pages(records, ORDER)) {
        for (const entry of await rowsOf(marks)) {
          if (told.has(entry.token)) continue;
          while (unwritten[0] !== undefined && newerFirst(unwritten[0], entry) < 0) yield unwritten.shift() as IndexedRow;
          yield entry;
        }
      }
      yield* unwritten;
    },
    count: async () => {
      await complete();
      const { shown, archived } = await (counted ??= countNow());
      return { shown: shown + (await unlisted()), archived };
    },
    put: (address, row) => {
      waiting.set(recordKeyOf(address), { address, row });
      flush().catch((error: unknown) => log.warn("session.row.failed", { error }));
    },
    remove: async (address) => {
      const recordKey = recordKeyOf(address);
      waiting.delete(recordKey);
      // Only what is being written at this moment can still be its row; under load there is always more to write after it.
      await batch;
      forget(recordKey);
      const stored = await records.get(SESSIONS, recordKey);
      if (stored === null) return;
      const row = await open(recordKey, stored.value);
      await records.write(SESSIONS, recordKey, null, stored.revision);
      await removeMark(records, markOf(recordKey, row));
      recount(markOf(recordKey, row), -1);
    },
    row: async (address) => {
      const recordKey = recordKeyOf(address);
      const item = waiting.get(recordKey);
      if (item !== undefined) return item.row;
      const stored = await records.get(SESSIONS, recordKey);
      return stored === null ? null : await open(recordKey, stored.value);
    },
    settle: async () => {
      const items = [...waiting];
      const isLeft = (): boolean => items.some(([recordKey, item]) => waiting.get(recordKey) === item);
      while (writing !== undefined && isLeft()) await Promise.race([writing, batch]);
    },
    flush,
  };
}

type Count = { -readonly [kind in keyof SessionCount]: number };

function markOf(recordKey: string, { updatedAt, archived }: SessionRow): string {
  const second = String(LAST_SECOND - Math.floor(updatedAt / 1_000)).padStart(11, "0");
  return `${HOME_TENANT}.${second}${archived === true ? ARCHIVED : ""}.${recordKey.slice(HOME_TENANT.length + 1)}`;
}

function recordKeyOfMark(mark: string): string {
  return `${HOME_TENANT}.${mark.slice(mark.lastIndexOf(".") + 1)}`;
}

function kindOf(mark: string): keyof SessionCount {
  return mark[mark.lastIndexOf(".") - 1] === ARCHIVED ? "archived" : "shown";
}

async function addMark(records: Records, mark: string): Promise<void> {
  await records.write(ORDER, mark, new Uint8Array(0), 0).catch(ignoreConflict);
}

async function removeMark(records: Records, mark: string): Promise<void> {
  const stored = await records.get(ORDER, mark);
  if (stored !== null) await records.write(ORDER, mark, null, stored.revision).catch(ignoreConflict);
}

function ignoreConflict(error: unknown): void {
  if (!hasCode(error, "CONFLICT")) throw error;
}

export function newerFirst(a: IndexedRow, b: IndexedRow): number {
  return b.row.updatedAt - a.row.updatedAt || (a.row.key < b.row.key ? -1 : 1);
}

async function countMarks(records: Records): Promise<Count> {
  const count: Count = { shown: 0, archived: 0 };
  for await (const page of pages(records, ORDER)) for (const { key } of page) count[kindOf(key)] += 1;
  return count;
}

async function* pages(records: Records, bucket: string): AsyncGenerator<readonly RecordEntry[]> {
  for (let after: string | undefined; ; ) {
    const page = await records.list(bucket, `${HOME_TENANT}.`, { limit: PAGE, ...(after === undefined ? {} : { after }) });
    if (page.length > 0) yield page;
    after = page.at(-1)?.key;
    if (page.length < PAGE) return;
  }
}
