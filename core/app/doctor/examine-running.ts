/** The examination beside a gateway that runs: it holds the state directory, and asks of it only what needs no hold. */
import { checkConfig, checkDisk, checkPermissions } from "./check-place.ts";
import type { Examined, Patient } from "./finding.ts";

export type RunningPatient = Pick<Patient, "stateDir" | "configPath" | "credentialsDir" | "environment">;

/** Throws nothing for what it finds. What needs the directory for itself is said, with the command that looks at it. */
export async function examineRunning(patient: RunningPatient): Promise<readonly Examined[]> {
  const whole: Patient = { ...patient, databasePath: "" };
  const found = await Promise.all([checkConfig(whole), checkPermissions(whole), checkDisk(whole)]);
  const apart = "looked at while no gateway runs: stop it, then run openclaw doctor";
  return [...found, { check: "database and log", note: apart, skipped: true, findings: [] }];
}
