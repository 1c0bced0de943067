/** What an examination found, as it is told over the wire too, and where it looked. */
import type { DatabaseReport } from "../../fabric/engine.ts";

export type { Examination as Examined, ExaminedFinding as Finding } from "../../control/gateway.ts";

/** Where an examination looks. */
export interface Patient {
  readonly stateDir: string;
  readonly configPath: string;
  readonly databasePath: string;
  readonly credentialsDir: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Set once the database was looked at. */
  database?: DatabaseReport;
}
