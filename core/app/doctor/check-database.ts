/** The database file itself: every page of it, before anything is opened that would write. */
import { inspectDatabase, salvageDatabase } from "../../fabric/engine.ts";
import type { Examined, Finding, Patient } from "./finding.ts";

/** `suffix` tells a damaged file that is kept from another one. */
export async function checkDatabase(patient: Patient, suffix: string): Promise<Examined> {
  const check = "database";
  const { databasePath: path } = patient;
  const report = await inspectDatabase(path);
  patient.database = report;
  const { state, version, problems } = report;
  const finding = (code: string, what: string, next: string, more: Partial<Finding> = {}): Examined => ({
    check, note: "", findings: [{ check, level: "problem", code, what, next, ...more }],
  });
  switch (state) {
    case "absent": return { check, note: "there is none yet", findings: [] };
    case "sound": return { check, note: `every page is whole (version ${version})`, findings: [] };
    case "older": return { check, note: `every page is whole (version ${version}; the next start brings it up to date)`, findings: [] };
    case "foreign":
      return finding("STATE_FOREIGN", `${path} is another program's database.`, "Move it away, or choose another state directory.");
    case "newer":
      return finding("STATE_NEWER", `${path} has version ${version}, newer than this program's.`, "Update OpenClaw, or restore a backup.");
    case "unreadable": case "damaged":
      return finding(
        "STATE_DAMAGED", `${path} ${state === "damaged" ? "is damaged" : "cannot be opened"}.`, "Run: openclaw doctor --mend",
        { why: said(problems), mend: () => salvage(patient, suffix) },
      );
  }
}

/** Throws STATE_DAMAGED, and leaves everything as it is, where nothing can be read. */
async function salvage(patient: Patient, suffix: string): Promise<string> {
  const { kept, tables } = await salvageDatabase(patient.databasePath, suffix);
  patient.database = await inspectDatabase(patient.databasePath);
  const gaps = Object.values(tables).reduce((sum, table) => sum + table.gaps, 0);
  return `What could be read stands in a new file: ${tables["entries"]?.rows ?? 0} log entries, ${tables["records"]?.rows ?? 0} records; `
    + `${gaps} gaps. The damaged one is kept as ${kept}.`;
}

function said(problems: readonly string[]): string {
  const more = problems.length - 1;
  return `${problems[0] ?? "It says no more."}${more > 0 ? ` And ${more} more.` : ""}`;
}
