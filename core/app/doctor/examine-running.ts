/** The examination beside a gateway that runs: it holds the state directory, and asks of it only what needs no hold. */
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import type { Sessions } from "../../control/sessions.ts";
import type { DatabaseReport } from "../../fabric/engine.ts";
import { checkConfig, checkDisk, checkPermissions, failureOf } from "./check-place.ts";
import type { Examined, Finding, Patient } from "./finding.ts";

export interface RunningPatient extends Pick<Patient, "stateDir" | "configPath" | "credentialsDir" | "environment"> {
  /** Where they are given, the database and the newest sessions are read through too, which takes a while. */
  readonly sessions: Pick<Sessions, "rows" | "verify" | "count"> | undefined;
  /** Every session, where the newest are not enough. */
  readonly allSessions?: boolean;
}

/** So many of the newest sessions, unless all of them are wanted. */
const SESSIONS_MAX = 200;
const SHOWN_MAX = 20;

/** Throws nothing for what it finds. */
export async function examineRunning(patient: RunningPatient, signal: AbortSignal): Promise<readonly Examined[]> {
  const databasePath = join(patient.stateDir, "state", "openclaw.sqlite");
  const whole: Patient = { ...patient, databasePath };
  const found = await Promise.all([checkConfig(whole), checkPermissions(whole), checkDisk(whole)]);
  if (patient.sessions === undefined) {
    const note = "takes a while: looked at when you ask";
    return [...found, ...["database", "log"].map((check) => ({ check, note, skipped: true, findings: [] }))];
  }
  const sessionsMax = patient.allSessions === true ? Number.MAX_SAFE_INTEGER : SESSIONS_MAX;
  return [...found, await examineDatabase(databasePath, signal), await examineLog(patient.sessions, sessionsMax, signal)];
}

/** Read by a thread of its own, beside the one that writes. */
async function examineDatabase(path: string, signal: AbortSignal): Promise<Examined> {
  const check = "database";
  try {
    const { state, version, problems } = await inspectInThread(path, signal);
    if (state === "sound" || state === "older") return { check, note: `every page is whole (version ${version})`, findings: [] };
    return {
      check, note: "", findings: [{
        check, level: "problem", code: "STATE_DAMAGED", what: `${path} is damaged.`, why: problems[0] ?? `It is ${state}.`,
        next: "Make a backup now; then stop the gateway and run openclaw doctor --mend.",
      }],
    };
  } catch (error) {
    signal.throwIfAborted();
    return { check, note: "", findings: [failureOf(check, error)] };
  }
}

function inspectInThread(path: string, signal: AbortSignal): Promise<DatabaseReport> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL("./inspect-thread.ts", import.meta.url), { name: "inspect", workerData: path, execArgv: [] });
    const stop = (): void => void worker.terminate();
    signal.addEventListener("abort", stop, { once: true });
    worker.once("message", resolve);
    worker.once("error", reject);
    worker.once("exit", () => {
      signal.removeEventListener("abort", stop);
      reject(new Error("It was stopped."));
    });
  });
}

/** One after the other: whoever speaks meanwhile is answered in between. */
async function examineLog(
  sessions: Pick<Sessions, "rows" | "verify" | "count">, sessionsMax: number, signal: AbortSignal,
): Promise<Examined> {
  const check = "log";
  const findings: Finding[] = [];
  let count = 0;
  let events = 0;
  let damaged = 0;
  for await (const { key } of sessions.rows()) {
    signal.throwIfAborted();
    if (count === sessionsMax) break;
    count += 1;
    const report = await sessions.verify(key).catch((error: unknown) => failureOf(check, error));
    if ("brokenAt" in report) events += report.events;
    if ("brokenAt" in report && report.brokenAt === null) continue;
    damaged += 1;
    if (damaged <= SHOWN_MAX) findings.push({
      check, level: "problem", code: "brokenAt" in report ? "SESSION_DAMAGED" : report.code, what: `The session ${key} is damaged.`,
      why: `${"brokenAt" in report ? `An event at position ${report.brokenAt} is not the one that was written there.` : report.what} `
        + "Every other session goes on.",
      next: `Restore a backup; or keep what can be read (openclaw sessions export '${key}'), then delete it.`,
    });
  }
  if (damaged > SHOWN_MAX) findings.push({
    check, level: "problem", code: "SESSION_DAMAGED", what: `${damaged - SHOWN_MAX} more sessions are damaged.`,
    next: "Restore the state directory from a backup.",
  });
  const { shown, archived } = await sessions.count();
  const of = Math.max(count, shown + archived); // some may have come while others were read
  const which = count < of ? `the ${count} newest of ${of} sessions` : `${count} sessions`;
  return { check, note: `${which}, ${events} events: every chain verifies`, findings, looked: { at: count, of } };
}
