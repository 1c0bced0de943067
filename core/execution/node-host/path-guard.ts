import { constants, mkdirSync, realpathSync } from "node:fs";
import { open, realpath, type FileHandle } from "node:fs/promises";
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from "node:path";
import { OpenClawError } from "@openclaw/protocol";
import { fileError, isErrno } from "./file-error.ts";

/** Decides which paths a gateway may name, and opens them so that a link swapped in afterwards changes nothing. */
export interface PathGuard {
  readonly workspace: string;
  /**
   * The real path: links resolved, also where the last parts do not exist yet; relative paths start at the workspace.
   * Throws NODE_PATH_FORBIDDEN outside the allowed directories.
   */
  resolve(path: string): Promise<string>;
  /** A directory `resolve` gave, checked again once it is open; dispose it. Throws NODE_PATH_FORBIDDEN, NODE_FILE_FAILED. */
  openDirectory(realDirectory: string): Promise<HeldDirectory>;
  /** Opens a file for reading; never follows a link in the last part, never waits for a pipe. The caller closes it. */
  openFile(path: string): Promise<{ readonly path: string; readonly file: FileHandle }>;
}

export interface HeldDirectory extends AsyncDisposable {
  /** A path to a name in this directory that stays in it, whatever is renamed meanwhile. */
  at(name: string): string;
  sync(): Promise<void>;
}

/** `forbidden` directories are refused even inside allowed ones: the node's own state holds its key. */
export function createPathGuard(workspace: string, allowedDirs: readonly string[], forbidden: readonly string[]): PathGuard {
  mkdirSync(workspace, { recursive: true });
  const home = realpathSync.native(workspace);
  const allowed = [...new Set([home, ...allowedDirs.map(realOrSame)])];
  const closed = forbidden.map(realOrSame);

  const check = (real: string, asked: string): string => {
    if (!allowed.some((root) => isInside(root, real)) || closed.some((root) => isInside(root, real))) {
      throw new OpenClawError("NODE_PATH_FORBIDDEN", { why: `Asked for ${asked}.`, detail: { path: asked } });
    }
    return real;
  };

  const resolvePath = async (path: string): Promise<string> => {
    if (path === home && realOrSame(home) === home) return home; // where nearly every command runs
    if (path.includes("\0")) throw new OpenClawError("NODE_PATH_FORBIDDEN", { why: "The path holds a zero byte." });
    return check(await realOfDeepest(isAbsolute(path) ? resolve(path) : resolve(home, path)), path);
  };

  const openDirectory = async (realDirectory: string): Promise<HeldDirectory> => {
    const flags = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;
    const directory = await open(realDirectory, flags).catch((error: unknown) => {
      throw fileError(error, realDirectory);
    });
    const handle = `/proc/self/fd/${directory.fd}`;
    const real = await realpath(handle).catch(() => undefined);
    if (real !== undefined) {
      try {
        check(real, realDirectory);
      } catch (error) {
        await directory.close();
        throw error;
      }
    }
    return {
      at: (name) => join(real === undefined ? realDirectory : handle, name),
      sync: () => directory.sync(),
      [Symbol.asyncDispose]: () => directory.close(),
    };
  };

  return {
    workspace: home,
    resolve: resolvePath,
    openDirectory,
    openFile: async (path) => {
      const real = await resolvePath(path);
      await using parent = await openDirectory(dirname(real));
      const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
      const file = await open(parent.at(basename(real)), flags).catch((error: unknown) => {
        throw fileError(error, path);
      });
      try {
        if (!(await file.stat()).isFile()) throw new OpenClawError("NODE_FILE_FAILED", { why: `${path} is not a regular file.` });
      } catch (error) {
        await file.close();
        throw error;
      }
      return { path: real, file };
    },
  };
}

/** The real path of the deepest part that exists, with the rest, which holds no link, appended. */
async function realOfDeepest(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    if (!isErrno(error, "ENOENT") && !isErrno(error, "ENOTDIR")) throw fileError(error, path);
    const parent = dirname(path);
    return parent === path ? path : join(await realOfDeepest(parent), basename(path));
  }
}

function isInside(root: string, path: string): boolean {
  const rest = relative(root, path);
  return rest === "" || (rest !== ".." && !rest.startsWith(`..${sep}`) && !isAbsolute(rest));
}

function realOrSame(path: string): string {
  try {
    return realpathSync.native(path);
  } catch {
    return resolve(path);
  }
}
