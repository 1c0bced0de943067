/** What a start needs of the schedule: its part of the configuration, and what is loaded when there is a job or a webhook. */
import { late } from "../base/late.ts";

export { openSchedulerLate as openScheduler } from "./schedule/open-scheduler-late.ts";
export type { Scheduler, SchedulerDeps } from "./schedule/open-scheduler.ts";
export type { ScheduleConfig } from "./schedule/config.ts";
export { HOOKS_DEFAULTS, type HooksConfig } from "./schedule/config.ts";
export type { HookCall, Hooks } from "./schedule/receive-hook.ts";

/** Loaded with the first webhook. */
export const createHooks = late(() => import("./schedule/receive-hook.ts"), "createHooksLate");
/** As `act-for-agent.ts` says; loaded when an agent first reaches for the schedule. */
export const actForAgent = late(() => import("./schedule/act-for-agent.ts"), "actForAgent");
