/** Turns whatever a caller hands over into one bounded line without secrets. */
import { Secret } from "../../base/secret.ts";

export const LINE_BYTES_MAX = 8_192;
const DEPTH_MAX = 6;
const STRING_CHARS_MAX = 2_048;
const ENTRIES_MAX = 64;
const NODES_MAX = 512;
const CAUSES_MAX = 5;
const HIDDEN = "[secret]";

/** Names whose values are never shown; a number or boolean under them is a count or a switch, not a secret. */
const SECRET_NAME = /(?:token|password|passphrase|passwd|secret|apikey|authorization|cookie|privatekey|signingkey|credential)s?$/;
/** Secrets inside text: an authorization header, a link that carries a token. */
const SECRET_TEXT = /(bearer\s+|[?&#](?:token|key|secret|password|access_token|api_key)=)[^\s&#"']+/gi;

interface Walk {
  nodes: number;
  readonly stacks: boolean;
}

/** One line with its newline, at most `LINE_BYTES_MAX` bytes. Fields that do not fit are left out and `truncated` says so. */
export function formatLine(
  nowMs: number,
  level: string,
  event: string,
  fields: Readonly<Record<string, unknown>> | undefined,
  stacks: boolean,
): string {
  const head = { ts: new Date(nowMs).toISOString(), level, event: shorten(event, 128) };
  if (fields === undefined) return `${JSON.stringify(head)}\n`;
  const walk: Walk = { nodes: 0, stacks };
  const plain: Record<string, unknown> = {};
  for (const [name, value] of entriesOf(fields)) {
    if (name !== "ts" && name !== "level" && name !== "event") plain[name] = visible(name, value, 1, walk);
  }
  const line = `${JSON.stringify({ ...head, ...plain })}\n`;
  return Buffer.byteLength(line) <= LINE_BYTES_MAX ? line : formatWhatFits(head, plain);
}

function formatWhatFits(head: object, plain: Readonly<Record<string, unknown>>): string {
  const kept: Record<string, unknown> = {};
  let bytes = Buffer.byteLength(JSON.stringify({ ...head, truncated: true })) + 1;
  for (const [name, value] of Object.entries(plain)) {
    const cost = Buffer.byteLength(JSON.stringify({ [name]: value }));
    if (bytes + cost > LINE_BYTES_MAX) continue;
    kept[name] = value;
    bytes += cost;
  }
  return `${JSON.stringify({ ...head, ...kept, truncated: true })}\n`;
}

function visible(name: string, value: unknown, depth: number, walk: Walk): unknown {
  if (typeof value === "number" || typeof value === "boolean" || value === null || value === undefined) return plainOf(value, depth, walk);
  return SECRET_NAME.test(name.toLowerCase().replace(/[-_]/g, "")) ? HIDDEN : plainOf(value, depth, walk);
}

function plainOf(value: unknown, depth: number, walk: Walk): unknown {
  walk.nodes += 1;
  switch (typeof value) {
    case "string":
      return shorten(hideInText(value), STRING_CHARS_MAX);
    case "number":
      return Number.isFinite(value) ? value : String(value);
    case "bigint":
    case "symbol":
      return String(value);
    case "function":
      return "[function]";
    case "object":
      break;
    default:
      return value;
  }
  if (value === null) return null;
  if (value instanceof Secret) return HIDDEN;
  if (value instanceof Error) return errorOf(value, walk);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? "[invalid date]" : value.toISOString();
  if (value instanceof URL) return shorten(hideInText(value.href), STRING_CHARS_MAX);
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
  if (depth >= DEPTH_MAX || walk.nodes > NODES_MAX) return "[…]";
  if (Array.isArray(value)) {
    const items = value.slice(0, ENTRIES_MAX).map((item) => plainOf(item, depth + 1, walk));
    return value.length > ENTRIES_MAX ? [...items, `[${value.length - ENTRIES_MAX} more]`] : items;
  }
  const plain: Record<string, unknown> = {};
  for (const [name, inner] of entriesOf(value)) plain[name] = visible(name, inner, depth + 1, walk);
  return plain;
}

/** Own properties, at most `ENTRIES_MAX`; one whose getter throws is shown as unreadable. */
function entriesOf(value: object): [string, unknown][] {
  const entries: [string, unknown][] = [];
  for (const name of Object.keys(value)) {
    if (entries.length === ENTRIES_MAX) break;
    let inner: unknown;
    try {
      inner = (value as Record<string, unknown>)[name];
    } catch {
      inner = "[unreadable]";
    }
    entries.push([shorten(name, 128), inner]);
  }
  return entries;
}

function errorOf(error: Error, walk: Walk): object {
  const causes: string[] = [];
  let cause = error.cause;
  while (cause !== undefined && causes.length < CAUSES_MAX) {
    causes.push(shorten(hideInText(cause instanceof Error ? `${codeOf(cause)}${cause.message}` : String(cause)), 512));
    cause = cause instanceof Error ? cause.cause : undefined;
  }
  const code = "code" in error && typeof error.code === "string" ? { code: error.code } : { code: error.name };
  return {
    ...code,
    message: shorten(hideInText(error.message), STRING_CHARS_MAX),
    ...(causes.length > 0 ? { causes } : {}),
    ...(walk.stacks && error.stack !== undefined ? { stack: shorten(hideInText(error.stack), STRING_CHARS_MAX) } : {}),
  };
}

function codeOf(error: Error): string {
  return "code" in error && typeof error.code === "string" ? `${error.code}: ` : "";
}

function hideInText(text: string): string {
  return text.includes("=") || text.includes("earer") || text.includes("EARER") ? text.replace(SECRET_TEXT, `$1${HIDDEN}`) : text;
}

function shorten(text: string, charsMax: number): string {
  return text.length <= charsMax ? text : `${text.slice(0, charsMax)}… (${text.length} characters)`;
}
