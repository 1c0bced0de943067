/**
 * Backups: everything a gateway keeps, in one file, made while it runs, and put back in the place of what was lost.
 *
 * A backup is the database as it was at one moment, every blob that moment names, the configuration, the keys unless they are left
 * out, and the agents' files. It is sealed under a passphrase unless a person wants a plain tar. It is read to its end and compared
 * before anything is replaced. A restored copy goes on in the original's place: the nodes obey it and refuse the original. Nothing
 * here starts or stops a gateway, or sends a backup anywhere.
 */
import { late } from "../base/late.ts";

export type { CreateBackupOptions, BackupMade } from "./backup/create-backup.ts";
export type { BackupWish, KeepBackupsDeps } from "./backup/keep-backups.ts";
export type { BackupManifest } from "./backup/manifest.ts";
export type { Restored, RestoreOptions } from "./backup/restore-backup.ts";
export type { StoredBackup } from "./backup/stored-backups.ts";

export const createBackup = late(() => import("./backup/create-backup.ts"), "createBackup");
export const keepBackups = late(() => import("./backup/keep-backups.ts"), "keepBackups");
export const isSealedBackup = late(() => import("./backup/read-backup.ts"), "isSealedBackup");
export const verifyBackup = late(() => import("./backup/read-backup.ts"), "verifyBackup");
export const restoreBackup = late(() => import("./backup/restore-backup.ts"), "restoreBackup");
export const listBackups = late(() => import("./backup/stored-backups.ts"), "listBackups");
export const pruneBackups = late(() => import("./backup/stored-backups.ts"), "pruneBackups");
export const newBackupFile = late(() => import("./backup/stored-backups.ts"), "newBackupFile");
