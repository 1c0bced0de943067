/** Expected against happened: every occurrence a schedule promised in a time, and what became of it. */
import type { Calendar } from "./calendar.ts";
import { nextWake, scheduleIn } from "./plan-due.ts";
import type { RunEntry, StoredJob } from "./job.ts";

export interface ExpectedRow {
  readonly dueMs: number;
  /** `late` ran more than a minute and a half after its time; `pending` is due and not yet claimed. */
  readonly status: "ok" | "late" | "error" | "running" | "pending" | "missed" | "skipped" | "unknown";
  readonly startedAtMs?: number;
  readonly lateMs?: number;
  readonly durationMs?: number;
  readonly runId?: string;
  readonly why?: string;
}

export interface ExpectedReport {
  readonly sinceMs: number;
  readonly untilMs: number;
  readonly rows: readonly ExpectedRow[];
  /** More were expected than are shown: ask for a later beginning. */
  readonly more: boolean;
}

const LATE_MS = 90_000;
const ROWS_MAX = 1_000;
const YIELD_EVERY = 64;

/** Lets others have their turn in between: a year of minutes is a long list. */
export async function compareExpected(
  { job, state }: StoredJob, entries: readonly RunEntry[], calendar: Calendar, sinceMs: number, untilMs: number,
): Promise<ExpectedReport> {
  const fromMs = Math.max(sinceMs, state.sinceMs);
  const byDue = new Map(entries.filter(({ manual }) => manual !== true).map((entry) => [entry.dueMs, entry]));
  const ranges = entries.filter((entry) => entry.untilMs !== undefined);
  const open = new Map(state.open.map((run) => [run.dueMs, run]));

  const rowOf = (dueMs: number): ExpectedRow => {
    const running = open.get(dueMs);
    if (running !== undefined) {
      const { claimedAtMs, occurrenceId } = running;
      return { dueMs, status: "running", startedAtMs: claimedAtMs, runId: occurrenceId, ...lateOf(claimedAtMs, dueMs) };
    }
    const entry = byDue.get(dueMs) ?? ranges.find((range) => range.dueMs <= dueMs && dueMs <= (range.untilMs ?? 0));
    if (entry !== undefined) return rowOfEntry(dueMs, entry);
    if (dueMs > state.cursorMs) {
      const late = untilMs - (nextWake(job, dueMs) ?? dueMs);
      const why = job.enabled ? "not claimed yet" : "the job is disabled";
      return { dueMs, status: "pending", ...(late > LATE_MS ? { lateMs: late, why } : {}) };
    }
    return { dueMs, status: "unknown", why: "older than what is kept, or the clock was set" };
  };

  const schedule = scheduleIn(job, state.generation);
  const dues: number[] = [];
  let more = false;
  for (let at = calendar.next(schedule, fromMs); at !== null && at <= untilMs; at = calendar.next(schedule, at)) {
    dues.push(at);
    if (dues.length % YIELD_EVERY === 0) await new Promise(setImmediate);
    if (dues.length <= ROWS_MAX) continue;
    more = true;
    break;
  }
  return { sinceMs: fromMs, untilMs, more, rows: dues.slice(0, ROWS_MAX).map(rowOf) };
}

function rowOfEntry(dueMs: number, entry: RunEntry): ExpectedRow {
  const { status, startedAtMs, durationMs, occurrenceId, reason } = entry;
  const late = startedAtMs === undefined ? {} : lateOf(startedAtMs, dueMs);
  return {
    dueMs, status: status === "ok" && "lateMs" in late ? "late" : status, ...late,
    ...(startedAtMs === undefined ? {} : { startedAtMs }), ...(durationMs === undefined ? {} : { durationMs }),
    ...(status === "missed" ? {} : { runId: occurrenceId }), ...(reason === undefined ? {} : { why: reason }),
  };
}

function lateOf(startedAtMs: number, dueMs: number): { readonly lateMs?: number } {
  return startedAtMs - dueMs > LATE_MS ? { lateMs: startedAtMs - dueMs } : {};
}
