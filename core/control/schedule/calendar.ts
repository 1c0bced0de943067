/**
 * When is a schedule due next? Pure arithmetic over wall clocks; nothing here knows what time it is.
 *
 * A cron expression is read on the wall clock of its time zone. Where a spring change leaves a gap, what stood in it is due
 * at the first instant after it; where an autumn change repeats an hour, what stands in it is due the first time only. An
 * expression whose hour is `*` means elapsed hours: it is due in every real hour, once each, in gap and overlap alike.
 */
import { OpenClawError } from "@openclaw/protocol";
import { SCHEDULE_LIMITS, type Schedule } from "./job.ts";
import { createZones, type Zone } from "./zone.ts";

export interface Calendar {
  /** The first occurrence after `afterMs`, or null when there is none any more. */
  next(schedule: Schedule, afterMs: number): number | null;
  /** Throws CRON_EXPRESSION_INVALID, TIME_ZONE_UNKNOWN, or CRON_NEVER_FIRES when nothing is due after `nowMs`. */
  check(schedule: Schedule, nowMs: number): void;
}

/** The next wall time that fits, strictly after the given one; both as if they were UTC. */
interface Pattern {
  readonly nextWall: (afterWallMs: number) => number | null;
  readonly everyHour: boolean;
}

const PATTERNS_KEPT = 1_000;
/** Wall times in a gap or overlap that may be passed over in one search. */
const STEPS_MAX = 4_000;
const NICKNAMES = /^@(?:yearly|annually|monthly|weekly|daily|midnight|hourly)$/i;

/** The library is loaded with the first calendar: a start without jobs does not pay for it. */
export async function openCalendar(): Promise<Calendar> {
  const { Cron } = await import("croner");
  const zones = createZones();
  const patterns = new Map<string, Pattern>();

  const patternOf = (expr: string): Pattern => {
    const known = patterns.get(expr);
    if (known !== undefined) return known;
    const fields = expr.trim().split(/\s+/);
    if (!NICKNAMES.test(expr.trim()) && (fields.length < 5 || fields.length > 7)) {
      const why = `${JSON.stringify(expr.slice(0, 80))} has ${fields.length} fields, not 5 to 7.`;
      throw new OpenClawError("CRON_EXPRESSION_INVALID", { why });
    }
    let cron: InstanceType<typeof Cron>;
    try {
      cron = new Cron(expr, { timezone: "UTC", paused: true });
    } catch (error) {
      throw new OpenClawError("CRON_EXPRESSION_INVALID", { why: wordsOf(error), cause: error });
    }
    const hour = fields.length === 1 ? (/^@hourly$/i.test(expr.trim()) ? "*" : "0") : fields[fields.length === 5 ? 1 : 2];
    const pattern = { nextWall: (after: number) => cron.nextRun(new Date(after))?.getTime() ?? null, everyHour: hour === "*" };
    patterns.set(expr, pattern);
    const oldest = patterns.keys().next().value;
    if (patterns.size > PATTERNS_KEPT && oldest !== undefined) patterns.delete(oldest);
    return pattern;
  };

  const next = (schedule: Schedule, afterMs: number): number | null => {
    switch (schedule.kind) {
      case "at": return schedule.atMs > afterMs ? schedule.atMs : null;
      case "every": {
        const { everyMs, anchorMs } = schedule;
        return afterMs < anchorMs ? anchorMs : anchorMs + (Math.floor((afterMs - anchorMs) / everyMs) + 1) * everyMs;
      }
      case "cron": {
        const pattern = patternOf(schedule.expr);
        const zone = zones.get(schedule.tz);
        return pattern.everyHour ? nextElapsed(pattern, zone, afterMs) : nextOnWall(pattern, zone, afterMs);
      }
    }
  };

  return {
    next,
    check: (schedule, nowMs) => {
      if (next(schedule, nowMs) !== null) return;
      const why = schedule.kind === "cron" ? `${JSON.stringify(schedule.expr)} fits no day that is still to come.` : "Its time is over.";
      throw new OpenClawError("CRON_NEVER_FIRES", { why });
    },
  };
}

/** Each wall time once: at its first instant, or right after the gap that swallowed it. */
function nextOnWall(pattern: Pattern, zone: Zone, afterMs: number): number | null {
  let wall = zone.wallOf(afterMs);
  for (let step = 0; step < STEPS_MAX; step++) {
    const found = pattern.nextWall(wall);
    if (found === null) return null;
    const instant = zone.firstInstantOf(found);
    if (instant > afterMs) return instant;
    // In the second pass of a repeated hour: all of it was due the first time.
    wall = Math.max(found, zone.endOfRepeat(afterMs) - 1);
  }
  return null;
}

/** In elapsed time: while the offset holds it is the wall's next; across a change the search begins anew behind it. */
function nextElapsed(pattern: Pattern, zone: Zone, afterMs: number): number | null {
  const offset = zone.offsetAt(afterMs);
  const wall = pattern.nextWall(afterMs + offset);
  if (wall === null) return null;
  const instant = wall - offset;
  if (zone.offsetAt(instant) === offset) return instant;
  const change = zone.changeBetween(afterMs, instant);
  const behind = pattern.nextWall(change + zone.offsetAt(change) - 1);
  return behind === null ? null : behind - zone.offsetAt(change);
}

function wordsOf(error: unknown): string {
  const text = error instanceof Error ? error.message : "It could not be read.";
  return text.replace(/^CronPattern:\s*/, "").slice(0, SCHEDULE_LIMITS.summaryChars);
}
