/**
 * Jobs that fall due: claimed in one write, fired, and their ends written down.
 *
 * The claim is the job's own record, moved past the occurrence by compare-and-set, so nobody can claim it twice; the firing
 * is a message whose idempotency key is the occurrence, so nobody can run it twice; and a claim that has no end yet is taken
 * up by whoever opens the schedule next. It never fires what was not claimed.
 */
import { hasCode } from "@openclaw/protocol";
import { crashPoint } from "../../base/crash-point.ts";
import type { Clock } from "../../base/clock.ts";
import type { Principal } from "../../fabric/identity.ts";
import type { Logger } from "../../fabric/telemetry.ts";
import type { Agents } from "../agents.ts";
import type { Intake } from "../channels.ts";
import { parseSessionKey, type Sessions } from "../sessions.ts";
import type { Calendar } from "./calendar.ts";
import { fireRun, inboundOf, type FireDeps } from "./fire-run.ts";
import { SCHEDULE_LIMITS, type Job, type OpenRun, type RunEntry, type StoredJob } from "./job.ts";
import type { JobBook } from "./job-book.ts";
import { planDue, type DuePlan } from "./plan-due.ts";
import { presentEntry, presentJob } from "./present-job.ts";
import { createTurnstile } from "./turnstile.ts";

export interface RunJobsDeps {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly book: JobBook;
  readonly calendar: () => Calendar;
  readonly agents: Agents;
  readonly intake: Pick<Intake, "receiveInbound">;
  readonly sessions: Pick<Sessions, "wait" | "history" | "describe" | "reset">;
  /** To every client that watches: the event `cron`. */
  tell(payload: unknown): void;
  /** What is due next has changed. */
  onDue(): void;
  /** Takes a system event for the next heartbeat; false where the agent has none. */
  leaveForHeartbeat(job: Job, run: OpenRun): Promise<boolean>;
  /** Puts a note where the owner looks. */
  announce(job: Job, entry: RunEntry): Promise<void>;
}

export interface RunJobs {
  /** Claims and starts what is due of one job. Does not wait for its runs. */
  settle(id: string, nowMs: number, options?: { readonly evenIfNotDue?: boolean }): Promise<void>;
  /** Starts one claimed run. */
  start(job: Job, run: OpenRun, resumed: boolean): void;
  readonly running: number;
  /** Lets go of every run without ending it: its claim stays. */
  close(): Promise<void>;
}

/** Messages offered at once: a thousand jobs of one second come one after another. */
const OFFERS_AT_ONCE = 16;
const SETTLED_AT_ONCE = 16;
const RETRY_MS = 5_000;
const SERVICE: Principal = { tenant: "home", id: "service:schedule", kind: "service", label: "owner" };

export function createRunJobs(deps: RunJobsDeps): RunJobs {
  const { clock, logger, book, sessions, agents } = deps;
  const stopped = new AbortController();
  const running = new Map<string, Promise<void>>();
  const offers = createTurnstile(OFFERS_AT_ONCE);
  const settling = createTurnstile(SETTLED_AT_ONCE);
  const fireDeps: FireDeps = {
    clock, sessions, intake: { receiveInbound: (inbound) => offers.pass(() => deps.intake.receiveInbound(inbound)) },
  };

  const settle = (id: string, nowMs: number, { evenIfNotDue = false } = {}): Promise<void> => settling.pass(async () => {
    let plan: DuePlan | undefined;
    try {
      const stored = await book.change(id, ({ job, state }) => {
        plan = undefined;
        const isDue = state.nextMs !== null && state.nextMs <= nowMs;
        if (stopped.signal.aborted || !job.enabled || (!isDue && !evenIfNotDue)) return undefined;
        plan = planDue(job, state, deps.calendar(), nowMs);
        const { cursorMs, nextMs, generation, given, claims } = plan;
        return { state: { ...state, cursorMs, nextMs, generation, open: [...state.open, ...claims] }, entries: given };
      });
      if (plan !== undefined) crashPoint("schedule.claimed");
      if (stored === null) return;
      book.due.set(id, stored.job.enabled ? stored.state.nextMs : null);
      deps.onDue();
      for (const entry of plan?.given ?? []) tellEntry(stored, entry);
      for (const run of plan?.claims ?? []) start(stored.job, run, false);
      // Claimed by a write that was not confirmed, and found when it was decided again.
      for (const run of book.get(id)?.state.open ?? []) if (run.manual !== true) start(stored.job, run, true);
    } catch (error) {
      logger.warn("schedule.claim.failed", { jobId: id, error });
      // Nothing was claimed: it is still due.
      if (!stopped.signal.aborted && book.get(id) !== undefined) book.due.set(id, clock.now() + RETRY_MS);
      deps.onDue();
    }
  });

  const start = (job: Job, run: OpenRun, resumed: boolean): void => {
    if (stopped.signal.aborted || running.has(run.occurrenceId)) return;
    const done = follow(job, run, resumed).catch((error: unknown) => {
      if (!stopped.signal.aborted) logger.error("schedule.run.failed", { jobId: job.id, error });
    }).finally(() => running.delete(run.occurrenceId));
    running.set(run.occurrenceId, done);
  };

  const follow = async (job: Job, run: OpenRun, resumed: boolean): Promise<void> => {
    if (!resumed) {
      const stored = book.get(job.id);
      const shown = stored === undefined ? {} : { job: presentJob(stored) };
      deps.tell({ jobId: job.id, action: "started", ...shown, runId: run.occurrenceId, runAtMs: run.claimedAtMs, dueAtMs: run.dueMs });
    }
    const entry = (await leave(job, run)) ?? (await fire(job, run, resumed));
    crashPoint("schedule.ended");
    await finish(job.id, entry);
  };

  const leave = async (job: Job, run: OpenRun): Promise<RunEntry | undefined> => {
    if (job.payload.kind !== "systemEvent" || job.wakeMode !== "next-heartbeat") return undefined;
    if (!(await deps.leaveForHeartbeat(job, run))) return undefined;
    const { occurrenceId, dueMs, claimedAtMs } = run;
    return { occurrenceId, dueMs, status: "ok", atMs: clock.now(), startedAtMs: claimedAtMs, summary: "left for the next heartbeat" };
  };

  const fire = async (job: Job, run: OpenRun, resumed: boolean): Promise<RunEntry> => {
    const inbound = inboundOf(job, run, agents.defaultId);
    if (job.sessionTarget === "isolated" && !resumed) await beginAnew(inbound.sessionKey ?? "", inbound.agentId ?? agents.defaultId);
    return await fireRun(fireDeps, job, run, inbound, stopped.signal);
  };

  /** An isolated run sees nothing of the one before it. While that one is under way they share a window. */
  const beginAnew = async (shortKey: string, agentId: string): Promise<void> => {
    const { key } = parseSessionKey(shortKey, agentId);
    const row = await sessions.describe(key).catch(() => null);
    if (row !== null && !row.hasActiveRun) await sessions.reset(key, "new", SERVICE).catch(() => null);
  };

  const finish = async (id: string, entry: RunEntry): Promise<void> => {
    for (let retryMs = RETRY_MS; ; retryMs = Math.min(retryMs * 2, 60_000)) {
      stopped.signal.throwIfAborted();
      try {
        const stored = await writeEnd(id, entry);
        if (stored === null) return;
        if (stored.job.delivery.mode === "announce") await deps.announce(stored.job, entry).catch(() => undefined);
        return tellEntry(stored, entry);
      } catch (error) {
        if (hasCode(error, "CLOSED")) return;
        logger.warn("schedule.end.failed", { jobId: id, error });
        await clock.wait(retryMs, stopped.signal);
      }
    }
  };

  /** Null where the job is gone or the end was written before. */
  const writeEnd = async (id: string, entry: RunEntry): Promise<StoredJob | null> => {
    let written = false;
    const stored = await book.change(id, ({ job, state }) => {
      const isOpen = state.open.some((run) => run.occurrenceId === entry.occurrenceId);
      written ||= isOpen; // where it is gone the second time, the first write was applied and not confirmed
      if (!isOpen) return undefined;
      const open = state.open.filter((run) => run.occurrenceId !== entry.occurrenceId);
      const { lastError: _before, ...rest } = state;
      const over = state.nextMs === null && open.length === 0;
      return {
        job: over && job.schedule.kind === "at" ? { ...job, enabled: false } : job,
        state: {
          ...rest, open, lastRunAtMs: entry.startedAtMs ?? entry.dueMs, lastRunStatus: entry.status,
          ...(entry.durationMs === undefined ? {} : { lastDurationMs: entry.durationMs }),
          ...(entry.status === "error" ? { lastError: entry.reason ?? entry.code ?? "failed" } : {}),
        },
        entries: [entry],
      };
    });
    if (stored === null || !written) return null;
    const isOver = stored.state.nextMs === null && stored.state.open.length === 0;
    if (stored.job.deleteAfterRun && isOver && entry.status === "ok") await book.remove(id);
    return stored;
  };

  const tellEntry = (stored: StoredJob, entry: RunEntry): void => {
    const { nextMs } = stored.state;
    deps.tell({ ...presentEntry(stored.job.id, entry), job: presentJob(stored), ...(nextMs === null ? {} : { nextRunAtMs: nextMs }) });
  };

  return {
    settle, start,
    get running() {
      return running.size;
    },
    close: async () => {
      stopped.abort(new Error("the schedule is closing"));
      await Promise.all(running.values());
    },
  };
}

/** Room for one more run by hand? */
export function hasRoom({ state }: StoredJob): boolean {
  return state.open.length < SCHEDULE_LIMITS.open;
}
