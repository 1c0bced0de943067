/** Which values of a configuration must not be shown, and what stands in their place. */
import type { ValueNode } from "@humanwhocodes/momoa";
import type { JsonSchema } from "@openclaw/protocol";
import { OpenClawError } from "@openclaw/protocol";
import { REFERENCE } from "./check-config.ts";
import { childOf, formatKey, withValue, type KeyPath } from "./config-key.ts";
import { parseJson5 } from "./parse-json5.ts";

/** What stands in place of a secret; written back, it keeps the stored one. */
export const REDACTED = "__OPENCLAW_REDACTED__";

/** Where the schema does not say so, a name tells. */
const SECRET_NAME = /(?:^(?:key|bearer)|api[-_]?key|token|secret|password|passphrase|authorization|credential|private[-_]?key)$/i;
/** Variables and headers of other programs: their names say nothing, and their values are often keys. */
const OPEN_MAPS = new Set(["env", "headers", "vars"]);
const ADDRESS_WITH_PASSWORD = /^[a-z][a-z0-9+.-]*:\/\/[^/?#\s]*@/i;

/** The same values with every secret replaced. */
export function redactConfig(value: unknown, schema: JsonSchema): unknown {
  return replaceSecrets(value, schema, "", false);
}

function replaceSecrets(value: unknown, schema: JsonSchema, name: string, isOpenMap: boolean): unknown {
  if (typeof value === "string") return isSecret(value, schema, name, isOpenMap) ? REDACTED : value;
  if (Array.isArray(value)) return value.map((item) => replaceSecrets(item, schema.items ?? {}, name, isOpenMap));
  if (typeof value !== "object" || value === null) return schema.secret === true && value !== null ? REDACTED : value;
  return Object.fromEntries(Object.entries(value).map(([own, inner]: [string, unknown]) => {
    const isNamed = schema.properties !== undefined && Object.hasOwn(schema.properties, own);
    return [own, replaceSecrets(inner, childSchema(schema, own) ?? {}, own, OPEN_MAPS.has(own) || (isOpenMap && !isNamed))];
  }));
}

function childSchema(schema: JsonSchema, name: string): JsonSchema | undefined {
  const { properties, additionalProperties, anyOf } = schema;
  if (properties !== undefined && Object.hasOwn(properties, name)) return properties[name];
  if (typeof additionalProperties === "object") return additionalProperties;
  return anyOf?.map((option) => childSchema(option, name)).find((found) => found !== undefined);
}

/** A reference to where the secret is may be seen. */
function isSecret(value: string, schema: JsonSchema, name: string, isOpenMap: boolean): boolean {
  if (value === "" || REFERENCE.test(value)) return false;
  if (schema.secret === true || ADDRESS_WITH_PASSWORD.test(value)) return true;
  return isOpenMap || (schema.enum === undefined && SECRET_NAME.test(name));
}

/** The text as its author wrote it, secrets replaced; null where it cannot be read, for then nobody knows what is one. */
export async function redactText(text: string, schema: JsonSchema): Promise<string | null> {
  const parsed = await parseJson5(text);
  if (!parsed.ok) return null;
  const shown = redactConfig(parsed.value, schema);
  return splice(text, placesOf(parsed.document.body, [], (at, value) => at.reduce<unknown>(childOf, shown) !== value), () => REDACTED);
}

/**
 * A text with the stored secret in every place that holds the marker. Throws CONFIG_INVALID where nothing is stored there, and
 * undefined is the answer to what is not JSON5.
 */
export async function restoreSecrets(text: string, stored: unknown): Promise<string | undefined> {
  const parsed = await parseJson5(text);
  if (!parsed.ok) return undefined;
  const restored = restoreValue(parsed.value, stored);
  const places = placesOf(parsed.document.body, [], (_at, value) => value === REDACTED);
  return splice(text, places, (at) => at.reduce<unknown>(childOf, restored));
}

/** The same for a value, such as a patch. */
export function restoreValue(value: unknown, stored: unknown, at: KeyPath = []): unknown {
  if (value === REDACTED) return storedAt(stored, at);
  if (Array.isArray(value)) return value.map((item, index) => restoreValue(item, stored, [...at, indexOf(item, stored, at) ?? index]));
  if (typeof value !== "object" || value === null) return value;
  return Object.entries(value).reduce<unknown>((made, [name, inner]: [string, unknown]) => (
    withValue(made, [name], restoreValue(inner, stored, [...at, name]))
  ), {});
}

/** In a list of things with an id, a thing is itself wherever it stands. */
function indexOf(item: unknown, stored: unknown, at: KeyPath): number | undefined {
  const list = at.reduce<unknown>(childOf, stored);
  const id = childOf(item, "id");
  const found = id === undefined || !Array.isArray(list) ? -1 : list.findIndex((entry) => childOf(entry, "id") === id);
  return found < 0 ? undefined : found;
}

function storedAt(stored: unknown, at: KeyPath): unknown {
  const value = at.reduce<unknown>(childOf, stored);
  if (value !== undefined && value !== REDACTED) return value;
  throw new OpenClawError("CONFIG_INVALID", {
    why: `"${formatKey(at)}" holds ${REDACTED}, and no secret is stored there.`, detail: { path: formatKey(at) },
  });
}

interface TextPlace {
  readonly at: KeyPath;
  readonly range: readonly [number, number];
}

/** The texts of a document that are meant, in the order of the text. */
function placesOf(node: ValueNode, at: KeyPath, meant: (at: KeyPath, value: string) => boolean): readonly TextPlace[] {
  if (node.type === "Object") return node.members.flatMap(
    ({ name, value }) => placesOf(value, [...at, name.type === "Identifier" ? name.name : name.value], meant),
  );
  if (node.type === "Array") return node.elements.flatMap(({ value }, index) => placesOf(value, [...at, index], meant));
  if (node.type !== "String" || !meant(at, node.value)) return [];
  return [{ at, range: [node.loc.start.offset, node.loc.end.offset] }];
}

function splice(text: string, places: readonly TextPlace[], valueOf: (at: KeyPath) => unknown): string {
  return places.reduceRight(
    (now, { at, range: [start, end] }) => now.slice(0, start) + JSON.stringify(valueOf(at)) + now.slice(end), text,
  );
}
