import { open, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import type { ConfinementKind } from "./plan-confinement.ts";

/** Enough to find the node again after this process was killed, and to be sure that it is the same one. */
export interface LocalNodeRecord {
  readonly recordVersion: 1;
  readonly pid: number;
  readonly nodeId: string;
  readonly start: string;
  readonly url: string;
  readonly program: string;
  readonly workspace: string;
  readonly confinement: { readonly kind: ConfinementKind; readonly sentence: string };
}

/** Lies in the state directory, which the node cannot see: what it says was written by a gateway. */
function fileOf(stateDir: string): string {
  return join(stateDir, "local-node.json");
}

/** Undefined when there is none, or none that can be read: then a new node is started. */
export async function loadRecord(stateDir: string): Promise<LocalNodeRecord | undefined> {
  try {
    const record = JSON.parse(await readFile(fileOf(stateDir), "utf8")) as LocalNodeRecord;
    const { recordVersion, pid, start, nodeId } = record;
    const named = typeof start === "string" && typeof nodeId === "string";
    return recordVersion === 1 && Number.isSafeInteger(pid) && pid > 1 && named ? record : undefined;
  } catch {
    return undefined;
  }
}

/** Whole or not at all. Lost with the machine's power it is not missed: the node is gone then too. */
export async function saveRecord(stateDir: string, record: LocalNodeRecord): Promise<void> {
  const temporary = `${fileOf(stateDir)}.new`;
  const file = await open(temporary, "w", 0o600);
  try {
    await file.writeFile(`${JSON.stringify(record, null, 2)}\n`);
  } finally {
    await file.close();
  }
  await rename(temporary, fileOf(stateDir));
}

export async function removeRecord(stateDir: string): Promise<void> {
  await rm(fileOf(stateDir), { force: true });
}
