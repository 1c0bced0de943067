import { randomUUID } from "node:crypto";
import { constants } from "node:fs";
import { open, rename, rm, stat, type FileHandle } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { OpenClawError } from "@openclaw/protocol";
import { fileError } from "./file-error.ts";
import type { PathGuard } from "./path-guard.ts";

/**
 * Writes a whole file: after a crash at any line there is the old content or the new. `realPath` is what the guard's
 * `resolve` gave. The mode of an existing file is kept. Throws NODE_FILE_FAILED or DISK_FULL, and leaves nothing behind.
 */
export async function writeAtomically(guard: PathGuard, realPath: string, fill: (file: FileHandle) => Promise<void>): Promise<void> {
  await using directory = await guard.openDirectory(dirname(realPath));
  const target = directory.at(basename(realPath));
  const temporary = directory.at(`.${basename(realPath).slice(0, 200)}.${randomUUID().slice(0, 8)}`);
  try {
    const present = await stat(target).catch(() => undefined);
    if (present !== undefined && !present.isFile()) {
      throw new OpenClawError("NODE_FILE_FAILED", { why: `${realPath} is not a regular file.` });
    }
    const file = await open(temporary, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, 0o666);
    try {
      await fill(file);
      if (present !== undefined) await file.chmod(present.mode & 0o777);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, target);
    await directory.sync();
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw fileError(error, realPath);
  }
}
