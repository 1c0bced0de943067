import { hash } from "node:crypto";
import { hasCode } from "@openclaw/protocol";
import type { Engine } from "@openclaw/sdk";
import type { DataKey } from "../vault.ts";
import { recordKeyOf, type SessionAddress } from "./address.ts";
import type { OutputKept } from "./output-kept.ts";
import { createSessionAttachments, type ParentFiles, type SessionAttachments } from "./session-attachments.ts";

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
  /** What came with messages, or by calls. */
  readonly attachments: SessionAttachments;
}

/** Every blob that a kept output is made of. */
export function blobsOf({ blob, parts }: Pick<OutputKept, "blob" | "parts">): readonly string[] {
  return parts === undefined ? [blob] : parts.map((part) => part.blob);
}

const UNNAMED = "blobs-unnamed";
const NOTE = Uint8Array.of(1);

export function createSessionBlobs(
  { blobs, records }: Engine, key: DataKey, address: SessionAddress, now: () => number, parent?: ParentFiles,
): SessionBlobs {
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
    attachments: createSessionAttachments({ blobs, records }, key, own, now, parent),
  };
}
