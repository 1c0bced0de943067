/** What SQLite says, as a code of the engine. Imports nothing that costs time: the writer thread starts with it. */
import type { ErrorCode } from "@openclaw/protocol";
import type { WriterFault } from "./writer-protocol.ts";

const BUSY = 5;
const LOCKED = 6;
const FULL = 13;

/**
 * DISK_FULL and FILE_LOCKED mean that nothing was written: SQLite reports them before the frame that would commit.
 * Anything else is ENGINE_UNAVAILABLE, for a commit whose last sync failed may still be found after a restart.
 */
export function sqliteFault(error: unknown): WriterFault {
  return { code: sqliteCode(error), why: messageOf(error) };
}

/** The primary result code of SQLite, or undefined when the error is not from there. */
export function sqlitePrimary(error: unknown): number | undefined {
  if (typeof error !== "object" || error === null || !("errcode" in error) || typeof error.errcode !== "number") return undefined;
  return error.errcode & 0xff;
}

function sqliteCode(error: unknown): ErrorCode {
  switch (sqlitePrimary(error)) {
    case BUSY:
    case LOCKED:
      return "FILE_LOCKED";
    case FULL:
      return "DISK_FULL";
    default:
      return "ENGINE_UNAVAILABLE";
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? `${error.message}.` : String(error);
}
