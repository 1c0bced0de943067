/**
 * The directory everything durable lives in: private to its user, and held by one process at a time.
 *
 * The lock is an exclusive SQLite transaction on a small file of its own, held for life, so the operating system frees it
 * with the process however that ends. `owner.json` beside it only feeds the message of the second one. Nothing in this
 * process may open `owner.sqlite` in another way: closing any other descriptor of the file would drop the lock.
 */
import { existsSync } from "node:fs";
import { chmod, mkdir, open, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { OpenClawError } from "@openclaw/protocol";
import type { Clock } from "../../base/clock.ts";
import type { Ids } from "../../base/ids.ts";
import { sqliteFault } from "./sqlite-fault.ts";

export interface StateDirDeps {
  readonly dir: string;
  readonly clock: Clock;
  readonly ids: Ids;
  /** The port the gateway listens on, for the message of a second one; null until it is known. */
  readonly port: number | null;
}

export interface StateDir extends AsyncDisposable {
  readonly dir: string;
  /** `state/openclaw.sqlite`; made by the engine. */
  readonly databasePath: string;
  readonly blobsDir: string;
  /** Mode 0700. */
  readonly credentialsDir: string;
  readonly workspaceDir: string;
  /** Tells a second owner another port than the one given at the start. */
  announcePort(port: number): Promise<void>;
}

const PRIVATE = 0o700;
const OTHERS = 0o077;

/**
 * Makes the directory and its parts, all mode 0700, and becomes its owner until disposed. A directory that was there before
 * is not changed: if others may enter it, that is STATE_UNSAFE with the command that mends it. Throws STATE_FOREIGN for another
 * program's directory, before anything is made in it; STATE_HELD, naming the owner, when there is one; DISK_FULL or
 * ENGINE_UNAVAILABLE when the system refuses.
 */
export async function openStateDir(deps: StateDirDeps): Promise<StateDir> {
  const { dir } = deps;
  await refuseForeignState(dir);
  await makePrivate(dir);
  const lock = await takeLock(dir);
  const startedAtMs = deps.clock.now();
  const announce = (port: number | null): Promise<void> => saveOwner(deps, { pid: process.pid, port, startedAtMs });
  const parts = {
    stateDir: join(dir, "state"),
    blobsDir: join(dir, "blobs"),
    credentialsDir: join(dir, "credentials"),
    workspaceDir: join(dir, "workspace"),
  };
  try {
    for (const part of [parts.stateDir, parts.blobsDir, parts.credentialsDir]) await makePrivate(part);
    // Commands of the agent may have changed its mode; they must not keep the gateway from starting. What is around it is private.
    await coded(() => mkdir(parts.workspaceDir, { recursive: true, mode: PRIVATE }));
    await coded(async () => {
      await removeUnfinished(parts.credentialsDir, /\.new$/);
      await removeUnfinished(dir, /^owner\.json\../);
      await announce(deps.port);
    });
  } catch (error) {
    lock.close();
    throw error;
  }
  let closing: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    await rm(ownerPath(dir), { force: true });
    lock.close();
  };
  return {
    dir,
    databasePath: join(parts.stateDir, "openclaw.sqlite"),
    blobsDir: parts.blobsDir,
    credentialsDir: parts.credentialsDir,
    workspaceDir: parts.workspaceDir,
    announcePort: (port) => coded(() => announce(port)),
    [Symbol.asyncDispose]: () => (closing ??= close()),
  };
}

async function makePrivate(path: string): Promise<void> {
  await coded(async () => {
    const made = await mkdir(path, { recursive: true, mode: PRIVATE });
    if (made !== undefined) {
      await chmod(path, PRIVATE); // the umask may have taken more than the mode gives
      // What is synced in a directory is lost with it, as long as its own name is not on the disk.
      for (let named = path; ; named = dirname(named)) {
        await syncDirectory(dirname(named));
        if (named === made) break;
      }
    }
    const { mode } = await stat(path);
    if ((mode & OTHERS) === 0) return;
    throw new OpenClawError("STATE_UNSAFE", {
      why: `${path} has mode ${(mode & 0o777).toString(8).padStart(4, "0")}.`,
      next: `Run: chmod 700 '${path.replaceAll("'", `'\\''`)}'`,
      detail: { path, mode: mode & 0o777 },
    });
  });
}

/** What a crash left half-made belongs to nobody: this directory has one owner. Half a secret is one too many. */
async function removeUnfinished(dir: string, names: RegExp): Promise<void> {
  for (const name of await readdir(dir)) if (names.test(name)) await rm(join(dir, name), { force: true });
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, "r");
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

/** The returned connection holds the lock until it is closed. */
async function takeLock(dir: string): Promise<DatabaseSync> {
  let lock: DatabaseSync | undefined;
  try {
    lock = new DatabaseSync(lockPath(dir), { timeout: 0 });
    lock.exec("BEGIN EXCLUSIVE");
    return lock;
  } catch (error) {
    lock?.close();
    const { code, why } = sqliteFault(error);
    if (code === "FILE_LOCKED") throw await heldBy(dir);
    throw new OpenClawError(code, { ...(why === undefined ? {} : { why }), cause: error });
  }
}

interface Owner {
  readonly pid: number;
  readonly port: number | null;
  readonly startedAtMs: number;
}

async function heldBy(dir: string): Promise<OpenClawError> {
  const owner = await loadOwner(dir);
  if (owner === undefined) return new OpenClawError("STATE_HELD", { why: `${dir} is in use.`, detail: { dir } });
  const port = owner.port === null ? "" : ` on port ${owner.port}`;
  return new OpenClawError("STATE_HELD", {
    why: `${dir} is held by process ${owner.pid}${port}, started ${new Date(owner.startedAtMs).toISOString()}.`,
    detail: { dir, ...owner },
  });
}

/** Undefined when there is none, or it is not what we write: it only feeds a message. */
async function loadOwner(dir: string): Promise<Owner | undefined> {
  try {
    const parsed = JSON.parse(await readFile(ownerPath(dir), "utf8")) as Partial<Owner> | null;
    const { pid, port = null, startedAtMs } = parsed ?? {};
    if (!Number.isInteger(pid) || !Number.isInteger(startedAtMs) || (port !== null && !Number.isInteger(port))) return undefined;
    return { pid: Number(pid), port, startedAtMs: Number(startedAtMs) };
  } catch {
    return undefined;
  }
}

/** Written beside and renamed: a reader never sees half of it. */
async function saveOwner({ dir, ids, clock }: StateDirDeps, owner: Owner): Promise<void> {
  const beside = `${ownerPath(dir)}.${ids.sortable(clock.now())}`;
  try {
    const file = await open(beside, "wx", 0o600);
    try {
      await file.writeFile(`${JSON.stringify(owner)}\n`);
    } finally {
      await file.close();
    }
    await rename(beside, ownerPath(dir));
  } catch (error) {
    await rm(beside, { force: true });
    throw error;
  }
}

/** Throws STATE_FOREIGN. Whatever we held once is ours, and what is empty is nobody's. */
export async function refuseForeignState(dir: string): Promise<void> {
  if (existsSync(lockPath(dir)) || !["state", "agents"].some((part) => existsSync(join(dir, part)))) return;
  await coded(async () => (await import("./foreign-directory.ts")).refuseForeign(dir));
}

function lockPath(dir: string): string {
  return join(dir, "owner.sqlite");
}

function ownerPath(dir: string): string {
  return join(dir, "owner.json");
}

async function coded<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof OpenClawError) throw error;
    const full = error instanceof Error && "code" in error && error.code === "ENOSPC";
    throw new OpenClawError(full ? "DISK_FULL" : "ENGINE_UNAVAILABLE", { why: `${String(error)}.`, cause: error });
  }
}
