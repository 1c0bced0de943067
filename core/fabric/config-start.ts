/** What a start needs of the configuration: where it is, reading it, and following it. Changing it is behind the other door. */
export type { ConfigValues, LoadedConfig } from "./config/config-values.ts";
export { locateConfig } from "./config/load-config.ts";
export type { ConfigIssue } from "./config/check-config.ts";
export { getConfigValue } from "./config/config-key.ts";
export { variablesOf } from "./config/variables-of.ts";
export { openConfig, type OpenConfigOptions, type RunningConfig, type TakenHow } from "./config/open-config.ts";
