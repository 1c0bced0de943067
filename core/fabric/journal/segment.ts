/**
 * Segments: what leaves the log goes into immutable, content-addressed blobs, entry by entry as it stood there.
 *
 * Bodies stay sealed under the session's key and headers stay readable, so that the chain verifies from segments as it
 * does from the log, and destroying the key erases the text in both.
 */
import { OpenClawError, hasCode } from "@openclaw/protocol";
import type { Claim, LogEntry } from "@openclaw/sdk";
import { crashPoint } from "../../base/crash-point.ts";
import type { JournalDeps, SessionAddress } from "./address.ts";
import { addSegments, segmentedUpTo, segmentsAfter, type SegmentInfo } from "./segment-manifest.ts";

/** Position (8), kind (1), id length (2), body length (4). */
const FRAME_BYTES = 15;

/** A segment holds no more than this, but always one entry: what makes one is in memory for a moment. */
const SEGMENT_BYTES = 8_388_608;

/** Everything of the session up to `upTo` that is still in the log becomes segments; then the log forgets it. */
export async function writeSegment(deps: JournalDeps, address: SessionAddress, claim: Claim, upTo: number): Promise<void> {
  const { engine } = deps;
  let last = await segmentedUpTo(deps, address);
  const made: SegmentInfo[] = [];
  let frames: Uint8Array[] = [];
  let first = 0;
  let bytes = 0;
  const close = async (): Promise<void> => {
    if (frames.length === 0) return;
    const { digest } = await engine.blobs.put(Buffer.concat(frames));
    made.push({ digest, first, last, entries: frames.length });
    [frames, first, bytes] = [[], 0, 0];
  };
  for (;;) {
    const page = await engine.log.readSession(address.slot, address.token, last);
    const inside = page.filter((entry) => entry.position <= upTo);
    for (const entry of inside) {
      if (bytes > 0 && bytes + entry.body.length > SEGMENT_BYTES) await close();
      if (first === 0) first = entry.position;
      frames.push(formatFrame(entry));
      bytes += entry.body.length;
      last = entry.position;
    }
    if (page.length === 0 || inside.length < page.length) break;
  }
  await close();
  if (made.length > 0) {
    crashPoint("segment.stored");
    await addSegments(deps, address, made);
    crashPoint("segment.listed");
  }
  // The manifest stands before the log forgets: a crash in between leaves an entry in both places, never in none.
  if (last > 0) await engine.log.trim(claim, last, address.token);
  crashPoint("segment.trimmed");
}

/** Entries after `after` that are in segments, in order. Only segments that hold one of them are read. */
export async function* readSegments(deps: JournalDeps, address: SessionAddress, after: number): AsyncGenerator<LogEntry> {
  for await (const segment of segmentsAfter(deps, address, after)) {
    for (const entry of parseFrames(await readWhole(deps, segment.digest), address)) if (entry.position > after) yield entry;
  }
}

/** Throws STATE_DAMAGED when it is not there any more: the conversation goes on without it, its older history is lost. */
async function readWhole({ engine }: JournalDeps, digest: string): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  try {
    for await (const chunk of engine.blobs.get(digest)) chunks.push(chunk);
  } catch (error) {
    if (!hasCode(error, "NOT_FOUND")) throw error;
    throw new OpenClawError("STATE_DAMAGED", {
      why: `A file of older history is missing: ${digest}.`, cause: error,
      next: "Restore it from a backup; what came after it is not touched.",
    });
  }
  return Buffer.concat(chunks);
}

function formatFrame(entry: LogEntry): Uint8Array {
  const id = Buffer.from(entry.id);
  const frame = Buffer.allocUnsafe(FRAME_BYTES + id.length + entry.body.length);
  frame.writeBigUInt64LE(BigInt(entry.position), 0);
  frame[8] = entry.kind === "offer" ? 0 : 1;
  frame.writeUInt16LE(id.length, 9);
  frame.writeUInt32LE(entry.body.length, 11);
  frame.set(id, FRAME_BYTES);
  frame.set(entry.body, FRAME_BYTES + id.length);
  return frame;
}

function* parseFrames(bytes: Buffer, { slot, token }: SessionAddress): Generator<LogEntry> {
  for (let at = 0; at < bytes.length; ) {
    if (at + FRAME_BYTES > bytes.length) throw new OpenClawError("STATE_DAMAGED", { why: "A segment is cut short." });
    const idEnd = at + FRAME_BYTES + bytes.readUInt16LE(at + 9);
    const end = idEnd + bytes.readUInt32LE(at + 11);
    if (end > bytes.length) throw new OpenClawError("STATE_DAMAGED", { why: "A segment is cut short." });
    yield {
      slot, session: token, position: Number(bytes.readBigUInt64LE(at)), kind: bytes[at + 8] === 0 ? "offer" : "event",
      id: bytes.toString("utf8", at + FRAME_BYTES, idEnd), body: bytes.subarray(idEnd, end),
    };
    at = end;
  }
}
