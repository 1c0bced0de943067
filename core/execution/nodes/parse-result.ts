import { ERRORS, NODE_COMMANDS, type ErrorCode, type InvokeResultParams } from "@openclaw/protocol";
import { checkSchema } from "../../base/schema.ts";

export type ParsedResult =
  | { readonly ok: true; readonly payload: unknown }
  | {
    readonly ok: false; readonly code: ErrorCode; readonly why: string;
    readonly nodeError?: { readonly code: string; readonly message: string };
  };

/** Codes a node may answer with in our own words; anything else it says is quoted under TOOL_FAILED. */
const NODE_CODES: ReadonlySet<string> = new Set([
  "PARAMS_INVALID", "TOO_LARGE", "NOT_FOUND", "OUTCOME_UNKNOWN", "DISK_FULL", "TOOL_FAILED",
  ...Object.keys(ERRORS).filter((code) => /^(NODE|COMMAND|JOB)_/.test(code)),
]);

/** What other node programs say for things that have a name here. */
const SYNONYMS: Readonly<Record<string, ErrorCode>> = {
  TIMEOUT: "COMMAND_TIMEOUT", DISCONNECTED: "NODE_LOST", NODE_NOT_READY: "NODE_BUSY", INVALID_REQUEST: "PARAMS_INVALID",
};

/** Turns a node's answer into a payload of the command's own shape, or a coded failure. Never throws. */
export function parseResult(command: string, { ok, payload, payloadJSON, error }: InvokeResultParams): ParsedResult {
  if (ok !== true) {
    const nodeError = { code: error?.code ?? "UNAVAILABLE", message: error?.message ?? "The node gave no reason." };
    const code = SYNONYMS[nodeError.code] ?? (NODE_CODES.has(nodeError.code) ? (nodeError.code as ErrorCode) : "TOOL_FAILED");
    return { ok: false, code, why: code === nodeError.code ? nodeError.message : `${nodeError.code}: ${nodeError.message}`, nodeError };
  }
  let value: unknown = payload;
  if (payloadJSON !== undefined) {
    try {
      value = JSON.parse(payloadJSON);
    } catch {
      return { ok: false, code: "NODE_REPLY_INVALID", why: `The payload of ${command} is not JSON.` };
    }
  }
  if (!Object.hasOwn(NODE_COMMANDS, command)) return { ok: true, payload: value ?? null };
  const checked = checkSchema(NODE_COMMANDS[command as keyof typeof NODE_COMMANDS].result, value);
  return checked.ok ? { ok: true, payload: value } : { ok: false, code: "NODE_REPLY_INVALID", why: `${command}: ${checked.text}.` };
}
