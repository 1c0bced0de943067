import {
  DEVICE_COMMANDS, ERRORS, NODE_COMMANDS, type DeviceCommandSpec, type ErrorCode, type InvokeResultParams,
} from "@openclaw/protocol";
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
  ...Object.keys(ERRORS).filter((code) => /^(NODE|COMMAND|JOB|SYSTEM)_/.test(code)),
]);

/** What other node programs say for things that have a name here. */
const SYNONYMS: Readonly<Record<string, ErrorCode>> = {
  TIMEOUT: "COMMAND_TIMEOUT", DISCONNECTED: "NODE_LOST", NODE_NOT_READY: "NODE_BUSY", INVALID_REQUEST: "PARAMS_INVALID",
};

const PLAIN_CHARS_MAX = 4_194_304;

/** Turns a node's answer into a payload of the command's own shape, or a coded failure. Never throws. */
export function parseResult(command: string, { ok, payload, payloadJSON, error }: InvokeResultParams): ParsedResult {
  if (ok !== true) {
    const nodeError = { code: error?.code ?? "UNAVAILABLE", message: error?.message ?? "The node gave no reason." };
    const code = SYNONYMS[nodeError.code] ?? (NODE_CODES.has(nodeError.code) ? (nodeError.code as ErrorCode) : "TOOL_FAILED");
    return { ok: false, code, why: code === nodeError.code ? nodeError.message : `${nodeError.code}: ${nodeError.message}`, nodeError };
  }
  let value: unknown = payload;
  const device = Object.hasOwn(DEVICE_COMMANDS, command) ? DEVICE_COMMANDS[command] : undefined;
  const charsMax = (device?.media?.charsMax ?? 0) + PLAIN_CHARS_MAX;
  if ((payloadJSON?.length ?? 0) > charsMax) {
    const code = device?.media === undefined ? "NODE_REPLY_INVALID" : "TOO_LARGE";
    return { ok: false, code, why: `${command} brought more than ${charsMax} characters.` };
  }
  if (payloadJSON !== undefined) {
    try {
      value = JSON.parse(payloadJSON);
    } catch {
      return { ok: false, code: "NODE_REPLY_INVALID", why: `The payload of ${command} is not JSON.` };
    }
  }
  if (device !== undefined) return parseDeviceResult(command, device, value);
  if (!Object.hasOwn(NODE_COMMANDS, command)) return { ok: true, payload: value ?? null };
  const checked = checkSchema(NODE_COMMANDS[command as keyof typeof NODE_COMMANDS].result, value);
  return checked.ok ? { ok: true, payload: value } : { ok: false, code: "NODE_REPLY_INVALID", why: `${command}: ${checked.text}.` };
}

/** A picture has to be one by its form: a known format, base64 of a size that may be kept. What is in it nobody looks at. */
function parseDeviceResult(command: string, { media, result }: DeviceCommandSpec, value: unknown): ParsedResult {
  const invalid = (why: string): ParsedResult => ({ ok: false, code: "NODE_REPLY_INVALID", why: `${command}: ${why}` });
  if (result !== undefined) {
    const checked = checkSchema(result, value);
    if (!checked.ok) return invalid(`${checked.text}.`);
  }
  if (media === undefined) return { ok: true, payload: value ?? null };
  if (typeof value !== "object" || value === null) return invalid("the result is not an object.");
  const { format, base64 } = value as { readonly format?: unknown; readonly base64?: unknown };
  const isKnown = typeof format === "string" && media.formats.includes(format.toLowerCase());
  if (!isKnown) return invalid(`${media.formats.join(", ")} is expected.`);
  if (typeof base64 !== "string" || base64 === "") return invalid("base64 is missing.");
  if (base64.length > media.charsMax) {
    return { ok: false, code: "TOO_LARGE", why: `${command} brought more than ${media.charsMax} characters.` };
  }
  return /^[A-Za-z0-9+/]+={0,2}$/.test(base64) ? { ok: true, payload: value } : invalid("base64 is not base64.");
}
