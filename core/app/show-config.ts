/** The configuration as `config.get` shows it: what the file says, what is in force, and no secret. */
import type { JsonSchema } from "@openclaw/protocol";
import type { RunningConfig } from "../fabric/config.ts";
import { holdsInlineSecret } from "../cognition/models.ts";
import { configSchema } from "./config-schema.ts";

/** What stands in place of a secret, and what writing back keeps the stored one. */
export const REDACTED = "__OPENCLAW_REDACTED__";

export function showConfig({ file, values, isLastGood }: RunningConfig): unknown {
  const { path, exists, hash, issues, warnings } = file;
  const config = redact(values, configSchema);
  return {
    path, exists, valid: issues.length === 0, raw: null,
    config, parsed: config, sourceConfig: config, resolved: config, runtimeConfig: config,
    hash, configRevisionHash: hash, appliedConfigHash: isLastGood ? null : hash,
    issues, warnings, legacyIssues: [], includedPaths: [], includeProvenance: [],
  };
}

/** What the schema calls a secret, and what looks like one where the schema leaves names open: a key that stands where it must not. */
function redact(value: unknown, schema: JsonSchema): unknown {
  if (schema.secret === true) return REDACTED;
  if (Array.isArray(value)) return value.map((item) => redact(item, schema.items ?? {}));
  if (typeof value !== "object" || value === null) return value;
  const members = Object.entries(value).map(([name, member]: [string, unknown]) => {
    const known = schema.properties?.[name];
    if (known !== undefined) return [name, redact(member, known)];
    if (typeof schema.additionalProperties === "object") return [name, redact(member, schema.additionalProperties)];
    return [name, holdsInlineSecret(name, member) ? REDACTED : redact(member, {})];
  });
  return Object.fromEntries(members);
}
