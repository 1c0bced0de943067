/**
 * Which occurrences of a job are claimed now, and which are given up, and why. Pure.
 *
 * The answer covers everything from the cursor to now, so that it can be written as one change: whoever writes it first has
 * claimed those occurrences, and nobody can claim them again.
 */
import type { Calendar } from "./calendar.ts";
import { occurrenceIdOf, SCHEDULE_LIMITS, type Job, type JobState, type OpenRun, type RunEntry, type Schedule } from "./job.ts";

export interface DuePlan {
  readonly claims: readonly OpenRun[];
  readonly given: readonly RunEntry[];
  readonly cursorMs: number;
  readonly nextMs: number | null;
  readonly generation: number;
}

/** An occurrence this little late is on time: the timer is armed again at least once a minute. */
const ON_TIME_MS = 90_000;
/** Missed occurrences of a cron expression that are counted; beyond it stands "at least". */
const COUNTED_MAX = 100;
/** Occurrences that are looked at in search of the newest ones. */
const LOOKED_MAX = 512;

export function planDue(job: Job, state: JobState, calendar: Calendar, nowMs: number): DuePlan {
  const { cursorMs, generation } = rewound(job, state, nowMs);
  const schedule = scheduleIn(job, generation);
  const claim = (dueMs: number): OpenRun => ({ occurrenceId: occurrenceIdOf(job.id, dueMs, generation), dueMs, claimedAtMs: nowMs });
  const give = (dueMs: number, status: "missed" | "skipped", reason: string): RunEntry =>
    ({ occurrenceId: occurrenceIdOf(job.id, dueMs, generation), dueMs, status, atMs: nowMs, reason });

  const settledMs = nowMs - staggerOf(job);
  const windowMs = job.catchUp === "none" ? ON_TIME_MS : Math.max(job.graceMs, ON_TIME_MS);
  const wanted = job.catchUp === "all" ? SCHEDULE_LIMITS.catchUp : 1;
  const fromMs = Math.max(cursorMs, settledMs - windowMs - 1);
  const kept = newestDue(calendar, schedule, fromMs, settledMs, wanted);
  const missed = missedIn(schedule, calendar, cursorMs, (kept[0] ?? settledMs + 1) - 1);
  const given: RunEntry[] = missed === undefined ? [] : [{ ...give(missed.firstMs, "missed", reasonOf(job)), ...rangeOf(missed) }];
  const isBusy = state.open.some(({ manual }) => manual !== true);
  const blocked = job.overlap === "skip" ? isBusy : state.open.length + kept.length > SCHEDULE_LIMITS.open;
  if (blocked) for (const dueMs of kept) given.push(give(dueMs, "skipped", "the run before it is still under way"));
  const lastMs = kept.at(-1) ?? missed?.lastMs ?? cursorMs;
  const nextMs = nextWake(job, calendar.next(schedule, lastMs));
  return { claims: blocked ? [] : kept.map(claim), given, cursorMs: lastMs, nextMs, generation };
}

/** A rhythm that began anew keeps its beat, also before its anchor. */
export function scheduleIn({ schedule }: Job, generation: number): Schedule {
  return schedule.kind === "every" && generation > 0 ? { ...schedule, anchorMs: schedule.anchorMs % schedule.everyMs } : schedule;
}

/** When to look at a job again for an occurrence due at `dueMs`. */
export function nextWake(job: Job, dueMs: number | null): number | null {
  return dueMs === null ? null : dueMs + staggerOf(job);
}

/** A fixed part of `staggerMs`, drawn from the job's id: jobs of one second spread the same way every time. */
export function staggerOf({ id, schedule }: Job): number {
  if (schedule.kind !== "cron" || schedule.staggerMs === 0) return 0;
  let mixed = 2_166_136_261;
  for (let at = 0; at < id.length; at++) mixed = Math.imul(mixed ^ id.charCodeAt(at), 16_777_619);
  return (mixed >>> 0) % schedule.staggerMs;
}

/**
 * A clock that was set back leaves the cursor in the future. Wall times that ran once do not run again; a rhythm is elapsed
 * time and begins anew, under ids of its own.
 */
function rewound({ schedule }: Job, { cursorMs, generation }: JobState, nowMs: number): Pick<JobState, "cursorMs" | "generation"> {
  if (schedule.kind !== "every" || cursorMs <= nowMs + ON_TIME_MS) return { cursorMs, generation };
  return { cursorMs: nowMs, generation: generation + 1 };
}

/**
 * The newest `wanted` occurrences in (from, to], oldest first. Looked for backwards from the end: in growing steps until there
 * are enough, and in between where a step brought more than are looked at.
 */
function newestDue(calendar: Calendar, schedule: Schedule, fromMs: number, toMs: number, wanted: number): readonly number[] {
  let [tooShortMs, tooLongMs] = [0, Number.POSITIVE_INFINITY];
  for (let spanMs = ON_TIME_MS; ; spanMs = tooLongMs === Number.POSITIVE_INFINITY ? spanMs * 4 : (tooShortMs + tooLongMs) / 2) {
    const startMs = Math.max(fromMs, toMs - spanMs);
    const found: number[] = [];
    let at = calendar.next(schedule, startMs);
    for (; at !== null && at <= toMs && found.length < LOOKED_MAX; at = calendar.next(schedule, at)) found.push(at);
    const isWhole = at === null || at > toMs;
    if (isWhole && (found.length >= wanted || startMs === fromMs)) return found.slice(-wanted);
    if (isWhole) tooShortMs = spanMs;
    else tooLongMs = spanMs;
    if (tooLongMs - tooShortMs < 1_000) return found.slice(-wanted);
  }
}

interface Missed {
  readonly firstMs: number;
  readonly lastMs: number;
  readonly count: number;
}

/** What was due in (after, until]: counted exactly for a rhythm, up to a limit for a cron expression. */
function missedIn(schedule: Schedule, calendar: Calendar, afterMs: number, untilMs: number): Missed | undefined {
  const firstMs = calendar.next(schedule, afterMs);
  if (firstMs === null || firstMs > untilMs) return undefined;
  if (schedule.kind === "every") {
    const more = Math.floor((untilMs - firstMs) / schedule.everyMs);
    return { firstMs, lastMs: firstMs + more * schedule.everyMs, count: more + 1 };
  }
  let [lastMs, count] = [firstMs, 1];
  for (let at = calendar.next(schedule, firstMs); at !== null && at <= untilMs; at = calendar.next(schedule, at)) {
    if (count >= COUNTED_MAX) return { firstMs, lastMs: untilMs, count };
    lastMs = at;
    count += 1;
  }
  return { firstMs, lastMs, count };
}

function rangeOf({ lastMs, count }: Missed): { readonly untilMs?: number; readonly count?: number } {
  return count === 1 ? {} : { untilMs: lastMs, count };
}

function reasonOf({ catchUp, graceMs }: Job): string {
  if (catchUp === "none") return "the gateway was not running, or its clock jumped; this job makes up for nothing";
  const grace = graceMs >= 3_600_000 ? `${Math.round(graceMs / 3_600_000)} h` : `${Math.round(graceMs / 60_000)} min`;
  const which = catchUp === "all" ? "the newest ones" : "the last one";
  return `the gateway was not running, or its clock jumped; made up for: ${which} within ${grace}`;
}
