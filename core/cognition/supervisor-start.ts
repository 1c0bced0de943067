/** What a start needs of the supervisor: its part of the configuration. */
export { SUPERVISOR_DEFAULTS, type SupervisorConfig } from "./supervisor/config.ts";
