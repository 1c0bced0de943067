import type { Blobs } from "@openclaw/sdk";
import type { DataKey } from "../vault.ts";
import { recordKeyOf, type SessionAddress } from "./address.ts";

/** Bytes too large for the log that belong to one session: sealed with its key, so destroying the key destroys them. */
export interface SessionBlobs {
  /** Durable when it resolves. The same bytes make another blob every time. */
  put(plain: Uint8Array): Promise<string>;
  /** Throws NOT_FOUND when it was dropped, STATE_DAMAGED when it is another session's or was changed. */
  get(digest: string): Promise<Uint8Array>;
  drop(digest: string): Promise<void>;
}

export function createSessionBlobs(blobs: Blobs, key: DataKey, address: SessionAddress): SessionBlobs {
  const belongsTo = `blob/${recordKeyOf(address)}`;
  return {
    put: async (plain) => (await blobs.put(key.seal(belongsTo, plain))).digest,
    get: async (digest) => {
      const chunks: Uint8Array[] = [];
      for await (const chunk of blobs.get(digest)) chunks.push(chunk);
      return key.unseal(belongsTo, Buffer.concat(chunks));
    },
    drop: (digest) => blobs.delete(digest),
  };
}
