/** How far a slot is settled: only a saving of work at the next start, so losing one is no loss. */
import type { Records } from "@openclaw/sdk";
import type { OpenSession } from "./open-work.ts";

export interface Checkpoint {
  /** Everything up to here was read. */
  readonly upTo: number;
  /** What was unfinished there. */
  readonly open: readonly OpenSession[];
}

export interface StoredCheckpoint extends Checkpoint {
  /** 0 where there is none. */
  readonly revision: number;
}

const CHECKPOINTS = "checkpoints";
/** Of another version it is not read: the slot then is, from its start. */
const VERSION = 1;

export async function loadCheckpoint(records: Records, slot: number): Promise<StoredCheckpoint> {
  const stored = await records.get(CHECKPOINTS, String(slot));
  if (stored === null) return { upTo: 0, open: [], revision: 0 };
  const { v, upTo, open } = JSON.parse(Buffer.from(stored.value).toString("utf8")) as Checkpoint & { readonly v?: number };
  return v === VERSION ? { upTo, open, revision: stored.revision } : { upTo: 0, open: [], revision: stored.revision };
}

/** Returns the new revision. Throws CONFLICT when somebody else wrote in between. */
export async function saveCheckpoint(records: Records, slot: number, checkpoint: Checkpoint, expected: number): Promise<number> {
  return await records.write(CHECKPOINTS, String(slot), Buffer.from(JSON.stringify({ v: VERSION, ...checkpoint })), expected);
}
