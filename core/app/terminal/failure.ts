/** A failure in four parts: what happened, why, what to do next, code. The same parts in words and in JSON. */
import { codeOf, ERRORS, EXIT, OpenClawError, type ErrorSpec } from "@openclaw/protocol";
import { UsageError } from "./usage-error.ts";

export interface Failure {
  readonly code: string;
  readonly message: string;
  readonly why?: string;
  readonly next: string;
  /** Exit code of the command. */
  readonly exit: number;
  readonly retryAfterMs?: number;
}

/** What is not there, or changed meanwhile, is told by the reason alone; the sentence of the code says less. */
const SAID_BY_REASON: ReadonlySet<string> = new Set(["NOT_FOUND", "CONFLICT"]);

/** Any thrown thing as a failure. Never throws; what carries no code is our own mistake and is called INTERNAL. */
export function describeFailure(error: unknown): Failure {
  if (error instanceof UsageError) return { code: error.code, message: error.message, next: error.next, exit: error.exit };
  const code = codeOf(error);
  if (code === undefined) return describeUncoded(error);
  const spec: ErrorSpec = ERRORS[code];
  const said = error instanceof Error ? error.message : spec.text;
  const text = said.startsWith(`${code}: `) ? said.slice(code.length + 2) : said; // as a node's failure is written on the wire
  const known = error instanceof OpenClawError ? error : undefined;
  // The wire keeps the words that other clients look for; they are no sentence, so a person gets them as the reason.
  const why = text.startsWith(spec.text) ? text.slice(spec.text.length).trim() : /^[a-z]/.test(text) ? text : "";
  const isSaid = why === "" || (SAID_BY_REASON.has(code) && /^[^a-z]/.test(why));
  return {
    code,
    message: why === "" ? text : isSaid ? why : spec.text,
    ...(isSaid ? {} : { why }),
    next: known?.next ?? spec.next,
    exit: spec.exit,
    ...(known?.retryAfterMs === undefined ? {} : { retryAfterMs: known.retryAfterMs }),
  };
}

function describeUncoded(error: unknown): Failure {
  const system = typeof error === "object" && error !== null && "code" in error && typeof error.code === "string" ? error.code : undefined;
  const message = error instanceof Error ? error.message : String(error);
  if (system === "ENOSPC") return {
    code: "DISK_FULL", message: ERRORS.DISK_FULL.text, why: message, next: ERRORS.DISK_FULL.next, exit: ERRORS.DISK_FULL.exit,
  };
  if (system === "EACCES" || system === "EPERM" || system === "EROFS") {
    return {
      code: "INTERNAL", message: "A file may not be read or written.", why: message,
      next: "Mend its permissions, or point OPENCLAW_STATE_DIR somewhere else.", exit: EXIT.failed,
    };
  }
  return {
    code: "INTERNAL", message: "This command met something it was not written for.", why: message,
    next: "Run it again with OPENCLAW_DEBUG=1 to see where.", exit: EXIT.failed,
  };
}
