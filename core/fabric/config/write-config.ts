import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import type { JsonSchema } from "@openclaw/protocol";
import type { ConfigIssue } from "./check-config.ts";
import { configError } from "./config-error.ts";
import { checkText, type Surroundings } from "./examine-text.ts";
import type { Environment, LoadedConfig } from "./config-values.ts";
import type { KnownPieces } from "./examine-elsewhere.ts";
import { loadConfig } from "./load-config.ts";
import { writePrivate } from "./write-private.ts";

export interface WriteOptions {
  readonly path: string;
  readonly schema: JsonSchema;
  /** As in `loadConfig`. */
  readonly environment?: Environment;
  readonly known?: KnownPieces;
  /** The new text, made from what the file says now. What it throws, this throws. */
  readonly change: (file: LoadedConfig) => Promise<string> | string;
  /** Only looks whether it could: nothing is written. */
  readonly dryRun?: boolean;
  /** The key that is meant; what is wrong with it is said first. */
  readonly key?: string;
}

/**
 * Writes the file anew, whole or not at all, after the whole result was checked. A write may not bring a key that nobody knows;
 * those that stand there already stay. Throws CONFIG_KEY_UNKNOWN or CONFIG_INVALID, and then nothing was written.
 */
export async function writeConfig(options: WriteOptions): Promise<LoadedConfig> {
  const { path, schema, environment = process.env, known, change, key = "", dryRun = false } = options;
  const loaded = await loadConfig({ path, schema, environment });
  const text = await change(loaded);
  if (loaded.exists && text === loaded.text) return loaded;
  const issues = await checkChange(loaded, text, schema, { path, environment });
  if (issues.length > 0) throw configError(path, issues, key);
  if (dryRun) return loaded;
  await mkdir(dirname(path), { recursive: true, mode: 0o700 }); // before the gateway's first start there is none
  await writePrivate(path, text);
  return loadConfig({ path, schema, environment, ...(known === undefined ? {} : { known }) });
}

/** What keeps a text from taking the place of another: what is wrong in it, and keys that nobody knows and it did not have before. */
export async function checkChange(
  before: Pick<LoadedConfig, "warnings">, text: string, schema: JsonSchema, around?: Surroundings,
): Promise<readonly ConfigIssue[]> {
  const after = await checkText(text, schema, around);
  const known = new Set(before.warnings.map(({ path }) => path));
  return [...after.issues, ...after.warnings.filter(({ code, path }) => code === "CONFIG_KEY_UNKNOWN" && !known.has(path))];
}
