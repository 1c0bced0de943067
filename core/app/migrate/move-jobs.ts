/** Jobs of the other program, in the words that ours are added with. */
import { adoptJobs, SCHEDULE_LIMITS, type AdoptedJob, type RunEntry } from "../../control/schedule.ts";
import type { ForeignPlace } from "./foreign-place.ts";
import type { Target } from "./open-target.ts";
import { isObject } from "./read-foreign-config.ts";
import type { Report } from "./report.ts";

/** What the other program set up for its own upkeep. */
const OWN_UPKEEP = /^(?:heartbeat|memory-core|skill-collection-review|skills?-|session-maintenance)/;
const TAKEN = new Set(["message", "model", "thinking", "timeoutSeconds", "kind", "text"]);

export interface MoveJobsDeps {
  readonly place: ForeignPlace;
  readonly target: Target | undefined;
  readonly nowMs: number;
  readonly zone: string | undefined;
  readonly report: Report;
}

export async function moveJobs({ place, target, nowMs, zone, report }: MoveJobsDeps): Promise<void> {
  const part = "cron";
  const jobs: AdoptedJob[] = [];
  for (const { job_json: json } of place.state?.rows("select job_json from cron_jobs order by sort_order, job_id") ?? []) {
    const job = parse(String(json));
    if (job === undefined || typeof job["id"] !== "string") {
      report.add({ part, outcome: "left", what: "a job", why: "its record cannot be read" });
    } else if (typeof job["declarationKey"] === "string" && OWN_UPKEEP.test(job["declarationKey"])) {
      report.add({ part, outcome: "left", what: nameOf(job), why: "the other program's own upkeep",
        ...(job["declarationKey"].startsWith("heartbeat")
          ? { next: "The heartbeat is configured: agents.defaults.heartbeat.every" } : {}) });
    } else jobs.push({ ...convertJob(job, report), runs: runsOf(place, job["id"]) });
  }
  if (jobs.length === 0) return;
  const store = target === undefined ? undefined : { records: target.engine.records, sealer: target.seal };
  const adoptions = await adoptJobs(jobs, { store, nowMs, zone, by: "import", label: "outside" });
  for (const [at, adoption] of adoptions.entries()) {
    const name = String(jobs[at]?.input["name"] ?? adoption.id);
    if (adoption.outcome === "refused") report.add({ part, outcome: "left", what: name, why: adoption.why,
      next: "Add it anew: openclaw cron add --help" });
    else if (adoption.outcome === "here") report.add({ part, outcome: "kept", what: name, why: "here already" });
    else report.add({ part, outcome: "kept", what: name, why: "goes on by the clock here; what it says counts as coming from outside" });
    const runs = jobs[at]?.runs?.length ?? 0;
    if (adoption.outcome === "new" && runs > 0) report.add({ part, outcome: "kept", what: "what became of earlier runs", count: runs,
      why: `the newest ${RUNS_MAX} of each job; what was said in them stands in their conversations` });
  }
  if (place.running) {
    report.add({ part, outcome: "look", what: "the same jobs there", why: "the other program is running: each job fires on both sides",
      next: "Stop it, or switch its jobs off there" });
  }
}

/** Of one job. */
const RUNS_MAX = 200;
const ENDS: Readonly<Record<string, RunEntry["status"]>> = { ok: "ok", error: "error", skipped: "skipped", interrupted: "error" };

/** The oldest first. */
function runsOf({ state }: ForeignPlace, jobId: string): readonly RunEntry[] {
  const rows = state?.rows(
    `select * from cron_run_receipts where job_id = ? and finished_at_ms is not null order by started_at_ms desc limit ${RUNS_MAX}`, jobId,
  ) ?? [];
  return rows.toReversed().flatMap((row): RunEntry[] => {
    const status = ENDS[String(row["status"])];
    const [startedAtMs, atMs] = [Number(row["started_at_ms"]), Number(row["finished_at_ms"])];
    if (status === undefined || !Number.isSafeInteger(startedAtMs) || !Number.isSafeInteger(atMs)) return [];
    const manual = typeof row["request_run_id"] === "string" ? { manual: true } as const : {};
    const reason = typeof row["error_text"] === "string" ? { reason: row["error_text"].slice(0, SCHEDULE_LIMITS.summaryChars) } : {};
    return [{
      occurrenceId: String(row["receipt_id"]).slice(0, 128), dueMs: startedAtMs, startedAtMs, atMs,
      durationMs: Math.max(0, atMs - startedAtMs), status, ...manual, ...reason,
    }];
  });
}

type Fields = Readonly<Record<string, unknown>>;

function convertJob(job: Fields, report: Report): AdoptedJob {
  const { id, createdAtMs, schedule, payload, delivery } = job;
  const said = isObject(payload) ? payload : {};
  const { toolsAllow } = said;
  if (Array.isArray(toolsAllow) && !toolsAllow.includes("*")) {
    report.add({
      part: "cron", outcome: "look", what: `${nameOf(job)}: it could use only ${toolsAllow.length} tools`,
        why: "a job here uses those of its agent",
      next: "Give it an agent of its own with fewer tools, or switch it off: openclaw cron disable",
    });
  }
  const dropped = Object.keys(said).filter((key) => !TAKEN.has(key) && key !== "toolsAllow");
  if (dropped.length > 0) report.add({ part: "cron", outcome: "left", what: `${nameOf(job)}: ${dropped.join(", ")}`,
    why: "has no counterpart in a job here" });
  const mode = isObject(delivery) ? delivery["mode"] : undefined;
  if (mode !== undefined && mode !== "none" && mode !== "announce") {
    report.add({ part: "cron", outcome: "changed", what: `${nameOf(job)}: delivery`,
      why: `"${String(mode)}" is not offered; its result stays in its session` });
  }
  const input = {
    name: nameOf(job).slice(0, 120), schedule: scheduleOf(schedule),
    payload: Object.fromEntries(Object.entries(said).filter(([key]) => TAKEN.has(key))),
    delivery: { mode: mode === "announce" ? "announce" : "none" },
    ...pick(job, "description", "enabled", "agentId", "sessionKey", "sessionTarget", "wakeMode", "deleteAfterRun"),
  };
  return { id: String(id), input, createdAtMs: typeof createdAtMs === "number" ? createdAtMs : 0 };
}

function scheduleOf(schedule: unknown): Fields {
  if (!isObject(schedule)) return {};
  const { kind, at, atMs, everyMs, anchorMs, expr, tz, staggerMs } = schedule;
  switch (kind) {
    case "at": return { kind, at: typeof at === "string" ? at : new Date(Number(at ?? atMs)).toISOString() };
    case "every": return { kind, everyMs, ...(typeof anchorMs === "number" ? { anchorMs } : {}) };
    case "cron": return { kind, expr, ...(typeof tz === "string" ? { tz } : {}), ...(typeof staggerMs === "number" ? { staggerMs } : {}) };
    default: return { kind };
  }
}

function pick(from: Fields, ...names: readonly string[]): Fields {
  return Object.fromEntries(names.filter((name) => from[name] !== undefined && from[name] !== null).map((name) => [name, from[name]]));
}

function nameOf({ displayName, name, id }: Fields): string {
  return [displayName, name, id].find((one): one is string => typeof one === "string" && one !== "") ?? "a job";
}

function parse(text: string): Fields | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
