/**
 * Watches a turn for going in circles, and halts the run.
 *
 * It looks at the folded turn between two steps: what was called, with which arguments, and what came of it. A turn that
 * learns nothing new is told so once, in words for the model; if it goes on as before it is halted, with a report of what
 * repeated, how often and what it cost. It is a pure function of the state and its thresholds, so a restart and a replay
 * come to the same end. It never touches a single tool: blocking one call only teaches a model to write it differently.
 */
export { SUPERVISOR_DEFAULTS, type SupervisorConfig, type SupervisorSettings } from "./supervisor/config.ts";
export { watchTurn, type Verdict } from "./supervisor/watch-turn.ts";
