import { hash } from "node:crypto";
import { OpenClawError, hasCode } from "@openclaw/protocol";
import type { Engine } from "@openclaw/sdk";
import type { DataKey } from "../vault.ts";
import { recordKeyOf, type SessionAddress } from "./address.ts";
import type { Attachment } from "./transcript-message.ts";

/** Bytes too large for the log that belong to one session: sealed with its key, so destroying the key destroys them. */
export interface SessionBlobs {
  /**
   * Durable when it resolves. The same bytes make another blob every time. Until `named` it is noted that no event speaks of it
   * yet, so that what a crash leaves behind is found.
   */
  put(plain: Uint8Array): Promise<string>;
  /** What was put is named by events that are durable. Does not wait: a note too many costs a look at the next sweep. */
  named(): void;
  /** Drops what an earlier owner put and never came to name; `known` are those that events name. */
  sweep(known: readonly string[]): Promise<void>;
  /** Throws NOT_FOUND when it was dropped, STATE_DAMAGED when it is another session's or was changed. */
  get(digest: string): Promise<Uint8Array>;
  drop(digest: string): Promise<void>;
  /** What came with messages. */
  readonly attachments: SessionAttachments;
}

/**
 * Whole files of a session. Each says itself what it is, so that whoever has the session's key and a digest needs nothing else.
 * What was kept for an offer that never arrived is dropped with a later file of the session.
 */
export interface SessionAttachments {
  /**
   * Durable when it resolves: digests in the order given. Beyond `bytesMax` for the session the oldest go. `offerId`: the message
   * that will name them; until `offered` it is noted that none does yet. `isSeen` tells whether an offer arrived.
   */
  put(files: readonly NewAttachment[], offerId: string, bytesMax: number, isSeen: (offerId: string) => boolean): Promise<readonly string[]>;
  /** The offer that names them is durable. Does not wait: a note too many costs a look. */
  offered(digests: readonly string[]): void;
  /** Throws NOT_FOUND when it was dropped or is another session's. */
  get(digest: string): Promise<KeptAttachment>;
  dropAll(): Promise<void>;
}

export interface AttachmentHead {
  readonly kind: Attachment["kind"];
  readonly mimeType: string;
  readonly name: string;
}

export interface NewAttachment { readonly head: AttachmentHead; readonly content: Uint8Array }
export interface KeptAttachment extends NewAttachment { readonly id: string }

const UNNAMED = "blobs-unnamed";
const NOTE = Uint8Array.of(1);

export function createSessionBlobs({ blobs, records }: Engine, key: DataKey, address: SessionAddress, now: () => number): SessionBlobs {
  const own = recordKeyOf(address);
  const belongsTo = `blob/${own}`;
  const noted = new Map<string, number>();

  const forget = async (note: string, revision: number): Promise<void> => {
    try {
      await records.write(UNNAMED, note, null, revision);
    } catch (error) {
      if (!hasCode(error, "CONFLICT")) throw error; // gone already
    }
  };

  return {
    put: async (plain) => {
      const sealed = key.seal(belongsTo, plain);
      const note = `${own}.${hash("sha256", sealed, "hex")}`;
      noted.set(note, await records.write(UNNAMED, note, NOTE, 0));
      return (await blobs.put(sealed)).digest;
    },
    named: () => {
      for (const [note, revision] of noted) void forget(note, revision).catch(() => undefined);
      noted.clear();
    },
    sweep: async (known) => {
      for (const { key: note, revision } of await records.list(UNNAMED, `${own}.`)) {
        const digest = note.slice(own.length + 1);
        if (!known.includes(digest)) await blobs.delete(digest);
        await forget(note, revision);
        noted.delete(note);
      }
    },
    get: async (digest) => {
      const chunks: Uint8Array[] = [];
      for await (const chunk of blobs.get(digest)) chunks.push(chunk);
      return key.unseal(belongsTo, Buffer.concat(chunks));
    },
    drop: (digest) => blobs.delete(digest),
    attachments: createSessionAttachments({ blobs, records }, key, own, now),
  };
}

const ATTACHED = "attachments";
/** Of one session. */
const ATTACHED_MAX = 500;
/** Between these ages a file whose offer was not seen has none: younger, it may be on its way; older, ids are forgotten. */
const UNNAMED_MS = { from: 60_000, until: 86_400_000 } as const;

/** Of one file: an offer it waits for, or null. */
interface AttachedNote { readonly v: 1; readonly bytes: number; readonly atMs: number; readonly offerId: string | null }
interface Attached { readonly digest: string; readonly revision: number; readonly note: AttachedNote }

function createSessionAttachments(
  { blobs, records }: Pick<Engine, "blobs" | "records">, key: DataKey, own: string, now: () => number,
): SessionAttachments {
  const belongsTo = `attachment/${own}`;
  /** Put by this owner, and not yet offered. */
  const pending = new Map<string, { readonly revision: number; readonly note: AttachedNote }>();

  const list = async (): Promise<readonly Attached[]> =>
    (await records.list(ATTACHED, `${own}.`)).map(({ key: name, revision, value }) => (
      { digest: name.slice(own.length + 1), revision, note: JSON.parse(Buffer.from(value).toString()) as AttachedNote }
    ));
  const write = async (digest: string, note: AttachedNote | null, revision: number): Promise<number> => {
    try {
      return await records.write(ATTACHED, `${own}.${digest}`, note === null ? null : Buffer.from(JSON.stringify(note)), revision);
    } catch (error) {
      if (!hasCode(error, "CONFLICT")) throw error; // done already
      return 0;
    }
  };
  const forget = async ({ digest, revision }: Attached): Promise<void> => {
    await blobs.delete(digest);
    await write(digest, null, revision);
  };
  const isLost = ({ digest, note: { offerId, atMs } }: Attached, isSeen: (offerId: string) => boolean): boolean => {
    const age = now() - atMs;
    if (offerId === null || pending.has(digest) || age < UNNAMED_MS.from || age >= UNNAMED_MS.until) return false;
    return !isSeen(offerId);
  };

  /** Lets go of what no message came to name, and of the oldest where there is no room. */
  const makeRoom = async (bytes: number, count: number, bytesMax: number, isSeen: (offerId: string) => boolean): Promise<void> => {
    const kept: Attached[] = [];
    for (const one of await list()) {
      if (isLost(one, isSeen)) await forget(one);
      else kept.push(one);
    }
    kept.sort((a, b) => a.note.atMs - b.note.atMs);
    let held = kept.reduce((sum, { note }) => sum + note.bytes, bytes);
    let left = kept.length + count;
    for (const one of kept) {
      if (held <= bytesMax && left <= ATTACHED_MAX) break;
      if (pending.has(one.digest)) continue;
      await forget(one);
      held -= one.note.bytes;
      left -= 1;
    }
  };

  return {
    put: async (files, offerId, bytesMax, isSeen) => {
      await makeRoom(files.reduce((sum, { content }) => sum + content.length, 0), files.length, bytesMax, isSeen);
      const digests: string[] = [];
      for (const { head, content } of files) {
        const sealed = key.seal(belongsTo, packFile(head, content));
        const digest = hash("sha256", sealed, "hex");
        const note: AttachedNote = { v: 1, bytes: content.length, atMs: now(), offerId };
        pending.set(digest, { note, revision: await write(digest, note, 0) });
        await blobs.put(sealed);
        digests.push(digest);
      }
      return digests;
    },
    offered: (digests) => {
      for (const digest of digests) {
        const put = pending.get(digest);
        pending.delete(digest);
        if (put !== undefined) void write(digest, { ...put.note, offerId: null }, put.revision).catch(() => undefined);
      }
    },
    get: async (digest) => {
      if ((await records.get(ATTACHED, `${own}.${digest}`)) === null) throw new OpenClawError("NOT_FOUND");
      const chunks: Uint8Array[] = [];
      for await (const chunk of blobs.get(digest)) chunks.push(chunk);
      return { id: digest, ...unpackFile(key.unseal(belongsTo, Buffer.concat(chunks))) };
    },
    dropAll: async () => {
      for (const one of await list()) await forget(one);
    },
  };
}

/** Four bytes for the length of what it says of itself, that, and its bytes. */
function packFile(head: AttachmentHead, content: Uint8Array): Uint8Array {
  const said = Buffer.from(JSON.stringify(head));
  const length = Buffer.alloc(4);
  length.writeUInt32BE(said.length);
  return Buffer.concat([length, said, content]);
}

function unpackFile(packed: Uint8Array): NewAttachment {
  const bytes = Buffer.from(packed.buffer, packed.byteOffset, packed.byteLength);
  const end = 4 + bytes.readUInt32BE(0);
  return { head: JSON.parse(bytes.toString("utf8", 4, end)) as AttachmentHead, content: bytes.subarray(end) };
}
