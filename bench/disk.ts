import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";

/** What the files below a directory take on the disk. */
export function bytesBelow(directory: string): number {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, { parentPath, name }) => sum + (statSync(join(parentPath, name), { throwIfNoEntry: false })?.blocks ?? 0) * 512, 0);
}
