/**
 * Time and events, turned into ordinary messages: jobs by the clock, heartbeats, webhooks.
 *
 * Every occurrence of a job is claimed in one durable write and fired as a message whose idempotency key is job and due time,
 * so it runs once, whoever is killed when. What was not run is written down with the reason, and expected can be compared
 * with happened. A heartbeat with nothing new costs no tokens. The module never runs a turn, never starts a program, and has
 * no way into a session but the one intake.
 */
import { late } from "../base/late.ts";

export type { Author, RunMode, Scheduler, SchedulerDeps } from "./schedule/open-scheduler.ts";
export { presentDelivery, presentEntry, presentJob, presentOpen } from "./schedule/present-job.ts";
export { agentOfJob, SCHEDULE_LIMITS, type RunEntry, type StoredJob } from "./schedule/job.ts";
export type { ExpectedReport, ExpectedRow } from "./schedule/compare-expected.ts";
export type { HeartbeatEvent, Heartbeats, Wake } from "./schedule/heartbeats.ts";

export type { AdoptedJob, Adoption } from "./schedule/adopt-jobs.ts";
/** Loaded by whoever moves in. */
export const adoptJobs = late(() => import("./schedule/adopt-jobs.ts"), "adoptJobs");
