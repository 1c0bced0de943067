import { getSystemErrorMessage } from "node:util";
import { codeOf, OpenClawError } from "@openclaw/protocol";

/** A failed file operation in words; what already has a code is left as it is. */
export function fileError(error: unknown, path: string): Error {
  if (error instanceof Error && codeOf(error) !== undefined) return error;
  if (isErrno(error, "ENOSPC") || isErrno(error, "EDQUOT")) {
    return new OpenClawError("DISK_FULL", { why: `Writing ${path}.`, cause: error });
  }
  return new OpenClawError("NODE_FILE_FAILED", { why: `${path}: ${inWords(error)}.`, detail: { path }, cause: error });
}

export function isErrno(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}

function inWords(error: unknown): string {
  if (error instanceof Error && "errno" in error && typeof error.errno === "number") return getSystemErrorMessage(error.errno);
  return error instanceof Error ? error.message : String(error);
}
