/**
 * The configuration file: what is needed to boot, and nothing secret.
 *
 * It merges the schema slices it is handed into one closed schema, reads `openclaw.json` (JSON5) against it, and fills in
 * defaults. Every complaint names line, column and key. While the gateway runs, a file that became wrong changes nothing: the
 * last good configuration stays in force and the complaint says why. A change is checked before it is written, whole or not at
 * all, and keeps the file's comments. This room knows no key of its own but the gateway's token, and carries no schema.
 */
export { mergeSchemas } from "./config/merge-schemas.ts";
export { checkText, locateConfig, loadConfig, type ConfigValues, type LoadedConfig, type LoadOptions } from "./config/load-config.ts";
export type { ConfigIssue } from "./config/check-config.ts";
export { openConfig, type OpenConfigOptions, type RunningConfig } from "./config/open-config.ts";
export { getConfigValue, parseKey, type KeyPath } from "./config/config-key.ts";
export { setConfigValue, type SetOptions } from "./config/set-config-value.ts";
export { parseJson5 } from "./config/parse-json5.ts";
