import { existsSync } from "node:fs";
import { chmod, cp, mkdir, mkdtemp, readdir, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { OpenClawError } from "@openclaw/protocol";
import type { Clock } from "../../base/clock.ts";
import type { Ids } from "../../base/ids.ts";
import type { Secret } from "../../base/secret.ts";
import { openStateDir, outrunDatabase } from "../../fabric/engine.ts";
import { endLeftNode } from "../local-node/end-left-node.ts";
import { DATABASE, type BackupManifest } from "./manifest.ts";
import { checkDatabase, unpackBackup } from "./read-backup.ts";

export interface RestoreOptions {
  readonly file: string;
  readonly passphrase: Secret | undefined;
  readonly stateDir: string;
  /** What is there is moved aside; without it the directory must be empty or absent. */
  readonly replace: boolean;
  /** The `credentials` directory, for a backup made without keys. */
  readonly keysFrom: string | undefined;
  readonly clock: Clock;
  readonly ids: Ids;
}

export interface Restored {
  readonly manifest: BackupManifest;
  /** Where the old directory is now. */
  readonly movedTo: string | undefined;
}

/**
 * Puts a backup in the place of the state directory. Everything is unpacked and compared beside it first, so a backup that does not
 * verify changes nothing. The copy is made newer than its original for every node: they obey it, and refuse the original from then on.
 * Throws as `verifyBackup`, and BACKUP_TARGET_FULL, BACKUP_KEYLESS or STATE_HELD.
 */
export async function restoreBackup(options: RestoreOptions, signal: AbortSignal): Promise<Restored> {
  const { stateDir, file, passphrase, keysFrom } = options;
  const full = existsSync(stateDir) && (await readdir(stateDir)).length > 0;
  if (full && !options.replace) throw new OpenClawError("BACKUP_TARGET_FULL", { why: `${stateDir} is not empty.` });
  await using stack = new AsyncDisposableStack();
  // Held until the end: no gateway starts on a directory that is about to be moved.
  if (full) stack.use(await openStateDir({ dir: stateDir, clock: options.clock, ids: options.ids, port: null }));
  // It would go on in what is moved aside, under the name of the next one.
  if (full) await endLeftNode(stateDir, options.clock);
  await mkdir(dirname(stateDir), { recursive: true });
  const beside = await mkdtemp(`${stateDir}.restoring-`);
  try {
    const manifest = await unpackBackup({ file, passphrase, to: beside, accepts: () => true }, signal);
    if (!manifest.withKeys && keysFrom === undefined) throw new OpenClawError("BACKUP_KEYLESS");
    if (keysFrom !== undefined) await takeKeys(keysFrom, join(beside, "credentials"));
    await checkDatabase(join(beside, DATABASE));
    await outrunDatabase(join(beside, DATABASE));
    for (const part of ["", "state", "blobs", "credentials"]) {
      await mkdir(join(beside, part), { recursive: true, mode: 0o700 });
      await chmod(join(beside, part), 0o700);
    }
    const stamp = new Date(options.clock.now()).toISOString().replaceAll(/[:.]/g, "-");
    const movedTo = full ? `${stateDir}.before-${stamp}` : undefined;
    if (movedTo !== undefined) await rename(stateDir, movedTo);
    else await rm(stateDir, { recursive: true, force: true });
    await rename(beside, stateDir);
    return { manifest, movedTo };
  } finally {
    await rm(beside, { recursive: true, force: true });
  }
}

async function takeKeys(from: string, to: string): Promise<void> {
  if (!existsSync(join(from, "key-encryption-key"))) {
    throw new OpenClawError("BACKUP_KEYLESS", { why: `${from} holds no key-encryption-key.` });
  }
  await rm(to, { recursive: true, force: true });
  await cp(from, to, { recursive: true });
}
