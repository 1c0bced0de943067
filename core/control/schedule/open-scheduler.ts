import { OpenClawError, type Label } from "@openclaw/protocol";
import type { Records } from "@openclaw/sdk";
import type { Clock } from "../../base/clock.ts";
import type { Ids } from "../../base/ids.ts";
import { HOME_TENANT } from "../../fabric/identity.ts";
import type { Logger } from "../../fabric/telemetry.ts";
import type { Agents } from "../agents.ts";
import type { Intake } from "../channels.ts";
import type { Sessions } from "../sessions.ts";
import { openCalendar, type Calendar } from "./calendar.ts";
import { startClockwork, type Clockwork } from "./clockwork.ts";
import { compareExpected, type ExpectedReport } from "./compare-expected.ts";
import type { ScheduleConfig } from "./config.ts";
import { openHeartbeats, type Heartbeats } from "./heartbeats.ts";
import { createJobBook } from "./job-book.ts";
import { createJobStore, type Sealer } from "./job-store.ts";
import { SCHEDULE_LIMITS, type Job, type JobSpec, type JobState, type OpenRun, type RunEntry, type StoredJob } from "./job.ts";
import { formatSpec, parseJob, parseSchedule, type ParseFacts } from "./parse-job.ts";
import { nextWake } from "./plan-due.ts";
import { presentJob } from "./present-job.ts";
import { createRunJobs, hasRoom } from "./run-jobs.ts";
import { hostZone } from "./zone.ts";

export interface SchedulerDeps {
  readonly records: Records;
  readonly sealer: Sealer;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly logger: Logger;
  readonly config: () => ScheduleConfig;
  readonly agents: Agents;
  readonly intake: Pick<Intake, "receiveInbound">;
  readonly sessions: Pick<Sessions, "wait" | "history" | "describe" | "reset" | "note">;
  /** Sends an event to whom it is for. */
  tell(event: string, payload: unknown): void;
}

/** Whoever makes or changes a job, and the label of the words it will say. */
export interface Author {
  readonly id: string;
  readonly label: Label;
}

export type RunMode = "due" | "force" | "if-enabled";

export interface Scheduler extends AsyncDisposable {
  /**
   * Reads the jobs, takes up what was claimed and has no end, and begins to watch the clock; once, however often it is called.
   * The gateway's start does not wait for it.
   */
  start(): Promise<void>;
  readonly heartbeats: Pick<Heartbeats, "wake" | "leave" | "last" | "switchTo">;
  list(): Promise<readonly StoredJob[]>;
  /** Throws CRON_JOB_UNKNOWN. */
  get(id: string): Promise<StoredJob>;
  /** The same `id` again gives the job that is there. Throws what a job can be refused for, and CRON_JOBS_FULL. */
  add(input: Readonly<Record<string, unknown>>, author: Author, id?: string): Promise<StoredJob>;
  update(id: string, patch: Readonly<Record<string, unknown>>, author: Author): Promise<StoredJob>;
  remove(id: string): Promise<boolean>;
  /** Claims a run now; `key` makes it the same run. Null where the mode says that it is not to run. */
  run(id: string, mode: RunMode, key?: string): Promise<string | null>;
  entries(id: string, limit: number): Promise<readonly RunEntry[]>;
  expected(id: string, sinceMs: number): Promise<ExpectedReport>;
  /** When a schedule would be due next, the earliest first. Throws what a job's schedule can be refused for. */
  preview(schedule: Readonly<Record<string, unknown>>, count: number): Promise<{
    readonly dueMs: readonly number[]; readonly timeZone: string;
  }>;
  status(): Promise<{
    readonly enabled: boolean; readonly jobs: number; readonly nextWakeAtMs: number | null; readonly running: number;
    readonly heartbeats: ReturnType<Heartbeats["describe"]>;
  }>;
  readonly instanceId: string;
  /** On the schedule's own clock. */
  now(): number;
}

export function openScheduler(deps: SchedulerDeps): Scheduler {
  const { clock, ids, logger, agents, config } = deps;
  const store = createJobStore({
    records: deps.records, sealer: deps.sealer, tenant: HOME_TENANT,
    onDamaged: (key, error) => logger.error("schedule.job.damaged", { key, error }),
  });
  const book = createJobBook(store);
  const instanceId = ids.uuid();
  const stopped = new AbortController();
  const loaded = Promise.withResolvers<void>();
  loaded.promise.catch(() => undefined);
  const late: { calendar?: Calendar; clockwork?: Clockwork } = {};
  let starting: Promise<void> | undefined;
  let manualRuns = 0;

  const heartbeats = openHeartbeats({ ...deps, onDue: () => late.clockwork?.wake() });
  const runs = createRunJobs({
    ...deps, book,
    calendar: () => {
      if (late.calendar === undefined) throw new Error("the calendar is not open yet");
      return late.calendar;
    },
    tell: (payload) => deps.tell("cron", payload), onDue: () => late.clockwork?.wake(),
    leaveForHeartbeat: async (job, run) => await heartbeats.leave(job.agentId ?? agents.defaultId, {
      id: run.occurrenceId, text: job.payload.kind === "systemEvent" ? job.payload.text : "", label: job.label, atMs: run.dueMs,
    }),
    announce: async (job, { occurrenceId, status, summary, reason }) => {
      const text = `${job.name}: ${status === "ok" ? (summary ?? "done") : `${status}, ${reason ?? "no reason given"}`}`;
      await deps.sessions.note(`agent:${job.agentId ?? agents.defaultId}:main`, text, occurrenceId);
    },
  });

  const facts = async (): Promise<ParseFacts> => {
    late.calendar ??= await openCalendar();
    return { calendar: late.calendar, nowMs: clock.now(), defaultZone: config().timezone ?? hostZone() };
  };

  const begin = (job: Job, calendar: Calendar, nowMs: number): Pick<JobState, "cursorMs" | "sinceMs" | "nextMs"> =>
    ({ cursorMs: nowMs, sinceMs: nowMs, nextMs: nextWake(job, calendar.next(job.schedule, nowMs)) });

  const found = async (id: string): Promise<StoredJob> => {
    await loaded.promise;
    const stored = book.get(id);
    if (stored === undefined) throw new OpenClawError("CRON_JOB_UNKNOWN", { detail: { id: id.slice(0, 256) } });
    return stored;
  };

  const onTick = (nowMs: number): void => {
    if (!config().enabled) return;
    for (let id = book.due.takeDue(nowMs); id !== undefined; id = book.due.takeDue(nowMs)) void runs.settle(id, nowMs);
    heartbeats.tick(nowMs);
  };

  /** Rhythms whose cursor a clock set back left in the future begin anew. */
  const rewind = (nowMs: number): void => {
    for (const { job: { id, schedule }, state } of book.all()) {
      if (schedule.kind === "every" && state.cursorMs > nowMs) void runs.settle(id, nowMs, { evenIfNotDue: true });
    }
  };

  const load = async (): Promise<void> => {
    await book.load(stopped.signal);
    await heartbeats.load();
    if (book.size > 0) await facts();
    loaded.resolve();
    if (stopped.signal.aborted) return;
    for (const { job, state } of book.all()) for (const run of state.open) runs.start(job, run, true);
    rewind(clock.now());
    late.clockwork = startClockwork({
      clock, onTick,
      nextMs: () => earliest(config().enabled ? (book.due.peek()?.dueMs ?? null) : null, heartbeats.nextMs()),
      onJump: (byMs) => {
        logger.warn("clock.jumped", { byMs });
        if (byMs < 0) rewind(clock.now());
      },
    });
    onTick(clock.now());
    late.clockwork.wake();
  };

  const add = async (input: Readonly<Record<string, unknown>>, { id: by, label }: Author, wished?: string): Promise<StoredJob> => {
    await loaded.promise;
    const present = wished === undefined ? undefined : book.get(wished);
    if (present !== undefined) return present;
    if (book.size >= SCHEDULE_LIMITS.jobs) throw new OpenClawError("CRON_JOBS_FULL", { detail: { max: SCHEDULE_LIMITS.jobs } });
    const known = await facts();
    const spec = parseJob(input, known);
    agents.get(spec.agentId ?? agents.defaultId);
    const { nowMs, calendar } = known;
    const job: Job = { ...spec, id: wished ?? ids.uuid(), tenant: HOME_TENANT, createdAtMs: nowMs, updatedAtMs: nowMs, by, label };
    const stored = await book.create(job, { generation: 0, open: [], entries: 0, ...begin(job, calendar, nowMs) });
    told("added", stored);
    return stored;
  };

  const update = async (id: string, patch: Readonly<Record<string, unknown>>, { id: by, label }: Author): Promise<StoredJob> => {
    await found(id);
    const known = await facts();
    const stored = await book.change(id, ({ job, state }) => {
      const merged = mergePatch(formatSpec(job), patch);
      // A job whose time is over may still be renamed or switched off; it cannot be switched on again as it is.
      const spec = parsePatched(merged, job, known);
      const next: Job = { ...job, ...spec, updatedAtMs: known.nowMs, ...("payload" in patch ? { by, label } : {}) };
      const isNew = JSON.stringify(spec.schedule) !== JSON.stringify(job.schedule) || (spec.enabled && !job.enabled);
      return { job: next, state: isNew ? { ...state, ...begin(next, known.calendar, known.nowMs) } : state };
    });
    if (stored === null) throw new OpenClawError("CRON_JOB_UNKNOWN", { detail: { id } });
    told("updated", stored);
    return stored;
  };

  const told = (action: "added" | "updated" | "removed", stored: StoredJob): void => {
    deps.tell("cron", { jobId: stored.job.id, action, job: presentJob(stored) });
    late.clockwork?.wake();
  };

  const run = async (id: string, mode: RunMode, key?: string): Promise<string | null> => {
    const { job, state } = await found(id);
    const nowMs = clock.now();
    if (mode === "if-enabled" && !job.enabled) return null;
    if (mode === "due" && (!job.enabled || state.nextMs === null || state.nextMs > nowMs)) return null;
    const occurrenceId = `manual:${id}:${key ?? `${nowMs}:${++manualRuns}`}`;
    const claim: OpenRun = { occurrenceId, dueMs: nowMs, claimedAtMs: nowMs, manual: true };
    const stored = await book.change(id, (present) => {
      if (present.state.open.some((open) => open.occurrenceId === occurrenceId)) return undefined;
      if (!hasRoom(present)) throw new OpenClawError("CRON_JOB_BUSY", { detail: { open: present.state.open.length } });
      return { state: { ...present.state, open: [...present.state.open, claim] } };
    });
    if (stored === null) throw new OpenClawError("CRON_JOB_UNKNOWN", { detail: { id } });
    runs.start(stored.job, claim, false);
    return claim.occurrenceId;
  };

  return {
    start: () => {
      starting ??= load().catch((error: unknown) => {
        logger.error("schedule.failed", { error });
        loaded.reject(error as Error);
      });
      return loaded.promise;
    },
    heartbeats, add, update, run, instanceId, now: () => clock.now(),
    list: async () => {
      await loaded.promise;
      return [...book.all()];
    },
    get: found,
    remove: async (id) => {
      const stored = await found(id);
      const removed = await book.remove(id);
      if (removed) told("removed", stored);
      return removed;
    },
    entries: async (id, limit) => book.entries(await found(id), limit),
    expected: async (id, sinceMs) => {
      const stored = await found(id);
      const { calendar, nowMs } = await facts();
      const entries = await book.entries(stored, SCHEDULE_LIMITS.runsPerPage * SCHEDULE_LIMITS.runPages);
      return await compareExpected(stored, entries, calendar, sinceMs, nowMs);
    },
    preview: async (input, count) => {
      const known = await facts();
      const schedule = parseSchedule(input, known);
      known.calendar.check(schedule, known.nowMs);
      const dueMs: number[] = [];
      for (let at = known.calendar.next(schedule, known.nowMs); at !== null && dueMs.length < count;
        at = known.calendar.next(schedule, at)) {
        dueMs.push(at);
      }
      return { dueMs, timeZone: schedule.kind === "cron" ? schedule.tz : known.defaultZone };
    },
    status: async () => {
      await loaded.promise;
      const nextWakeAtMs = book.due.peek()?.dueMs ?? null;
      return { enabled: config().enabled, jobs: book.size, nextWakeAtMs, running: runs.running, heartbeats: heartbeats.describe() };
    },
    [Symbol.asyncDispose]: async () => {
      stopped.abort();
      loaded.reject(new OpenClawError("GATEWAY_STOPPING"));
      late.clockwork?.close();
      await runs.close();
      await heartbeats.close();
    },
  };
}

function earliest(a: number | null, b: number | null): number | null {
  if (a === null || b === null) return a ?? b;
  return Math.min(a, b);
}

/** Null takes a field back to its default; a schedule or payload is replaced whole. */
function mergePatch(spec: Readonly<Record<string, unknown>>, patch: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries({ ...spec, ...patch }).filter(([, value]) => value !== null));
}

function parsePatched(merged: Readonly<Record<string, unknown>>, job: Job, facts: ParseFacts): JobSpec {
  if (merged["enabled"] === true) return parseJob(merged, facts);
  const lenient: ParseFacts = { ...facts, calendar: { ...facts.calendar, check: () => undefined } };
  const spec = parseJob(merged, lenient);
  return JSON.stringify(spec.schedule) === JSON.stringify(job.schedule) ? spec : parseJob(merged, facts);
}
