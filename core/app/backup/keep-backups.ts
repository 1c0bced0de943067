import type { Clock } from "../../base/clock.ts";
import type { Secret } from "../../base/secret.ts";
import { OpenClawError } from "@openclaw/protocol";
import type { Logger } from "../../fabric/telemetry.ts";
import type { BackupOrder, BackupReport } from "./backup-thread.ts";
import { doInThread } from "./in-thread.ts";
import { backupFolder, listBackups, newBackupFile, pruneBackups } from "./stored-backups.ts";

export interface BackupWish {
  readonly everyHours: number;
  readonly keep: number;
  readonly to: string | undefined;
  readonly plain: boolean;
}

export interface KeepBackupsDeps {
  readonly stateDir: string;
  readonly configPath: string;
  readonly version: string;
  readonly clock: Clock;
  readonly log: Logger;
  /** As the configuration is now; undefined where it wants none. */
  readonly wish: () => BackupWish | undefined;
  readonly passphrase: () => Promise<Secret | undefined>;
  /** Makes one, off this thread. */
  readonly make?: (order: BackupOrder, signal: AbortSignal) => Promise<BackupReport>;
}

/** How soon an edit of the configuration is seen. */
const LOOK_MS = 60_000;
const RETRY_MS = 15 * 60_000;
const HOUR_MS = 3_600_000;

/**
 * Makes a backup whenever the newest is older than the configuration wants, and removes those beyond `keep`; until the signal aborts.
 * A failure is logged and tried again in a quarter of an hour. When one is due is told by the files alone, so a gateway that was
 * stopped over the time makes one when it is back.
 */
export async function keepBackups(deps: KeepBackupsDeps, signal: AbortSignal): Promise<void> {
  const { clock, log, stateDir } = deps;
  for (let restUntilMs = 0; !signal.aborted; ) {
    const wish = deps.wish();
    if (wish !== undefined && clock.now() >= restUntilMs) {
      const folder = wish.to ?? backupFolder(stateDir);
      const newest = (await listBackups(folder))[0]?.madeAtMs ?? 0;
      if (clock.now() - newest >= wish.everyHours * HOUR_MS) {
        try {
          await makeOne(deps, wish, folder, signal);
        } catch (error) {
          if (signal.aborted) break;
          log.error("backup.failed", { error });
          restUntilMs = clock.now() + RETRY_MS;
        }
      }
    }
    await clock.wait(LOOK_MS, signal).catch(() => undefined);
  }
}

async function makeOne(deps: KeepBackupsDeps, wish: BackupWish, folder: string, signal: AbortSignal): Promise<void> {
  const { clock, log, stateDir, configPath, version, make = doInThread } = deps;
  const passphrase = wish.plain ? undefined : await deps.passphrase();
  if (!wish.plain && passphrase === undefined) {
    throw new OpenClawError("BACKUP_PASSPHRASE_MISSING", { next: "Set backup.passphrase to where it is, or backup.plain to true." });
  }
  const began = clock.monotonic();
  const file = await newBackupFile(folder, clock.now(), !wish.plain);
  const { bytes, parts } = await make({ stateDir, configPath, version, file, passphrase: passphrase?.reveal() }, signal);
  log.info("backup.made", { file, bytes, parts, tookMs: Math.round(clock.monotonic() - began) });
  const removed = await pruneBackups(folder, wish.keep);
  if (removed.length > 0) log.info("backup.pruned", { removed });
}
