/**
 * The configuration file, and those it includes: what is needed to boot.
 *
 * It merges the schema slices it is handed into one schema, reads `openclaw.json` (JSON5) against it, and fills in
 * defaults. Every complaint names line, column and key; a key that nobody knows is a warning, so that a file of another program
 * is taken; so is a secret, which is typed as soon as it was read. While the gateway runs, a file that became wrong changes nothing: the
 * last good configuration stays in force and the complaint says why. A change is checked before it is written, whole or not at
 * all, and keeps the file's comments. This room knows no key of its own but the gateway's token, and carries no schema.
 */
export { mergeSchemas } from "./config/merge-schemas.ts";
export { checkText } from "./config/examine-text.ts";
export type { ConfigValues, LoadedConfig } from "./config/config-values.ts";
export { locateConfig, loadConfig, type LoadOptions } from "./config/load-config.ts";
export { includeFiles, INCLUDE_LIMITS } from "./config/include-files.ts";
export { variablesOf } from "./config/variables-of.ts";
export { dropUnfit } from "./config/salvage-config.ts";
export { findSecrets } from "./config/check-config.ts";
export type { ConfigIssue } from "./config/check-config.ts";
export { editText, type TextEdit } from "./config/edit-text.ts";
export { listChanges, planPatch, type PatchPlan } from "./config/merge-patch.ts";
export { openConfig, type OpenConfigOptions, type RunningConfig } from "./config/open-config.ts";
export { parseJson5 } from "./config/parse-json5.ts";
export { formatKey, getConfigValue, parseKey, schemaAt, type KeyPath } from "./config/config-key.ts";
export { REDACTED, redactConfig, redactText, restoreSecrets, restoreValue } from "./config/secret-places.ts";
export { setConfigValue, type SetOptions } from "./config/set-config-value.ts";
export { configError } from "./config/config-error.ts";
export { checkChange, writeConfig } from "./config/write-config.ts";
