import { Worker } from "node:worker_threads";
import { OpenClawError } from "@openclaw/protocol";
import type { BackupOrder, BackupReport, ThreadFailure, VerifyOrder } from "./backup-thread.ts";

/**
 * Reading, hashing and sealing gigabytes is no work for the thread that answers people. Throws BACKUP_FAILED, or what the reading of
 * a backup throws; resolves or throws once nothing of it is left running.
 */
export function doInThread(order: BackupOrder | VerifyOrder, signal: AbortSignal): Promise<BackupReport> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason as Error);
    const worker = new Worker(new URL("./backup-thread.ts", import.meta.url), { name: "backup", workerData: order, execArgv: [] });
    const told: { report?: BackupReport | ThreadFailure } = {};
    const stop = (): void => worker.postMessage("stop");
    signal.addEventListener("abort", stop, { once: true });
    worker.once("message", (report: BackupReport | ThreadFailure) => {
      told.report = report;
    });
    worker.once("error", reject);
    worker.once("exit", () => {
      signal.removeEventListener("abort", stop);
      const { report } = told;
      if (report === undefined) reject(new OpenClawError("BACKUP_FAILED", { why: "It was stopped." }));
      else if ("code" in report) reject(new OpenClawError(report.code, { why: report.why }));
      else resolve(report);
    });
  });
}
