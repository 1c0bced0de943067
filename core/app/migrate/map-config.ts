/**
 * The other program's configuration in our words. What our schema takes is kept under its own name; what says where things
 * lie is pointed at their new place; secrets leave the file; what is not understood stays behind, each key with the reason.
 */
import { join, relative } from "node:path";
import type { JsonSchema } from "@openclaw/protocol";
import { Secret } from "../../base/secret.ts";
import { checkText, dropUnfit } from "../../fabric/config.ts";
import { mapModels, type ForeignProfile, type KeptSecret } from "./map-models.ts";
import { expandPath, isObject, type ForeignConfig, type ForeignValues } from "./read-foreign-config.ts";
import type { Report } from "./report.ts";

export interface MapConfigDeps {
  readonly fromDir: string;
  readonly toDir: string;
  readonly home: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly schema: JsonSchema;
  /** Interfaces to models that are spoken here. */
  readonly apis: ReadonlySet<string>;
  readonly profiles: readonly ForeignProfile[];
  readonly report: Report;
}

export interface MappedConfig {
  readonly values: Readonly<Record<string, unknown>>;
  readonly secrets: readonly KeptSecret[];
  readonly workspaces: readonly Workspace[];
  readonly agents: readonly string[];
}

export interface Workspace {
  readonly agentIds: readonly string[];
  readonly from: string;
  /** Undefined: it is the person's own directory, and stays where it is. */
  readonly to: string | undefined;
}

/** What says only what the other program did, or when. */
const OWN_NOTES = ["meta", "wizard", "$schema", "plugins", "update"];
const TOKEN_CHARS_MIN = 16;

export async function mapConfig({ values, included, hasComments }: ForeignConfig, deps: MapConfigDeps): Promise<MappedConfig> {
  const { report } = deps;
  const secrets: KeptSecret[] = [];
  const mapped: Record<string, unknown> = structuredClone(values);
  for (const name of OWN_NOTES) {
    if (!(name in mapped)) continue;
    delete mapped[name];
    report.add({ part: "config", outcome: "left", what: name, why: "what the other program notes for itself, or its own plug-ins" });
  }
  if (included.length > 0) report.add({ part: "config", outcome: "changed", what: "included files", count: included.length,
    why: "one file now" });
  if (hasComments) report.add({ part: "config", outcome: "left", what: "comments", why: "they stay in the old file" });
  takeTokens(mapped, secrets, deps);
  const models = mapModels(mapped["models"], { ...deps, pathOf: (file) => join(deps.toDir, "credentials", file) });
  mapped["models"] = models.models;
  if (Object.keys(models.models).length === 0) delete mapped["models"];
  const { workspaces, agents } = mapAgents(mapped, deps);
  const kept = await prune(leaveSecrets(mapped, [], report) as Record<string, unknown>, deps);
  return { values: kept, secrets: [...secrets, ...models.secrets], workspaces, agents };
}

/** The shared secrets go where this program keeps its own, so that clients of the old gateway come in with what they have. */
function takeTokens(mapped: Record<string, unknown>, secrets: KeptSecret[], { report }: MapConfigDeps): void {
  const take = (holder: unknown, name: string, file: string): void => {
    if (!isObject(holder) || typeof holder["token"] !== "string" || holder["token"].startsWith("${")) return;
    const token = holder["token"];
    delete holder["token"];
    if (token.length < TOKEN_CHARS_MIN) {
      report.add({ part: "credentials", outcome: "left", what: name, why: `shorter than ${TOKEN_CHARS_MIN} characters`,
        next: "A new one is made at the first start: openclaw config get gatewayToken" });
      return;
    }
    secrets.push({ file, value: new Secret(token) });
    report.add({ part: "credentials", outcome: "changed", what: name, why: "in a private file now, no longer in the configuration" });
  };
  const gateway = isObject(mapped["gateway"]) ? mapped["gateway"] : {};
  take(gateway["auth"], "gateway.auth.token", "gateway-token");
  take(mapped["hooks"], "hooks.token", "hooks-token");
}

const SECRET_NAME = /(?:token|secret|password|passphrase|api[-_]?key|private[-_]?key|credentials?)$/i;

/** What else is secret belongs to parts that are set up anew: it is not written into another file. */
function leaveSecrets(value: unknown, at: readonly string[], report: Report): unknown {
  if (Array.isArray(value)) return value.map((inner, index) => leaveSecrets(inner, [...at, String(index)], report));
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).filter(([name, inner]) => {
    const isVariables = at.length === 0 && name === "env";
    const isSecret = typeof inner === "string" && inner !== "" && SECRET_NAME.test(name) && !/^\$\{[A-Z_][A-Z0-9_]*\}$/.test(inner);
    if (isVariables || isSecret) {
      report.add({
        part: "credentials", outcome: "left", what: [...at, name].join("."), why: isVariables
          ? "variables, secrets among them" : "a secret in the clear",
        next: isVariables ? "Set them for the gateway" : "Name a variable in its place: ${NAME}",
      });
    }
    return !isVariables && !isSecret;
  }).map(([name, inner]) => [name, leaveSecrets(inner, [...at, name], report)]));
}

function mapAgents(mapped: Record<string, unknown>, deps: MapConfigDeps): Pick<MappedConfig, "workspaces" | "agents"> {
  const { report, fromDir, toDir } = deps;
  const agents = isObject(mapped["agents"]) ? mapped["agents"] : {};
  const defaults = isObject(agents["defaults"]) ? agents["defaults"] : {};
  const found = new Map<string, { agentIds: string[]; to: string | undefined }>();
  const place = (agentId: string, path: unknown, own: string): string | undefined => {
    const from = typeof path === "string" ? expandPath(path, deps) : undefined;
    const inside = from === undefined || !relative(fromDir, from).startsWith("..");
    const key = from ?? (own === "workspace" ? join(fromDir, "workspace") : join(fromDir, own));
    const known = found.get(key);
    const to = known === undefined ? (inside ? join(toDir, own) : undefined) : known.to;
    if (known === undefined) found.set(key, { agentIds: [agentId], to });
    else known.agentIds.push(agentId);
    if (!inside) report.add({ part: "workspaces", outcome: "kept", what: key,
      why: "outside the old directory, so it stays where it is; both programs would write there" });
    return to ?? key;
  };
  const main = place("main", defaults["workspace"], "workspace");
  if ("workspace" in defaults) defaults["workspace"] = main;
  const entries = new Map<string, Record<string, unknown>>();
  for (const entry of Array.isArray(agents["list"]) ? agents["list"].filter(isObject) : []) {
    const { id, ...rest } = entry;
    if (typeof id === "string") entries.set(id.toLowerCase(), rest);
  }
  if (entries.size > 0) report.add({ part: "agents", outcome: "changed", what: "agents.list", why: "agents.entries says the same by id" });
  for (const [id, entry] of Object.entries(isObject(agents["entries"]) ? agents["entries"] : {})) {
    entries.set(id.toLowerCase(), { ...entries.get(id.toLowerCase()), ...(isObject(entry) ? entry : {}) });
  }
  for (const [id, entry] of entries) {
    if ("agentDir" in entry) {
      delete entry["agentDir"];
      report.add({ part: "agents", outcome: "left", what: "agentDir", why: "where the other program kept what it knows of an agent" });
    }
    const own = id === "main" ? "workspace" : `workspace-${id}`;
    if (typeof entry["workspace"] === "string" || id !== "main") entry["workspace"] = place(id, entry["workspace"], own);
    report.add({ part: "agents", outcome: "kept", what: id });
  }
  delete agents["list"];
  if (entries.size > 0) agents["entries"] = Object.fromEntries(entries);
  if (!entries.has("main")) report.add({ part: "agents", outcome: "kept", what: "main" });
  return { workspaces: [...found].map(([from, { agentIds, to }]) => ({ from, to, agentIds: [...new Set(agentIds)] })),
    agents: [...new Set(["main", ...entries.keys()])] };
}

/** Takes out what the schema does not take, key by key, until all of it is sound. */
async function prune(mapped: Readonly<Record<string, unknown>>, { schema, report }: MapConfigDeps): Promise<ForeignValues> {
  const { values, dropped } = dropUnfit(schema, mapped, ({ code }) => code === "CONFIG_KEY_UNKNOWN");
  for (const { path, message } of dropped) report.add({ part: "config", outcome: "left", what: path, why: whyOf(message) });
  const { warnings } = await checkText(JSON.stringify(values), schema);
  for (const { path, message } of warnings) report.add({ part: "config", outcome: "kept", what: path, why: message });
  for (const path of leavesOf(values as ForeignValues)) report.add({ part: "config", outcome: "kept", what: path });
  return withoutEmpty(values) as ForeignValues;
}

/** What is known in its place is told by docs/config.md; here it would hide the table. */
function whyOf(message: string): string {
  return message.startsWith("is not a key") ? "not known here" : `not understood here: it ${message}`;
}

/** What is left of an object whose keys all stayed behind says nothing. */
function withoutEmpty(value: unknown): unknown {
  if (!isObject(value)) return value;
  const kept = Object.entries(value).map(([key, inner]) => [key, withoutEmpty(inner)] as const);
  return Object.fromEntries(kept.filter(([, inner]) => !isObject(inner) || Object.keys(inner).length > 0));
}

/** One row for each second level, so that the table stays a page long. */
function leavesOf(values: Readonly<Record<string, unknown>>): readonly string[] {
  return Object.entries(values).filter(([name]) => name !== "models").flatMap(([name, inner]) =>
    isObject(inner) && name !== "agents" ? Object.keys(inner).map((key) => `${name}.${key}`) : [name]);
}
