import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { OpenClawError, type ErrorCode } from "@openclaw/protocol";

/** What the thread says when it is done: nothing, or what it failed with. */
export type MigrationFault = { readonly code: ErrorCode; readonly message: string; readonly next: string; readonly detail: object } | null;

/** Migrates a database in a thread of its own. Throws what `prepareDatabase` throws. */
export async function migrateBeside(path: string): Promise<void> {
  const worker = new Worker(new URL("./migrate-thread.ts", import.meta.url), { name: "engine-migration", workerData: path, execArgv: [] });
  const exited = once(worker, "exit");
  exited.catch(() => undefined); // whoever waits for the message hears of it
  const [fault] = (await once(worker, "message")) as [MigrationFault];
  await exited;
  if (fault === null) return;
  const { code, message, next, detail } = fault;
  const error = new OpenClawError(code, { next, detail: { ...detail } });
  error.message = message;
  throw error;
}
