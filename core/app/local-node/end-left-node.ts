import type { Clock } from "../../base/clock.ts";
import { loadRecord } from "./local-node-record.ts";
import { endGroup, processStart } from "./process-table.ts";

const GRACE_MS = 5_000;

/** Ends a local node that outlived a gateway that was killed. The caller holds the state directory. */
export async function endLeftNode(stateDir: string, clock: Clock): Promise<void> {
  const record = await loadRecord(stateDir);
  if (record === undefined || (await processStart(record.pid)) !== record.start) return;
  await endGroup(record.pid, record.start, GRACE_MS, clock);
}
