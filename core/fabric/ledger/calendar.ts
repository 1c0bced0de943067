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

/** A zone that is not known is UTC; without one it is the machine's own, which needs no tables of zones to be loaded. */
export function createCalendar(wanted: string | undefined): Calendar {
  const format = wanted === undefined ? undefined : (formatIn(wanted) ?? formatIn("UTC"));
  const dayOf = format === undefined ? localDay : (timeMs: number): string => format.format(timeMs);
  const days = new Map<number, string>();
  const day = (timeMs: number): string => {
    const quarter = Math.floor(timeMs / QUARTER_MS);
    let found = days.get(quarter);
    if (found === undefined) {
      found = dayOf(quarter * QUARTER_MS);
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
    get timeZone() {
      return (format ?? new Intl.DateTimeFormat()).resolvedOptions().timeZone;
    },
    day, month, nextDay: (timeMs) => next(timeMs, day), nextMonth: (timeMs) => next(timeMs, month),
  };
}

function localDay(timeMs: number): string {
  const date = new Date(timeMs);
  const two = (value: number): string => String(value).padStart(2, "0");
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

function formatIn(timeZone: string): Intl.DateTimeFormat | undefined {
  try {
    return new Intl.DateTimeFormat("en-CA", { timeZone, year: "numeric", month: "2-digit", day: "2-digit" });
  } catch {
    return undefined;
  }
}
