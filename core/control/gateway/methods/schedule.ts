/** Jobs by the clock, and what wakes an agent. */
import { randomUUID } from "node:crypto";
import { OpenClawError, reword } from "@openclaw/protocol";
import type { Agents } from "../../agents.ts";
import {
  agentOfJob, presentDelivery, presentEntry, presentJob, presentOpen, type Author, type RunMode, type Scheduler, type StoredJob,
} from "../../schedule.ts";
import type { MethodContext, MethodHandlers } from "../method.ts";

export interface ScheduleMethodDeps {
  readonly scheduler: Scheduler;
  readonly agents: Pick<Agents, "defaultId">;
}

interface ById { readonly id?: string; readonly jobId?: string }

interface ListParams {
  readonly includeDisabled?: boolean;
  readonly enabled?: boolean | "all" | "enabled" | "disabled";
  readonly query?: string;
  readonly agentId?: string;
  readonly limit?: number;
  readonly offset?: number;
  readonly sortBy?: "nextRunAtMs" | "updatedAtMs" | "name";
  readonly sortDir?: "asc" | "desc";
  readonly scheduleKind?: string;
  readonly lastRunStatus?: string;
  /** No job here waits for a condition. */
  readonly trigger?: "all" | "conditional" | "unconditional";
  readonly includeDeliveryPreviews?: boolean;
  /** Jobs that speak into this session, or into one of this agent's. */
  readonly sessionKey?: string;
  readonly sessionAgentId?: string;
}

interface RunsParams extends ById {
  readonly agentId?: string;
  readonly query?: string;
  readonly sortDir?: "asc" | "desc";
  readonly statuses?: readonly string[];
  readonly limit?: number;
  readonly offset?: number;
  readonly runId?: string;
  readonly status?: string;
}

interface WakeParams {
  readonly mode?: "now" | "next-heartbeat";
  readonly text: string;
  readonly sessionKey?: string;
  readonly agentId?: string;
  readonly wake?: boolean;
}

const LIST_DEFAULT = 50;
/** Entries of one job that a page may be taken from. */
const ENTRIES_MAX = 1_100;
const DAY_MS = 86_400_000;
const PREVIEW_DEFAULT = 5;

export function scheduleMethods({ scheduler, agents }: ScheduleMethodDeps): MethodHandlers {
  const agentOf = ({ job }: StoredJob): string => agentOfJob(job, agents.defaultId);
  const show = (stored: StoredJob): unknown => ({ ...presentJob(stored), effectiveAgentId: agentOf(stored) });
  const idOf = ({ id, jobId }: ById): string => {
    const said = id ?? jobId;
    if (said === undefined) throw new OpenClawError("PARAMS_INVALID", { why: "Give the job's id." });
    return said;
  };
  const job = (id: string): Promise<StoredJob> => scheduler.get(id).catch(notFound(id));
  const authorOf = ({ client: { principal } }: MethodContext): Author => ({ id: principal.id, label: principal.label });

  const wake = async ({ mode = "next-heartbeat", text, sessionKey, agentId }: WakeParams, { client }: MethodContext): Promise<unknown> => {
    const outcome = await scheduler.heartbeats.wake({
      mode, text, id: randomUUID(), label: client.principal.label,
      ...(sessionKey === undefined ? {} : { sessionKey }), ...(agentId === undefined ? {} : { agentId }),
    });
    return { ok: true, outcome };
  };

  return {
    "cron.list": async (params) => listJobs(await scheduler.list(), params as ListParams, agentOf, show),
    "cron.get": async (params) => show(await job(idOf(params as ById))),
    "cron.status": async () => {
      return { ...(await scheduler.status()), triggersEnabled: false, storage: "engine", storePath: "", sqlitePath: "" };
    },
    "cron.add": async (params, ctx) => show(await scheduler.add(params as Readonly<Record<string, unknown>>, authorOf(ctx))),
    "cron.update": async (params, ctx) => {
      const { patch, expectedConfigRevision: expected } = params as {
        readonly patch: Readonly<Record<string, unknown>>; readonly expectedConfigRevision?: string;
      };
      const id = idOf(params as ById);
      if (expected !== undefined && String((await job(id)).revision) !== expected) {
        throw new OpenClawError("CONFLICT", { why: "The job was changed since it was read." });
      }
      return show(await scheduler.update(id, patch, authorOf(ctx)).catch(notFound(id)));
    },
    "cron.remove": async (params) => ({ ok: true, removed: await scheduler.remove(idOf(params as ById)) }),
    "cron.run": async (params) => {
      const { mode = "force" } = params as { readonly mode?: RunMode };
      const id = idOf(params as ById);
      const runId = await scheduler.run(id, mode).catch(notFound(id));
      if (runId === null) return { ok: true, enqueued: false, reason: mode === "due" ? "not-due" : "disabled" };
      return { ok: true, enqueued: true, runId, processInstanceId: scheduler.instanceId };
    },
    "cron.runs": (params) => listRuns(scheduler, params as RunsParams, agentOf),
    "cron.preview": (params) => {
      const { schedule, limit = PREVIEW_DEFAULT } = params as { readonly schedule: Readonly<Record<string, unknown>>;
        readonly limit?: number };
      return scheduler.preview(schedule, limit);
    },
    "cron.expected": async (params) => {
      const { sinceMs } = params as { readonly sinceMs?: number };
      const { job: { id } } = await job(idOf(params as ById));
      return { jobId: id, ...(await scheduler.expected(id, sinceMs ?? scheduler.now() - DAY_MS)) };
    },
    wake: (params, ctx) => wake(params as WakeParams, ctx),
    "system-event": (params, ctx) => {
      const event = params as WakeParams;
      return wake({ ...event, mode: event.wake === true ? "now" : "next-heartbeat" }, ctx);
    },
    "last-heartbeat": () => scheduler.heartbeats.last,
    "set-heartbeats": async (params) => {
      const { enabled } = params as { readonly enabled: boolean };
      await scheduler.heartbeats.switchTo(enabled);
      return { ok: true, enabled };
    },
  };
}

/** An unknown job, under the code that clients look for. */
function notFound(jobId: string): (error: unknown) => never {
  return (error) => {
    if (!(error instanceof OpenClawError) || error.code !== "CRON_JOB_UNKNOWN") throw error;
    const { message, code: reason } = error;
    throw reword(error, { code: "INVALID_REQUEST", message, details: { code: "CRON_JOB_NOT_FOUND", reason, jobId } });
  };
}

function listJobs(
  all: readonly StoredJob[], params: ListParams, agentOf: (stored: StoredJob) => string, show: (stored: StoredJob) => unknown,
): unknown {
  const { includeDisabled = false, enabled, query = "", agentId, limit = LIST_DEFAULT, offset = 0 } = params;
  const { sortBy = "nextRunAtMs", sortDir = "asc", scheduleKind = "all", lastRunStatus = "all", trigger = "all" } = params;
  const only = enabled === true || enabled === "enabled" ? true : enabled === false || enabled === "disabled" ? false : undefined;
  const words = query.toLowerCase();
  const fits = all.filter((stored) => {
    const { job, state } = stored;
    if (only === undefined ? !includeDisabled && enabled !== "all" && !job.enabled : job.enabled !== only) return false;
    if (agentId !== undefined && agentOf(stored) !== agentId) return false;
    if (params.sessionKey !== undefined && job.sessionKey !== params.sessionKey) return false;
    if (params.sessionAgentId !== undefined && job.sessionKey?.startsWith(`agent:${params.sessionAgentId}:`) !== true) return false;
    if (scheduleKind !== "all" && job.schedule.kind !== scheduleKind) return false;
    if (lastRunStatus !== "all" && (state.lastRunStatus ?? "unknown") !== lastRunStatus) return false;
    if (trigger === "conditional") return false;
    return words === "" || job.name.toLowerCase().includes(words) || job.id.includes(words);
  });
  const sorted = fits.toSorted((a, b) => (sortDir === "asc" ? 1 : -1) * compareJobs(a, b, sortBy));
  const page = sorted.slice(offset, offset + limit);
  const jobs = page.map(show);
  const hasMore = offset + jobs.length < sorted.length;
  return {
    jobs, total: sorted.length, offset, limit, hasMore,
    // Pages with the same one belong together: adding, changing and removing each make another.
    snapshotRevision: `${all.length}.${all.reduce((newest, { revision }) => Math.max(newest, revision), 0)}`,
    nextOffset: hasMore ? offset + jobs.length : null,
    ...(params.includeDeliveryPreviews === false ? {} : {
      deliveryPreviews: Object.fromEntries(page.map(({ job }) => [job.id, presentDelivery(job)])),
    }),
  };
}

function compareJobs(a: StoredJob, b: StoredJob, by: NonNullable<ListParams["sortBy"]>): number {
  if (by === "name") return a.job.name.localeCompare(b.job.name);
  if (by === "updatedAtMs") return a.job.updatedAtMs - b.job.updatedAtMs;
  return (a.state.nextMs ?? Number.MAX_SAFE_INTEGER) - (b.state.nextMs ?? Number.MAX_SAFE_INTEGER);
}

async function listRuns(scheduler: Scheduler, params: RunsParams, agentOf: (stored: StoredJob) => string): Promise<unknown> {
  const { limit = LIST_DEFAULT, offset = 0, runId, status = "all", sortDir = "desc", agentId } = params;
  const said = params.id ?? params.jobId;
  const named = said === undefined ? await scheduler.list() : [await scheduler.get(said).catch(notFound(said))];
  const words = (params.query ?? "").toLowerCase();
  const jobs = named.filter((stored) => {
    return (agentId === undefined || agentOf(stored) === agentId) && stored.job.name.toLowerCase().includes(words);
  });
  const states = params.statuses ?? (status === "all" ? undefined : [status]);
  const rows: Readonly<Record<string, unknown>>[] = [];
  // Of all jobs together only the newest of each are looked at.
  const each = said === undefined ? Math.min(limit + offset, LIST_DEFAULT) : ENTRIES_MAX;
  for (const { job, state } of said === undefined ? newestRun(jobs) : jobs) {
    rows.push(...state.open.map((run) => presentOpen(job.id, run)));
    rows.push(...(await scheduler.entries(job.id, each)).map((entry) => presentEntry(job.id, entry)));
  }
  const fits = rows.filter((row) => (states?.includes(String(row["status"])) ?? true) && (runId === undefined || row["runId"] === runId));
  const sorted = fits.toSorted((a, b) => (sortDir === "asc" ? -1 : 1) * (Number(b["ts"]) - Number(a["ts"])));
  const entries = sorted.slice(offset, offset + limit);
  const hasMore = offset + entries.length < sorted.length;
  return { entries, total: sorted.length, offset, limit, hasMore, nextOffset: hasMore ? offset + entries.length : null };
}

const JOBS_LOOKED_AT = 50;

function newestRun(jobs: readonly StoredJob[]): readonly StoredJob[] {
  return jobs.toSorted((a, b) => (b.state.lastRunAtMs ?? 0) - (a.state.lastRunAtMs ?? 0)).slice(0, JOBS_LOOKED_AT);
}
