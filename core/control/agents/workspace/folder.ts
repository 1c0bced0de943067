/**
 * A directory that programs of an agent write to as well: files in it are opened by what they are, never by what a link in
 * their place points to, and the directory itself is held open while it is used, so that nobody swaps it.
 */
import { constants } from "node:fs";
import { lstat, mkdir, open, rename, rm, type FileHandle } from "node:fs/promises";
import { dirname, join } from "node:path";

export interface FolderFile {
  readonly bytes: Buffer;
  /** Of the whole file. */
  readonly size: number;
  readonly updatedAtMs: number;
}

export interface Folder extends AsyncDisposable {
  /** At most `bytesMax` of it. Undefined: there is no plain file of that name. */
  read(name: string, bytesMax: number): Promise<FolderFile | undefined>;
  stat(name: string): Promise<{ readonly size: number; readonly updatedAtMs: number } | undefined>;
  /** Whole or not at all; durable when it resolves. The file belongs to whom the directory belongs. */
  write(name: string, text: string): Promise<void>;
}

const PLAIN = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
const FRESH = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;

/** Undefined where there is no directory of that name. `make`: it is made, with its parents, and given to its parent's owner. */
export async function openFolder(path: string, make = false): Promise<Folder | undefined> {
  if (make) await makeFolder(path);
  let handle: FileHandle;
  try {
    handle = await open(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  } catch {
    return undefined;
  }
  // Linux names what is open; elsewhere the path has to do.
  const at = (name: string): string => join(process.platform === "linux" ? `/proc/self/fd/${handle.fd}` : path, name);
  return {
    read: async (name, bytesMax) => {
      try {
        await using file = await open(at(name), PLAIN);
        const stat = await file.stat();
        // A second name for a file may be a name for somebody else's.
        if (!stat.isFile() || stat.nlink > 1) return undefined;
        const bytes = Buffer.alloc(Math.min(stat.size, bytesMax));
        const { bytesRead } = await file.read(bytes, 0, bytes.length, 0);
        return { bytes: bytes.subarray(0, bytesRead), size: stat.size, updatedAtMs: Math.round(stat.mtimeMs) };
      } catch {
        return undefined;
      }
    },
    stat: async (name) => {
      const stat = await lstat(at(name)).catch(() => undefined);
      return stat?.isFile() === true ? { size: stat.size, updatedAtMs: Math.round(stat.mtimeMs) } : undefined;
    },
    write: async (name, text) => {
      const temporary = `.${name.replaceAll("/", "-")}.new`;
      await rm(at(temporary), { force: true });
      const { uid, gid } = await handle.stat();
      try {
        await using file = await open(at(temporary), FRESH, 0o644);
        await file.writeFile(text);
        if (isRoot()) await file.chown(uid, gid);
        await file.sync();
      } catch (error) {
        await rm(at(temporary), { force: true });
        throw error;
      }
      await rename(at(temporary), at(name));
      await handle.sync().catch(() => undefined); // some file systems do not sync directories
    },
    [Symbol.asyncDispose]: () => handle.close(),
  };
}

async function makeFolder(path: string): Promise<void> {
  if ((await lstat(path).catch(() => undefined)) !== undefined) return;
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await mkdir(path, { mode: 0o700 }).catch((error: unknown) => {
    if ((error as { readonly code?: string }).code !== "EEXIST") throw error;
  });
  if (!isRoot()) return;
  const { uid, gid } = await lstat(dirname(path));
  await using made = await open(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  await made.chown(uid, gid);
}

function isRoot(): boolean {
  return process.getuid?.() === 0;
}
