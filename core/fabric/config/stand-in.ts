/** What is in force where the file does not fit: the last good one, else what of this one fits. */
import { readFile } from "node:fs/promises";
import type { JsonSchema } from "@openclaw/protocol";
import { configError } from "./config-error.ts";
import { checkText } from "./examine-text.ts";
import type { ConfigValues, Environment, ExaminedText, LoadedConfig } from "./config-values.ts";
import { dropUnfit } from "./salvage-config.ts";

export interface StandIn {
  readonly values: ConfigValues;
  readonly written: ConfigValues;
  readonly leftOut?: readonly string[];
}

export interface StandInOptions {
  readonly path: string;
  readonly schema: JsonSchema;
  readonly environment: Environment;
  /** As in `openConfig`. */
  readonly salvage?: (kept: ConfigValues, leftOut: readonly string[]) => Promise<ConfigValues | undefined>;
}

/** Throws CONFIG_INVALID, with line and key, where nothing can stand in. */
export async function standIn(file: LoadedConfig, lastGoodPath: string, options: StandInOptions): Promise<StandIn> {
  const examine = (text: string): Promise<ExaminedText> => checkText(text, options.schema, options);
  const text = await readFile(lastGoodPath, "utf8").catch(() => undefined);
  const lastGood = text === undefined ? undefined : await examine(text);
  if (lastGood?.config !== undefined) return { values: lastGood.config, written: lastGood.written };
  const { values, dropped } = dropUnfit(options.schema, file.source);
  const leftOut = [...new Set([...file.issues, ...dropped].map(({ path }) => path))];
  // Of a text that cannot be read nothing is left, not even what it was for.
  const isUnreadable = Object.keys(file.own).length === 0;
  const kept = isUnreadable ? undefined : await options.salvage?.(values as ConfigValues, leftOut);
  const { config, written } = kept === undefined ? {} : await examine(JSON.stringify(kept));
  if (config === undefined || written === undefined) throw configError(options.path, file.issues);
  return { values: config, written, leftOut };
}
