/**
 * Providers of models: in which interface each is spoken to, and where its key goes. No key ever stands in what is returned as
 * configuration.
 */
import { Secret } from "../../base/secret.ts";
import { isObject } from "./read-foreign-config.ts";
import type { Report } from "./report.ts";

export interface KeptSecret {
  /** File name in the directory for credentials. */
  readonly file: string;
  readonly value: Secret;
}

/** A stored credential of the other program. */
export interface ForeignProfile {
  readonly id: string;
  readonly provider: string;
  readonly type: string;
  readonly key: Secret | undefined;
  /** Where it is, when it is only referred to. */
  readonly env: string | undefined;
}

export interface MapModelsDeps {
  readonly profiles: readonly ForeignProfile[];
  /** Interfaces that some drop-in here speaks. */
  readonly apis: ReadonlySet<string>;
  readonly report: Report;
  /** Where a secret of that file name will lie. */
  readonly pathOf: (file: string) => string;
}

export interface MappedModels {
  readonly models: Record<string, unknown>;
  readonly secrets: readonly KeptSecret[];
}

const ANTHROPIC = "anthropic-messages";
const USUAL = "openai-completions";
/** What a provider of that interface speaks as well. */
const STAND_INS: Readonly<Record<string, string>> = { "openai-responses": USUAL };
/** Where the API of a provider begins whose entry names no address. */
const ADDRESSES: Readonly<Record<string, string>> = {
  openai: "https://api.openai.com/v1", openrouter: "https://openrouter.ai/api/v1", groq: "https://api.groq.com/openai/v1",
  mistral: "https://api.mistral.ai/v1", deepseek: "https://api.deepseek.com/v1", xai: "https://api.x.ai/v1",
  together: "https://api.together.xyz/v1", ollama: "http://127.0.0.1:11434/v1",
};
const REFERENCE = /^\$\{([A-Z_][A-Z0-9_]*)\}$/;

export function mapModels(models: unknown, deps: MapModelsDeps): MappedModels {
  const { report, profiles } = deps;
  const { providers, mode: _, ...others } = isObject(models) ? models : {};
  const secrets: KeptSecret[] = [];
  const mapped: Record<string, unknown> = {};
  const sections = new Map(Object.entries(isObject(providers) ? providers : {}));
  for (const { provider } of profiles) if (!sections.has(provider)) sections.set(provider, {});
  for (const [name, section] of sections) {
    const entry = mapProvider(name, isObject(section) ? section : {}, deps, secrets);
    if (entry !== undefined) mapped[name] = entry;
  }
  for (const { provider, id, type } of profiles) {
    if (type === "api_key" || type === "token") continue;
    report.add({ part: "credentials", outcome: "left", what: `the ${type} sign-in ${id}`, why: "it belongs to the program it was made for",
      next: `Give ${provider} a key: openclaw config set models.providers.${provider}.apiKeyEnv NAME` });
  }
  return { models: { ...others, ...(Object.keys(mapped).length === 0 ? {} : { providers: mapped }) }, secrets };
}

function mapProvider(
  name: string, section: Readonly<Record<string, unknown>>, deps: MapModelsDeps, secrets: KeptSecret[],
): Record<string, unknown> | undefined {
  const { apis, report } = deps;
  const { api: wished = name === "anthropic" ? ANTHROPIC : USUAL, apiKey, models, baseUrl = ADDRESSES[name], ...rest } = section;
  const api = [String(wished), STAND_INS[String(wished)]].find((one) => one !== undefined && apis.has(one));
  if (api === undefined || (baseUrl === undefined && api !== ANTHROPIC)) {
    const why = api === undefined ? `nothing here speaks ${String(wished)}` : "its entry names no address";
    report.add({ part: "config", outcome: "left", what: `models.providers.${name}`, why, next: "Set it up anew: docs/guide/models.md" });
    return undefined;
  }
  for (const key of Object.keys(rest)) {
    report.add({ part: "config", outcome: "left", what: `models.providers.${name}.${key}`, why: "it has no counterpart here" });
  }
  if (api !== wished) report.add({ part: "config", outcome: "changed", what: `models.providers.${name}`, why: `spoken to as ${api}` });
  else report.add({ part: "config", outcome: "kept", what: `models.providers.${name}` });
  const listed = Array.isArray(models) ? models.filter(isObject).map(mapModel) : [];
  return {
    api, ...(baseUrl === undefined ? {} : { baseUrl }), ...(listed.length === 0 ? {} : { models: listed }),
      ...keyOf(name, apiKey, deps, secrets),
  };
}

function mapModel({ id, name, contextWindow, maxTokens, cost }: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const priced = isObject(cost) && typeof cost["input"] === "number" && typeof cost["output"] === "number";
  return {
    id, ...(typeof name === "string" ? { name } : {}),
    ...(Number.isInteger(contextWindow) ? { contextTokens: contextWindow } : {}),
    ...(Number.isInteger(maxTokens) ? { outputTokens: maxTokens } : {}), ...(priced ? { cost } : {}),
  };
}

function keyOf(name: string, apiKey: unknown, { profiles, report, pathOf }: MapModelsDeps, secrets: KeptSecret[]): Record<string, unknown> {
  const keep = (label: string, value: Secret): string => {
    const file = `model-${label.toLowerCase().replace(/[^a-z0-9]+/g, "-").slice(0, 80)}.key`;
    secrets.push({ file, value });
    report.add({ part: "credentials", outcome: "changed", what: `the key of ${label}`,
      why: "in a private file now, no longer in the configuration" });
    return pathOf(file);
  };
  const refer = (env: string): { apiKeyEnv: string } => {
    report.add({ part: "credentials", outcome: "kept", what: `the key of ${name}`, why: `still in the environment, as ${env}` });
    return { apiKeyEnv: env };
  };
  const named = typeof apiKey === "string" ? REFERENCE.exec(apiKey)?.[1] : undefined;
  if (named !== undefined) return refer(named);
  if (typeof apiKey === "string" && apiKey !== "") return { apiKeyFile: keep(name, new Secret(apiKey)) };
  if (isObject(apiKey)) {
    if (apiKey["source"] === "env" && typeof apiKey["id"] === "string") return refer(apiKey["id"]);
    report.add({ part: "credentials", outcome: "left", what: `the key of ${name}`,
      why: `it lies in a ${String(apiKey["source"])} store of the other program`,
      next: `Name where it is: openclaw config set models.providers.${name}.apiKeyFile PATH` });
    return {};
  }
  const own = profiles.filter((profile) => profile.provider === name && (profile.key !== undefined || profile.env !== undefined));
  const where = (profile: ForeignProfile): Record<string, unknown> =>
    profile.key === undefined ? refer(profile.env ?? "") : { apiKeyFile: keep(profile.id, profile.key) };
  const [only] = own;
  if (only !== undefined && own.length === 1) return where(only);
  return own.length === 0
    ? {} : { profiles: Object.fromEntries(own.map((profile) => [profile.id.replace(/[^A-Za-z0-9_.:@-]/g, "-"), where(profile)])) };
}
