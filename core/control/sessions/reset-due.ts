import { isTimeZone } from "../../base/time-zone.ts";
import type { SessionState } from "../../fabric/journal.ts";
import type { SessionsConfig } from "./config.ts";

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

/**
 * Whether a message that came at `atMs` begins a new window, and why. Looked at when it is about to be answered, so that a
 * session nobody uses costs nothing.
 */
export function resetDue(
  { activeAtMs, messageCount, turn }: SessionState, atMs: number, { reset }: Pick<SessionsConfig, "reset">,
): "idle" | "daily" | undefined {
  if (turn !== null || messageCount === 0 || activeAtMs === 0) return undefined;
  const { idleMinutes, atHour, timeZone } = reset;
  if (atHour !== undefined && activeAtMs < lastAtHour(atMs, atHour, timeZone)) return "daily";
  return idleMinutes !== undefined && atMs - activeAtMs >= idleMinutes * MINUTE_MS ? "idle" : undefined;
}

/**
 * The newest moment up to `atMs` at which clocks in the zone showed `hour`:00. Where they were turned forward over it, the
 * moment of turning; where they showed it twice, the first time.
 */
export function lastAtHour(atMs: number, hour: number, timeZone?: string): number {
  const format = formatFor(timeZone);
  for (let back = 0; ; back++) {
    const { year, month, day } = localOf(format, atMs);
    const wanted = Date.UTC(year, month - 1, day - back, hour);
    // Zones change their offset at most once within a day of any moment: one of the two holds there.
    const before = wanted - offsetAt(format, wanted - DAY_MS);
    const after = wanted - offsetAt(format, wanted + DAY_MS);
    const shown = [Math.min(before, after), Math.max(before, after)].find((at) => at + offsetAt(format, at) === wanted);
    const at = shown ?? before;
    if (at <= atMs || back > 2) return at;
  }
}

function offsetAt(format: Intl.DateTimeFormat, atMs: number): number {
  const { year, month, day, hour, minute, second } = localOf(format, atMs);
  return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(atMs / 1_000) * 1_000;
}

interface Local {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
}

function localOf(format: Intl.DateTimeFormat, atMs: number): Local {
  const parts = new Map(format.formatToParts(atMs).map(({ type, value }) => [type, Number(value)]));
  const of = (name: Intl.DateTimeFormatPartTypes): number => parts.get(name) ?? 0;
  return { year: of("year"), month: of("month"), day: of("day"), hour: of("hour"), minute: of("minute"), second: of("second") };
}

const formats = new Map<string, Intl.DateTimeFormat>();
const FORMATS_MAX = 64;

/** Making one is slow. A zone that this machine no longer knows counts as UTC: the configuration has been checked for it. */
function formatFor(timeZone: string | undefined): Intl.DateTimeFormat {
  const known = formats.get(timeZone ?? "");
  if (known !== undefined) return known;
  const format = make(timeZone === undefined || isTimeZone(timeZone) ? timeZone : "UTC");
  if (formats.size >= FORMATS_MAX) formats.clear();
  formats.set(timeZone ?? "", format);
  return format;
}

function make(timeZone: string | undefined): Intl.DateTimeFormat {
  const numeric = "2-digit" as const;
  return new Intl.DateTimeFormat("en-US", {
    year: "numeric", month: numeric, day: numeric, hour: numeric, minute: numeric, second: numeric, hourCycle: "h23",
    ...(timeZone === undefined ? {} : { timeZone }),
  });
}
