import { hash } from "node:crypto";
import { OpenClawError, hasCode } from "@openclaw/protocol";
import type { Engine } from "@openclaw/sdk";
import type { DataKey } from "../vault.ts";
import type { Attachment } from "./transcript-message.ts";

/**
 * Whole files of a session. Each says itself what it is, so that whoever has the session's key and a digest needs nothing else.
 * What was kept for an offer that never arrived, or brought here for a message that was never sent, is dropped with a later file.
 *
 * A large one is a list of pieces, each sealed for its place and stored as a blob of its own: it is written as it comes, read from
 * anywhere, and no step of either holds the event loop.
 */
export interface SessionAttachments {
  /**
   * Durable when it resolves: digests in the order given. Beyond `bytesMax` for the session the oldest go. Until `offered` it is
   * noted what they wait for. `isSeen` tells whether an offer arrived.
   */
  put(files: readonly NewAttachment[], waitsFor: WaitsFor, bytesMax: number, isSeen?: (offerId: string) => boolean):
    Promise<readonly string[]>;
  /**
   * Keeps a file as it comes in, for a message that will name it: within UPLOAD_LIFE_MS, or it goes. `headOf` is asked when all is
   * there; it and `content` may throw, and nothing is kept then.
   */
  receive(content: AsyncIterable<Uint8Array>, headOf: () => AttachmentHead, bytesMax: number): Promise<string>;
  /** Received files go with this offer; what they are. Throws NOT_FOUND. */
  claim(digests: readonly string[], offerId: string): Promise<readonly Attachment[]>;
  /** What names them is durable. Does not wait: a note too many costs a look. */
  offered(digests: readonly string[]): void;
  /** Throws NOT_FOUND when it was dropped or is another session's. */
  get(digest: string): Promise<KeptAttachment>;
  /** As `get`, without its bytes: they are read as they are asked for. */
  open(digest: string): Promise<OpenAttachment>;
  dropAll(): Promise<void>;
}

/** The message that will name it, or the step whose end will. */
export type WaitsFor = { readonly offerId: string } | { readonly stepId: string };

export type AttachmentHead = Omit<Attachment, "id" | "bytes">;
export interface NewAttachment { readonly head: AttachmentHead; readonly content: Uint8Array }
export interface KeptAttachment extends NewAttachment { readonly id: string }

export interface OpenAttachment {
  readonly id: string;
  readonly head: AttachmentHead;
  readonly bytes: number;
  /** Bytes `from` to before `to`, in order. Throws STATE_DAMAGED where a piece is not what was stored, NOT_FOUND where it is gone. */
  read(from: number, to: number): AsyncIterable<Uint8Array>;
}

/** How long a file that was brought here waits for its message. */
export const UPLOAD_LIFE_MS = 3_600_000;
/** A file of no more is one blob. Sealing or hashing so much takes a few milliseconds on a slow machine. */
export const PIECE_BYTES = 1_048_576;

const BUCKET = "attachments";
/** Of one session. */
const FILES_MAX = 500;
/** Between these ages a file whose offer was not seen has none: younger, it may be on its way; older, ids are forgotten. */
const UNNAMED_MS = { from: 60_000, until: 86_400_000 } as const;
const STEP = "step/";
const UPLOAD = "upload";

/** Of one file: what it waits for, or null. `pieces`: blobs beside its own. */
interface Note {
  readonly v: 1; readonly bytes: number; readonly atMs: number; readonly offerId: string | null; readonly pieces?: readonly string[];
}
interface Noted { readonly digest: string; readonly revision: number; readonly note: Note }

/** What a file says of itself; its bytes follow, or are the pieces'. */
type Packed = AttachmentHead & { readonly pieces?: readonly string[]; readonly bytes?: number };

/** Files of the session that this one is a branch of, while they are there: its messages name them, and their key is the other's. */
export type ParentFiles = () => Promise<Pick<SessionAttachments, "open"> | undefined>;
const NO_PARENT: ParentFiles = () => Promise.resolve(undefined);

export function createSessionAttachments(
  { blobs, records }: Pick<Engine, "blobs" | "records">, key: DataKey, own: string, now: () => number, parent: ParentFiles = NO_PARENT,
): SessionAttachments {
  const belongsTo = `attachment/${own}`;
  const pieceBelongsTo = (at: number): string => `attachment-piece/${own}/${at}`;
  /** Put by this owner, and not yet offered. */
  const pending = new Map<string, { readonly revision: number; readonly note: Note }>();

  const list = async (): Promise<readonly Noted[]> =>
    (await records.list(BUCKET, `${own}.`)).map(({ key: name, revision, value }) => (
      { digest: name.slice(own.length + 1), revision, note: JSON.parse(Buffer.from(value).toString()) as Note }
    ));
  const write = async (digest: string, note: Note | null, revision: number): Promise<number> => {
    try {
      return await records.write(BUCKET, `${own}.${digest}`, note === null ? null : Buffer.from(JSON.stringify(note)), revision);
    } catch (error) {
      if (!hasCode(error, "CONFLICT")) throw error; // done already
      return 0;
    }
  };
  /** What another note speaks of too stays: a file whose receiving was cut at its very end has two. */
  const forget = async ({ digest, revision, note }: Noted, all: readonly Noted[] = []): Promise<void> => {
    const others = new Set(all.flatMap((one) => (one.digest === digest ? [] : [one.digest, ...(one.note.pieces ?? [])])));
    for (const blob of [...(note.pieces ?? []), digest]) if (!others.has(blob)) await blobs.delete(blob);
    await write(digest, null, revision);
  };
  const isLost = ({ digest, note: { offerId, atMs } }: Noted, step: string, isSeen: (offerId: string) => boolean): boolean => {
    const age = now() - atMs;
    if (offerId === null || pending.has(digest)) return false;
    if (offerId === UPLOAD) return age >= UPLOAD_LIFE_MS;
    // The step is carried out again: what it brought the first time is named by nothing.
    if (offerId.startsWith(STEP)) return offerId === step;
    return age >= UNNAMED_MS.from && age < UNNAMED_MS.until && !isSeen(offerId);
  };

  /** Lets go of what nothing came to name, and of the oldest where there is no room. */
  const makeRoom = async (
    bytes: number, count: number, bytesMax: number, step = "", isSeen: (offerId: string) => boolean = () => true,
  ): Promise<void> => {
    const all = await list();
    const kept: Noted[] = [];
    for (const one of all) {
      if (isLost(one, step, isSeen)) await forget(one, all);
      else kept.push(one);
    }
    kept.sort((a, b) => a.note.atMs - b.note.atMs);
    let held = kept.reduce((sum, { note }) => sum + note.bytes, bytes);
    let left = kept.length + count;
    for (const one of kept) {
      if (held <= bytesMax && left <= FILES_MAX) break;
      if (pending.has(one.digest) || one.note.offerId === UPLOAD) continue;
      await forget(one, kept);
      held -= one.note.bytes;
      left -= 1;
    }
  };

  /** Notes the file before it is there, so that what a crash leaves behind is found. */
  const keep = async (packed: Packed, content: Uint8Array, note: Note): Promise<string> => {
    const sealed = key.seal(belongsTo, pack(packed, content));
    const digest = hash("sha256", sealed, "hex");
    pending.set(digest, { note, revision: await write(digest, note, 0) });
    await blobs.put(sealed);
    return digest;
  };

  const storePieces = async (
    content: AsyncIterable<Uint8Array> | Iterable<Uint8Array>, offerId: string, headOf: () => AttachmentHead,
  ): Promise<string> => {
    const pieces: string[] = [];
    let bytes = 0;
    let cover: Noted | undefined;
    const noteOf = (): Note => ({ v: 1, bytes, atMs: now(), offerId, pieces: [...pieces] });
    try {
      for await (const plain of inPieces(content)) {
        const sealed = key.seal(pieceBelongsTo(pieces.length), plain);
        pieces.push(hash("sha256", sealed, "hex"));
        bytes += plain.length;
        const { digest, revision }: Pick<Noted, "digest" | "revision"> = cover ?? { digest: pieces[0] ?? "", revision: 0 };
        const note = noteOf();
        pending.set(digest, { note, revision: 0 }); // nobody makes room with it meanwhile
        cover = { digest, note, revision: await write(digest, note, revision) };
        await blobs.put(sealed);
      }
      const digest = await keep({ ...headOf(), pieces, bytes }, new Uint8Array(0), noteOf());
      if (cover !== undefined) await write(cover.digest, null, cover.revision);
      return digest;
    } catch (error) {
      if (cover !== undefined) await forget(cover).catch(() => undefined); // the session's next file finds it
      throw error;
    } finally {
      if (cover !== undefined) pending.delete(cover.digest);
    }
  };

  const readBlob = async (digest: string): Promise<Uint8Array> => {
    const chunks: Uint8Array[] = [];
    for await (const chunk of blobs.get(digest)) chunks.push(chunk);
    return Buffer.concat(chunks);
  };

  const open = async (digest: string): Promise<OpenAttachment> => {
    if ((await records.get(BUCKET, `${own}.${digest}`)) === null) {
      const from = await parent();
      if (from === undefined) throw new OpenClawError("NOT_FOUND");
      return await from.open(digest);
    }
    const { packed: { pieces, bytes: said, ...head }, content } = unpack(key.unseal(belongsTo, await readBlob(digest)));
    const bytes = pieces === undefined ? content.length : (said ?? 0);
    return {
      id: digest, head, bytes,
      read: async function* (from, to) {
        const end = Math.min(to, bytes);
        if (pieces === undefined) return yield content.subarray(from, end);
        for (let at = Math.floor(from / PIECE_BYTES); at * PIECE_BYTES < end; at += 1) {
          const plain = key.unseal(pieceBelongsTo(at), await readBlob(pieces[at] ?? ""));
          yield plain.subarray(Math.max(0, from - at * PIECE_BYTES), end - at * PIECE_BYTES);
        }
      },
    };
  };

  /** What was received now waits for this offer; what went with another stays with it. */
  const rename = async (digest: string, offerId: string): Promise<void> => {
    const known = await records.get(BUCKET, `${own}.${digest}`);
    const note = known === null ? undefined : { ...(JSON.parse(Buffer.from(known.value).toString()) as Note) };
    if (known === null || note?.offerId !== UPLOAD) return;
    const next = { ...note, offerId };
    pending.set(digest, { note: next, revision: await write(digest, next, known.revision) });
  };

  return {
    put: async (files, waitsFor, bytesMax, isSeen) => {
      const offerId = "stepId" in waitsFor ? `${STEP}${waitsFor.stepId}` : waitsFor.offerId;
      await makeRoom(files.reduce((sum, { content }) => sum + content.length, 0), files.length, bytesMax, offerId, isSeen);
      const digests: string[] = [];
      for (const { head, content } of files) {
        digests.push(content.length > PIECE_BYTES ? await storePieces([content], offerId, () => head)
          : await keep(head, content, { v: 1, bytes: content.length, atMs: now(), offerId }));
      }
      return digests;
    },
    receive: async (content, headOf, bytesMax) => {
      const digest = await storePieces(content, UPLOAD, headOf);
      const bytes = pending.get(digest)?.note.bytes ?? 0;
      pending.delete(digest);
      await makeRoom(0, 0, Math.max(bytes, bytesMax));
      return digest;
    },
    claim: async (digests, offerId) => {
      const found: Attachment[] = [];
      for (const digest of digests) {
        const { head, bytes } = await open(digest);
        for (const own of [digest, ...(head.thumbnailId === undefined ? [] : [head.thumbnailId])]) await rename(own, offerId);
        found.push({ id: digest, bytes, ...head });
      }
      return found;
    },
    offered: (digests) => {
      for (const digest of digests) {
        const put = pending.get(digest);
        pending.delete(digest);
        if (put !== undefined) void write(digest, { ...put.note, offerId: null }, put.revision).catch(() => undefined);
      }
    },
    get: async (digest) => {
      const { head, bytes, read } = await open(digest);
      const parts: Uint8Array[] = [];
      for await (const part of read(0, bytes)) parts.push(part);
      return { id: digest, head, content: parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts) };
    },
    open,
    dropAll: async () => {
      for (const one of await list()) await forget(one);
    },
  };
}

/** The same bytes, in pieces that are all full but the last. */
async function* inPieces(content: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let parts: Uint8Array[] = [];
  let have = 0;
  for await (let chunk of content) {
    while (have + chunk.length >= PIECE_BYTES) {
      const head = chunk.subarray(0, PIECE_BYTES - have);
      yield parts.length === 0 ? head : Buffer.concat([...parts, head]);
      chunk = chunk.subarray(head.length);
      [parts, have] = [[], 0];
    }
    if (chunk.length === 0) continue;
    parts.push(chunk);
    have += chunk.length;
  }
  if (have > 0) yield Buffer.concat(parts);
}

/** Four bytes for the length of what it says of itself, that, and its bytes. */
function pack(packed: Packed, content: Uint8Array): Uint8Array {
  const said = Buffer.from(JSON.stringify(packed));
  const length = Buffer.alloc(4);
  length.writeUInt32BE(said.length);
  return Buffer.concat([length, said, content]);
}

function unpack(bytes: Uint8Array): { readonly packed: Packed; readonly content: Uint8Array } {
  const all = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = 4 + all.readUInt32BE(0);
  return { packed: JSON.parse(all.toString("utf8", 4, end)) as Packed, content: all.subarray(end) };
}
