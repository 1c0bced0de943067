/** Jobs and their runs as the wire shows them. */
import type { OpenRun, RunEntry, Schedule, StoredJob } from "./job.ts";

export function presentJob(stored: StoredJob): Readonly<Record<string, unknown>> {
  const { job, state, revision } = stored;
  const { tenant: _tenant, schedule, ...shown } = job;
  const running = state.open.at(-1);
  return {
    ...shown, schedule: presentSchedule(schedule), configRevision: String(revision),
    state: {
      ...(state.nextMs === null || !job.enabled ? {} : { nextRunAtMs: state.nextMs }),
      ...(running === undefined ? {} : { runningAtMs: running.claimedAtMs }),
      ...(state.lastRunAtMs === undefined ? {} : { lastRunAtMs: state.lastRunAtMs }),
      ...(state.lastRunStatus === undefined ? {} : { lastRunStatus: state.lastRunStatus }),
      ...(state.lastDurationMs === undefined ? {} : { lastDurationMs: state.lastDurationMs }),
      ...(state.lastError === undefined ? {} : { lastError: state.lastError }),
      ...(state.nextMs === null ? { neverAgain: true } : {}),
    },
    ...(state.nextMs === null || !job.enabled ? {} : { nextRunAtMs: state.nextMs }),
    deliveryPreview: presentDelivery(stored.job),
  };
}

/** Where the reply goes, in words. */
export function presentDelivery({ delivery }: Pick<StoredJob["job"], "delivery">): { readonly label: string; readonly detail: string } {
  if (delivery.mode === "none") return { label: "not requested", detail: "the reply stays in its session" };
  return { label: "main session", detail: "a note in the main session" };
}

function presentSchedule(schedule: Schedule): unknown {
  if (schedule.kind === "at") return { kind: "at", at: new Date(schedule.atMs).toISOString() };
  if (schedule.kind === "every") return { ...schedule };
  const { staggerMs, ...shown } = schedule;
  return staggerMs === 0 ? shown : { ...shown, staggerMs };
}

export function presentEntry(jobId: string, entry: RunEntry): Readonly<Record<string, unknown>> {
  const { occurrenceId, dueMs, atMs, startedAtMs, reason, code, manual, ...rest } = entry;
  return {
    ts: atMs, jobId, action: "finished", runId: occurrenceId, runAtMs: startedAtMs ?? dueMs, dueAtMs: dueMs, ...rest,
    ...(manual === true ? { trigger: "manual" } : {}),
    ...(entry.status === "error" ? { error: reason ?? "failed" } : reason === undefined ? {} : { reason }),
    ...(code === undefined ? {} : { code }),
  };
}

export function presentOpen(jobId: string, run: OpenRun): Readonly<Record<string, unknown>> {
  return {
    ts: run.claimedAtMs, jobId, action: "started", status: "running", runId: run.occurrenceId, runAtMs: run.claimedAtMs, dueAtMs: run.dueMs,
    ...(run.manual === true ? { trigger: "manual" } : {}),
  };
}
