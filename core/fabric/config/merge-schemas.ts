import type { JsonSchema } from "@openclaw/protocol";
import { assert } from "../../base/assert.ts";

/**
 * One closed schema out of each module's slice, by the place it takes: `{ sessions: …, "gateway.auth": … }`. An object that
 * lists its properties accepts no others, so that a mistyped key is found; one that has `additionalProperties` keeps them.
 * Two slices that claim the same property are a programmer's mistake.
 */
export function mergeSchemas(slices: Readonly<Record<string, JsonSchema>>): JsonSchema {
  const root: Record<string, JsonSchema> = {};
  for (const place of Object.keys(slices).sort()) put(root, place.split("."), slices[place] ?? {}, place);
  return close({ type: "object", properties: root });
}

function put(properties: Record<string, JsonSchema>, [name = "", ...rest]: readonly string[], slice: JsonSchema, place: string): void {
  const present = properties[name];
  if (rest.length > 0) {
    const inner = { ...present?.properties };
    put(inner, rest, slice, place);
    properties[name] = { type: "object", ...present, properties: inner };
  } else if (present === undefined) {
    properties[name] = slice;
  } else {
    for (const key of Object.keys(slice.properties ?? {})) {
      assert(!Object.hasOwn(present.properties ?? {}, key), `two modules claim the configuration key ${place}.${key}`);
    }
    properties[name] = { ...present, ...slice, properties: { ...present.properties, ...slice.properties } };
  }
}

function close(schema: JsonSchema): JsonSchema {
  const { properties, items, anyOf, additionalProperties } = schema;
  return {
    ...schema,
    ...(properties === undefined ? {} : { properties: closeAll(properties) }),
    ...(properties === undefined || additionalProperties !== undefined ? {} : { additionalProperties: false }),
    ...(typeof additionalProperties === "object" ? { additionalProperties: close(additionalProperties) } : {}),
    ...(items === undefined ? {} : { items: close(items) }),
    ...(anyOf === undefined ? {} : { anyOf: anyOf.map(close) }),
  };
}

function closeAll(properties: NonNullable<JsonSchema["properties"]>): Record<string, JsonSchema> {
  return Object.fromEntries(Object.entries(properties).map(([name, inner]) => [name, close(inner)]));
}
