/**
 * Marks: one record for each listed session, in the order of time, without content. And how many stand where, in blocks of
 * neighbours, so that a page far down the list is found without reading what comes before it.
 *
 * A mark tells when, to the second, and whether the session is archived; nothing a person wrote. Blocks are a few numbers for a
 * hundred sessions; marks come at the newest end and leave anywhere, so a new block opens in front when the first one is full.
 */
import { hasCode } from "@openclaw/protocol";
import type { RecordEntry, Records } from "@openclaw/sdk";
import { HOME_TENANT } from "../../fabric/identity.ts";

export interface SessionCount { readonly shown: number; readonly archived: number }

/** What is counted: sessions that are not archived, those that are, or both. */
export type SessionKinds = keyof SessionCount | "all";

/** A place in the list to begin reading at. */
export interface ListPlace {
  /** Undefined: the newest. */
  readonly from: string | undefined;
  /** Sessions of the kinds asked for that stand before it. */
  readonly before: number;
}

/** Where a session stands in the list. */
export interface Standing { readonly token: string; readonly updatedAt: number; readonly archived?: boolean }

const ORDER = "session-order";
/** Stands beside the marks once every row has one. */
const COMPLETE = "complete";
/** At the end of a mark's second, so that archived sessions are counted without being opened. */
const ARCHIVED = "a";
/** Larger than any time in seconds, so that a later one sorts before an earlier one. */
const LAST_SECOND = 99_999_999_999;
const SECOND_DIGITS = 11;
const PAGE = 64;
/** Of a page, those before it in its block are read for nothing. */
const BLOCK = 64;

export function markOf({ token, updatedAt, archived }: Standing): string {
  const second = String(LAST_SECOND - Math.floor(updatedAt / 1_000)).padStart(SECOND_DIGITS, "0");
  return `${HOME_TENANT}.${second}${archived === true ? ARCHIVED : ""}.${token}`;
}

export function tokenOfMark(mark: string): string {
  return mark.slice(mark.lastIndexOf(".") + 1);
}

export function kindOfMark(mark: string): keyof SessionCount {
  return mark[mark.lastIndexOf(".") - 1] === ARCHIVED ? "archived" : "shown";
}

/** What the marks of one second begin with. */
export function secondOfMark(mark: string): string {
  return mark.slice(0, HOME_TENANT.length + 1 + SECOND_DIGITS);
}

export async function addMark(records: Records, mark: string): Promise<void> {
  await records.write(ORDER, mark, new Uint8Array(0), 0).catch(ignoreConflict);
}

export async function removeMark(records: Records, mark: string): Promise<void> {
  const stored = await records.get(ORDER, mark);
  if (stored !== null) await records.write(ORDER, mark, null, stored.revision).catch(ignoreConflict);
}

/** Has every row a mark? */
export async function isComplete(records: Records): Promise<boolean> {
  return (await records.get(ORDER, COMPLETE)) !== null;
}

export async function saveComplete(records: Records): Promise<void> {
  await records.write(ORDER, COMPLETE, new Uint8Array(0), 0).catch(ignoreConflict);
}

function ignoreConflict(error: unknown): void {
  if (!hasCode(error, "CONFLICT")) throw error;
}

/** Newest first, from a mark on, a page at a time. */
export async function* markPages(records: Records, from?: string): AsyncGenerator<readonly string[]> {
  for await (const page of recordPages(records, ORDER, from)) yield page.map(({ key }) => key);
}

/** Small enough that reading and opening one takes a few milliseconds; others have their turn before the next. */
export async function* recordPages(records: Records, bucket: string, from?: string): AsyncGenerator<readonly RecordEntry[]> {
  if (from !== undefined) {
    const first = await records.get(bucket, from);
    if (first !== null) yield [first];
  }
  for (let after = from; ; await freeLoop()) {
    const page = await records.list(bucket, `${HOME_TENANT}.`, { limit: PAGE, ...(after === undefined ? {} : { after }) });
    if (page.length > 0) yield page;
    after = page.at(-1)?.key;
    if (page.length < PAGE) return;
  }
}

function freeLoop(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

interface Block { first: string; shown: number; archived: number }

export class MarkBlocks {
  readonly #blocks: Block[] = [];
  readonly #records: Records;

  private constructor(records: Records) {
    this.#records = records;
  }

  /** Counts all that are there. Nobody may write marks meanwhile. */
  static async count(records: Records): Promise<MarkBlocks> {
    const blocks = new MarkBlocks(records);
    for await (const page of markPages(records)) {
      for (let at = 0; at < page.length; at += BLOCK) {
        const marks = page.slice(at, at + BLOCK);
        const archived = marks.filter((mark) => kindOfMark(mark) === "archived").length;
        blocks.#blocks.push({ first: marks[0] ?? "", shown: marks.length - archived, archived });
      }
    }
    return blocks;
  }

  add(mark: string): void {
    const at = this.#blockOf(mark);
    const kind = kindOfMark(mark);
    const front = this.#blocks[0];
    if (at >= 0) (this.#blocks[at] as Block)[kind] += 1;
    else if (front === undefined || sizeOf(front) >= BLOCK) this.#blocks.unshift({ first: mark, shown: 0, archived: 0, [kind]: 1 });
    else {
      front.first = mark;
      front[kind] += 1;
    }
  }

  remove(mark: string): void {
    const at = this.#blockOf(mark);
    const block = this.#blocks[at];
    if (block === undefined) return;
    block[kindOfMark(mark)] -= 1;
    const next = this.#blocks[at + 1];
    if (sizeOf(block) <= 0) this.#blocks.splice(at, 1);
    else if (next !== undefined && sizeOf(block) + sizeOf(next) <= BLOCK) {
      block.shown += next.shown;
      block.archived += next.archived;
      this.#blocks.splice(at + 1, 1);
    }
  }

  total(): SessionCount {
    return this.#blocks.reduce<SessionCount>(({ shown, archived }, block) =>
      ({ shown: shown + block.shown, archived: archived + block.archived }), { shown: 0, archived: 0 });
  }

  /**
   * The second of the last block before which no more than `skip` sessions of the kinds stand, and how many stand before that
   * second. Seconds are never parted: within one, sessions are put in order when they are read.
   */
  async place(skip: number, kinds: SessionKinds, moved: readonly Moved[]): Promise<ListPlace> {
    const wanted = placesOf(moved, "wants", kinds);
    const held = placesOf(moved, "has", kinds);
    let found: { readonly first: string; readonly passed: number } | undefined;
    let [passed, come, gone] = [0, 0, 0];
    for (const [at, block] of this.#blocks.entries()) {
      while ((wanted[come] ?? block.first) < block.first) come += 1;
      while ((held[gone] ?? block.first) < block.first) gone += 1;
      if (passed + come - gone > skip) break;
      if (at > 0) found = { first: block.first, passed };
      passed += countOf(block, kinds);
    }
    if (found === undefined) return { from: undefined, before: 0 };
    const from = secondOfMark(found.first);
    const isBefore = (mark: string): boolean => mark < from;
    const before = found.passed - (await this.#between(from, found.first, kinds));
    return { from, before: before + wanted.filter(isBefore).length - held.filter(isBefore).length };
  }

  async #between(from: string, to: string, kinds: SessionKinds): Promise<number> {
    let count = 0;
    for await (const page of markPages(this.#records, from)) {
      count += page.filter((mark) => mark < to && (kinds === "all" || kindOfMark(mark) === kinds)).length;
      if ((page.at(-1) ?? to) >= to) break;
    }
    return count;
  }

  /** The last one that begins at the mark or before it; -1 for a mark newer than all. */
  #blockOf(mark: string): number {
    let [low, high] = [0, this.#blocks.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#blocks[middle] as Block).first <= mark) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }
}

/** A session that stands elsewhere than its mark says: the mark it has, if any, and the one it ought to have. */
export interface Moved { readonly has: string | undefined; readonly wants: string }

function placesOf(moved: readonly Moved[], which: keyof Moved, kinds: SessionKinds): readonly string[] {
  const marks = moved.flatMap(({ [which]: mark }) => (mark === undefined || (kinds !== "all" && kindOfMark(mark) !== kinds) ? [] : [mark]));
  return marks.sort();
}

function countOf({ shown, archived }: Block, kinds: SessionKinds): number {
  return (kinds === "archived" ? 0 : shown) + (kinds === "shown" ? 0 : archived);
}

function sizeOf({ shown, archived }: Block): number {
  return shown + archived;
}
