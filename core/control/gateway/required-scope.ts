/** The scope a call needs. Some methods need more, depending on what they are asked. */
import type { MethodSpec, Scope } from "@openclaw/protocol";

const ADMIN_NODE_COMMANDS = new Set(["browser.proxy", "browser.proxy.upload.v1", "fs.listDir", "terminal.upload"]);

const ADMIN_CREATE_FIELDS = ["incognito", "execNode", "toolOverrides"];

const WRITE_PATCH_FIELDS = new Set([
  "key", "agentId", "expectedSessionId", "label", "autoLabel", "icon", "color", "category", "pinned", "archived", "unread", "model",
  "agentRuntime", "thinkingLevel", "fastMode", "permissionMode",
]);

/** Undefined: any connected operator may. Never lowers what the table says, but for the one documented case. */
export function requiredScope(method: string, spec: MethodSpec, params: unknown): Scope | undefined {
  const given = typeof params === "object" && params !== null ? (params as Record<string, unknown>) : {};
  if (method === "talk.config" && given["includeSecrets"] === true) return "operator.talk.secrets";
  return needsAdmin(method, given) ? "operator.admin" : spec.scope;
}

function needsAdmin(method: string, given: Readonly<Record<string, unknown>>): boolean {
  switch (method) {
    case "agent": return typeof given["message"] === "string" && /^\s*\/(new|reset)(\s|$)/.test(given["message"]);
    case "node.invoke": return typeof given["command"] === "string" && ADMIN_NODE_COMMANDS.has(given["command"]);
    case "sessions.patch": return given["permissionMode"] === "full" || Object.keys(given).some(
      (field) => !WRITE_PATCH_FIELDS.has(field) && !field.startsWith("board"),
    );
    case "sessions.create": return given["permissionMode"] === "full" || ADMIN_CREATE_FIELDS.some((field) => given[field] !== undefined);
    case "sessions.delete": return given["archivedOnly"] !== true;
    case "channels.pairing.approve": return given["owner"] === true || given["bootstrapCommandOwner"] === true;
    default: return false;
  }
}
