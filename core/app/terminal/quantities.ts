/** Numbers with their units, in the precision that is honest. */

/** `340 ms`, `1.2 s`, `45 s`, `3 min`, `5 h`, `2 d`. */
export function formatDuration(ms: number): string {
  if (!Number.isFinite(ms) || ms < 0) return "0 ms";
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 10_000) return `${(ms / 1_000).toFixed(1)} s`;
  if (ms < 60_000) return `${Math.round(ms / 1_000)} s`;
  if (ms < 3_600_000) return `${Math.floor(ms / 60_000)} min`;
  if (ms < 86_400_000) return `${Math.floor(ms / 3_600_000)} h`;
  return `${Math.floor(ms / 86_400_000)} d`;
}

/** `just now`, `3 min ago`; times ahead of the clock are `just now`, for clocks differ. */
export function formatAgo(thenMs: number, nowMs: number): string {
  const passedMs = nowMs - thenMs;
  return passedMs < 2_000
    ? "just now"
    : `${formatDuration(passedMs < 10_000 ? Math.round(passedMs / 1_000) * 1_000 : passedMs).replace(".0 s", " s")} ago`;
}

/** `in 3 h`; what is due, or was, is `now`. */
export function formatAhead(thenMs: number, nowMs: number): string {
  return thenMs - nowMs < 1_000 ? "now" : `in ${formatDuration(thenMs - nowMs).replace(".0 s", " s")}`;
}

/** `812 B`, `1.4 kB`, `3.2 GB`: powers of a thousand. */
export function formatBytes(bytes: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1_000;
    unit += 1;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}
