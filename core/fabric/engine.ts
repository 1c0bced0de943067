/**
 * The engine: everything durable, and the bus.
 *
 * Opens the port `Engine` of the sdk in memory or on SQLite, and the state directory the latter lives in. It promises what
 * the contract suite in `testkit/engine-contract.ts` tests: what was confirmed is on the disk, a superseded claim writes
 * nothing, readers see neither gap nor repeat, a full or locked disk is a code and no half-write. It never looks into the
 * bytes it keeps, and nothing above it can tell which engine it is. Importing this file loads no database: the command
 * line, which opens none, pays nothing for it.
 */
import type { Engine } from "@openclaw/sdk";
import type { DatabaseReport } from "./engine/inspect-database.ts";
import type { MemoryEngineDeps } from "./engine/memory-engine.ts";
import type { Salvage } from "./engine/salvage-database.ts";
import type { SqliteEngineDeps } from "./engine/sqlite-engine.ts";
import type { StateDir, StateDirDeps } from "./engine/state-dir.ts";

export { resolveStateDir, type StateDirChoice } from "./engine/resolve-state-dir.ts";
export type { DatabaseReport, MemoryEngineDeps, Salvage, SqliteEngineDeps, StateDir, StateDirDeps };

/** Keeps everything in memory and forgets it when disposed. The caller disposes. */
export async function openMemoryEngine(deps: MemoryEngineDeps): Promise<Engine> {
  return (await import("./engine/memory-engine.ts")).openMemoryEngine(deps);
}

/**
 * Opens, creates or migrates the database in a state directory this process owns. Throws STATE_FOREIGN, STATE_NEWER,
 * STATE_DAMAGED, MIGRATION_FAILED, DISK_FULL, FILE_LOCKED or ENGINE_UNAVAILABLE. Disposing writes what was accepted first;
 * the caller disposes.
 */
export async function openSqliteEngine(deps: SqliteEngineDeps): Promise<Engine> {
  return (await import("./engine/sqlite-engine.ts")).openSqliteEngine(deps);
}

/**
 * Makes the state directory, checks that it is private and becomes its one owner until disposed or dead. Throws STATE_FOREIGN,
 * STATE_UNSAFE, STATE_HELD, DISK_FULL or ENGINE_UNAVAILABLE. The caller disposes, after everything that lives in it.
 */
export async function openStateDir(deps: StateDirDeps): Promise<StateDir> {
  return (await import("./engine/state-dir.ts")).openStateDir(deps);
}

/** Throws STATE_FOREIGN where another program keeps its state; changes nothing. */
export async function refuseForeignState(dir: string): Promise<void> {
  return (await import("./engine/state-dir.ts")).refuseForeignState(dir);
}

/** Reads every page of a database file and says what state it is in. Changes nothing; never throws for what the file holds. */
export async function inspectDatabase(path: string): Promise<DatabaseReport> {
  return (await import("./engine/inspect-database.ts")).inspectDatabase(path);
}

/**
 * Replaces a damaged database by what can still be read of it; the damaged file is kept under a name that ends in `suffix`. The
 * caller holds the state directory. Throws STATE_DAMAGED when nothing can be read.
 */
export async function salvageDatabase(path: string, suffix: string): Promise<Salvage> {
  return (await import("./engine/salvage-database.ts")).salvageDatabase(path, suffix);
}

/** Copies the database as it is at one moment, whoever owns it and writes. Throws NOT_FOUND, DISK_FULL or ENGINE_UNAVAILABLE. */
export async function copyDatabase(path: string, to: string): Promise<void> {
  return (await import("./engine/copy-database.ts")).copyDatabase(path, to);
}

/** Makes a restored copy newer than its original for every node that knew that. Nobody may have the file open. */
export async function outrunDatabase(path: string): Promise<void> {
  return (await import("./engine/copy-database.ts")).outrunDatabase(path);
}
