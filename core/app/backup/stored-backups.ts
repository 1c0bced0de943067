/** The folder backups are put into: what they are called, which are there, which are too many. Other files are left alone. */
import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";

export interface StoredBackup {
  readonly file: string;
  readonly bytes: number;
  /** By its name, which a copy elsewhere keeps. */
  readonly madeAtMs: number;
  readonly sealed: boolean;
}

const NAME = /^openclaw-(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z(?:-(\d{1,3}))?\.(backup|tar)$/;
const SAME_SECOND_MAX = 999;

/** Beside the state directory: what happens to that does not happen to them. */
export function backupFolder(stateDir: string): string {
  return `${stateDir}-backups`;
}

/** A name that no backup has, finished or not: a person and the gateway may make one in the same second. */
export async function newBackupFile(folder: string, nowMs: number, sealed: boolean): Promise<string> {
  const stamp = `${new Date(nowMs).toISOString().slice(0, 19).replaceAll(/[-:]/g, "")}Z`;
  const taken = new Set(await readdir(folder).catch(() => []));
  const named = (at: number): string => `openclaw-${stamp}${at === 1 ? "" : `-${at}`}.${sealed ? "backup" : "tar"}`;
  let at = 1;
  while (at < SAME_SECOND_MAX && (taken.has(named(at)) || taken.has(`${named(at)}.part`))) at += 1;
  return join(folder, named(at));
}

/** Newest first; empty where there is no such folder. */
export async function listBackups(folder: string): Promise<readonly StoredBackup[]> {
  const names = await readdir(folder).catch(() => []);
  const found = await Promise.all(names.map(async (name): Promise<StoredBackup | undefined> => {
    const [, year, month, day, hour, minute, second, at = "1", kind] = NAME.exec(name) ?? [];
    if (kind === undefined) return undefined;
    const file = join(folder, name);
    const { size } = await stat(file).catch(() => ({ size: 0 }));
    const madeAtMs = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`) + Number(at) - 1;
    return { file, bytes: size, madeAtMs, sealed: kind === "backup" };
  }));
  return found.filter((one) => one !== undefined).sort((a, b) => b.madeAtMs - a.madeAtMs);
}

/** Removes all but the newest `keep`, and says which. */
export async function pruneBackups(folder: string, keep: number): Promise<readonly string[]> {
  const old = (await listBackups(folder)).slice(Math.max(1, keep));
  for (const { file } of old) await rm(file, { force: true });
  return old.map(({ file }) => file);
}
