import { createHash, type Hash } from "node:crypto";
import { constants } from "node:fs";
import { chmod, lstat, mkdir, open, readdir, readlink, rename, rm, type FileHandle } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { OpenClawError } from "@openclaw/protocol";
import type { Clock } from "../../base/clock.ts";
import type { Ids } from "../../base/ids.ts";
import type { Secret } from "../../base/secret.ts";
import { copyDatabase } from "../../fabric/engine.ts";
import { DATABASE, MANIFEST, type BackupManifest, type BackupPart } from "./manifest.ts";
import { sealStream } from "./seal-stream.ts";
import { tarEnd, tarHeader, tarPadding } from "./tar.ts";

export interface CreateBackupOptions {
  readonly stateDir: string;
  readonly configPath: string;
  /** The file to make; it must not exist. */
  readonly file: string;
  /** Absent: the file is a plain tar. */
  readonly passphrase?: Secret;
  /** With `credentials/`: without it nobody reads what is sealed. */
  readonly withKeys: boolean;
  readonly withWorkspace: boolean;
  readonly version: string;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly progress?: (bytes: number) => void;
}

export interface BackupMade {
  readonly file: string;
  readonly bytes: number;
  readonly parts: number;
  readonly manifest: BackupManifest;
}

const CHUNK = 262_144;
/** Of the process that runs, not of what is kept; or made anew at need. */
const LEFT = new RegExp(String.raw`^(?:owner\.|local-node\.json$|credentials/.*\.new$`
  + String.raw`|(?:logs|state|blobs/incoming|local-node/compile-cache|local-node/logs)(?:/|$))`);
const BLOBS = /^blobs(?:\/|$)/;

/**
 * Writes one backup, also while a gateway runs: the database as it is at one moment, and every blob that moment names. What is
 * unfinished is called `.part`; the name it was asked for stands only for a whole one, on the disk. Throws NOT_FOUND, CONFLICT
 * where the file is there, DISK_FULL or ENGINE_UNAVAILABLE.
 */
export async function createBackup(options: CreateBackupOptions, signal: AbortSignal): Promise<BackupMade> {
  const { file, stateDir, passphrase, ids } = options;
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  await sweepUnfinished(dirname(file), options.clock);
  if (await lstat(file).then(() => true, () => false)) throw taken(file);
  const part = `${file}.part`;
  const copy = `${file}.db.part`;
  const made: { manifest?: BackupManifest; bytes: number } = { bytes: 0 };
  // Before anything is tidied up after: what another is making under this name is theirs.
  const output = await open(part, "wx", 0o600).catch((error: unknown) => {
    throw error instanceof Error && "code" in error && error.code === "EEXIST" ? taken(file) : systemFault(error, stateDir);
  });
  try {
    try {
      const plain = writeParts(options, copy, (manifest) => (made.manifest = manifest), signal);
      for await (const chunk of passphrase === undefined ? plain : sealStream(plain, passphrase, ids)) {
        await writeAll(output, chunk);
        made.bytes += chunk.length;
        options.progress?.(made.bytes);
      }
      await output.sync();
    } finally {
      await output.close();
    }
    await rename(part, file);
    await syncDirectory(dirname(file));
  } catch (error) {
    await rm(part, { force: true });
    throw error instanceof OpenClawError || signal.aborted ? error : systemFault(error, stateDir);
  } finally {
    await rm(copy, { force: true });
  }
  if (made.manifest === undefined) throw new Error("a backup without a manifest");
  return { file, bytes: made.bytes, parts: made.manifest.parts.length, manifest: made.manifest };
}

function taken(file: string): OpenClawError {
  return new OpenClawError("CONFLICT", { why: `${file} is there already, or is being made.`, next: "Name another file." });
}

/** Whatever is read is read once: its digest is of the bytes that stand in the file. */
async function* writeParts(
  options: CreateBackupOptions, copy: string, done: (manifest: BackupManifest) => void, signal: AbortSignal,
): AsyncIterable<Uint8Array> {
  const { stateDir, withKeys, withWorkspace } = options;
  const parts: BackupPart[] = [];
  const changed: string[] = [];
  const startedAtMs = options.clock.now();
  const seen = new Set<string>();
  const add = (from: string, path: string): AsyncIterable<Uint8Array> => writeOne(from, path, parts, changed, signal);
  const walk = async function* (accepts: (path: string) => boolean): AsyncIterable<Uint8Array> {
    for await (const path of pathsBelow(stateDir, "")) {
      if (seen.has(path) || LEFT.test(path) || !accepts(path)) continue;
      seen.add(path);
      yield* add(join(stateDir, path), path);
    }
  };
  // Blobs come before the rows that name them and go after: what the copy names was there before it, or right after it.
  yield* walk((path) => BLOBS.test(path));
  await copyDatabase(join(stateDir, DATABASE), copy);
  await chmod(copy, 0o600);
  const takenAtMs = options.clock.now();
  yield* add(copy, DATABASE);
  yield* walk((path) => BLOBS.test(path));
  yield* walk((path) => !BLOBS.test(path)
    && (withKeys || !/^credentials(?:\/|$)/.test(path)) && (withWorkspace || !/^workspace(?:\/|$)/.test(path)));
  if (!options.configPath.startsWith(`${stateDir}/`)) yield* add(options.configPath, "openclaw.json");
  const manifest: BackupManifest = {
    version: 1, program: options.version, startedAtMs, takenAtMs, withKeys, withWorkspace, changed, parts,
  };
  const text = Buffer.from(`${JSON.stringify(manifest, undefined, 1)}\n`);
  yield tarHeader({ path: MANIFEST, kind: "file", mode: 0o600, modifiedMs: takenAtMs, bytes: text.length });
  yield text;
  yield tarPadding(text.length);
  yield tarEnd();
  done(manifest);
}

async function* writeOne(
  from: string, path: string, parts: BackupPart[], changed: string[], signal: AbortSignal,
): AsyncIterable<Uint8Array> {
  signal.throwIfAborted();
  const found = await lstat(from).catch(() => undefined);
  if (found === undefined) return; // it went while we looked: nothing names it any more
  const mode = found.mode & 0o777;
  const modifiedMs = Math.floor(found.mtimeMs);
  if (found.isDirectory()) {
    parts.push({ path, kind: "directory", mode });
    return yield tarHeader({ path, kind: "directory", mode, modifiedMs, bytes: 0 });
  }
  if (found.isSymbolicLink()) {
    const target = await readlink(from);
    parts.push({ path, kind: "link", mode, target });
    return yield tarHeader({ path, kind: "link", mode, modifiedMs, bytes: 0, target });
  }
  if (!found.isFile()) return; // sockets and pipes hold nothing
  // What a program on the node puts in the place of its file meanwhile is not followed.
  const file = await open(from, constants.O_RDONLY | constants.O_NOFOLLOW).catch(() => undefined);
  if (file === undefined) return;
  try {
    const { size } = await file.stat();
    yield tarHeader({ path, kind: "file", mode, modifiedMs, bytes: size });
    const hash = createHash("sha256");
    const whole = yield* contentOf(file, size, hash, signal);
    yield tarPadding(size);
    if (!whole) changed.push(path);
    parts.push({ path, kind: "file", mode, bytes: size, sha256: hash.digest("hex") });
  } finally {
    await file.close();
  }
}

/** The header said how much comes: what a file lost since is made up with zeros, and told. */
async function* contentOf(file: FileHandle, size: number, hash: Hash, signal: AbortSignal): AsyncGenerator<Uint8Array, boolean> {
  for (let at = 0; at < size;) {
    signal.throwIfAborted();
    const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(Math.min(CHUNK, size - at)), 0, Math.min(CHUNK, size - at), at);
    const chunk = bytesRead === 0 ? Buffer.alloc(Math.min(CHUNK, size - at)) : buffer.subarray(0, bytesRead);
    hash.update(chunk);
    at += chunk.length;
    yield chunk;
    if (bytesRead > 0) continue;
    for (; at < size; at += CHUNK) {
      const zeros = Buffer.alloc(Math.min(CHUNK, size - at));
      hash.update(zeros);
      yield zeros;
    }
    return false;
  }
  return true;
}

/** Parents before what lies in them; links are named, never followed. */
async function* pathsBelow(root: string, folder: string): AsyncIterable<string> {
  const entries = await readdir(join(root, folder), { withFileTypes: true }).catch(() => []);
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
    yield path;
    if (entry.isDirectory()) yield* pathsBelow(root, path);
  }
}

/** A backup that still runs is younger than this. */
const UNFINISHED_MS = 24 * 3_600_000;

/** What a crash left half-made is of no use; the files of one that runs now are younger than a day. */
async function sweepUnfinished(folder: string, clock: Clock): Promise<void> {
  for (const name of await readdir(folder)) {
    if (!/^openclaw-.*\.part$/.test(name)) continue;
    const path = join(folder, basename(name));
    const { mtimeMs } = await lstat(path).catch(() => ({ mtimeMs: Infinity }));
    if (clock.now() - mtimeMs > UNFINISHED_MS) await rm(path, { force: true });
  }
}

async function writeAll(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let written = 0; written < bytes.length;) written += (await file.write(bytes, written, bytes.length - written)).bytesWritten;
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, "r");
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

function systemFault(error: unknown, stateDir: string): unknown {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (typeof code !== "string") return error;
  const full = code === "ENOSPC" || code === "EDQUOT";
  return new OpenClawError(full ? "DISK_FULL" : "BACKUP_FAILED", { why: `${stateDir}: ${(error as Error).message}.`, cause: error });
}
