/** What the gateway says of itself, parsed: nothing beyond this file trusts a shape. */
import type { JsonSchema } from "@openclaw/protocol";
import { fieldsOf, type Hint, type Hints } from "./schema-fields.ts";

type Fields = Readonly<Record<string, unknown>>;

const text = (value: unknown): string => (typeof value === "string" ? value : "");
const some = (value: unknown): string | undefined => (typeof value === "string" && value !== "" ? value : undefined);
const number = (value: unknown): number | undefined => (typeof value === "number" && Number.isFinite(value) ? value : undefined);
const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
const texts = (value: unknown): readonly string[] => list(value).filter((each): each is string => typeof each === "string");

export interface Issue { readonly path: string; readonly message: string; readonly line?: number | undefined }

export interface ConfigState {
  readonly path: string;
  /** The file fits; where not, an earlier one is in force. */
  readonly valid: boolean;
  readonly raw: string;
  /** What the file says, secrets hidden. */
  readonly set: Fields;
  /** With the defaults. */
  readonly inForce: Fields;
  readonly hash: string;
  readonly issues: readonly Issue[];
}

export function parseConfig(answer: unknown): ConfigState {
  const said = fieldsOf(answer);
  return {
    path: text(said["path"]), valid: said["valid"] === true, raw: text(said["raw"]), set: fieldsOf(said["sourceConfig"]),
    inForce: fieldsOf(said["config"]), hash: text(said["hash"]), issues: parseIssues(said["issues"]),
  };
}

export function parseIssues(value: unknown): readonly Issue[] {
  return list(value).map(fieldsOf).map((issue) => (
    { path: text(issue["path"]), message: text(issue["message"]), line: number(issue["line"]) }
  ));
}

export interface Schema { readonly schema: JsonSchema; readonly hints: Hints }

export function parseSchema(answer: unknown): Schema {
  const said = fieldsOf(answer);
  const hints = Object.entries(fieldsOf(said["uiHints"])).map(([path, value]): [string, Hint] => {
    const hint = fieldsOf(value);
    return [path, { help: some(hint["help"]), reloadKind: some(hint["reloadKind"]), sensitive: hint["sensitive"] === true }];
  });
  return { schema: fieldsOf(said["schema"]) as JsonSchema, hints: new Map(hints) };
}

export interface Saved {
  /** In force now, after the restart that comes by itself, or at a start that somebody has to ask for. */
  readonly takes: "now" | "restart" | "start";
  /** Of what was written; undefined where nothing had to be. */
  readonly hash?: string | undefined;
}

export function parseSaved(answer: unknown): Saved {
  const said = fieldsOf(answer);
  const stats = fieldsOf(fieldsOf(fieldsOf(said["sentinel"])["payload"])["stats"]);
  const takes = said["restart"] !== undefined ? "restart" : stats["requiresRestart"] === true ? "start" : "now";
  return { takes, hash: some(said["hash"]) };
}

export interface Device {
  readonly id: string;
  readonly name: string;
  readonly kind: "browser" | "cli" | "app" | "node";
  readonly platform: string;
  readonly connected: boolean;
  readonly seenMs?: number | undefined;
  readonly sinceMs?: number | undefined;
  readonly roles: readonly string[];
  readonly scopes: readonly string[];
  readonly revoked: boolean;
}

export interface PairRequest extends Device { readonly requestId: string; readonly atMs?: number | undefined; readonly address: string }

export interface Devices { readonly paired: readonly Device[]; readonly pending: readonly PairRequest[] }

export function parseDevices(answer: unknown): Devices {
  const said = fieldsOf(answer);
  return {
    paired: list(said["paired"]).map(parseDevice),
    pending: list(said["pending"]).map((value) => {
      const request = fieldsOf(value);
      return {
        ...parseDevice(value), requestId: text(request["requestId"]), atMs: number(request["ts"]), address: text(request["remoteIp"]),
      };
    }),
  };
}

function parseDevice(value: unknown): Device {
  const said = fieldsOf(value);
  const tokens = list(said["tokens"]).map(fieldsOf);
  const roles = texts(said["roles"]);
  const client = `${text(said["clientId"])} ${text(said["clientMode"])}`;
  return {
    id: text(said["deviceId"]), name: some(said["displayName"]) ?? text(said["clientId"]),
    kind: /control-ui|webchat/.test(client) ? "browser" : /\bcli\b/.test(client) ? "cli" : /node/.test(client) ? "node" : "app",
    platform: text(said["platform"]), connected: said["connected"] === true, seenMs: number(said["lastSeenAtMs"]),
    sinceMs: number(said["approvedAtMs"]), roles, scopes: texts(said["scopes"]),
    revoked: tokens.length > 0 && tokens.every((token) => token["revokedAtMs"] !== undefined),
  };
}

/** Of this browser in a role, when it made itself a new one; that of another device is never told. */
export function parseToken(answer: unknown, role: string): string | undefined {
  const said = fieldsOf(answer);
  return said["role"] === role ? some(said["token"]) : undefined;
}

export interface SetupCode {
  readonly code: string;
  readonly picture?: string | undefined;
  readonly address: string;
  readonly access: string;
  readonly downgraded: boolean;
  readonly expiresAtMs: number;
  readonly id: string;
}

export function parseSetupCode(answer: unknown): SetupCode {
  const said = fieldsOf(answer);
  const picture = some(said["qrDataUrl"]);
  return {
    code: text(said["setupCode"]), picture: picture?.startsWith("data:image/png;base64,") === true ? picture : undefined,
    address: text(said["gatewayUrl"]), access: text(said["access"]), downgraded: said["accessDowngraded"] === true,
    expiresAtMs: number(said["expiresAtMs"]) ?? 0, id: text(said["setupId"]),
  };
}

export function parseLink(answer: unknown): { readonly url: string; readonly expiresAtMs: number } {
  const said = fieldsOf(answer);
  return { url: text(said["url"]), expiresAtMs: number(said["expiresAtMs"]) ?? 0 };
}

export interface Agent {
  readonly id: string;
  readonly name: string;
  readonly model: string;
  readonly workspace: string;
}

export function parseAgents(answer: unknown): { readonly usual: string; readonly agents: readonly Agent[] } {
  const said = fieldsOf(answer);
  return {
    usual: text(said["defaultId"]),
    agents: list(said["agents"]).map(fieldsOf).map((agent) => ({
      id: text(agent["id"]), name: some(agent["name"]) ?? text(agent["id"]), workspace: text(agent["workspace"]),
      model: text(fieldsOf(agent["model"])["primary"]),
    })),
  };
}

export interface AgentFile {
  readonly name: string;
  readonly missing: boolean;
  readonly bytes: number;
  readonly hash?: string | undefined;
  readonly content: string;
}

export function parseFile(value: unknown): AgentFile {
  const said = fieldsOf(value);
  return {
    name: text(said["name"]), missing: said["missing"] === true, bytes: number(said["size"]) ?? 0, hash: some(said["hash"]),
    content: text(said["content"]),
  };
}

export function parseFiles(answer: unknown): readonly AgentFile[] {
  return list(fieldsOf(answer)["files"]).map(parseFile);
}

export interface Model {
  readonly ref: string;
  readonly name: string;
  readonly provider: string;
  readonly contextTokens?: number | undefined;
  readonly tags: readonly string[];
}

export function parseModels(answer: unknown): readonly Model[] {
  return list(fieldsOf(answer)["models"]).map(fieldsOf).map((model) => {
    const [provider, id] = [text(model["provider"]), text(model["id"])];
    return {
      ref: id.startsWith(`${provider}/`) ? id : `${provider}/${id}`, name: some(model["name"]) ?? id, provider,
      contextTokens: number(model["contextWindow"]), tags: texts(model["tags"]),
    };
  });
}

export interface Tried {
  readonly ok: boolean;
  readonly tools?: boolean | undefined;
  readonly tookMs: number;
  readonly firstMs?: number | undefined;
  readonly code: string;
  readonly why: string;
  readonly next?: string | undefined;
}

export function parseTried(answer: unknown): Tried {
  const said = fieldsOf(answer);
  const error = fieldsOf(said["error"]);
  return {
    ok: said["ok"] === true, tools: typeof said["tools"] === "boolean" ? said["tools"] : undefined, tookMs: number(said["tookMs"]) ?? 0,
    firstMs: number(said["firstMs"]), code: text(error["code"]), why: text(error["why"]), next: some(error["next"]),
  };
}

/** `tried`: undefined where it was not asked. */
export function parseConnected(answer: unknown): { readonly added: boolean; readonly model: string; readonly tried?: Tried | undefined } {
  const said = fieldsOf(answer);
  return {
    added: said["added"] === true, model: text(said["model"]), tried: said["test"] === undefined ? undefined : parseTried(said["test"]),
  };
}

export interface Backup {
  readonly file: string;
  readonly bytes: number;
  readonly madeAtMs: number;
  readonly sealed: boolean;
  readonly verified?: { readonly atMs: number; readonly well: boolean; readonly code: string; readonly why: string } | undefined;
}

export interface Backups {
  readonly folder: string;
  readonly command: string;
  readonly canMake: boolean;
  readonly everyHours?: number | undefined;
  readonly count: number;
  readonly newest: readonly Backup[];
}

export function parseBackups(answer: unknown): Backups {
  const said = fieldsOf(answer);
  return {
    folder: text(said["folder"]), command: text(said["command"]), canMake: said["canMake"] === true, everyHours: number(said["everyHours"]),
    count: number(said["count"]) ?? 0,
    newest: list(said["backups"]).map(fieldsOf).map((backup) => {
      const verified = fieldsOf(backup["verified"]);
      const atMs = number(verified["atMs"]);
      return {
        file: text(backup["file"]), bytes: number(backup["bytes"]) ?? 0, madeAtMs: number(backup["madeAtMs"]) ?? 0,
        sealed: backup["sealed"] === true,
        verified: atMs === undefined ? undefined
          : { atMs, well: verified["well"] === true, code: text(verified["code"]), why: text(verified["why"]) },
      };
    }),
  };
}

/** Undefined: it was never looked for. */
export function parseUpdate(answer: unknown): string | undefined {
  return some(fieldsOf(fieldsOf(answer)["updateAvailable"])["version"]);
}

export interface Skill {
  readonly key: string;
  readonly name: string;
  readonly summary: string;
  readonly source: string;
  readonly enabled: boolean;
  /** Can be used now. */
  readonly ready: boolean;
  /** What it lacks, by kind. */
  readonly missing: readonly string[];
}

export function parseSkills(answer: unknown): readonly Skill[] {
  return list(fieldsOf(answer)["skills"]).map(fieldsOf).map((skill) => {
    const lacking = fieldsOf(skill["missing"]);
    const either = texts(lacking["anyBins"]).join(" / ");
    return {
      key: text(skill["skillKey"]), name: text(skill["name"]), summary: text(skill["description"]), source: text(skill["source"]),
      enabled: skill["disabled"] !== true, ready: skill["eligible"] === true,
      missing: [...texts(lacking["bins"]), either, ...texts(lacking["env"]), ...texts(lacking["config"])].filter((each) => each !== ""),
    };
  });
}

export interface Tool {
  readonly id: string;
  readonly summary: string;
  readonly effect: string;
}

export interface ToolGroup { readonly id: string; readonly label: string; readonly tools: readonly Tool[] }

export function parseTools(answer: unknown): readonly ToolGroup[] {
  return list(fieldsOf(answer)["groups"]).map(fieldsOf).map((group) => ({
    id: text(group["id"]), label: text(group["label"]),
    tools: list(group["tools"]).map(fieldsOf).map((tool) => ({
      id: text(tool["id"]), summary: text(tool["description"]), effect: text(tool["effect"]),
    })),
  }));
}

/** A refusal that names its cause: somebody wrote the file meanwhile. */
export function isStale(error: unknown): boolean {
  const detail = fieldsOf((error as { readonly detail?: unknown } | undefined)?.detail);
  return detail["reason"] === "base-hash-stale" || detail["reason"] === "hash-mismatch";
}

/** What does not fit, by key, where the refusal says. */
export function issuesOf(error: unknown): readonly Issue[] {
  return parseIssues(fieldsOf((error as { readonly detail?: unknown } | undefined)?.detail)["issues"]);
}
