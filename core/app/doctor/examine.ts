import { existsSync } from "node:fs";
import { join } from "node:path";
import { hasCode } from "@openclaw/protocol";
import type { Clock } from "../../base/clock.ts";
import type { Ids } from "../../base/ids.ts";
import { createSessionIndex } from "../../control/sessions.ts";
import { locateConfig } from "../../fabric/config.ts";
import { openSqliteEngine, openStateDir, refuseForeignState } from "../../fabric/engine.ts";
import { createJournal } from "../../fabric/journal.ts";
import { createLogger } from "../../fabric/telemetry.ts";
import { openVault } from "../../fabric/vault.ts";
import { checkDatabase } from "./check-database.ts";
import { checkLog } from "./check-log.ts";
import { checkConfig, checkDisk, checkPermissions, failureOf } from "./check-place.ts";
import type { Examined, Patient } from "./finding.ts";

export interface ExamineOptions {
  readonly stateDir: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly ids: Ids;
  /** Called with what one check found, before the next begins: what it mends, the next one finds mended. */
  readonly onExamined: (examined: Examined) => Promise<void>;
  readonly progress: (sessions: number) => void;
}

/** Runs every check in order. Throws nothing for what it finds. */
export async function examine(options: ExamineOptions): Promise<void> {
  const { stateDir, clock, ids, onExamined } = options;
  const patient: Patient = {
    stateDir, configPath: locateConfig(stateDir, options.environment), databasePath: join(stateDir, "state", "openclaw.sqlite"),
    credentialsDir: join(stateDir, "credentials"), environment: options.environment,
  };
  try {
    await refuseForeignState(stateDir); // nothing of theirs is mended
  } catch (error) {
    return await onExamined({ check: "state", note: "", findings: [failureOf("state", error)] });
  }
  await onExamined(await checkConfig(patient));
  if (!existsSync(stateDir)) return await onExamined({ check: "state", note: `${stateDir} is not there yet`, skipped: true, findings: [] });
  await onExamined(await checkPermissions(patient));
  await onExamined(await checkDisk(patient));

  await using stack = new AsyncDisposableStack();
  try {
    stack.use(await openStateDir({ dir: stateDir, clock, ids, port: null }));
  } catch (error) {
    const held = hasCode(error, "STATE_HELD");
    const why = "a gateway runs on it; stop that to have the database and the log looked at";
    const findings = held ? [] : [failureOf("state", error)];
    return await onExamined({ check: "state", note: held ? why : "", skipped: held, findings });
  }
  await onExamined(await checkDatabase(patient, new Date(clock.now()).toISOString().replaceAll(/[:.]/g, "-")));
  const state = patient.database?.state;
  if (state !== "sound" && state !== "older") return;
  await examineLog(options, patient, stack);
}

async function examineLog(options: ExamineOptions, { stateDir, credentialsDir }: Patient, stack: AsyncDisposableStack): Promise<void> {
  const { clock, ids, onExamined, progress } = options;
  try {
    const engine = stack.use(await openSqliteEngine({ dir: stateDir, clock, ids }));
    const vault = await openVault({ records: engine.records, keyFile: join(credentialsDir, "key-encryption-key"), ids });
    const journal = createJournal({ engine, vault, clock, ids });
    const log = createLogger({ write: () => undefined, clock });
    const index = createSessionIndex({ records: engine.records, vault, clock, log });
    const nameOf = async (token: string): Promise<string | undefined> => {
      for await (const entry of index.newest()) if (entry.token === token) return entry.row.key;
      return undefined;
    };
    for (const examined of await checkLog({ engine, journal, nameOf, nowMs: clock.now(), progress })) await onExamined(examined);
  } catch (error) {
    await onExamined({ check: "log", note: "", findings: [failureOf("log", error)] });
  }
}
