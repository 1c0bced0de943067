/** Writes a schema the way TypeScript writes a type: short enough to read, exact about what is optional. */
import type { JsonSchema } from "@openclaw/protocol";

const inlineMax = 100;

/** Breaks into lines where one line would be too long. */
export function formatSchema(schema: JsonSchema, indent = ""): string {
  const inline = formatInline(schema);
  if (inline.length + indent.length <= inlineMax) return inline;
  const inner = `${indent}  `;
  if (schema.properties !== undefined) {
    const lines = propertiesOf(schema).map(({ name, value }) => `${inner}${name}: ${formatSchema(value, inner)};\n`);
    return `{\n${lines.join("")}${indent}}`;
  }
  if (schema.items !== undefined) return `${formatSchema(schema.items, indent)}[]`;
  if (schema.anyOf !== undefined) return schema.anyOf.map((one) => formatSchema(one, indent)).join(" | ");
  return inline;
}

function formatInline(schema: JsonSchema): string {
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum !== undefined) return schema.enum.map((value) => JSON.stringify(value)).join(" | ");
  if (schema.anyOf !== undefined) return schema.anyOf.map(formatInline).join(" | ");
  if (Array.isArray(schema.type)) return schema.type.join(" | ");
  if (schema.properties !== undefined) {
    const parts = propertiesOf(schema).map(({ name, value }) => `${name}: ${formatInline(value)}`);
    return parts.length === 0 ? "{}" : `{ ${parts.join("; ")} }`;
  }
  switch (schema.type) {
    case "array": {
      const item = schema.items === undefined ? "unknown" : formatInline(schema.items);
      return item.includes(" | ") && !item.startsWith("{") ? `(${item})[]` : `${item}[]`;
    }
    case "object":
      return typeof schema.additionalProperties === "object" ? `Record<string, ${formatInline(schema.additionalProperties)}>` : "object";
    case undefined:
      return "unknown";
    default:
      return String(schema.type);
  }
}

function propertiesOf(schema: JsonSchema): readonly { readonly name: string; readonly value: JsonSchema }[] {
  const properties = Object.entries(schema.properties ?? {}).map(([name, value]) => {
    const shown = /^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name);
    return { name: schema.required?.includes(name) === true ? shown : `${shown}?`, value };
  });
  if (typeof schema.additionalProperties !== "object") return properties;
  return [...properties, { name: "[name: string]", value: schema.additionalProperties }];
}

/** The bounds of a value in words: `1 to 64`, `at least 1`, `up to 256 characters`. */
export function formatBounds(schema: JsonSchema): string {
  const range = (low: number | undefined, high: number | undefined, unit: string): string => {
    const number = (value: number): string => value.toLocaleString("en-GB");
    if (low !== undefined && high !== undefined) return `${number(low)} to ${number(high)}${unit}`;
    if (low !== undefined) return low === 0 || (low === 1 && unit !== "") ? "" : `at least ${number(low)}${unit}`;
    return high === undefined ? "" : `up to ${number(high)}${unit}`;
  };
  const parts = [
    range(schema.minimum, schema.maximum, ""),
    range(schema.minLength, schema.maxLength, " characters"),
    range(schema.minItems, schema.maxItems, " items"),
  ];
  return parts.filter((part) => part !== "").join(", ");
}
