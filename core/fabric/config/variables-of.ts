import type { Environment } from "./config-values.ts";

const known = new WeakMap<object, Environment>();

/** The environment, and behind it what the configuration says under `env`: a variable that is set wins. */
export function variablesOf(config: unknown, environment: Environment): Environment {
  const env = (config as { readonly env?: unknown } | undefined)?.env;
  if (typeof env !== "object" || env === null) return environment;
  const found = known.get(env);
  if (found !== undefined) return found;
  const { vars, ...own } = env as Readonly<Record<string, unknown>>;
  const texts = Object.entries({ ...own, ...(typeof vars === "object" ? vars : {}) }).filter(([, text]) => typeof text === "string");
  const set = Object.entries(environment).filter(([, text]) => text !== undefined && text !== "");
  const made = Object.fromEntries([...texts, ...set]) as Environment;
  known.set(env, made);
  return made;
}
