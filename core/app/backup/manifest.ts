/** What a backup says of itself: the last entry in it, so that everything could be hashed on the way. */
import { OpenClawError } from "@openclaw/protocol";

export const MANIFEST = "openclaw-backup.json";
export const DATABASE = "state/openclaw.sqlite";

export interface BackupPart {
  readonly path: string;
  readonly kind: "file" | "directory" | "link";
  readonly mode: number;
  /** Of a file. */
  readonly bytes?: number;
  readonly sha256?: string;
  /** Of a link. */
  readonly target?: string;
}

export interface BackupManifest {
  readonly version: 1;
  /** Version of the program that made it. */
  readonly program: string;
  readonly startedAtMs: number;
  /** The moment of the database. */
  readonly takenAtMs: number;
  readonly withKeys: boolean;
  readonly withWorkspace: boolean;
  /** Files that were shortened while they were read. */
  readonly changed: readonly string[];
  readonly parts: readonly BackupPart[];
}

/** Throws BACKUP_DAMAGED, or STATE_NEWER for one of a later version. */
export function parseManifest(text: string): BackupManifest {
  let value: Partial<BackupManifest> | null = null;
  try {
    value = JSON.parse(text) as Partial<BackupManifest> | null;
  } catch {
    // told below
  }
  if (typeof value?.version === "number" && value.version > 1) {
    throw new OpenClawError("STATE_NEWER", { why: `The backup is of version ${String(value.version)}.` });
  }
  const { parts, changed } = value ?? {};
  const isSound = value?.version === 1 && Array.isArray(parts) && Array.isArray(changed) && typeof value.takenAtMs === "number"
    && parts.every((part: Partial<BackupPart> | null) => typeof part?.path === "string" && typeof part.kind === "string");
  if (!isSound) throw new OpenClawError("BACKUP_DAMAGED", { why: "Its manifest does not read." });
  return value as BackupManifest;
}
