/**
 * What nodes brought was once kept unsealed, for a week, with a note of each in a bucket of its own. It is sealed with its conversation
 * now, and nothing reads the old bytes: they go, before their note does, so that an end in the middle leaves nothing that is not found.
 */
import type { Blobs, Records } from "@openclaw/sdk";
import type { Logger } from "../fabric/telemetry.ts";

export interface PruneDeps {
  /** Of the notes, `TIME-DIGEST`. */
  readonly bucket: string;
  readonly records: Pick<Records, "list" | "write">;
  readonly blobs: Pick<Blobs, "delete">;
  readonly log: Pick<Logger, "info">;
}

/** Resolves with how many there were. Rejects with what the disk says: the next start goes on. */
export async function pruneUnsealed({ bucket, records, blobs, log }: PruneDeps): Promise<number> {
  let removed = 0;
  for (;;) {
    const page = await records.list(bucket, "");
    if (page.length === 0) break;
    for (const { key, revision } of page) {
      const digest = key.slice(key.indexOf("-") + 1);
      if (/^[0-9a-f]{64}$/.test(digest)) await blobs.delete(digest);
      await records.write(bucket, key, null, revision);
    }
    removed += page.length;
  }
  if (removed > 0) log.info("media.unsealed_removed", { files: removed });
  return removed;
}
