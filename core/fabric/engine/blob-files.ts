/**
 * Blobs as files: `<dir>/ab/<digest>`. A blob is written beside its place, synced, and renamed into it, so a name that
 * exists always holds the whole content.
 */
import { createHash } from "node:crypto";
import type { FileHandle } from "node:fs/promises";
import { mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { codeOf, OpenClawError } from "@openclaw/protocol";
import type { BlobInfo, Blobs } from "@openclaw/sdk";
import { crashPoint } from "../../base/crash-point.ts";
import type { Clock } from "../../base/clock.ts";
import type { Ids } from "../../base/ids.ts";
import { checkDigest } from "./check-arguments.ts";

const READ_BYTES = 65_536;

export interface BlobFilesDeps {
  readonly dir: string;
  readonly ids: Ids;
  readonly clock: Clock;
  /** Throws CLOSED once the engine is closed. */
  readonly checkOpen: () => void;
}

export function createBlobFiles({ dir, ids, clock, checkOpen }: BlobFilesDeps): Blobs {
  const incoming = join(dir, "incoming");
  const madeDirs = new Map<string, Promise<void>>();
  const folderOf = (digest: string): string => join(dir, digest.slice(0, 2));
  const pathOf = (digest: string): string => join(folderOf(digest), digest);

  /** Makes a folder once; a failure is tried again by the next caller. */
  const ensure = (path: string, after: () => Promise<void>): Promise<void> => {
    let made = madeDirs.get(path);
    if (made === undefined) {
      made = mkdir(path, { recursive: true, mode: 0o700 }).then(after);
      madeDirs.set(path, made);
      made.catch(() => madeDirs.delete(path));
    }
    return made;
  };
  /** What a crash left half-written belongs to nobody: this directory has one owner. */
  const sweep = async (): Promise<void> => {
    for (const name of await readdir(incoming)) await rm(join(incoming, name), { force: true });
  };

  const place = async (from: string, { digest, bytes }: BlobInfo): Promise<void> => {
    await ensure(folderOf(digest), () => syncDirectory(dir));
    const present = await sizeOf(pathOf(digest));
    if (present === bytes) return void (await rm(from, { force: true }));
    await rename(from, pathOf(digest));
    crashPoint("blob.renamed");
    await syncDirectory(folderOf(digest));
  };

  return {
    put: (data, options = {}) =>
      coded(async () => {
        checkOpen();
        await ensure(incoming, sweep);
        const path = join(incoming, ids.sortable(clock.now()));
        try {
          const file = await open(path, "wx", 0o600);
          let info: BlobInfo;
          try {
            info = await writeAll(file, data, options.maxBytes ?? Number.POSITIVE_INFINITY);
            crashPoint("blob.written");
            await file.sync();
            crashPoint("blob.synced");
          } finally {
            await file.close();
          }
          checkOpen();
          await place(path, info);
          return info;
        } catch (error) {
          await rm(path, { force: true });
          throw error;
        }
      }),

    async *get(digest, signal) {
      checkOpen();
      checkDigest(digest);
      const file = await coded(() => open(pathOf(digest), "r"));
      try {
        const hash = createHash("sha256");
        for (;;) {
          signal?.throwIfAborted();
          checkOpen();
          const { bytesRead, buffer } = await coded(() => file.read(new Uint8Array(READ_BYTES), 0, READ_BYTES));
          if (bytesRead === 0) break;
          const chunk = buffer.subarray(0, bytesRead);
          hash.update(chunk);
          yield chunk;
        }
        if (hash.digest("hex") !== digest)
          throw new OpenClawError("STATE_DAMAGED", { why: `The blob ${digest} is damaged.`, detail: { digest } });
      } finally {
        await file.close();
      }
    },

    stat: async (digest) => {
      checkOpen();
      checkDigest(digest);
      const bytes = await coded(() => sizeOf(pathOf(digest)));
      return bytes === undefined ? null : { digest, bytes };
    },

    delete: async (digest) => {
      checkOpen();
      checkDigest(digest);
      await coded(async () => {
        if ((await sizeOf(pathOf(digest))) === undefined) return;
        await rm(pathOf(digest), { force: true });
        await syncDirectory(folderOf(digest));
      });
    },
  };
}

async function writeAll(file: FileHandle, data: AsyncIterable<Uint8Array> | Uint8Array, bytesMax: number): Promise<BlobInfo> {
  const hash = createHash("sha256");
  let bytes = 0;
  for await (const chunk of data instanceof Uint8Array ? [data] : data) {
    bytes += chunk.byteLength;
    if (bytes > bytesMax) throw new OpenClawError("TOO_LARGE", { detail: { what: "blob", bytesMax } });
    hash.update(chunk);
    for (let written = 0; written < chunk.byteLength;) {
      written += (await file.write(chunk, written, chunk.byteLength - written)).bytesWritten;
    }
  }
  return { digest: hash.digest("hex"), bytes };
}

/** Undefined when there is no such file. */
async function sizeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (systemCode(error) === "ENOENT") return undefined;
    throw error;
  }
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, "r");
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

/** Leaves our own errors, and those of the caller's data, as they are. */
async function coded<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    const code = systemCode(error);
    if (code === undefined || codeOf(error) !== undefined) throw error;
    if (code === "ENOENT") throw new OpenClawError("NOT_FOUND", { cause: error });
    throw new OpenClawError(code === "ENOSPC" || code === "EDQUOT" ? "DISK_FULL" : "ENGINE_UNAVAILABLE", { cause: error });
  }
}

/** The code of a failed system call. */
function systemCode(error: unknown): string | undefined {
  return error instanceof Error && "syscall" in error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}
