/** Small sealed records of this room. Each key has one writer at a time. */
import { hasCode } from "@openclaw/protocol";
import type { Records } from "@openclaw/sdk";

export interface ChannelRecordsDeps {
  readonly records: Pick<Records, "get" | "write" | "list">;
  readonly seal: (belongsTo: string, plain: Uint8Array) => Uint8Array;
  readonly unseal: (belongsTo: string, sealed: Uint8Array) => Uint8Array;
}

export interface ChannelRecords<T> {
  load(key: string): Promise<T | undefined>;
  /** Durable when it resolves; undefined deletes. Throws what the engine throws. */
  save(key: string, value: T | undefined): Promise<void>;
  all(): Promise<readonly (readonly [key: string, value: T])[]>;
}

const WRITES_MAX = 3;
const PAGE = 256;

export function openChannelRecords<T>(bucket: string, { records, seal, unseal }: ChannelRecordsDeps): ChannelRecords<T> {
  const revisions = new Map<string, number>();
  const read = (key: string, value: Uint8Array): T =>
    (JSON.parse(Buffer.from(unseal(`${bucket}/${key}`, value)).toString("utf8")) as { readonly v: 1; readonly is: T }).is;
  const revisionOf = async (key: string): Promise<number> => revisions.get(key) ?? (await records.get(bucket, key))?.revision ?? 0;
  return {
    load: async (key) => {
      const stored = await records.get(bucket, key);
      if (stored === null) return undefined;
      revisions.set(key, stored.revision);
      return read(key, stored.value);
    },
    save: async (key, value) => {
      const sealed = value === undefined ? null : seal(`${bucket}/${key}`, Buffer.from(JSON.stringify({ v: 1, is: value })));
      for (let attempt = 1; ; attempt += 1) {
        try {
          const expected = await revisionOf(key);
          if (sealed === null && expected === 0) return;
          const revision = await records.write(bucket, key, sealed, expected);
          if (sealed === null) revisions.delete(key);
          else revisions.set(key, revision);
          return;
        } catch (error) {
          // It may have been written: whoever is its only writer looks, and writes over it.
          revisions.delete(key);
          if (attempt >= WRITES_MAX || !(hasCode(error, "CONFLICT") || hasCode(error, "ENGINE_UNAVAILABLE"))) throw error;
        }
      }
    },
    all: async () => {
      const found: (readonly [string, T])[] = [];
      for (let after = ""; ; ) {
        const page = await records.list(bucket, "", after === "" ? { limit: PAGE } : { after, limit: PAGE });
        for (const { key, value, revision } of page) {
          revisions.set(key, revision);
          found.push([key, read(key, value)]);
        }
        const last = page.at(-1);
        if (last === undefined || page.length < PAGE) return found;
        after = last.key;
      }
    },
  };
}
