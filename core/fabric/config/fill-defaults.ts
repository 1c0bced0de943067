import type { JsonSchema } from "@openclaw/protocol";

/** The value with every default of the schema in the places it leaves empty. A new value; the one given is not touched. */
export function fillDefaults(schema: JsonSchema, value: unknown): unknown {
  if (value === undefined) {
    if (schema.default !== undefined) return fillDefaults(schema, structuredClone(schema.default));
    return schema.type === "object" ? fillObject(schema, {}) : undefined;
  }
  if (Array.isArray(value)) return schema.items === undefined ? [...value] : value.map((item) => fillDefaults(schema.items ?? {}, item));
  if (typeof value === "object" && value !== null) return fillObject(schema, value as Record<string, unknown>);
  return value;
}

function fillObject(schema: JsonSchema, value: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const filled: Record<string, unknown> = {};
  const others = typeof schema.additionalProperties === "object" ? schema.additionalProperties : {};
  for (const [name, inner] of Object.entries(value)) {
    const own = schema.properties?.[name] ?? others;
    if (!isInertForm(own, inner)) filled[name] = fillDefaults(own, inner);
  }
  for (const [name, inner] of Object.entries(schema.properties ?? {})) {
    if (Object.hasOwn(value, name) || inner.inert === true) continue;
    // An object that must be complete once it is there, and is not there, is not begun by its defaults.
    if (inner.default === undefined && (inner.required?.length ?? 0) > 0) continue;
    const made = fillDefaults(inner, undefined);
    if (made !== undefined) filled[name] = made;
  }
  return filled;
}

/** A list in a place where only an object is acted on: whoever reads the object must not find a list. */
function isInertForm({ anyOf = [] }: JsonSchema, value: unknown): boolean {
  return Array.isArray(value) && anyOf.some(({ inert, type }) => inert === true && type === "array");
}
