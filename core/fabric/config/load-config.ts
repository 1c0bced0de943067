import { readFile } from "node:fs/promises";
import { hash } from "node:crypto";
import { join, resolve } from "node:path";
import type { JsonSchema } from "@openclaw/protocol";
import type { ConfigIssue } from "./check-config.ts";
import { fillDefaults } from "./fill-defaults.ts";
import type { IncludedFile } from "./include-files.ts";

export type ConfigValues = Readonly<Record<string, unknown>>;
export type Environment = Readonly<Record<string, string | undefined>>;

export interface LoadOptions {
  readonly path: string;
  readonly schema: JsonSchema;
  /** What `${NAME}` means; the process's own variables unless given. */
  readonly environment?: Environment;
}

/** What a text says. */
export interface ExaminedText {
  /** With defaults and variables filled in, and every secret that stands in the text a `Secret`; undefined when there are issues. */
  readonly config: ConfigValues | undefined;
  /** The same with defaults only, all else as it is written: what may be shown once it was redacted. */
  readonly written: ConfigValues;
  /** What the file and those it includes say, without defaults, aliases resolved; empty when it is absent or unreadable. */
  readonly source: ConfigValues;
  /** What the file says itself. */
  readonly own: ConfigValues;
  readonly issues: readonly ConfigIssue[];
  /** What is accepted and should be better. */
  readonly warnings: readonly ConfigIssue[];
  readonly included: readonly IncludedFile[];
}

export interface LoadedConfig extends ExaminedText {
  readonly path: string;
  readonly exists: boolean;
  readonly text: string;
  /** The text and all that it includes, in one: where this differs, somebody changed something. */
  readonly whole: string;
  /** SHA-256 of `whole`, hex; of the empty text when there is no file. */
  readonly hash: string;
}

/** `OPENCLAW_CONFIG_PATH`, else `openclaw.json` in the state directory. */
export function locateConfig(stateDir: string, environment: Environment): string {
  const chosen = environment["OPENCLAW_CONFIG_PATH"] ?? "";
  return chosen === "" ? join(stateDir, "openclaw.json") : resolve(chosen);
}

/**
 * Reads and checks the file and what it includes. Without one the defaults are the answer, and no parser is loaded. What is wrong
 * in a file is in `issues`; only the file system's own failures with the first file are thrown.
 */
export async function loadConfig({ path, schema, environment = process.env }: LoadOptions): Promise<LoadedConfig> {
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
  const { examineFile } = await import("./examine-text.ts");
  const examined = await examineFile(text, schema, { path, environment });
  const whole = [text, ...examined.included.flatMap((file) => [file.path, file.text])].join("\0");
  return { ...examined, path, exists: true, text, whole, hash: hashOf(whole) };
}

function hashOf(text: string): string {
  return hash("sha256", text, "hex");
}
