/**
 * Our configuration in the words of the well-known program, which refuses keys it does not know: so only what it documents is
 * written, and the rest is named. No key and no token stands in it.
 */
import { join } from "node:path";
import { isObject } from "./read-foreign-config.ts";
import type { Report } from "./report.ts";

type Fields = Readonly<Record<string, unknown>>;

export interface FormatConfigDeps {
  readonly toDir: string;
  /** By agent, where its workspace will lie. */
  readonly workspaceOf: (agentId: string) => string;
  /** Of each drop-in, the interface it speaks. */
  readonly apis: ReadonlyMap<string, string>;
  readonly report: Report;
}

/** Documented there under the same name and with the same meaning. */
const SAME: readonly (readonly [string, readonly string[]])[] = [
  ["gateway", ["port", "bind"]], ["session", ["scope", "dmScope", "groupScope", "identityLinks"]], ["tools", ["profile", "allow", "deny"]],
  ["logging", ["level"]],
];

export function formatConfig(values: Fields, deps: FormatConfigDeps): Fields {
  const { report } = deps;
  const written: Record<string, unknown> = {};
  const left = new Set(Object.entries(values).flatMap(([name, inner]) => (isObject(inner)
    ? Object.keys(inner).map((key) => `${name}.${key}`) : [name])));
  for (const [name, keys] of SAME) {
    const section = values[name];
    if (!isObject(section)) continue;
    const kept = Object.fromEntries(keys.filter((key) => section[key] !== undefined).map((key) => [key, section[key]]));
    if (Object.keys(kept).length > 0) written[name] = kept;
    for (const key of Object.keys(kept)) left.delete(`${name}.${key}`);
  }
  written["gateway"] = { mode: "local", ...(isObject(written["gateway"]) ? written["gateway"] : {}) };
  left.delete("gateway.mode");
  const models = formatModels(values["models"], deps);
  if (models !== undefined) written["models"] = models;
  for (const key of ["models.providers", "agents.defaults", "agents.entries", "agents.list"]) left.delete(key);
  written["agents"] = formatAgents(isObject(values["agents"]) ? values["agents"] : {}, deps);
  for (const what of left) report.add({ part: "config", outcome: "left", what, why: "ours alone, or a secret" });
  for (const name of Object.keys(written)) report.add({ part: "config", outcome: "kept", what: name });
  return written;
}

function formatModels(models: unknown, { apis, report }: FormatConfigDeps): Fields | undefined {
  const providers = isObject(models) && isObject(models["providers"]) ? models["providers"] : {};
  const written = Object.entries(providers).flatMap(([name, section]): [string, Fields][] => {
    if (!isObject(section)) return [];
    const { baseUrl, apiKeyEnv, models: listed, use = name } = section;
    const api = section["api"] ?? apis.get(String(use)) ?? (use === name ? "openai-completions" : undefined);
    if (api === undefined || typeof baseUrl !== "string") {
      report.add({ part: "config", outcome: "left", what: `models.providers.${name}`, why: "the other program has no such provider" });
      return [];
    }
    if (section["apiKeyFile"] !== undefined || section["profiles"] !== undefined) {
      report.add({ part: "credentials", outcome: "left", what: `the key of ${name}`, why: "no secret is written in the clear",
        next: `Give it to the other program: models.providers.${name}.apiKey` });
    }
    const key = typeof apiKeyEnv === "string" ? { apiKey: `\${${apiKeyEnv}}` } : {};
    return [[name, { baseUrl, api, ...key, models: Array.isArray(listed) ? listed.filter(isObject).map(formatModel) : [] }]];
  });
  return written.length === 0 ? undefined : { providers: Object.fromEntries(written) };
}

function formatModel({ id, name, contextTokens, outputTokens }: Fields): Fields {
  return {
    id, name: name ?? id, ...(contextTokens === undefined ? {} : { contextWindow: contextTokens }),
    ...(outputTokens === undefined ? {} : { maxTokens: outputTokens }),
  };
}

function formatAgents(agents: Fields, { workspaceOf }: FormatConfigDeps): Fields {
  const take = (from: unknown): Record<string, unknown> => {
    if (!isObject(from)) return {};
    const { name, model, timeoutSeconds, heartbeat } = from;
    const every = isObject(heartbeat) ? heartbeat["every"] : undefined;
    // A model of ours alone is none there.
    const known = typeof model === "string" ? !model.startsWith("demo/") : model !== undefined;
    return {
      ...(name === undefined ? {} : { name }), ...(known ? { model } : {}), ...(timeoutSeconds === undefined ? {} : { timeoutSeconds }),
      ...(every === undefined ? {} : { heartbeat: { every } }),
    };
  };
  const { name: _, ...defaults } = take(agents["defaults"]);
  const entries = new Map<string, unknown>();
  for (const entry of Array.isArray(agents["list"]) ? agents["list"].filter(isObject) : []) entries.set(String(entry["id"]), entry);
  for (const [id, entry] of Object.entries(isObject(agents["entries"]) ? agents["entries"] : {})) entries.set(id, entry);
  if (!entries.has("main")) entries.set("main", {});
  const written = [...entries].map(([id, entry]) => {
    const { timeoutSeconds: __, ...own } = take(entry);
    return [id, { ...own, workspace: workspaceOf(id) }] as const;
  });
  return { defaults: { ...defaults, workspace: workspaceOf("main") }, entries: Object.fromEntries(written) };
}

/** Where the well-known program looks unless it is told otherwise. */
export function workspaceIn(toDir: string, agentId: string): string {
  return join(toDir, agentId === "main" ? "workspace" : `workspace-${agentId}`);
}
