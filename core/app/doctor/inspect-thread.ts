/** Reads every page of a database and says what it found, so that nobody waits for it. */
import { parentPort, workerData } from "node:worker_threads";
import { inspectDatabase } from "../../fabric/engine.ts";

parentPort?.postMessage(await inspectDatabase(workerData as string));
