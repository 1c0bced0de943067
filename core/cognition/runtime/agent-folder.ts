/**
 * Where an agent's paths lie in the workspace that all agents of the gateway's own node share. Files are kept apart by it;
 * programs are only started there, and see what the node's user sees.
 */
import { posix } from "node:path";
import type { Intent } from "@openclaw/sdk";
import type { AgentFolders } from "./turn-work.ts";

type Params = Readonly<Record<string, unknown>>;

const FILE_COMMANDS: ReadonlySet<string> = new Set(["file.read", "file.write", "file.list", "artifact.put"]);
const RUN_COMMANDS: ReadonlySet<string> = new Set(["system.run", "job.start"]);

/** The parameters as the node takes them; undefined for a path of another agent's. `root`: the workspace, as the node has it. */
export function inFolder(command: string, params: Params, folders: AgentFolders | undefined, root: string | undefined): Params | undefined {
  if (folders === undefined || (folders.own === "" && folders.others.length === 0)) return params;
  if (RUN_COMMANDS.has(command)) {
    if (folders.own === "" || root === undefined) return params;
    const cwd = typeof params["cwd"] === "string" ? params["cwd"] : ".";
    return { ...params, cwd: posix.resolve(root, folders.own, cwd) };
  }
  if (!FILE_COMMANDS.has(command)) return params;
  const asked = typeof params["path"] === "string" ? params["path"] : ".";
  const path = relativeTo(root, asked, folders.own);
  if (path === undefined) return params; // outside the workspace the node's own limits decide
  if (!isBelow(path, folders.own) || folders.others.some((other) => other !== "" && isBelow(path, other) && !isBelow(folders.own, other))) {
    return undefined;
  }
  return params["path"] === undefined && path === "" ? params : { ...params, path: path === "" ? "." : path };
}

const IDENTITY: ReadonlySet<string> = new Set([
  "agents.md", "soul.md", "user.md", "identity.md", "memory.md", "bootstrap.md", "heartbeat.md", "tools.md", "boot.md",
]);

/** Would it write what the agent is told of itself, or its notes? `intent` is as the node takes it. */
export function isOfItself(intent: Intent): boolean {
  if (intent.actuator === "memory") return intent.effect !== "read";
  if (intent.actuator !== "node" || intent.command !== "file.write" || typeof intent.params["path"] !== "string") return false;
  const path = posix.normalize(intent.params["path"]).toLowerCase();
  const name = posix.basename(path);
  const dir = posix.dirname(path);
  const parents = dir.split("/");
  return IDENTITY.has(name) || parents.includes("memory") || parents.includes("skills");
}

function relativeTo(root: string | undefined, path: string, own: string): string | undefined {
  if (!path.startsWith("/")) return path.startsWith("~") ? undefined : tidy(posix.join(own, path));
  if (root === undefined) return undefined;
  const relative = posix.relative(root, posix.normalize(path));
  return relative.startsWith("..") ? undefined : tidy(relative);
}

function tidy(path: string): string {
  const normal = posix.normalize(path).replace(/\/$/, "");
  return normal === "." ? "" : normal;
}

function isBelow(path: string, folder: string): boolean {
  if (path === ".." || path.startsWith("../")) return false;
  return folder === "" || path === folder || path.startsWith(`${folder}/`);
}
