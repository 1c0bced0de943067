/**
 * Time and events, turned into ordinary messages: jobs by the clock, heartbeats, webhooks.
 *
 * Every occurrence of a job is claimed in one durable write and fired as a message whose idempotency key is job and due time,
 * so it runs once, whoever is killed when. What was not run is written down with the reason, and expected can be compared
 * with happened. A heartbeat with nothing new costs no tokens. The module never runs a turn, never starts a program, and has
 * no way into a session but the one intake.
 */
import { late } from "../base/late.ts";

export { openSchedulerLate as openScheduler } from "./schedule/open-scheduler-late.ts";
export type { Author, RunMode, Scheduler, SchedulerDeps } from "./schedule/open-scheduler.ts";
export { scheduleConfig, type ScheduleConfig } from "./schedule/config.ts";
export { presentDelivery, presentEntry, presentJob, presentOpen } from "./schedule/present-job.ts";
export { SCHEDULE_LIMITS, type RunEntry, type StoredJob } from "./schedule/job.ts";
export type { ExpectedReport, ExpectedRow } from "./schedule/compare-expected.ts";
/** Loaded with the first webhook. */
export const createHooks = late(() => import("./schedule/receive-hook.ts"), "createHooksLate");
export type { HookCall, Hooks } from "./schedule/receive-hook.ts";
export { HOOKS_DEFAULTS, hooksConfig, type HooksConfig } from "./schedule/hooks-config.ts";
export type { HeartbeatEvent, Heartbeats, Wake } from "./schedule/heartbeats.ts";

/** As `act-for-agent.ts` says; loaded when an agent first reaches for the schedule. */
export const actForAgent = late(() => import("./schedule/act-for-agent.ts"), "actForAgent");
export type { AdoptedJob, Adoption } from "./schedule/adopt-jobs.ts";
/** Loaded by whoever moves in. */
export const adoptJobs = late(() => import("./schedule/adopt-jobs.ts"), "adoptJobs");
