import { readFile } from "node:fs/promises";
import { hash } from "node:crypto";
import { join, resolve } from "node:path";
import type { JsonSchema } from "@openclaw/protocol";
import type { KnownPieces } from "./examine-elsewhere.ts";
import type { ConfigValues, Environment, LoadedConfig } from "./config-values.ts";
import { fillDefaults } from "./fill-defaults.ts";

export interface LoadOptions {
  readonly path: string;
  readonly schema: JsonSchema;
  /** What `${NAME}` means; the process's own variables unless given. */
  readonly environment?: Environment;
  /** Of the time before, for a file that is large. */
  readonly known?: KnownPieces;
}

/** A longer text is examined in another thread. */
const HERE_CHARS_MAX = 16_384;

/** `OPENCLAW_CONFIG_PATH`, else `openclaw.json` in the state directory. */
export function locateConfig(stateDir: string, environment: Environment): string {
  const chosen = environment["OPENCLAW_CONFIG_PATH"] ?? "";
  return chosen === "" ? join(stateDir, "openclaw.json") : resolve(chosen);
}

/**
 * Reads and checks the file and what it includes. Without one the defaults are the answer, and no parser is loaded. What is wrong
 * in a file is in `issues`; only the file system's own failures with the first file are thrown.
 */
export async function loadConfig({ path, schema, environment = process.env, known }: LoadOptions): Promise<LoadedConfig> {
  const text = await readFile(path, "utf8").catch((error: unknown) => {
    if (error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR")) return undefined;
    throw error;
  });
  if (text === undefined) {
    const config = fillDefaults(schema, {}) as ConfigValues;
    return {
      path, exists: false, config, written: config, source: {}, own: {}, text: "", whole: "", hash: hashOf(""), issues: [], warnings: [],
      included: [],
    };
  }
  const examined = text.length > HERE_CHARS_MAX
    ? await (await import("./examine-elsewhere.ts")).examineElsewhere(text, schema, { path, environment }, known)
    : await (await import("./examine-text.ts")).examineFile(text, schema, { path, environment });
  const whole = [text, ...examined.included.flatMap((file) => [file.path, file.text])].join("\0");
  return Object.assign(examined, { path, exists: true, text, whole, hash: hashOf(whole) });
}

function hashOf(text: string): string {
  return hash("sha256", text, "hex");
}
