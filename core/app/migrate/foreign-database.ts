/**
 * A database of the other program, read without leaving a trace in its directory.
 *
 * Where all of it lies in one file that file is opened as immutable: no lock, no side file. Where part of it lies in its
 * write-ahead log, both are copied to a private directory first, and the copy is opened.
 */
import { constants, existsSync, readdirSync, statSync } from "node:fs";
import { copyFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { DatabaseSync, type SQLInputValue } from "node:sqlite";
import { pathToFileURL } from "node:url";
import { OpenClawError } from "@openclaw/protocol";

export type ForeignRow = Readonly<Record<string, unknown>>;

export interface ForeignDatabase extends AsyncDisposable {
  /** All rows; empty where the table is of a release that has it not. */
  rows(sql: string, ...values: readonly SQLInputValue[]): readonly ForeignRow[];
  /** One after another, so that a long table takes no memory. */
  iterate(sql: string, ...values: readonly SQLInputValue[]): Iterable<ForeignRow>;
  has(table: string): boolean;
}

const PREFIX = "openclaw-migrate-";
const COPY_ATTEMPTS = 5;

/** Throws STATE_DAMAGED where it cannot be read. */
export async function readForeignDatabase(path: string): Promise<ForeignDatabase> {
  await removeLeftovers();
  const log = `${path}-wal`;
  const inOneFile = !existsSync(log) || statSync(log).size === 0;
  const copyDir = inOneFile ? undefined : await mkdtemp(join(tmpdir(), `${PREFIX}${process.pid}-`));
  try {
    const database = copyDir === undefined ? openImmutable(path) : await openCopy(path, copyDir);
    return wrap(database, copyDir);
  } catch (cause) {
    if (copyDir !== undefined) await rm(copyDir, { recursive: true, force: true });
    throw new OpenClawError("STATE_DAMAGED", {
      why: `${path} could not be read: ${cause instanceof Error ? cause.message : String(cause)}.`,
      next: "Stop the other program, let it mend its state (its own doctor), then try again. Nothing was changed.", cause,
    });
  }
}

function wrap(database: DatabaseSync, copyDir: string | undefined): ForeignDatabase {
  const has = (table: string): boolean =>
    database.prepare("select 1 from sqlite_master where type in ('table', 'view') and name = ?").get(table) !== undefined;
  const prepare = (sql: string): ReturnType<DatabaseSync["prepare"]> | undefined => {
    const tables = [...sql.matchAll(/\b(?:from|join)\s+([a-z_]+)/gi)].map(([, table = ""]) => table);
    return tables.every(has) ? database.prepare(sql) : undefined;
  };
  return {
    has,
    rows: (sql, ...values) => (prepare(sql)?.all(...values) ?? []) as readonly ForeignRow[],
    iterate: (sql, ...values) => (prepare(sql)?.iterate(...values) ?? []) as Iterable<ForeignRow>,
    [Symbol.asyncDispose]: async () => {
      database.close();
      if (copyDir !== undefined) await rm(copyDir, { recursive: true, force: true });
    },
  };
}

function openImmutable(path: string): DatabaseSync {
  const url = pathToFileURL(path);
  url.searchParams.set("immutable", "1");
  const database = new DatabaseSync(url, { readOnly: true });
  database.prepare("select count(*) from sqlite_master").get();
  return database;
}

/** While the other program writes, a copy may be of two moments: it is made again until nothing moved meanwhile. */
async function openCopy(path: string, dir: string): Promise<DatabaseSync> {
  const to = join(dir, basename(path));
  for (let attempt = 1; ; attempt += 1) {
    const before = markOf(path);
    for (const end of ["-wal", ""]) {
      if (existsSync(path + end)) await copyFile(path + end, to + end, constants.COPYFILE_FICLONE);
    }
    if (markOf(path) === before) break;
    if (attempt >= COPY_ATTEMPTS) throw new Error("it changed while it was copied; stop the other program");
  }
  const database = new DatabaseSync(to);
  database.prepare("select count(*) from sqlite_master").get();
  return database;
}

function markOf(path: string): string {
  return ["", "-wal"].map((end) => (existsSync(path + end) ? statSync(path + end, { bigint: true }) : undefined))
    .map((stat) => `${stat?.size}:${stat?.mtimeNs}`).join("/");
}

/** Copies of a run that was killed: they hold what the other program's database holds. */
async function removeLeftovers(): Promise<void> {
  for (const name of readdirSync(tmpdir())) {
    const pid = Number(name.startsWith(PREFIX) ? name.slice(PREFIX.length).split("-")[0] : NaN);
    if (!Number.isInteger(pid) || pid === process.pid) continue;
    try {
      process.kill(pid, 0);
    } catch (error) {
      const gone = error instanceof Error && "code" in error && error.code === "ESRCH";
      if (gone) await rm(join(tmpdir(), name), { recursive: true, force: true }).catch(() => undefined);
    }
  }
}
