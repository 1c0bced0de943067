/**
 * A provider's section of the configuration, as its drop-in reads it.
 *
 * Our own `use`, `api` and `profiles` are taken out: they choose the drop-in and the key. A section written for the well-known
 * program says some things by other names; they are put into ours, and what nobody here acts on is left out. Where the key is
 * concerns the room alone.
 */
import { variableOf } from "../../fabric/vault.ts";
import { isKeyReference } from "./load-key.ts";

type Fields = Readonly<Record<string, unknown>>;

const OURS: ReadonlySet<string> = new Set(["use", "api", "profiles"]);
const RENAMED: ReadonlyMap<string, string> = new Map([["contextWindow", "contextTokens"], ["maxTokens", "outputTokens"]]);
/** Of a model, in the other program's words; nothing here acts on them unless a drop-in says that it knows them. */
const FOREIGN: ReadonlySet<string> = new Set(["input", "reasoning", "api", "headers", "compat", "params"]);

/** The same object where nothing had to be changed. `knows`: what the drop-in's own schema says of a model. */
export function readSection(section: object, knows: ReadonlySet<string>): object {
  const fields = section as Fields;
  const models = fields["models"];
  const isForeign = Array.isArray(models) && models.some((model: unknown) => typeof model === "object" && model !== null
    && Object.keys(model).some((name) => RENAMED.has(name) || (FOREIGN.has(name) && !knows.has(name))));
  const keyName = nameOf(fields["apiKey"]);
  const isElsewhere = isKeyReference("apiKey", fields["apiKey"]);
  if (!isForeign && !isElsewhere && !Object.keys(fields).some((name) => OURS.has(name))) return section;
  const isTaken = (name: string): boolean => OURS.has(name) || (name === "apiKey" && isElsewhere);
  const rest = Object.fromEntries(Object.entries(fields).filter(([name]) => !isTaken(name)));
  return {
    ...rest, ...(isForeign ? { models: models.map((model: unknown) => readModel(model, knows)) } : {}),
    ...(keyName === undefined ? {} : { apiKeyEnv: keyName }),
  };
}

function readModel(model: unknown, knows: ReadonlySet<string>): unknown {
  if (typeof model !== "object" || model === null) return model;
  const kept = Object.entries(model).filter(([name]) => !FOREIGN.has(name) || knows.has(name));
  return Object.fromEntries(kept.map(([name, value]: [string, unknown]) => [RENAMED.get(name) ?? name, value]));
}

/** Of `"${NAME}"`, or of a reference to the environment. */
function nameOf(apiKey: unknown): string | undefined {
  if (typeof apiKey === "string") return variableOf(apiKey);
  if (typeof apiKey !== "object" || apiKey === null) return undefined;
  const { source, id } = apiKey as Fields;
  return source === "env" && typeof id === "string" ? id : undefined;
}
