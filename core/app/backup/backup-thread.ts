/** Makes one backup in a thread of its own, and says how it went. */
import { parentPort, workerData } from "node:worker_threads";
import { systemClock } from "../../base/clock.ts";
import { systemIds } from "../../base/ids.ts";
import { Secret } from "../../base/secret.ts";
import { createBackup } from "./create-backup.ts";

export interface BackupOrder {
  readonly stateDir: string;
  readonly configPath: string;
  readonly version: string;
  readonly file: string;
  /** Absent: a plain one, which then holds no keys. */
  readonly passphrase: string | undefined;
}

export interface BackupReport {
  readonly bytes: number;
  readonly parts: number;
}

const { passphrase, ...order } = workerData as BackupOrder;
try {
  const { bytes, parts } = await createBackup({
    ...order, ...(passphrase === undefined ? {} : { passphrase: new Secret(passphrase) }), withKeys: passphrase !== undefined,
    withWorkspace: true, clock: systemClock, ids: systemIds,
  }, new AbortController().signal);
  parentPort?.postMessage({ bytes, parts } satisfies BackupReport);
} catch (error) {
  parentPort?.postMessage({ why: error instanceof Error ? error.message : String(error) });
}
