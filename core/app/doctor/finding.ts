/** What an examination found. */
import type { DatabaseReport } from "../../fabric/engine.ts";

export interface Finding {
  /** Which check found it. */
  readonly check: string;
  /** `problem`: something does not work, or was lost. `attention`: it may come to that. */
  readonly level: "problem" | "attention";
  readonly code: string;
  readonly what: string;
  readonly why?: string;
  /** What a person does about it. */
  readonly next: string;
  /** Mends it and says what was done. Absent: only a person can. */
  readonly mend?: () => Promise<string>;
}

export interface Examined {
  readonly check: string;
  /** One line, when all is well or when it could not be looked at. */
  readonly note: string;
  readonly skipped?: boolean;
  readonly findings: readonly Finding[];
}

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
