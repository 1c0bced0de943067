/**
 * Makes the database file be there, be ours, and be of this version.
 *
 * Migrations go forward only and are tried on a copy. The file in use is replaced by the migrated copy in one rename, and
 * kept beside it under its version, so that the previous program can be started again. When nothing is to migrate, nothing
 * is copied.
 */
import { closeSync, existsSync, fsyncSync, linkSync, mkdirSync, openSync, renameSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { OpenClawError } from "@openclaw/protocol";
import { sqliteFault, sqlitePrimary } from "./sqlite-fault.ts";
import { APPLICATION_ID, SCHEMA, type SchemaStep } from "./sqlite-schema.ts";

const CORRUPT = 11;
const NOT_A_DATABASE = 26;
/** The main thread waits this long for a lock at most: it must stay responsive. */
const READER_WAIT_MS = 5;

/** Told how far a migration has come: for proving that a process may die there. */
export type AtPoint = (point: "copied" | "verified" | "kept" | "swapped") => void;

/**
 * Returns an open connection that refuses to write; the caller closes it.
 *
 * Throws STATE_FOREIGN, STATE_NEWER, STATE_DAMAGED, MIGRATION_FAILED (the file is as it was), DISK_FULL, FILE_LOCKED or
 * ENGINE_UNAVAILABLE.
 */
export function prepareDatabase(path: string, steps: readonly SchemaStep[], at: AtPoint = () => undefined): DatabaseSync {
  return openPrepared(path, steps, (database, version) => migrate(path, database, version, steps, at));
}

/**
 * As `prepareDatabase`, by the program's own steps. A file of an older version is migrated by a thread of its own: that takes as
 * long as the file is large, and this one has to answer meanwhile.
 */
export async function prepareBeside(path: string): Promise<DatabaseSync> {
  try {
    return openPrepared(path, SCHEMA, () => {
      throw OLDER;
    });
  } catch (error) {
    if (error !== OLDER) throw error;
  }
  await (await import("./migrate-beside.ts")).migrateBeside(path);
  return prepareDatabase(path, SCHEMA);
}

const OLDER = new Error("of an older version");

/** `migrateTo` closes what it is given, and leaves a file of the present version, or throws. */
function openPrepared(
  path: string, steps: readonly SchemaStep[], migrateTo: (database: DatabaseSync, version: number) => void,
): DatabaseSync {
  let database = openFile(path);
  try {
    const version = coded(path, () => ownVersion(path, database));
    if (version > steps.length) {
      throw new OpenClawError("STATE_NEWER", {
        why: `${path} has version ${version}, this program knows ${steps.length}.`,
        next: "Start the newer OpenClaw that wrote it; nothing was changed.",
        detail: { path, version, known: steps.length },
      });
    }
    if (version === 0) coded(path, () => create(database, steps));
    else if (version < steps.length) {
      migrateTo(database, version);
      database = openFile(path);
    }
    coded(path, () => database.exec("PRAGMA query_only = ON; PRAGMA cache_size = -4000"));
    return database;
  } catch (error) {
    if (database.isOpen) database.close();
    throw error;
  }
}

/** 0 for a file that is still empty. Throws STATE_FOREIGN for another program's. */
function ownVersion(path: string, database: DatabaseSync): number {
  const application = pragma(database, "application_id");
  if (application === APPLICATION_ID) return pragma(database, "user_version");
  const tables = Number(database.prepare("SELECT count(*) AS tables FROM sqlite_schema").get()?.["tables"]);
  if (application === 0 && tables === 0) return 0;
  throw new OpenClawError("STATE_FOREIGN", { why: `${path} is another program's database.`, detail: { path } });
}

/** One transaction after the settings that must come before any table: a crash leaves an empty file, which is begun again. */
function create(database: DatabaseSync, steps: readonly SchemaStep[]): void {
  database.exec("PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
  takeSteps(database, 0, steps, APPLICATION_ID);
}

function takeSteps(database: DatabaseSync, from: number, steps: readonly SchemaStep[], application: number): void {
  database.exec("BEGIN IMMEDIATE");
  for (const step of steps.slice(from)) step.apply(database);
  database.exec(`PRAGMA application_id = ${application}; PRAGMA user_version = ${steps.length}; COMMIT`);
}

/** Closes `database`. On return the file at `path` is the migrated one; on a throw it is the old one, byte for byte. */
function migrate(path: string, database: DatabaseSync, version: number, steps: readonly SchemaStep[], at: AtPoint): void {
  const copy = `${path}.migrating`;
  const kept = `${path}.before-${steps.length}`;
  try {
    removeDatabase(copy);
    closeSync(openSync(copy, "wx", 0o600)); // private, as the file it replaces
    database.exec(`VACUUM INTO '${copy.replaceAll("'", "''")}'`);
    at("copied");
    migrateCopy(copy, version, steps);
    verifyCopy(copy, database);
    at("verified");
    database.close(); // the last connection: its write-ahead log goes into the file, or would be replayed into the copy
    if (existsSync(`${path}-wal`)) throw new Error("the file is still in use");
    rmSync(kept, { force: true });
    linkSync(path, kept);
    at("kept");
    renameSync(copy, path);
    at("swapped");
    syncPath(dirname(path));
  } catch (error) {
    removeDatabase(copy);
    const cause = sqlitePrimary(error) === undefined ? error : new OpenClawError(sqliteFault(error).code, { cause: error });
    throw new OpenClawError("MIGRATION_FAILED", {
      why: `${path} stays at version ${version}: ${error instanceof Error ? error.message : String(error)}.`,
      detail: { path, version, wanted: steps.length },
      cause,
    });
  }
}

function migrateCopy(copy: string, version: number, steps: readonly SchemaStep[]): void {
  const database = new DatabaseSync(copy);
  try {
    database.exec("PRAGMA secure_delete = ON; PRAGMA synchronous = FULL");
    takeSteps(database, version, steps, APPLICATION_ID);
    const verdict = database.prepare("PRAGMA quick_check(1)").get()?.["quick_check"];
    if (verdict !== "ok") throw new Error(`the migrated copy does not verify: ${String(verdict)}`);
    database.exec("PRAGMA journal_mode = WAL");
  } finally {
    database.close();
  }
  syncPath(copy);
}

/** Most rows of one table that are compared one by one; of all tables the rows are counted. */
const COMPARED_ROWS = 512;

/** What the old file holds is in the copy: every table's count, and the newest rows of the log byte for byte. */
function verifyCopy(copy: string, old: DatabaseSync): void {
  const migrated = new DatabaseSync(copy); // a reader that may not write would leave its log behind
  try {
    const verdict = migrated.prepare("PRAGMA integrity_check(1)").get()?.["integrity_check"];
    if (verdict !== "ok") throw new Error(`the migrated copy does not verify: ${String(verdict)}`);
    const named = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'";
    const tables = (database: DatabaseSync): string[] => database.prepare(named).all().map(({ name }) => String(name));
    const kept = new Set(tables(migrated));
    for (const table of tables(old).filter((name) => kept.has(name))) {
      const count = (database: DatabaseSync): number => Number(database.prepare(`SELECT count(*) AS rows FROM "${table}"`).get()?.["rows"]);
      if (count(old) !== count(migrated)) throw new Error(`${table} has ${count(migrated)} rows in the copy instead of ${count(old)}`);
    }
    if (!kept.has("entries") || !tables(old).includes("entries")) return;
    const newest = `SELECT place, session, kind, id, body FROM entries ORDER BY place DESC LIMIT ${COMPARED_ROWS}`;
    const rows = [old, migrated].map((database) => JSON.stringify(database.prepare(newest).all(), (_key, value: unknown) =>
      (value instanceof Uint8Array ? Buffer.from(value).toString("base64") : value)));
    if (rows[0] !== rows[1]) throw new Error("the log in the copy is another one");
  } finally {
    migrated.close();
  }
}

function openFile(path: string): DatabaseSync {
  return coded(path, () => {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    closeSync(openSync(path, "a", 0o600)); // SQLite fills an empty file and would make a new one readable by others
    return new DatabaseSync(path, { timeout: READER_WAIT_MS });
  });
}

function removeDatabase(path: string): void {
  for (const suffix of ["", "-journal", "-wal", "-shm"]) rmSync(path + suffix, { force: true });
}

function syncPath(path: string): void {
  const file = openSync(path, "r");
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

function pragma(database: DatabaseSync, name: string): number {
  return Number(database.prepare(`PRAGMA ${name}`).get()?.[name]);
}

function coded<T>(path: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (error instanceof OpenClawError) throw error;
    const primary = sqlitePrimary(error);
    if (primary === NOT_A_DATABASE)
      throw new OpenClawError("STATE_FOREIGN", { why: `${path} is not a database.`, detail: { path }, cause: error });
    if (primary === CORRUPT) throw new OpenClawError("STATE_DAMAGED", { why: `${path} is damaged.`, detail: { path }, cause: error });
    const full = typeof error === "object" && error !== null && "code" in error && error.code === "ENOSPC";
    throw new OpenClawError(full ? "DISK_FULL" : sqliteFault(error).code, {
      why: `${path} cannot be opened.`,
      detail: { path },
      cause: error,
    });
  }
}
