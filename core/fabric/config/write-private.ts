import { open, realpath, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { crashPoint } from "../../base/crash-point.ts";

/** Replaces a file, 0600, whole or not at all; durable when it resolves. A link is followed, and stays a link. */
export async function writePrivate(path: string, text: string): Promise<void> {
  const target = await realpath(path).catch(() => path);
  const temporary = `${target}.new`;
  const file = await open(temporary, "w", 0o600);
  try {
    await file.chmod(0o600);
    await file.writeFile(text);
    await file.sync();
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  } finally {
    await file.close();
  }
  crashPoint("config.written");
  await rename(temporary, target);
  const directory = await open(dirname(target), "r");
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
