/** `${NAME}` in a configuration: what the environment says, a fallback after `:-`, or, unset, itself. `$${NAME}` is `${NAME}`. */
import type { JsonSchema } from "@openclaw/protocol";
import { isSecretPlace } from "./check-config.ts";
import { schemaAt, type KeyPath } from "./config-key.ts";
import type { Environment } from "./config-values.ts";

const VARIABLE = /\$(\$?)\{([A-Z_][A-Z0-9_]*)(?::-([^${}]*))?\}/g;

export interface FilledVariables {
  /** The same object where nothing was to be filled in. */
  readonly value: unknown;
  readonly unset: readonly { readonly at: KeyPath; readonly name: string }[];
}

/**
 * What stands in place of a secret stays as it is: it is read where it is used. So does what nothing acts on. A variable that is not
 * set, or empty, is told of and stays visible.
 */
export function fillVariables(schema: JsonSchema, value: unknown, environment: Environment): FilledVariables {
  const unset: { at: KeyPath; name: string }[] = [];
  const fill = (inner: unknown, place: JsonSchema | undefined, at: KeyPath): unknown => {
    if (place?.inert === true) return inner;
    if (typeof inner === "string") {
      if (!inner.includes("${")) return inner;
      const filled = inner.replace(VARIABLE, (whole, escaped: string, name: string, fallback: string | undefined) => {
        if (escaped !== "") return whole.slice(1);
        const found = environment[name] ?? "";
        if (found === "" && fallback === undefined) unset.push({ at, name });
        return found === "" ? fallback ?? whole : found;
      });
      return isSecretPlace(place, at) ? inner : filled;
    }
    if (typeof inner !== "object" || inner === null || at[0] === "env") return inner;
    const entries = Object.entries(inner).map(([name, old]: [string, unknown]) => {
      const part = Array.isArray(inner) ? Number(name) : name;
      return [part, old, fill(old, place === undefined ? undefined : schemaAt(place, [part]), [...at, part])] as const;
    });
    if (entries.every(([, old, now]) => old === now)) return inner;
    return Array.isArray(inner) ? entries.map(([, , now]) => now) : Object.fromEntries(entries.map(([part, , now]) => [part, now]));
  };
  return { value: fill(value, schema, []), unset };
}
