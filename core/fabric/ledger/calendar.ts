/** Days and months of a time zone. Zones change their offset at quarters of an hour, so a quarter lies within one day. */
const QUARTER_MS = 15 * 60_000;
/** More quarters than a month can have. */
const QUARTERS_MAX = 32 * 24 * 4;
const KEPT_MAX = 512;

export interface Calendar {
  readonly timeZone: string;
  /** `2026-11-21`. */
  day(timeMs: number): string;
  /** `2026-11`. */
  month(timeMs: number): string;
  /** When the next day or month begins. */
  nextDay(timeMs: number): number;
  nextMonth(timeMs: number): number;
}

/** A zone that is not known is UTC. */
export function createCalendar(wanted: string | undefined): Calendar {
  const format = formatIn(wanted) ?? formatIn("UTC");
  const days = new Map<number, string>();
  const day = (timeMs: number): string => {
    const quarter = Math.floor(timeMs / QUARTER_MS);
    let found = days.get(quarter);
    if (found === undefined) {
      found = format?.format(quarter * QUARTER_MS) ?? "";
      if (days.size >= KEPT_MAX) days.clear();
      days.set(quarter, found);
    }
    return found;
  };
  const month = (timeMs: number): string => day(timeMs).slice(0, 7);
  const next = (timeMs: number, of: (timeMs: number) => string): number => {
    const now = of(timeMs);
    const first = Math.floor(timeMs / QUARTER_MS) + 1;
    let quarter = first;
    while (quarter - first < QUARTERS_MAX && of(quarter * QUARTER_MS) === now) quarter += 1;
    return quarter * QUARTER_MS;
  };
  return {
    timeZone: format?.resolvedOptions().timeZone ?? "UTC",
    day, month, nextDay: (timeMs) => next(timeMs, day), nextMonth: (timeMs) => next(timeMs, month),
  };
}

function formatIn(timeZone: string | undefined): Intl.DateTimeFormat | undefined {
  try {
    const zone = timeZone === undefined ? {} : { timeZone };
    return new Intl.DateTimeFormat("en-CA", { ...zone, year: "numeric", month: "2-digit", day: "2-digit" });
  } catch {
    return undefined;
  }
}
