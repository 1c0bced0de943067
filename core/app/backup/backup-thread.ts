/** Makes one backup, or reads one through, in a thread of its own, and says how it went. Told anything, it stops. */
import { parentPort, workerData } from "node:worker_threads";
import { codeOf, type ErrorCode } from "@openclaw/protocol";
import { systemClock } from "../../base/clock.ts";
import { systemIds } from "../../base/ids.ts";
import { Secret } from "../../base/secret.ts";

export interface BackupOrder {
  readonly stateDir: string;
  readonly configPath: string;
  readonly version: string;
  readonly file: string;
  /** Absent: a plain one, which then holds no keys. */
  readonly passphrase: string | undefined;
}

export interface VerifyOrder {
  readonly verify: true;
  readonly file: string;
  readonly passphrase: string | undefined;
}

export interface BackupReport {
  readonly bytes: number;
  readonly parts: number;
}

export interface ThreadFailure { readonly code: ErrorCode; readonly why: string }

async function obey(order: BackupOrder | VerifyOrder, signal: AbortSignal): Promise<BackupReport> {
  const passphrase = order.passphrase === undefined ? undefined : new Secret(order.passphrase);
  if ("verify" in order) {
    const { verifyBackup } = await import("./read-backup.ts");
    const { parts } = await verifyBackup(order.file, passphrase, signal);
    return { bytes: 0, parts: parts.length };
  }
  const { createBackup } = await import("./create-backup.ts");
  const { passphrase: _, ...rest } = order;
  return await createBackup({
    ...rest, ...(passphrase === undefined ? {} : { passphrase }), withKeys: passphrase !== undefined,
    withWorkspace: true, clock: systemClock, ids: systemIds,
  }, signal);
}

const stopped = new AbortController();
parentPort?.once("message", () => stopped.abort(new Error("It was stopped.")));
try {
  const { bytes, parts } = await obey(workerData as BackupOrder | VerifyOrder, stopped.signal);
  parentPort?.postMessage({ bytes, parts } satisfies BackupReport);
} catch (error) {
  const why = error instanceof Error ? error.message : String(error);
  parentPort?.postMessage({ code: codeOf(error) ?? "BACKUP_FAILED", why } satisfies ThreadFailure);
}
parentPort?.close();
