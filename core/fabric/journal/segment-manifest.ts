/**
 * Which segments a session has, in order: a record that holds the newest, and pages of the older ones beside it, so that
 * neither a record nor the writing of one grows with the length of the history.
 */
import { hasCode } from "@openclaw/protocol";
import type { RecordEntry } from "@openclaw/sdk";
import { crashPoint } from "../../base/crash-point.ts";
import { recordKeyOf, type JournalDeps, type SessionAddress } from "./address.ts";

export interface SegmentInfo {
  readonly digest: string;
  readonly first: number;
  readonly last: number;
  readonly entries: number;
}

interface PageInfo {
  readonly n: number;
  readonly last: number;
}

interface Manifest {
  readonly pages: readonly PageInfo[];
  readonly tail: readonly SegmentInfo[];
}

const SEGMENTS = "segments";
const PAGES = "segment-pages";
/** Segments of one page; the record itself holds up to twice as many. */
const PAGE_SEGMENTS = 128;

/** Position of the last entry that is in a segment; 0 when none is. */
export async function segmentedUpTo({ engine }: JournalDeps, address: SessionAddress): Promise<number> {
  return lastOf(parseManifest(await engine.records.get(SEGMENTS, recordKeyOf(address))));
}

/** Adds segments after all that are there. Durable when it resolves; nothing of it shows before that. */
export async function addSegments({ engine }: JournalDeps, address: SessionAddress, added: readonly SegmentInfo[]): Promise<void> {
  const { records } = engine;
  const stored = await records.get(SEGMENTS, recordKeyOf(address));
  let { pages, tail } = parseManifest(stored);
  tail = [...tail, ...added];
  while (tail.length >= 2 * PAGE_SEGMENTS) {
    const segments = tail.slice(0, PAGE_SEGMENTS);
    const n = pages.length;
    await writePage(records, `${recordKeyOf(address)}.${n}`, Buffer.from(JSON.stringify(segments)));
    crashPoint("segment.page-written");
    pages = [...pages, { n, last: segments.at(-1)?.last ?? 0 }];
    tail = tail.slice(PAGE_SEGMENTS);
  }
  // A session without pages keeps the layout of the first release.
  const manifest = pages.length === 0 ? tail : { pages, tail };
  await records.write(SEGMENTS, recordKeyOf(address), Buffer.from(JSON.stringify(manifest)), stored?.revision ?? 0);
}

/** Segments with an entry after `after`, in order. */
export async function* segmentsAfter({ engine }: JournalDeps, address: SessionAddress, after: number): AsyncGenerator<SegmentInfo> {
  const { pages, tail } = parseManifest(await engine.records.get(SEGMENTS, recordKeyOf(address)));
  for (const page of pages) {
    if (page.last <= after) continue;
    const stored = await engine.records.get(PAGES, `${recordKeyOf(address)}.${page.n}`);
    yield* parseSegments(stored).filter(({ last }) => last > after);
  }
  yield* tail.filter(({ last }) => last > after);
}

/** A page that a crash left behind holds what is written now, or less: the manifest never named it. */
async function writePage(records: JournalDeps["engine"]["records"], key: string, value: Uint8Array): Promise<void> {
  try {
    await records.write(PAGES, key, value, 0);
  } catch (error) {
    if (!hasCode(error, "CONFLICT")) throw error;
    await records.write(PAGES, key, value, (await records.get(PAGES, key))?.revision ?? 0);
  }
}

function lastOf({ pages, tail }: Manifest): number {
  return tail.at(-1)?.last ?? pages.at(-1)?.last ?? 0;
}

function parseManifest(stored: RecordEntry | null): Manifest {
  if (stored === null) return { pages: [], tail: [] };
  const value = JSON.parse(Buffer.from(stored.value).toString("utf8")) as Manifest | readonly SegmentInfo[];
  return "tail" in value ? value : { pages: [], tail: value };
}

function parseSegments(stored: RecordEntry | null): readonly SegmentInfo[] {
  return stored === null ? [] : (JSON.parse(Buffer.from(stored.value).toString("utf8")) as SegmentInfo[]);
}
