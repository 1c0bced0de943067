/** Numbers and times as people read them: with units, in the precision that is honest. */

/** `40 s`, `12 min`, `3 h 20 min`, `3 d 4 h`. */
export function formatDuration(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1_000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 24 ? join(hours, "h", minutes % 60, "min") : join(Math.floor(hours / 24), "d", hours % 24, "h");
}

/** `now`, `3 min ago`. What lies ahead of the clock is `now`: clocks differ. */
export function formatAgo(thenMs: number, nowMs: number): string {
  return nowMs - thenMs < 2_000 ? "now" : `${formatDuration(nowMs - thenMs)} ago`;
}

/** `2026-01-01 14:32:05`, in the time of this machine: whoever may read the page sits at it. */
export function formatMoment(ms: number): string {
  const date = new Date(ms);
  const two = (value: number): string => String(value).padStart(2, "0");
  const day = [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join("-");
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

/** `1 turn`, `3 turns`. */
export function formatCount(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

function join(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large} ${largeUnit}` : `${large} ${largeUnit} ${small} ${smallUnit}`;
}
