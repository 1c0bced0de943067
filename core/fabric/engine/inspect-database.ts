/** What state a database file is in, looked at without changing a byte of it. */
import { existsSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { APPLICATION_ID, SCHEMA } from "./sqlite-schema.ts";

export interface DatabaseReport {
  /** `unreadable`: not even its tables can be listed. `foreign`: another program's. */
  readonly state: "absent" | "sound" | "damaged" | "unreadable" | "foreign" | "newer" | "older";
  readonly version: number;
  /** What SQLite says is wrong; at most 20 lines. */
  readonly problems: readonly string[];
}

const PROBLEMS_MAX = 20;

/** Reads every page. Never throws for what the file holds. */
export function inspectDatabase(path: string): DatabaseReport {
  if (!existsSync(path)) return { state: "absent", version: 0, problems: [] };
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(path, { readOnly: true });
    const application = pragma(database, "application_id");
    const version = pragma(database, "user_version");
    if (application !== APPLICATION_ID) return { state: version === 0 && isEmpty(database) ? "absent" : "foreign", version, problems: [] };
    if (version > SCHEMA.length) return { state: "newer", version, problems: [] };
    const problems = integrityOf(database);
    if (problems.length > 0) return { state: "damaged", version, problems };
    return { state: version < SCHEMA.length ? "older" : "sound", version, problems };
  } catch (error) {
    return { state: "unreadable", version: 0, problems: [error instanceof Error ? error.message : String(error)] };
  } finally {
    database?.close();
  }
}

/** Empty when all is well. Damage may make the check itself fail: that is a finding like any other. */
function integrityOf(database: DatabaseSync): readonly string[] {
  try {
    const rows = database.prepare(`PRAGMA integrity_check(${PROBLEMS_MAX})`).all();
    return rows.map((row) => String(row["integrity_check"])).filter((text) => text !== "ok");
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)];
  }
}

function isEmpty(database: DatabaseSync): boolean {
  return Number(database.prepare("SELECT count(*) AS tables FROM sqlite_schema").get()?.["tables"]) === 0;
}

function pragma(database: DatabaseSync, name: string): number {
  return Number(database.prepare(`PRAGMA ${name}`).get()?.[name]);
}
