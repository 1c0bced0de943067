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
  const { file, values, isLastGood } = running;
  const { path, exists, issues, warnings } = file;
  const config = redactConfig(values, schema);
  const source = isLastGood ? config : redactConfig(file.source, schema);
  const applied = hashes.values(values);
  return {
    path, exists, valid: issues.length === 0, raw: exists ? await redactText(file.text, schema) : null,
    parsed: source, sourceConfig: source, resolved: source, runtimeConfig: config, config,
    hash: hashes.text(file.text), configRevisionHash: isLastGood ? hashes.text(file.text) : applied, appliedConfigHash: applied,
    issues, warnings, legacyIssues: legacyOf(file), includedPaths: [], includeProvenance: [],
    agentRosterIncludeOwned: false, bindingsIncludeOwned: false,
  };
}
