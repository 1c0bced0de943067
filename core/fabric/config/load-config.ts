import { createHash } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { JsonSchema } from "@openclaw/protocol";
import { checkConfig, REFERENCE, SHARED_SECRETS, type ConfigIssue } from "./check-config.ts";
import { ALIASES, childOf, formatKey, parseKey, type KeyPath } from "./config-key.ts";
import { fillDefaults } from "./fill-defaults.ts";
import { parseJson5, type ParsedText } from "./parse-json5.ts";

export type ConfigValues = Readonly<Record<string, unknown>>;

export interface LoadOptions {
  readonly path: string;
  readonly schema: JsonSchema;
}

export interface LoadedConfig {
  readonly path: string;
  readonly exists: boolean;
  /** With defaults filled in; undefined when there are issues. */
  readonly config: ConfigValues | undefined;
  /** What the file says, without defaults, aliases resolved; empty when it is absent or unreadable. */
  readonly source: ConfigValues;
  readonly text: string;
  /** SHA-256 of the text, hex; of the empty text when there is no file. */
  readonly hash: string;
  readonly issues: readonly ConfigIssue[];
  /** What is accepted and should be better. */
  readonly warnings: readonly ConfigIssue[];
}

/** `OPENCLAW_CONFIG_PATH`, else `openclaw.json` in the state directory. */
export function locateConfig(stateDir: string, environment: Readonly<Record<string, string | undefined>>): string {
  const chosen = environment["OPENCLAW_CONFIG_PATH"] ?? "";
  return chosen === "" ? join(stateDir, "openclaw.json") : resolve(chosen);
}

/**
 * Reads and checks the file. Without one the defaults are the answer, and no parser is loaded. What is wrong in the file is
 * in `issues`; only the file system's own failures are thrown.
 */
export async function loadConfig({ path, schema }: LoadOptions): Promise<LoadedConfig> {
  const text = await readFile(path, "utf8").catch((error: unknown) => {
    if (error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR")) return undefined;
    throw error;
  });
  if (text === undefined) {
    const config = fillDefaults(schema, {}) as ConfigValues;
    return { path, exists: false, config, source: {}, text: "", hash: hashOf(""), issues: [], warnings: [] };
  }
  const checked = await checkText(text, schema);
  const others = ((await stat(path)).mode & 0o077) !== 0;
  const advice = others ? `; others can read the file: chmod 600 ${path}` : "";
  const warnings = checked.warnings.map((warning) => (
    warning.code === "CONFIG_SECRET_INLINE" ? { ...warning, message: `${warning.message}${advice}` } : warning
  ));
  return { ...checked, path, exists: true, text, hash: hashOf(text), warnings };
}

type CheckedText = Pick<LoadedConfig, "config" | "source" | "issues" | "warnings">;

/** The same for a text that is not in its file yet. */
export async function checkText(text: string, schema: JsonSchema): Promise<CheckedText> {
  const parsed = await parseJson5(text);
  if (!parsed.ok) return broken([{ ...parsed.place, path: "", message: `is not JSON5: ${parsed.message}`, code: "CONFIG_INVALID" }]);
  if (typeof parsed.value !== "object" || parsed.value === null || Array.isArray(parsed.value)) {
    return broken([{ line: 1, column: 1, path: "", message: "must be an object", code: "CONFIG_INVALID" }]);
  }
  const { source, given } = resolveAliases(parsed.value as ConfigValues);
  const issue = (at: KeyPath, message: string, code: ConfigIssue["code"]): ConfigIssue => {
    const path = formatKey(at);
    return { ...parsed.place(given.get(path) ?? at), path, message, code };
  };
  const { wrong, odd } = checkConfig(schema, source);
  const issues = [
    ...parsed.twice.map((at) => issue(at, "is there twice", "CONFIG_INVALID")),
    ...wrong.map(({ at, message, code }) => issue(at, message, code)),
  ].sort(byPlace);
  return {
    source,
    issues,
    config: issues.length > 0 ? undefined : (fillDefaults(schema, source) as ConfigValues),
    warnings: [
      ...odd.map(({ at, message, code }) => issue(at, message, code)), ...warningsOf(source, parsed, given),
    ].sort(byPlace),
  };
}

function broken(issues: readonly ConfigIssue[]): CheckedText {
  return { config: undefined, source: {}, issues, warnings: [] };
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

/** A copy with the value at the path; objects on the way are made where they are missing. */
export function withValue(value: unknown, [part, ...rest]: KeyPath, inner: unknown): unknown {
  if (part === undefined) return inner;
  const child = withValue(childOf(value, part), rest, inner);
  if (typeof part === "number") return Array.isArray(value) ? value.with(Math.min(part, value.length - 1), child) : [child];
  return { ...(typeof value === "object" && value !== null && !Array.isArray(value) ? value : {}), [part]: child };
}

function warningsOf(source: ConfigValues, parsed: ParsedText & { ok: true }, given: ReadonlyMap<string, KeyPath>): ConfigIssue[] {
  return SHARED_SECRETS.flatMap((key) => {
    const path = parseKey(key);
    const value = path.reduce<unknown>(childOf, source);
    if (typeof value !== "string" || REFERENCE.test(value)) return [];
    const better = key === "gateway.auth.token"
      ? "better in OPENCLAW_GATEWAY_TOKEN, or left to the gateway to make" : "better as ${NAME} of an environment variable";
    const place = parsed.place(given.get(key) ?? path);
    return [{ ...place, path: key, message: `is a secret; ${better}`, code: "CONFIG_SECRET_INLINE" as const }];
  });
}

function byPlace(a: ConfigIssue, b: ConfigIssue): number {
  return a.line - b.line || a.column - b.column;
}

function hashOf(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
