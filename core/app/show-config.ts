/** The configuration as `config.get` shows it: what the file says, what is in force, and no secret. */
import type { JsonSchema } from "@openclaw/protocol";
import type { RunningConfig } from "../fabric/config.ts";
import { configSchema } from "./config-schema.ts";

/** What stands in place of a secret, and what writing back keeps the stored one. */
export const REDACTED = "__OPENCLAW_REDACTED__";

export function showConfig({ file, values, isLastGood }: RunningConfig): unknown {
  const config = redact(values, configSchema);
  return {
    path: file.path, exists: file.exists, valid: file.issues.length === 0, raw: null, parsed: config, sourceConfig: config, resolved: config, runtimeConfig: config, config,
    hash: file.hash, configRevisionHash: file.hash, appliedConfigHash: isLastGood ? null : file.hash, issues: file.issues, warnings: file.warnings, legacyIssues: [], includedPaths: [], includeProvenance: [],
  };
}

function redact(value: unknown, schema: JsonSchema): unknown {
  if (schema.secret === true) return REDACTED;
  if (Array.isArray(value)) return value.map((item) => (schema.items === undefined ? item : redact(item, schema.items)));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => {
    const own = schema.properties?.[name] ?? (typeof schema.additionalProperties === "object" ? schema.additionalProperties : {});
    return [name, redact(member, own)];
  }));
}
