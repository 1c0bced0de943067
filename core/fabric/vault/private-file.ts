/** Files that hold one secret: read only when nobody else can, made whole or not at all. */
import { link, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { OpenClawError } from "@openclaw/protocol";
import { crashPoint } from "../../base/crash-point.ts";
import type { Ids } from "../../base/ids.ts";

/** Undefined when there is no such file. Throws STATE_UNSAFE when others can read it. */
export async function readPrivate(path: string): Promise<Buffer | undefined> {
  const file = await open(path, "r").catch((error: unknown) => {
    if (hasErrno(error, "ENOENT")) return undefined;
    throw error;
  });
  if (file === undefined) return undefined;
  try {
    const { mode } = await file.stat();
    if ((mode & 0o077) !== 0) {
      throw new OpenClawError("STATE_UNSAFE", { why: `Others can read ${path}.`, next: `Run: chmod 600 ${path}` });
    }
    return await file.readFile();
  } finally {
    await file.close();
  }
}

/**
 * Makes the file with mode 0600, durable when it resolves. False when there is one already: that one stays as it is. It is
 * written under another name first, so that a crash, or whoever looks at the same moment, never finds half a secret.
 */
export async function makePrivate(path: string, content: Uint8Array, ids: Ids): Promise<boolean> {
  const unfinished = `${path}.${ids.bytes(8).toString("hex")}.new`;
  const file = await open(unfinished, "wx", 0o600);
  try {
    await file.writeFile(content);
    await file.sync();
    crashPoint("private-file.written");
    await link(unfinished, path);
    crashPoint("private-file.linked");
    await syncDir(dirname(path));
    return true;
  } catch (error) {
    if (hasErrno(error, "EEXIST")) return false;
    throw error;
  } finally {
    await file.close();
    await rm(unfinished, { force: true });
  }
}

/** As `makePrivate`, in place of the one that is there. */
export async function replacePrivate(path: string, content: Uint8Array, ids: Ids): Promise<void> {
  const unfinished = `${path}.${ids.bytes(8).toString("hex")}`;
  await makePrivate(unfinished, content, ids);
  await rename(unfinished, path);
  await syncDir(dirname(path));
}

/** A new name is on the disk only when its directory is. */
async function syncDir(path: string): Promise<void> {
  const dir = await open(path, "r");
  try {
    await dir.sync();
  } finally {
    await dir.close();
  }
}

function hasErrno(error: unknown, errno: string): boolean {
  return error instanceof Error && "code" in error && error.code === errno;
}
