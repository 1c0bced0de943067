/** Quantities as people read them. Honest: no more digits than are known. */
export function formatDuration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 10_000) return `${(ms / 1_000).toFixed(1)} s`;
  if (ms < 60_000) return `${Math.round(ms / 1_000)} s`;
  if (ms < 3_600_000) return `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1_000)} s`;
  return `${Math.floor(ms / 3_600_000)} h ${Math.round((ms % 3_600_000) / 60_000)} min`;
}

export function formatClock(atMs: number): string {
  return new Date(atMs).toLocaleTimeString(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit" });
}

export function formatBytes(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let value = bytes;
  let unit = 0;
  while (value >= 1_024 && unit < units.length - 1) {
    value /= 1_024;
    unit++;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit] ?? ""}`;
}

/** "just now", "3 min ago", "in 2 h", "yesterday": in the person's own language. */
export function formatAgo(atMs: number, nowMs: number): string {
  const seconds = Math.round((atMs - nowMs) / 1_000);
  const size = Math.abs(seconds);
  const [unit, unitSeconds] = STEPS.find(([, each]) => size >= each) ?? STEPS[STEPS.length - 1] ?? ["second", 1];
  return RELATIVE.format(size < 5 ? 0 : Math.trunc(seconds / unitSeconds), unit);
}

const RELATIVE = new Intl.RelativeTimeFormat(undefined, { numeric: "auto", style: "short" });
const STEPS: readonly (readonly [Intl.RelativeTimeFormatUnit, number])[] = [
  ["year", 31_536_000], ["month", 2_592_000], ["day", 86_400], ["hour", 3_600], ["minute", 60], ["second", 1],
];

/** Day and time to the second. */
export function formatMoment(atMs: number): string {
  return MOMENT.format(atMs);
}

const MOMENT = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });

/** Shortened in the middle, where ids differ least; left whole when nothing is won. */
export function shortenId(id: string, charsMax = 13): string {
  const each = Math.floor((charsMax - 1) / 2);
  return id.length <= charsMax ? id : `${id.slice(0, each)}…${id.slice(-each)}`;
}

/** 1,234 or 12.3 k: a count where there is little room. */
export function formatCount(count: number): string {
  return count < 10_000 ? count.toLocaleString() : COMPACT.format(count);
}

const COMPACT = new Intl.NumberFormat(undefined, { notation: "compact", maximumFractionDigits: 1 });
