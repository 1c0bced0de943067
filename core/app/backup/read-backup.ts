import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { chmod, mkdir, mkdtemp, open, rm, stat, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { OpenClawError } from "@openclaw/protocol";
import type { Secret } from "../../base/secret.ts";
import { inspectDatabase } from "../../fabric/engine.ts";
import { DATABASE, MANIFEST, parseManifest, type BackupManifest, type BackupPart } from "./manifest.ts";
import { isSealed, openStream } from "./seal-stream.ts";
import { readTar } from "./tar.ts";

const MANIFEST_BYTES_MAX = 256 * 1_048_576;

/** Whether a passphrase is needed. Throws NOT_FOUND. */
export async function isSealedBackup(file: string): Promise<boolean> {
  const handle = await open(file, "r").catch((error: unknown) => {
    throw new OpenClawError("NOT_FOUND", { why: `${file} cannot be read.`, cause: error });
  });
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(64), 0, 64, 0);
    return isSealed(buffer.subarray(0, bytesRead));
  } finally {
    await handle.close();
  }
}

/**
 * Reads a backup to its end and compares every byte with its manifest; the database is unpacked aside and looked through. Leaves
 * nothing behind. Throws NOT_FOUND, BACKUP_PASSPHRASE_MISSING, BACKUP_PASSPHRASE_WRONG or BACKUP_DAMAGED.
 */
export async function verifyBackup(file: string, passphrase: Secret | undefined, signal: AbortSignal): Promise<BackupManifest> {
  const aside = await mkdtemp(join(tmpdir(), "openclaw-verify-"));
  try {
    const manifest = await unpackBackup({ file, passphrase, to: aside, accepts: (path) => path === DATABASE }, signal);
    await checkDatabase(join(aside, DATABASE));
    return manifest;
  } finally {
    await rm(aside, { recursive: true, force: true });
  }
}

export interface UnpackOptions {
  readonly file: string;
  readonly passphrase: Secret | undefined;
  /** A directory that is there, and empty. */
  readonly to: string;
  /** What is written; everything is read and compared. */
  readonly accepts: (path: string) => boolean;
}

/** Unpacks below `to`. What was written is worth nothing before this resolves: the manifest comes last. */
export async function unpackBackup({ file, passphrase, to, accepts }: UnpackOptions, signal: AbortSignal): Promise<BackupManifest> {
  const sealed = await isSealedBackup(file);
  if (sealed && passphrase === undefined) throw new OpenClawError("BACKUP_PASSPHRASE_MISSING");
  const bytes = createReadStream(file, { highWaterMark: 1_048_576, signal });
  const found = new Map<string, BackupPart>();
  const modes: (readonly [path: string, mode: number])[] = [];
  const links: (readonly [path: string, target: string])[] = [];
  const told: { manifest?: BackupManifest } = {};
  await readTar(sealed && passphrase !== undefined ? openStream(bytes, passphrase) : bytes, async (entry, content) => {
    const { path, kind, mode, target } = entry;
    if (told.manifest !== undefined || found.has(path)) throw damaged(`${path} stands in it twice, or after its end`);
    if (path === MANIFEST) {
      if (entry.bytes > MANIFEST_BYTES_MAX) throw damaged("its manifest is larger than any");
      const held: Uint8Array[] = [];
      for await (const chunk of content) held.push(chunk);
      told.manifest = parseManifest(Buffer.concat(held).toString("utf8"));
      return;
    }
    const place = accepts(path) ? join(to, path) : undefined;
    if (place !== undefined) await mkdir(dirname(place), { recursive: true, mode: 0o700 });
    if (kind === "directory") {
      found.set(path, { path, kind, mode });
      if (place === undefined) return;
      await mkdir(place, { recursive: true, mode: 0o700 });
      modes.push([place, mode]);
    } else if (kind === "link") {
      found.set(path, { path, kind, mode, ...(target === undefined ? {} : { target }) });
      if (place !== undefined && target !== undefined) links.push([place, target]);
    } else {
      found.set(path, { path, kind, mode, bytes: entry.bytes, sha256: await takeFile(content, place, mode) });
    }
  });
  const { manifest } = told;
  if (manifest === undefined) throw damaged("it has no manifest");
  compare(manifest, found);
  // Links come last, and directories get their modes after what lies in them: nothing was ever written through either.
  for (const [place, target] of links) await symlink(target, place);
  for (const [place, mode] of modes.reverse()) await chmod(place, mode);
  return manifest;
}

/** Throws BACKUP_DAMAGED naming what is wrong. */
export async function checkDatabase(path: string): Promise<void> {
  const { state, problems } = await inspectDatabase(path);
  if (state === "sound" || state === "older") return;
  if (state === "newer") throw new OpenClawError("STATE_NEWER");
  throw damaged(`its database is ${state}${problems[0] === undefined ? "" : `: ${problems[0]}`}`);
}

async function takeFile(content: AsyncIterable<Uint8Array>, place: string | undefined, mode: number): Promise<string> {
  const hash = createHash("sha256");
  if (place === undefined) {
    for await (const chunk of content) hash.update(chunk);
    return hash.digest("hex");
  }
  const file = await open(place, "wx", 0o600);
  try {
    for await (const chunk of content) {
      hash.update(chunk);
      await file.writeFile(chunk);
    }
    await file.chmod(mode & 0o700);
    await file.sync();
  } finally {
    await file.close();
  }
  return hash.digest("hex");
}

function compare({ parts }: BackupManifest, found: ReadonlyMap<string, BackupPart>): void {
  if (parts.length !== found.size) throw damaged(`its manifest names ${parts.length} parts, and ${found.size} are in it`);
  for (const part of parts) {
    const own = found.get(part.path);
    const same = own?.kind === part.kind && own.bytes === part.bytes && own.sha256 === part.sha256 && own.target === part.target;
    if (own === undefined || !same) throw damaged(`${part.path} is not what was put into it`);
    const digest = /^blobs\/[0-9a-f]{2}\/([0-9a-f]{64})$/.exec(part.path)?.[1];
    if (digest !== undefined && digest !== own.sha256) throw damaged(`${part.path} was damaged before it was put into it`);
  }
  if (!found.has(DATABASE)) throw damaged("it has no database");
}

function damaged(why: string): OpenClawError {
  return new OpenClawError("BACKUP_DAMAGED", { why: `It was looked at to its end: ${why}.` });
}

/** What the file weighs. */
export async function bytesOf(file: string): Promise<number> {
  return (await stat(file)).size;
}
