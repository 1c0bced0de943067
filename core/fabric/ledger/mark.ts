/** How far the ledger's log is part of the accounts, and what was open there. */
import { hasCode } from "@openclaw/protocol";
import type { EntryLogDeps, Entry } from "./entry-log.ts";

export interface Mark {
  readonly upTo: number;
  /** Reserved in a row up to there, and not settled in one. */
  readonly open: readonly (Entry & { readonly kind: "reserved" })[];
}

const BUCKET = "ledger-marks";

export async function loadMark({ records, sealing, writer }: EntryLogDeps): Promise<Mark & { readonly revision: number }> {
  const stored = await records.get(BUCKET, writer);
  if (stored === null) return { upTo: 0, open: [], revision: 0 };
  const opened = sealing.unseal(`${BUCKET}/${writer}`, stored.value);
  return { ...(JSON.parse(Buffer.from(opened).toString("utf8")) as Mark), revision: stored.revision };
}

/** Returns the new revision. One process writes a mark at a time, so an unconfirmed write is simply written again. */
export async function saveMark({ records, sealing, writer }: EntryLogDeps, mark: Mark, revision: number): Promise<number> {
  const value = sealing.seal(`${BUCKET}/${writer}`, Buffer.from(JSON.stringify(mark)));
  try {
    return await records.write(BUCKET, writer, value, revision);
  } catch (error) {
    if (!hasCode(error, "CONFLICT") && !hasCode(error, "ENGINE_UNAVAILABLE")) throw error;
    const { revision: now } = await loadMark({ records, sealing, writer } as EntryLogDeps);
    return await records.write(BUCKET, writer, value, now);
  }
}
