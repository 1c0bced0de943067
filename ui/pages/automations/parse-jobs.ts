/** What the gateway says of jobs, parsed: nothing beyond this file trusts the shape of one. */
import { fieldsOf, listOf, numberOf, textOf, type Fields } from "../../stores/fields.ts";
import type { Schedule } from "../../words/en/schedule.ts";

export interface Job {
  readonly id: string;
  readonly name: string;
  readonly enabled: boolean;
  readonly schedule: Schedule;
  readonly says: string;
  /** As it came: what a form does not show is kept. */
  readonly payload: Fields;
  readonly target: string;
  readonly agentId: string;
  readonly catchUp: string;
  readonly overlap: string;
  readonly announces: boolean;
  readonly nextMs: number | undefined;
  readonly runningSinceMs: number | undefined;
  readonly isOver: boolean;
  readonly last: { readonly atMs: number; readonly status: string; readonly error: string | undefined } | undefined;
  readonly revision: string | undefined;
}

export interface JobRun {
  readonly id: string;
  readonly status: MarkStatus;
  readonly atMs: number;
  readonly durationMs: number | undefined;
  readonly sessionKey: string | undefined;
  readonly words: string;
  readonly code: string | undefined;
  readonly manual: boolean;
  readonly count: number | undefined;
}

export const MARKS = ["ok", "late", "error", "running", "pending", "missed", "skipped", "unknown"] as const;
export type MarkStatus = (typeof MARKS)[number];

export interface Occurrence {
  readonly dueMs: number;
  readonly status: MarkStatus;
  readonly lateMs: number | undefined;
  readonly why: string | undefined;
}

export function parseJobs(answer: unknown): { readonly jobs: readonly Job[]; readonly total: number } {
  const jobs = listOf(fieldsOf(answer)["jobs"]).flatMap((row) => parseJob(row) ?? []);
  return { jobs, total: numberOf(fieldsOf(answer)["total"]) ?? jobs.length };
}

/** Undefined for what has no id or a schedule of a kind that is not known here. */
export function parseJob(answer: unknown): Job | undefined {
  const row = fieldsOf(answer);
  const id = textOf(row["id"]);
  const schedule = parseSchedule(row["schedule"]);
  if (id === undefined || schedule === undefined) return undefined;
  const state = fieldsOf(row["state"]);
  const payload = fieldsOf(row["payload"]);
  const lastMs = numberOf(state["lastRunAtMs"]);
  return {
    id, schedule, payload, name: textOf(row["name"]) ?? id, enabled: row["enabled"] === true,
    says: textOf(payload["message"]) ?? textOf(payload["text"]) ?? "",
    target: textOf(row["sessionTarget"]) ?? "isolated", agentId: textOf(row["effectiveAgentId"]) ?? textOf(row["agentId"]) ?? "",
    catchUp: textOf(row["catchUp"]) ?? "last", overlap: textOf(row["overlap"]) ?? "skip",
    announces: fieldsOf(row["delivery"])["mode"] === "announce",
    nextMs: numberOf(row["nextRunAtMs"]), runningSinceMs: numberOf(state["runningAtMs"]), isOver: state["neverAgain"] === true,
    last: lastMs === undefined ? undefined
      : { atMs: lastMs, status: textOf(state["lastRunStatus"]) ?? "unknown", error: textOf(state["lastError"]) },
    revision: textOf(row["configRevision"]),
  };
}

function parseSchedule(answer: unknown): Schedule | undefined {
  const row = fieldsOf(answer);
  const everyMs = numberOf(row["everyMs"]);
  switch (row["kind"]) {
    case "at": return { kind: "at", at: textOf(row["at"]) ?? "" };
    case "every": return everyMs === undefined ? undefined : { kind: "every", everyMs, anchorMs: numberOf(row["anchorMs"]) };
    case "cron": return { kind: "cron", expr: textOf(row["expr"]) ?? "", tz: textOf(row["tz"]) ?? "UTC",
      staggerMs: numberOf(row["staggerMs"]) };
    default: return undefined;
  }
}

export function parseRuns(answer: unknown): readonly JobRun[] {
  return listOf(fieldsOf(answer)["entries"]).map((row) => ({
    id: textOf(row["runId"]) ?? String(row["ts"]), status: markOf(row["status"]), atMs: numberOf(row["runAtMs"]) ?? 0,
    durationMs: numberOf(row["durationMs"]), sessionKey: textOf(row["sessionKey"]),
    words: textOf(row["error"]) ?? textOf(row["reason"]) ?? textOf(row["summary"]) ?? "", code: textOf(row["code"]),
    manual: row["trigger"] === "manual", count: numberOf(row["count"]),
  }));
}

export function parseOccurrences(answer: unknown): { readonly rows: readonly Occurrence[]; readonly more: boolean } {
  const report = fieldsOf(answer);
  const rows = listOf(report["rows"]).map((row) => ({
    dueMs: numberOf(row["dueMs"]) ?? 0, status: markOf(row["status"]), lateMs: numberOf(row["lateMs"]), why: textOf(row["why"]),
  }));
  return { rows, more: report["more"] === true };
}

export function markOf(status: unknown): MarkStatus {
  return MARKS.find((mark) => mark === status) ?? "unknown";
}

/** A session's run leads to its conversation; one that was never begun has none. */
export function sessionOf({ id, target, agentId }: Job, run?: JobRun): string | undefined {
  if (run?.sessionKey !== undefined) return run.sessionKey;
  if (target === "isolated") return `agent:${agentId}:cron:${id}`;
  return target === "main" ? `agent:${agentId}:main` : undefined;
}

export interface ClockState {
  readonly enabled: boolean;
  readonly heartbeats: {
    readonly enabled: boolean;
    readonly agents: readonly { readonly agentId: string; readonly everyMs: number; readonly nextAtMs: number }[];
  };
}

export function parseClock(answer: unknown): ClockState {
  const row = fieldsOf(answer);
  const beats = fieldsOf(row["heartbeats"]);
  return {
    enabled: row["enabled"] !== false,
    heartbeats: {
      enabled: beats["enabled"] !== false,
      agents: listOf(beats["agents"]).map((agent) => ({
        agentId: textOf(agent["agentId"]) ?? "", everyMs: numberOf(agent["everyMs"]) ?? 0, nextAtMs: numberOf(agent["nextAtMs"]) ?? 0,
      })),
    },
  };
}

export interface Beat { readonly atMs: number; readonly status: string; readonly agentId: string; readonly words: string }

export function parseBeat(answer: unknown): Beat | undefined {
  const row = fieldsOf(answer);
  const atMs = numberOf(row["ts"]);
  if (atMs === undefined) return undefined;
  return {
    atMs, status: textOf(row["status"]) ?? "unknown", agentId: textOf(row["agentId"]) ?? "",
    words: textOf(row["reason"]) ?? textOf(row["preview"]) ?? "",
  };
}

/** When a schedule would be due next. */
export function parsePreview(answer: unknown): { readonly dueMs: readonly number[]; readonly timeZone: string } {
  const row = fieldsOf(answer);
  const due = Array.isArray(row["dueMs"]) ? row["dueMs"] : [];
  return { dueMs: due.filter((each): each is number => typeof each === "number"), timeZone: textOf(row["timeZone"]) ?? "" };
}
