/** From a text to a configuration: what it includes is put in place, variables are filled in, all is checked, secrets are typed. */
import { stat } from "node:fs/promises";
import type { JsonSchema } from "@openclaw/protocol";
import { Secret } from "../../base/secret.ts";
import { checkConfig, type ConfigIssue } from "./check-config.ts";
import { ALIASES, childOf, formatKey, parseKey, withValue, type KeyPath } from "./config-key.ts";
import { fillDefaults } from "./fill-defaults.ts";
import { findIncludes, includeFiles, INCLUDE, type Included } from "./include-files.ts";
import type { ConfigValues, Environment, ExaminedText } from "./config-values.ts";
import { parseJson5, type ParsedText } from "./parse-json5.ts";
import { fillVariables } from "./fill-variables.ts";
import { variablesOf } from "./variables-of.ts";

/** Where a text belongs. Without it nothing is included and no variable is known. */
export interface Surroundings {
  readonly path: string;
  readonly environment: Environment;
}

/** As `checkText`, and says where others can read a secret. */
export async function examineFile(text: string, schema: JsonSchema, around: Surroundings): Promise<ExaminedText> {
  const examined = await checkText(text, schema, around);
  if (!examined.warnings.some(({ code }) => code === "CONFIG_SECRET_INLINE")) return examined;
  const open = ((await stat(around.path)).mode & 0o077) !== 0;
  const advice = open ? `; others can read the file: chmod 600 ${around.path}` : "";
  return {
    ...examined,
    warnings: examined.warnings.map((warning) => (
      warning.code === "CONFIG_SECRET_INLINE" ? { ...warning, message: `${warning.message}${advice}` } : warning
    )),
  };
}

/** Checks a text that need not be in its file yet. */
export async function checkText(text: string, schema: JsonSchema, around?: Surroundings): Promise<ExaminedText> {
  const parsed = await parseJson5(text);
  if (!parsed.ok) return broken({ ...parsed.place, path: "", message: `is not JSON5: ${parsed.message}`, code: "CONFIG_INVALID" });
  if (!isObject(parsed.value)) return broken({ line: 1, column: 1, path: "", message: "must be an object", code: "CONFIG_INVALID" });
  const included = text.includes(INCLUDE) ? await include(parsed.value, around) : nothing(parsed.value);
  const { source, given } = resolveAliases(included.value as ConfigValues);
  const placeOf = createPlaces(parsed, included.parts, given);
  const issue = (at: KeyPath, message: string, code: ConfigIssue["code"]): ConfigIssue => (
    { ...placeOf(at), path: formatKey(at), message, code }
  );
  const environment = variablesOf(source, around?.environment ?? {});
  const filled = fillVariables(schema, source, environment);
  const { wrong, odd, secrets } = checkConfig(schema, filled.value);
  const issues = [
    ...included.failures.map(({ at, message }) => issue(at, message, "CONFIG_INVALID")),
    ...wrong.map(({ at, message, code }) => issue(at, message, code)),
  ].sort(byPlace);
  const written = fillDefaults(schema, source) as ConfigValues;
  return {
    source, written, issues, own: resolveAliases(parsed.value as ConfigValues).source,
    config: issues.length > 0 ? undefined : typeSecrets(
      filled.value === source ? written : (fillDefaults(schema, filled.value) as ConfigValues), secrets,
    ),
    warnings: [
      ...odd.map(({ at, message, code }) => issue(at, message, code)),
      ...[parsed, ...included.parts.map((part) => part.parsed)].flatMap(({ twice }) => twice).map(
        (at) => issue(at, "is there twice; the last one holds", "CONFIG_INVALID"),
      ),
      ...(around === undefined ? [] : filled.unset).map(
        ({ at, name }) => issue(at, `names the variable ${name}, which is not set`, "CONFIG_VARIABLE_UNSET"),
      ),
    ].sort(byPlace),
    included: [
      ...included.parts.map(({ at, path, text: content }) => ({ at: formatKey(at), path, text: content })),
      ...included.absent.map(({ at, path }) => ({ at: formatKey(at), path, text: "" })),
    ],
  };
}

function broken(issue: ConfigIssue): ExaminedText {
  return { config: undefined, written: {}, source: {}, own: {}, issues: [issue], warnings: [], included: [] };
}

function nothing(value: unknown): Included {
  return { value, parts: [], failures: [], absent: [] };
}

type Parsed = ParsedText & { ok: true };

async function include(value: unknown, around: Surroundings | undefined): Promise<Included> {
  return around === undefined ? nothing(findIncludes(value).rest) : includeFiles(value, around);
}

/** A place in the file that holds it: of several that were included around it, the innermost that says something there. */
function createPlaces(
  root: Parsed, parts: Included["parts"], given: ReadonlyMap<string, KeyPath>,
): (at: KeyPath) => Pick<ConfigIssue, "line" | "column" | "file"> {
  return (at) => {
    const holder = parts.findLast(({ at: holds, parsed }) => (
      holds.every((part, index) => at[index] === part) && at.slice(holds.length).reduce<unknown>(childOf, parsed.value) !== undefined
    ));
    if (holder === undefined) return root.place(given.get(formatKey(at)) ?? at);
    return { ...holder.parsed.place(at.slice(holder.at.length)), file: holder.path };
  };
}

/** Moves what stands under another name to its own, unless that is set too; then the alias stays and is an unknown key. */
function resolveAliases(value: ConfigValues): { source: ConfigValues; given: Map<string, KeyPath> } {
  let source = value;
  const given = new Map<string, KeyPath>();
  for (const [alias, key] of Object.entries(ALIASES)) {
    const path = parseKey(key);
    if (!Object.hasOwn(value, alias) || path.reduce<unknown>(childOf, value) !== undefined) continue;
    const { [alias]: moved, ...rest } = source;
    source = withValue(rest, path, moved) as ConfigValues;
    given.set(key, [alias]);
  }
  return { source, given };
}

function typeSecrets(config: ConfigValues, secrets: readonly KeyPath[]): ConfigValues {
  return secrets.reduce<unknown>((values, at) => {
    const value = at.reduce<unknown>(childOf, values);
    return typeof value === "string" ? withValue(values, at, new Secret(value)) : values;
  }, config) as ConfigValues;
}

function isObject(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function byPlace(a: ConfigIssue, b: ConfigIssue): number {
  return (a.file ?? "").localeCompare(b.file ?? "") || a.line - b.line || a.column - b.column;
}
