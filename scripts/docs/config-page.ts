/** docs/config.md: every key of the configuration, from the merged schema. */
import type { JsonSchema } from "@openclaw/protocol";
import { code, formatHead, formatTable } from "./markdown.ts";
import { formatBounds, formatSchema } from "./schema-notation.ts";

export function formatConfigPage(schema: JsonSchema): string {
  const about = `The file is \`openclaw.json\` in the state directory (JSON5: comments and trailing commas are fine).
\`openclaw config get\` shows what is in force, \`openclaw config set KEY VALUE\` changes it. A file that does not fit changes
nothing: the last good one stays in force, and the message names line and key. A key that nobody knows is told of in the log and
stops nothing. A secret in the clear works and is better moved (\`openclaw secrets move\`); a key marked *secret* takes \`\${NAME}\`
of a variable, or says where the secret is:
\`{ source: "env" | "file" | "store" | "exec", provider, id }\`. The last section lists what is accepted for the sake of files of the
well-known program and not acted on.`;
  const acted = Object.entries(schema.properties ?? {}).filter(([, section]) => section.inert !== true);
  const sections = acted.map(([name, section]) => {
    const intro = section.description === undefined || section.properties === undefined ? "" : `${section.description}\n\n`;
    return `## \`${name}\`\n\n${intro}${formatTable(["key", "type", "default", "what it does"], rowsOf(name, section))}`;
  });
  const inert = inertOf("", schema).map(([path, what]) => [code(path), what] as const);
  const further = `## Accepted, not acted on

Keys of the well-known program that are taken as they are, so that its file starts this gateway. Each is named once in the log.

${formatTable(["key", "what it is there"], inert)}`;
  return [formatHead("Configuration", "the schema slices of core", about), ...sections, further].join("\n");
}

/** Whole keys, not what is below them. */
function inertOf(path: string, schema: JsonSchema): readonly (readonly [path: string, what: string])[] {
  if (schema.inert === true) return [[path, schema.description ?? ""]];
  const { properties = {}, additionalProperties, items, anyOf = [] } = schema;
  const below = (name: string): string => (path === "" ? name : `${path}.${name}`);
  return [
    ...Object.entries(properties).flatMap(([name, own]) => inertOf(below(name), own)),
    ...(typeof additionalProperties === "object" ? inertOf(below("<name>"), additionalProperties) : []),
    ...(items === undefined ? [] : inertOf(`${path}[]`, items)), ...anyOf.flatMap((option) => inertOf(path, option)),
  ];
}

/** One row for each leaf; a table of things by name stands as `<name>`. */
function rowsOf(path: string, schema: JsonSchema): readonly (readonly string[])[] {
  if (schema.inert === true) return [];
  const children = Object.entries(schema.properties ?? {}).flatMap(([name, value]) => rowsOf(`${path}.${name}`, value));
  const byName = typeof schema.additionalProperties === "object" ? rowsOf(`${path}.<name>`, schema.additionalProperties) : [];
  if (children.length + byName.length > 0) return [...children, ...byName];
  const bounds = formatBounds(schema);
  const limits = bounds === "" ? "" : `${bounds.charAt(0).toUpperCase()}${bounds.slice(1)}.`;
  const notes = [schema.description ?? "", limits, schema.secret === true ? "*Secret.*" : ""];
  const preset = schema.default === undefined ? "" : code(JSON.stringify(schema.default));
  return [[code(path), code(formatSchema(schema)), preset, notes.filter((note) => note !== "").join(" ")]];
}
