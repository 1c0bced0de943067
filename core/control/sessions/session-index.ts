/**
 * The list of sessions: one sealed row each, so that listing loads no session, and one mark each in the order of time, so that
 * the newest are found without reading all. It may lag behind the log by what a crash left unwritten; a row of a session in
 * memory is always taken from its fold.
 *
 * Nothing of it stays in memory: a hundred thousand sessions that sleep cost disk only. A mark tells when, to the second, and
 * whether the session is archived; nothing a person wrote.
 */
import { hasCode } from "@openclaw/protocol";
import type { Records } from "@openclaw/sdk";
import type { Clock } from "../../base/clock.ts";
import { crashPoint } from "../../base/crash-point.ts";
import { HOME_TENANT } from "../../fabric/identity.ts";
import { recordKeyOf, type SessionAddress } from "../../fabric/journal.ts";
import type { Logger } from "../../fabric/telemetry.ts";
import type { Vault } from "../../fabric/vault.ts";
import {
  addMark, isComplete, MarkBlocks, markOf, markPages, recordPages, removeMark, saveComplete, secondOfMark, tokenOfMark,
  type ListPlace, type Moved, type SessionCount, type SessionKinds, type Standing,
} from "./session-marks.ts";
import type { SessionRow } from "./session-row.ts";

export type { SessionCount, SessionKinds, Standing };

export interface IndexedRow {
  readonly token: string;
  readonly row: SessionRow;
}

export interface SessionIndex {
  /** Newest first, from a place on, a page at a time. What changes meanwhile may be shown at its old place, or missed. */
  newest(from?: string): AsyncIterable<IndexedRow>;
  /**
   * A place with no more than `skip` sessions before it, and not many fewer, where the sessions in memory stand as they say and all
   * others as they were written. Costs the same far down the list as at its beginning.
   */
  place(skip: number, kinds: SessionKinds, inMemory: readonly Standing[]): Promise<ListPlace>;
  /** How many sessions are listed. Counted on disk once, then kept up to date. */
  count(): Promise<SessionCount>;
  /** Does now what the first list would have to wait for: marks of an older state, the first count. */
  prepare(): Promise<void>;
  /** Written within half a second, or when somebody asks for it; of the rows of a session put until then, only the newest. */
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
/** New sessions that wait to be written and are looked up to be counted. */
const UNLISTED_MAX = 512;
const KNOWN_MAX = 20_000;
const RECENT_MAX = 1_000;
const WRITE_TRIES_MAX = 4;
const STALE_MAX = 1_000;
/** Sessions of one second that are put in order. */
const SECOND_MAX = 256;
/** Pages of marks that are written side by side, where an older state had none. */
const PAGES_AT_ONCE = 4;
/** Rows written side by side. */
const TOGETHER = 64;
/** A conversation moves a row several times a second; no turn waits for the disk because of that. */
const WRITE_AFTER_MS = 500;
/** Rows that wait before they are written at once. */
const WAITING_MAX = 2_048;

export interface SessionIndexDeps {
  readonly records: Records;
  readonly vault: Vault;
  readonly clock: Clock;
  readonly log: Logger;
}

interface Waiting { readonly address: SessionAddress; readonly row: SessionRow }

/** What was written last for a session: a saved read. */
interface Known { readonly revision: number; readonly mark: string }

export function createSessionIndex({ records, vault, clock, log }: SessionIndexDeps): SessionIndex {
  const known = new Map<string, Known>();
  /** Rows as they were written or read last: the newest are asked for over and over. */
  const recent = new Map<string, SessionRow>();
  const waiting = new Map<string, Waiting>();
  /** Marks that seem to have been left behind. */
  const stale = new Set<string>();
  /** Waits for a moment in which nobody writes marks. */
  let counting: (() => Promise<void>) | undefined;
  let writing: Promise<void> | undefined;
  let timer: { close(): void } | undefined;
  /** Rows being written side by side. */
  let batch: Promise<unknown> = Promise.resolve();
  let completed: Promise<void> | undefined;
  let counted: Promise<MarkBlocks> | undefined;
  let present: MarkBlocks | undefined;

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
    return stored === null ? undefined : { revision: stored.revision, mark: markOfRow(recordKey, await open(recordKey, stored.value)) };
  };

  /** Where there is no row yet, every one to come gets its mark: nothing will have to be completed. */
  let begun: Promise<void> | undefined;
  const begin = (): Promise<void> => (begun ??= (async () => {
    if ((await records.list(SESSIONS, `${HOME_TENANT}.`, { limit: 1 })).length === 0) await saveComplete(records);
  })().catch(() => undefined));

  /**
   * A row waits until it is written, so that whoever reads the list meanwhile is shown it. Many at once share a commit. What
   * is put meanwhile is left for the next time: under load there is always more.
   */
  const writeWhatWaits = async (): Promise<void> => {
    await begin();
    const due = [...waiting.keys()];
    for (let at = 0; at < due.length || counting !== undefined; at += TOGETHER) {
      await counting?.();
      counting = undefined;
      await (batch = Promise.all(due.slice(at, at + TOGETHER).map(writeWaiting)));
      if (known.size > KNOWN_MAX) known.clear();
    }
    for (const mark of stale) await dropStale(mark).catch((error: unknown) => log.warn("session.row.failed", { error }));
    stale.clear();
  };

  /** One at a time; whoever calls while it runs waits for the same one. */
  const write = (): Promise<void> => {
    timer?.close();
    timer = undefined;
    return (writing ??= writeWhatWaits().finally(() => {
      writing = undefined;
      if (waiting.size > 0) writeSoon();
    }));
  };

  const writeSoon = (): void => {
    timer ??= clock.after(WRITE_AFTER_MS, () => write().catch((error: unknown) => log.warn("session.row.failed", { error })));
  };

  const writeWaiting = async (recordKey: string): Promise<void> => {
    const item = waiting.get(recordKey);
    if (item === undefined) return;
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
    if (stored !== null && markOfRow(recordKey, await open(recordKey, stored.value)) === mark) return;
    await removeMark(records, mark);
    present?.remove(mark);
  };

  /** The new mark before the row and the old mark after it: a crash in between leaves two marks, never none. */
  const writeOne = async (recordKey: string, row: SessionRow): Promise<void> => {
    const key = await vault.tenantKey(HOME_TENANT);
    const before = await find(recordKey);
    const mark = markOfRow(recordKey, row);
    if (before?.mark !== mark) await addMark(records, mark);
    crashPoint("row.marked");
    const sealed = key.seal(`row/${recordKey}`, Buffer.from(JSON.stringify({ ...row, hasActiveRun: false, activeRunIds: [] })));
    known.set(recordKey, { revision: await records.write(SESSIONS, recordKey, sealed, before?.revision ?? 0), mark });
    keep(recordKey, { ...row, hasActiveRun: false, activeRunIds: [] });
    crashPoint("row.saved");
    if (before?.mark === mark) return;
    present?.add(mark);
    if (before === undefined) return await dropDeleted(recordKey);
    await removeMark(records, before.mark);
    present?.remove(before.mark);
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
    const mark = markOfRow(recordKey, await open(recordKey, stored.value));
    await records.write(SESSIONS, recordKey, null, stored.revision);
    await removeMark(records, mark);
    present?.remove(mark);
  };

  const flush = async (): Promise<void> => {
    while (waiting.size > 0 || stale.size > 0 || counting !== undefined || writing !== undefined) await write();
  };

  /** Of those that wait, how many are on no list yet. Not waited for: under load there is always one. */
  const unlisted = async (): Promise<number> => {
    const looked = [...waiting.keys()].filter((recordKey) => !known.has(recordKey)).slice(0, UNLISTED_MAX);
    const found = await Promise.all(looked.map(find));
    return found.filter((row) => row === undefined).length;
  };

  const countNow = (): Promise<MarkBlocks> => new Promise((resolve, reject) => {
    counting = () => MarkBlocks.count(records).then((blocks) => resolve(present = blocks), (error: unknown) => {
      counted = undefined;
      reject(error);
    });
    flush().catch(reject);
  });

  const blocks = async (): Promise<MarkBlocks> => {
    await complete();
    return await (counted ??= countNow());
  };

  /** Rows that were written before there were marks get theirs, once: some pages side by side, others have their turn in between. */
  const complete = (): Promise<void> => (completed ??= (async () => {
    if (await isComplete(records)) return;
    const underWay: Promise<unknown>[] = [];
    for await (const page of recordPages(records, SESSIONS)) {
      const marks = await Promise.all(page.map(async ({ key, value }) => markOfRow(key, await open(key, value))));
      const writing = Promise.all(marks.map((mark) => addMark(records, mark)));
      writing.catch(() => undefined); // told where it is waited for
      underWay.push(writing);
      if (underWay.length >= PAGES_AT_ONCE) await underWay.shift();
    }
    await Promise.all(underWay);
    await saveComplete(records);
  })().catch((error: unknown) => {
    completed = undefined;
    throw error;
  }));

  /** The rows behind one page of marks; a mark that a crash left behind is skipped, and taken away later. */
  const rowsOf = async (marks: readonly string[]): Promise<IndexedRow[]> => {
    const rows: IndexedRow[] = [];
    for (const mark of marks) {
      const recordKey = recordKeyOfMark(mark);
      let row = recent.get(recordKey);
      if (row === undefined || markOfRow(recordKey, row) !== mark) {
        const stored = await records.get(SESSIONS, recordKey);
        row = stored === null ? undefined : await open(recordKey, stored.value);
        if (row !== undefined) keep(recordKey, row);
      }
      if (row !== undefined && markOfRow(recordKey, row) === mark) rows.push({ token: tokenOfMark(mark), row });
      else if (stale.size < STALE_MAX) stale.add(mark);
    }
    return rows;
  };

  return {
    newest: async function* (from) {
      await complete();
      const changed = [...waiting].map(([recordKey, { address: { token }, row }]) => ({ token, row, mark: markOfRow(recordKey, row) }));
      const told = new Set(changed.map(({ token }) => token));
      const unwritten: IndexedRow[] = changed.filter(({ mark }) => from === undefined || mark >= from).sort(newerFirst);
      for await (const second of secondsOf(markPages(records, from), rowsOf)) {
        for (const entry of second) {
          if (told.has(entry.token)) continue;
          while (unwritten[0] !== undefined && newerFirst(unwritten[0], entry) < 0) yield unwritten.shift() as IndexedRow;
          yield entry;
        }
      }
      yield* unwritten;
    },
    place: async (skip, kinds, inMemory) => {
      const moved = inMemory.flatMap((standing): readonly Moved[] => {
        const [wants, recordKey] = [markOf(standing), `${HOME_TENANT}.${standing.token}`];
        // A session whose mark is not known was read and not written: it stands where its mark does.
        const has = known.get(recordKey)?.mark ?? (waiting.has(recordKey) ? undefined : wants);
        return has === wants ? [] : [{ has, wants }];
      });
      return await (await blocks()).place(skip, kinds, moved);
    },
    count: async () => {
      const { shown, archived } = (await blocks()).total();
      return { shown: shown + (await unlisted()), archived };
    },
    prepare: async () => void (await blocks()),
    put: (address, row) => {
      waiting.set(recordKeyOf(address), { address, row });
      if (waiting.size > WAITING_MAX) write().catch((error: unknown) => log.warn("session.row.failed", { error }));
      else writeSoon();
    },
    remove: async (address) => {
      const recordKey = recordKeyOf(address);
      waiting.delete(recordKey);
      // Only what is being written at this moment can still be its row; under load there is always more to write after it.
      await batch;
      await drop(recordKey);
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
      while (isLeft()) await write();
    },
    flush,
  };
}

function markOfRow(recordKey: string, { updatedAt, archived = false }: SessionRow): string {
  return markOf({ token: recordKey.slice(HOME_TENANT.length + 1), updatedAt, archived });
}

function recordKeyOfMark(mark: string): string {
  return `${HOME_TENANT}.${tokenOfMark(mark)}`;
}

/** Rows in order: those of one second wait for each other, and no more than a bound of them. */
async function* secondsOf(
  pages: AsyncIterable<readonly string[]>, rowsOf: (marks: readonly string[]) => Promise<IndexedRow[]>,
): AsyncGenerator<readonly IndexedRow[]> {
  let held: IndexedRow[] = [];
  let second = "";
  for await (const page of pages) {
    for (let at = 0; at < page.length; ) {
      const now = secondOfMark(page[at] ?? "");
      let end = at;
      if (now !== second || held.length >= SECOND_MAX) {
        yield held.sort(newerFirst);
        [held, second] = [[], now];
      }
      const endMax = Math.min(page.length, at + SECOND_MAX - held.length);
      while (end < endMax && secondOfMark(page[end] ?? "") === now) end += 1;
      held.push(...(await rowsOf(page.slice(at, end))));
      at = end;
    }
  }
  yield held.sort(newerFirst);
}

export function newerFirst(a: IndexedRow, b: IndexedRow): number {
  return b.row.updatedAt - a.row.updatedAt || (a.row.key < b.row.key ? -1 : 1);
}
