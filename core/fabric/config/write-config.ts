import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { OpenClawError, type JsonSchema } from "@openclaw/protocol";
import type { ConfigIssue } from "./check-config.ts";
import { checkText, loadConfig, type LoadedConfig } from "./load-config.ts";
import { writePrivate } from "./write-private.ts";

export interface WriteOptions {
  readonly path: string;
  readonly schema: JsonSchema;
  /** The new text, made from what the file says now. What it throws, this throws. */
  readonly change: (file: LoadedConfig) => Promise<string> | string;
  /** The key that is meant; what is wrong with it is said first. */
  readonly key?: string;
}

/**
 * Writes the file anew, whole or not at all, after the whole result was checked. A write may not bring a key that nobody knows;
 * those that stand there already stay. Throws CONFIG_KEY_UNKNOWN, CONFIG_INVALID or CONFIG_SECRET_INLINE, and then nothing was written.
 */
export async function writeConfig({ path, schema, change, key = "" }: WriteOptions): Promise<LoadedConfig> {
  const loaded = await loadConfig({ path, schema });
  const text = await change(loaded);
  if (loaded.exists && text === loaded.text) return loaded;
  const issues = await checkChange(loaded, text, schema);
  if (issues.length > 0) throw configError(path, issues, key);
  await mkdir(dirname(path), { recursive: true, mode: 0o700 }); // before the gateway's first start there is none
  await writePrivate(path, text);
  return loadConfig({ path, schema });
}

/** What keeps a text from taking the place of another: what is wrong in it, and keys that nobody knows and it did not have before. */
export async function checkChange(
  before: Pick<LoadedConfig, "warnings">, text: string, schema: JsonSchema,
): Promise<readonly ConfigIssue[]> {
  const after = await checkText(text, schema);
  const known = new Set(before.warnings.map(({ path }) => path));
  return [...after.issues, ...after.warnings.filter(({ code, path }) => code === "CONFIG_KEY_UNKNOWN" && !known.has(path))];
}

/** The coded error for a list of issues: one in words, all of them in `detail`. An issue of the key that was set comes first. */
export function configError(path: string, issues: readonly ConfigIssue[], key = ""): OpenClawError {
  const own = key === "" ? undefined : issues.find((candidate) => isWithin(candidate.path, key) || isWithin(key, candidate.path));
  const issue = own ?? issues[0];
  if (issue === undefined) return new OpenClawError("CONFIG_INVALID", { why: path });
  const more = issues.length > 1 ? ` (${issues.length - 1} more)` : "";
  // An unknown key is the answer only to somebody who named it; in a file it is one of the ways to be invalid.
  const code = issue.code === "CONFIG_SECRET_INLINE" || (own !== undefined && issue.code === "CONFIG_KEY_UNKNOWN")
    ? issue.code : "CONFIG_INVALID";
  return new OpenClawError(code, {
    why: `${path}:${issue.line}:${issue.column} ${issue.path === "" ? "The file" : `"${issue.path}"`} ${issue.message}.${more}`,
    detail: { path, issues: issues.slice(0, 8) },
  });
}

function isWithin(key: string, holder: string): boolean {
  return key === holder || (holder !== "" && (key.startsWith(`${holder}.`) || key.startsWith(`${holder}[`)));
}
