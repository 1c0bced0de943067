/** Brings one database file to the program's version, then ends. The file in use is the old one or the new one, whenever this dies. */
import { parentPort, workerData } from "node:worker_threads";
import { OpenClawError } from "@openclaw/protocol";
import type { MigrationFault } from "./migrate-beside.ts";
import { prepareDatabase } from "./prepare-database.ts";
import { SCHEMA } from "./sqlite-schema.ts";

let fault: MigrationFault = null;
try {
  prepareDatabase(workerData as string, SCHEMA).close();
} catch (error) {
  if (!(error instanceof OpenClawError)) throw error;
  const { code, message, next, detail } = error;
  fault = { code, message, next, detail: JSON.parse(JSON.stringify(detail)) as object };
}
parentPort?.postMessage(fault);
