import { closeSync, fsyncSync, openSync } from "node:fs";
import { open } from "node:fs/promises";
import { dirname } from "node:path";

/** Makes the names in a directory outlive a loss of power: what was synced under a name that is not on the disk is lost with it. */
export async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, "r");
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

/** The same for the names of directories that were just made: `made` is the first of them, `path` the last. */
export function syncMade(made: string | undefined, path: string): void {
  for (let named = path; made !== undefined; named = dirname(named)) {
    const file = openSync(dirname(named), "r");
    try {
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    if (named === made) return;
  }
}
