/**
 * What a model may call. The registry knows every tool by name; preparing a call checks its arguments against the tool's
 * schema and, for a tool with an effect, turns it into an intent. Nothing here runs a side effect.
 */
export { openTools } from "./tools/open-tools.ts";
export { createTools, TOOL_LIMITS, type PreparedCall, type Tools } from "./tools/prepare-call.ts";
export { TOOL_PROFILES, type ToolChoice } from "./tools/config.ts";
export { createToolPolicy, groupOf, profilesOf, TOOL_GROUPS, type ToolPolicy } from "./tools/tool-policy.ts";
export { createToolInvoker, type ToolInvoked, type ToolInvoker } from "./tools/invoke-tool.ts";
export { presentOutcome, shortenResult, type ToolOutcome } from "./tools/present-outcome.ts";
