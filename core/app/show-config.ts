/** The configuration as `config.get` shows it: what the file says, what is in force, and no secret. */
import type { JsonSchema } from "@openclaw/protocol";
import type { ConfigHashes } from "./config-hashes.ts";
import { redactConfig, redactText, type LoadedConfig, type RunningConfig } from "../fabric/config.ts";

/** What in the file is an older form of something; it works all the same. */
function legacyOf({ source }: LoadedConfig): readonly { readonly path: string; readonly message: string }[] {
  const agents = source["agents"] as { readonly list?: unknown } | undefined;
  if (agents?.list === undefined) return [];
  return [{ path: "agents.list", message: "agents.list is the older form of agents.entries; both are read" }];
}

export async function showConfig(running: RunningConfig, schema: JsonSchema, hashes: ConfigHashes): Promise<unknown> {
  const { file, written, isLastGood } = running;
  const { path, exists, issues, warnings, included } = file;
  const config = redactConfig(written, schema);
  const source = isLastGood ? config : redactConfig(file.source, schema);
  const applied = hashes.values(written);
  const comesFrom = (key: string): boolean => included.some(({ at }) => at === "" || at === key || at.startsWith(`${key}.`));
  return {
    path, exists, valid: issues.length === 0, raw: exists ? await redactText(file.text, schema) : null,
    parsed: isLastGood ? config : redactConfig(file.own, schema), sourceConfig: source, resolved: source, runtimeConfig: config, config,
    hash: hashes.text(file.whole), configRevisionHash: isLastGood ? hashes.text(file.whole) : hashes.values(file.written),
    appliedConfigHash: applied, issues, warnings, legacyIssues: legacyOf(file),
    includedPaths: [...new Set(included.map((one) => one.path))],
    includeProvenance: included.map((one) => ({ path: one.at, includedPath: one.path })),
    agentRosterIncludeOwned: comesFrom("agents"), bindingsIncludeOwned: comesFrom("bindings"),
  };
}
