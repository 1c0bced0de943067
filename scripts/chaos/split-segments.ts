/**
 * Makes a long history of a shorter one: the segments of a session are cut into so many that the next one fills a page of the
 * manifest, as after a quarter of a million events. The gateway must not run.
 */
import { systemClock as clock } from "../../core/base/clock.ts";
import { systemIds as ids } from "../../core/base/ids.ts";
import { openSqliteEngine } from "../../core/fabric/engine.ts";

interface Segment { readonly digest: string; readonly first: number; readonly last: number; readonly entries: number }

/** One less than makes a page. */
const SEGMENTS = 255;
/** Of an entry in a segment: position (8), kind (1), id length (2), body length (4). */
const FRAME_BYTES = 15;

/** Throws when there is no segment yet, or when there are pages already. */
export async function splitSegments(dir: string): Promise<void> {
  await using engine = await openSqliteEngine({ dir, clock, ids });
  const { records, blobs } = engine;
  const read = async (digest: string): Promise<Buffer> => {
    const chunks: Uint8Array[] = [];
    for await (const chunk of blobs.get(digest)) chunks.push(chunk);
    return Buffer.concat(chunks);
  };
  const stored = (await records.list("segments", "")).map(({ key, value, revision }) =>
    ({ key, revision, segments: JSON.parse(Buffer.from(value).toString("utf8")) as readonly Segment[] }));
  const longest = stored.toSorted((a, b) => entriesOf(b.segments) - entriesOf(a.segments))[0];
  if (longest === undefined || !Array.isArray(longest.segments)) throw new Error("no session has segments, or one has pages already");
  const frames = (await Promise.all(longest.segments.map(({ digest }) => read(digest)))).flatMap(framesOf);
  const cuts = Array.from({ length: SEGMENTS + 1 }, (_unused, at) => Math.floor((at * frames.length) / SEGMENTS));
  const split: Segment[] = [];
  for (let at = 0; at < SEGMENTS; at += 1) {
    const part = frames.slice(cuts[at], cuts[at + 1]);
    const { digest } = await blobs.put(Buffer.concat(part));
    const [first, last] = [part[0], part.at(-1)].map((frame) => Number(frame?.readBigUInt64LE(0) ?? 0));
    split.push({ digest, first: first ?? 0, last: last ?? 0, entries: part.length });
  }
  await records.write("segments", longest.key, Buffer.from(JSON.stringify(split)), longest.revision);
}

function entriesOf(segments: readonly Segment[]): number {
  return Array.isArray(segments) ? segments.reduce((sum, { entries }) => sum + entries, 0) : 0;
}

function framesOf(bytes: Buffer): readonly Buffer[] {
  const frames: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = at + FRAME_BYTES + bytes.readUInt16LE(at + 9) + bytes.readUInt32LE(at + 11);
    frames.push(bytes.subarray(at, end));
    at = end;
  }
  return frames;
}
