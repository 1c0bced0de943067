import { accessSync, constants, realpathSync, statSync } from "node:fs";
import { basename, delimiter, isAbsolute, join, normalize, resolve } from "node:path";

/**
 * The path a program name stands for, or undefined: bare names are looked up on `path` (a PATH), names with a slash are
 * taken from `cwd`. The system's own lookup is not used, so that what was checked is what is started.
 */
export function findProgram(name: string, path: string, cwd: string): string | undefined {
  if (name === "" || name.includes("\0")) return undefined;
  if (name.includes("/")) {
    const found = isAbsolute(name) ? normalize(name) : resolve(cwd, name);
    return isExecutable(found) ? found : undefined;
  }
  for (const directory of path.split(delimiter)) {
    // An empty or relative part means the current directory to a shell: a file there must not stand in for a program.
    if (!isAbsolute(directory)) continue;
    const found = join(directory, name);
    if (isExecutable(found)) return found;
  }
  return undefined;
}

/**
 * Is this program, as found, on the list? A name on the list stands for what that name means on the node's PATH and nothing
 * else: a file of the same name elsewhere does not match, nor does another name of a program that is many in one.
 */
export function isProgramAllowed(found: string, allowed: readonly string[] | "any", path: string): boolean {
  if (allowed === "any") return true;
  const real = realPath(found);
  return allowed.some((entry) => {
    const listed = isAbsolute(entry) ? normalize(entry) : findProgram(entry, path, "/");
    if (listed === undefined || entry.includes("/") !== isAbsolute(entry)) return false;
    return listed === found || listed === real || (basename(listed) === basename(found) && realPath(listed) === real);
  });
}

function isExecutable(file: string): boolean {
  try {
    // Most places on a PATH do not have it, and an error costs more than the question.
    if (statSync(file, { throwIfNoEntry: false })?.isFile() !== true) return false;
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function realPath(file: string): string {
  try {
    return realpathSync.native(file);
  } catch {
    return file;
  }
}
