import { OpenClawError, type JsonSchema } from "@openclaw/protocol";

/** `agents.list[0].model` as its parts; a number is a place in a list. */
export type KeyPath = readonly (string | number)[];

/** Other names that people use for a key. */
export const ALIASES: Readonly<Record<string, string>> = { gatewayToken: "gateway.auth.token" };

const PART = /(?:^|\.)([^.[\]"]+)|\[(\d{1,6})\]|\["((?:[^"\\]|\\.)*)"\]/y;

/** Understands `a.b[0]["c.d"]`. Throws CONFIG_KEY_UNKNOWN for what is not a key. */
export function parseKey(text: string): KeyPath {
  const key = ALIASES[text] ?? text;
  const parts: (string | number)[] = [];
  PART.lastIndex = 0;
  while (PART.lastIndex < key.length) {
    const match = PART.exec(key);
    if (match === null || parts.length >= 64) {
      throw new OpenClawError("CONFIG_KEY_UNKNOWN", { why: `"${text.slice(0, 200)}" is not a key.` });
    }
    parts.push(match[1] ?? (match[2] === undefined ? (JSON.parse(`"${match[3] ?? ""}"`) as string) : Number(match[2])));
  }
  return parts;
}

export function formatKey(path: KeyPath): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === "number") return `${text}[${part}]`;
    if (!/^[^.[\]"]+$/.test(part)) return `${text}[${JSON.stringify(part)}]`;
    return text === "" ? part : `${text}.${part}`;
  }, "");
}

/**
 * The value at a key, undefined where the key exists and nothing is set. Throws CONFIG_KEY_UNKNOWN where neither the value nor,
 * when given, the schema knows the key.
 */
export function getConfigValue(config: unknown, key: string, schema?: JsonSchema): unknown {
  const path = parseKey(key);
  let value = config;
  for (const part of path) value = childOf(value, part);
  if (value === undefined && (schema === undefined || schemaAt(schema, path) === undefined)) {
    throw new OpenClawError("CONFIG_KEY_UNKNOWN", { why: `Nothing is called "${key.slice(0, 200)}".`, detail: { key: key.slice(0, 200) } });
  }
  return value;
}

/** The schema of the value at a path; undefined where the schema has no such place. */
export function schemaAt(schema: JsonSchema, path: KeyPath): JsonSchema | undefined {
  let at: JsonSchema | undefined = schema;
  for (const part of path) {
    if (at === undefined) return undefined;
    const { properties, additionalProperties, items, anyOf }: JsonSchema = at;
    if (typeof part === "number") at = items;
    else if (properties !== undefined && Object.hasOwn(properties, part)) at = properties[part];
    else if (typeof additionalProperties === "object") at = additionalProperties;
    else if (additionalProperties === true) at = {};
    else at = anyOf?.map((option) => schemaAt(option, [part])).find((found) => found !== undefined);
  }
  return at;
}

export function childOf(value: unknown, part: string | number): unknown {
  if (typeof value !== "object" || value === null) return undefined;
  if (Array.isArray(value)) return typeof part === "number" ? (value as unknown[])[part] : undefined;
  return typeof part === "string" && Object.hasOwn(value, part) ? (value as Record<string, unknown>)[part] : undefined;
}

/** A copy with the value at the path; objects on the way are made where they are missing. */
export function withValue(value: unknown, [part, ...rest]: KeyPath, inner: unknown): unknown {
  if (part === undefined) return inner;
  const child = withValue(childOf(value, part), rest, inner);
  if (typeof part === "number") return Array.isArray(value) ? value.with(Math.min(part, value.length - 1), child) : [child];
  return { ...(typeof value === "object" && value !== null && !Array.isArray(value) ? value : {}), [part]: child };
}

/** A copy without what stands at the path. */
export function withoutValue(value: unknown, [part, ...rest]: KeyPath): unknown {
  if (Array.isArray(value)) {
    return rest.length === 0
      ? value.filter((_, at) => at !== part) : value.map((item, at) => (at === part ? withoutValue(item, rest) : item));
  }
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).flatMap(([name, inner]: [string, unknown]): [string, unknown][] => {
    if (name !== part) return [[name, inner]];
    return rest.length === 0 ? [] : [[name, withoutValue(inner, rest)]];
  }));
}
