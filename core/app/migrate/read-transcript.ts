/** A transcript of the other program, entry by entry, in as much memory as one entry takes. */
import { createReadStream } from "node:fs";
import { zstdDecompressSync } from "node:zlib";
import type { ForeignDatabase } from "./foreign-database.ts";

/** `value` is undefined for one that cannot be read: it is counted, and the others are not held up by it. */
export interface ReadEntry {
  readonly value: unknown;
  /** It belongs to a branch that was left: said, and then taken back. */
  readonly aside?: true;
}

export const READ_LIMITS = { lineBytes: 16_777_216 } as const;

/** One JSON document a line; a line that is none, or too long to be one, is an entry that cannot be read. */
export async function* readJsonLines(path: string): AsyncGenerator<ReadEntry> {
  let parts: Buffer[] = [];
  let bytes = 0;
  let tooLong = false;
  const take = (): ReadEntry | undefined => {
    const line = parts.length === 1 ? parts[0] : Buffer.concat(parts);
    const lost = tooLong;
    [parts, bytes, tooLong] = [[], 0, false];
    if (lost) return { value: undefined };
    const text = line === undefined ? "" : line.toString("utf8").trim();
    return text === "" ? undefined : { value: parse(text) };
  };
  for await (const chunk of createReadStream(path, { highWaterMark: 262_144 })) {
    const buffer = chunk as Buffer;
    for (let from = 0; from < buffer.length; ) {
      const end = buffer.indexOf(10, from);
      const part = buffer.subarray(from, end === -1 ? buffer.length : end);
      bytes += part.length;
      if (bytes > READ_LIMITS.lineBytes) [parts, tooLong] = [[], true];
      else if (part.length > 0) parts.push(part);
      if (end === -1) break;
      from = end + 1;
      const entry = take();
      if (entry !== undefined) yield entry;
    }
  }
  const last = take();
  if (last !== undefined) yield last;
}

/** Rows of the database, the compressed ones too. */
export async function* readStoredEvents(database: ForeignDatabase, sessionId: string): AsyncGenerator<ReadEntry> {
  const marked = database.rows("select count(*) as n from session_transcript_active_events where session_id = ?", sessionId)[0]?.["n"];
  // Without marks every entry counts.
  const active = Number(marked ?? 0) > 0
    ? "exists (select 1 from session_transcript_active_events a where a.session_id = e.session_id and a.event_seq = e.seq)" : "1";
  const rows = database.iterate(
    `select e.event_json, e.event_zstd, ${active} as active from transcript_events e where e.session_id = ? order by e.seq`, sessionId,
  );
  for (const { event_json: json, event_zstd: packed, active: isActive } of rows) {
    const value = typeof json === "string" ? parse(json) : packed instanceof Uint8Array ? unpack(packed) : undefined;
    const isHead = (value as { readonly type?: unknown } | undefined)?.type === "session";
    yield isActive === 1 || isHead ? { value } : { value, aside: true };
  }
}

function unpack(packed: Uint8Array): unknown {
  try {
    return parse(zstdDecompressSync(packed, { maxOutputLength: READ_LIMITS.lineBytes }).toString("utf8"));
  } catch {
    return undefined;
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
