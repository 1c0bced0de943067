/**
 * The configuration file: what is needed to boot, and nothing secret.
 *
 * It merges the schema slices it is handed into one schema, reads `openclaw.json` (JSON5) against it, and fills in
 * defaults. Every complaint names line, column and key; a key that nobody knows is a warning, so that a file of another program
 * is taken. While the gateway runs, a file that became wrong changes nothing: the
 * last good configuration stays in force and the complaint says why. A change is checked before it is written, whole or not at
 * all, and keeps the file's comments. This room knows no key of its own but the gateway's token, and carries no schema.
 */
export { mergeSchemas } from "./config/merge-schemas.ts";
export { checkText, locateConfig, loadConfig, type ConfigValues, type LoadedConfig, type LoadOptions } from "./config/load-config.ts";
export type { ConfigIssue } from "./config/check-config.ts";
export { editText, type TextEdit } from "./config/edit-text.ts";
export { listChanges, planPatch, type PatchPlan } from "./config/merge-patch.ts";
export { openConfig, type OpenConfigOptions, type RunningConfig } from "./config/open-config.ts";
export { parseJson5 } from "./config/parse-json5.ts";
export { getConfigValue, parseKey, schemaAt, type KeyPath } from "./config/config-key.ts";
export { REDACTED, redactConfig, redactText, restoreSecrets, restoreValue } from "./config/secret-places.ts";
export { setConfigValue, type SetOptions } from "./config/set-config-value.ts";
export { configError } from "./config/config-error.ts";
export { checkChange, writeConfig } from "./config/write-config.ts";
