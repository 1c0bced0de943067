/** Backups as a person looks after them from the page: which there are, one more now, and whether one can be read. */
import { basename } from "node:path";
import { codeOf, OpenClawError } from "@openclaw/protocol";
import type { Clock } from "../../base/clock.ts";
import type { Secret } from "../../base/secret.ts";
import type { BackupDesk } from "../../control/gateway.ts";
import type { Config } from "../config-schema.ts";
import { COMMAND } from "../version.ts";
import type { BackupOrder, BackupReport, VerifyOrder } from "./backup-thread.ts";
import { doInThread } from "./in-thread.ts";
import { backupFolder, listBackups, newBackupFile, pruneBackups, type StoredBackup } from "./stored-backups.ts";

export interface BackupDeskDeps {
  readonly stateDir: string;
  readonly configPath: string;
  readonly version: string;
  readonly clock: Clock;
  /** The configuration's `backup`, as it is now. */
  readonly wish: () => Config["backup"];
  readonly passphrase: () => Promise<Secret | null | undefined>;
  /** Off this thread. */
  readonly work?: (order: BackupOrder | VerifyOrder, signal: AbortSignal) => Promise<BackupReport>;
}

interface Verified { readonly atMs: number; readonly well: boolean; readonly code?: string; readonly why?: string }

const SHOWN_MAX = 10;
const REMEMBERED_MAX = 100;
const KEEP = 7;

/** What was found out of a file is remembered while the gateway runs; a file that changed its size is another one. */
export function createBackupDesk(deps: BackupDeskDeps): BackupDesk {
  const { stateDir, configPath, version, clock, wish, work = doInThread } = deps;
  const verified = new Map<string, Verified>();
  let making: Promise<unknown> | undefined;
  const folder = (): string => wish()?.to ?? backupFolder(stateDir);
  const nameOf = ({ file, bytes }: StoredBackup): string => `${file} ${bytes}`;
  const passphraseFor = async (sealed: boolean): Promise<string | undefined> => {
    const passphrase = sealed ? await deps.passphrase() : undefined;
    if (sealed && (passphrase === undefined || passphrase === null)) throw missing();
    return passphrase?.reveal();
  };
  const status = async (): Promise<object> => {
    const found = await listBackups(folder());
    const { everyHours, plain = false } = wish() ?? {};
    const canMake = plain || (await deps.passphrase().catch(() => undefined) ?? undefined) !== undefined;
    return {
      folder: folder(), command: `${COMMAND} backup create`, canMake, count: found.length,
      ...(everyHours === undefined ? {} : { everyHours }),
      backups: found.slice(0, SHOWN_MAX).map((one) => {
        const known = verified.get(nameOf(one));
        return { ...one, file: basename(one.file), ...(known === undefined ? {} : { verified: known }) };
      }),
    };
  };
  const make = async (signal: AbortSignal): Promise<void> => {
    const { plain = false, keep = KEEP } = wish() ?? {};
    const passphrase = await passphraseFor(!plain);
    const file = await newBackupFile(folder(), clock.now(), !plain);
    await work({ stateDir, configPath, version, file, passphrase }, signal);
    await pruneBackups(folder(), keep);
  };
  return {
    status,
    create: async (signal) => {
      // Two who ask at once want one.
      await (making ??= make(signal).finally(() => {
        making = undefined;
      }));
      return await status();
    },
    verify: async (file, signal) => {
      const found = (await listBackups(folder())).find((one) => basename(one.file) === file);
      if (found === undefined) throw new OpenClawError("NOT_FOUND", { why: `There is no backup ${file} in ${folder()}.` });
      const passphrase = await passphraseFor(found.sealed);
      const atMs = clock.now();
      const result = await work({ verify: true, file: found.file, passphrase }, signal).then((): Verified => ({ atMs, well: true }),
        (error: unknown): Verified => {
          signal.throwIfAborted();
          const why = error instanceof Error ? error.message : String(error);
          return { atMs, well: false, code: codeOf(error) ?? "BACKUP_DAMAGED", why };
        });
      if (verified.size >= REMEMBERED_MAX) verified.clear();
      verified.set(nameOf(found), result);
      return await status();
    },
  };
}

function missing(): OpenClawError {
  return new OpenClawError("BACKUP_PASSPHRASE_MISSING", {
    next: `Set backup.passphrase in the configuration, or run ${COMMAND} backup create: it asks for one.`,
  });
}
