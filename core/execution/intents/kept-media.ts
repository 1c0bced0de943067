/**
 * Pictures and recordings that nodes brought for an agent: kept by digest, for a while and up to a size, the oldest going first.
 *
 * A note of each is written before its bytes, so that a crash leaves nothing behind that nobody would throw away.
 */
import { createHash } from "node:crypto";
import type { Blobs, Records } from "@openclaw/sdk";
import type { Clock } from "../../base/clock.ts";
import { MEDIA_BUCKET, type KeptMedia } from "./carry-out.ts";

export const MEDIA_KEPT_LIMITS = { ageMs: 7 * 86_400_000, bytes: 268_435_456, count: 1_000 } as const;

export interface KeptMediaDeps {
  readonly records: Records;
  readonly blobs: Blobs;
  readonly clock: Clock;
  readonly limits?: { readonly ageMs: number; readonly bytes: number; readonly count: number };
}

interface Note {
  readonly key: string;
  readonly digest: string;
  readonly keptAtMs: number;
  readonly bytes: number;
  readonly revision: number;
}

/** Divisible by four: every slice of base64 stands for whole bytes. */
const SLICE_CHARS = 262_144;
const RETRY_MS = 60_000;

/** Reads the notes of what is kept, and throws away what is over. Bytes of one content are kept once, counted from the last time. */
export async function openKeptMedia({ records, blobs, clock, limits = MEDIA_KEPT_LIMITS }: KeptMediaDeps): Promise<KeptMedia> {
  let notes = await readNotes(records);
  let turn: Promise<unknown> = Promise.resolve();
  let timer: { close(): void } | undefined;
  let isClosed = false;

  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const next = turn.then(work, work);
    turn = next.catch(() => undefined);
    return next;
  };

  const drop = async (note: Note): Promise<void> => {
    if (!notes.some(({ digest, key }) => digest === note.digest && key !== note.key)) await blobs.delete(note.digest);
    await records.write(MEDIA_BUCKET, note.key, null, note.revision);
    notes = notes.filter((other) => other !== note);
  };

  /** From the oldest on, until what is left is neither too old nor too much. */
  const prune = async (): Promise<void> => {
    timer?.close();
    timer = undefined;
    let bytes = notes.reduce((sum, note) => sum + note.bytes, 0);
    for (const note of [...notes]) {
      const isOver = notes.length > limits.count || bytes > limits.bytes || clock.now() - note.keptAtMs >= limits.ageMs;
      if (!isOver) break;
      bytes -= note.bytes;
      await drop(note);
    }
    const [oldest] = notes;
    if (oldest !== undefined) lookAfter(Math.max(1, oldest.keptAtMs + limits.ageMs - clock.now()));
  };

  const lookAfter = (ms: number): void => {
    if (!isClosed) timer = clock.after(ms, () => void inTurn(prune).catch(() => lookAfter(RETRY_MS)));
  };

  const put = (base64: string): Promise<{ readonly digest: string; readonly bytes: number }> => inTurn(async () => {
    const hash = createHash("sha256");
    let bytes = 0;
    for await (const piece of decoded(base64)) {
      hash.update(piece);
      bytes += piece.byteLength;
    }
    const digest = hash.digest("hex");
    const keptAtMs = clock.now();
    const key = `${String(keptAtMs).padStart(15, "0")}-${digest}`;
    const before = notes.filter((note) => note.digest === digest);
    if (!before.some((note) => note.key === key)) {
      const revision = await records.write(MEDIA_BUCKET, key, Buffer.from(JSON.stringify({ bytes })), 0);
      notes = [...notes, { key, digest, keptAtMs, bytes, revision }].sort((a, b) => (a.key < b.key ? -1 : 1));
    }
    await blobs.put(decoded(base64));
    for (const older of before) if (older.key !== key) await drop(older);
    await prune().catch(() => lookAfter(RETRY_MS));
    return { digest, bytes };
  });

  await inTurn(prune).catch(() => lookAfter(RETRY_MS));
  return {
    keep: async function* (events) {
      for await (const event of events) {
        if (event.type !== "end" || !event.ok) {
          yield event;
          continue;
        }
        // The nodes module has checked that it is base64 of a size that may be kept.
        const { base64, ...facts } = event.payload as { readonly base64: string } & Readonly<Record<string, unknown>>;
        try {
          yield { ...event, payload: { ...facts, ...(await put(base64)) } };
        } catch {
          const why = "What the node brought could not be stored.";
          yield { type: "end", ok: false, code: "DISK_FULL", why, nodeId: event.nodeId };
        }
      }
    },
    [Symbol.asyncDispose]: async () => {
      isClosed = true;
      timer?.close();
      await turn;
    },
  };
}

async function readNotes(records: Records): Promise<readonly Note[]> {
  const notes: Note[] = [];
  for (let after = ""; ; ) {
    const page = await records.list(MEDIA_BUCKET, "", after === "" ? {} : { after });
    for (const { key, value, revision } of page) {
      const [at = "", digest = ""] = key.split("-");
      const { bytes } = JSON.parse(Buffer.from(value).toString()) as { readonly bytes: number };
      notes.push({ key, digest, keptAtMs: Number(at), bytes, revision });
    }
    const last = page.at(-1);
    if (last === undefined) return notes;
    after = last.key;
  }
}

async function* decoded(base64: string): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < base64.length; at += SLICE_CHARS) {
    yield Buffer.from(base64.slice(at, at + SLICE_CHARS), "base64");
    await new Promise((resolve) => setImmediate(resolve)); // tokens of others pass in between
  }
}
