/** Turns and refusals of the last while, and how long turns usually take. Everything is bounded; beyond, the oldest go. */
import type { Happening } from "./reading.ts";

const KEPT_MAX = 5_000;
const HOUR_MS = 3_600_000;
/** An hour with fewer turns tells nothing of its slowest. */
const HOUR_TURNS_MIN = 10;
const HOURS_MAX = 72;
/** Before so many hours are known, nothing is usual. */
const HOURS_MIN = 3;
export const DENIED_WINDOW_MS = 600_000;
export const AUTH_WINDOW_MS = 300_000;

/** The 95th percentile of one hour's turns. */
export interface Hour { readonly startMs: number; readonly p95Ms: number }

export interface Recently {
  readonly turns: number;
  readonly failed: number;
  /** The code most of them failed with. */
  readonly code?: string;
  readonly p95Ms: number;
  /** Undefined until enough hours are known. */
  readonly usualP95Ms?: number;
  readonly denied: number;
  readonly authRefused: number;
}

type Turn = Extract<Happening, { kind: "turn" }>;

export class TurnWindow {
  readonly #turns: Turn[] = [];
  readonly #denied: number[] = [];
  readonly #auth: { readonly atMs: number; readonly total: number }[] = [];
  #hours: readonly Hour[];
  #hourOf: number;

  constructor(hours: readonly Hour[], nowMs: number) {
    this.#hours = hours;
    this.#hourOf = Math.floor(nowMs / HOUR_MS);
  }

  turn(turn: Turn): void {
    this.#turns.push(turn);
    if (this.#turns.length > KEPT_MAX) this.#turns.splice(0, KEPT_MAX / 10);
  }

  denied(atMs: number): void {
    this.#denied.push(atMs);
    if (this.#denied.length > KEPT_MAX) this.#denied.splice(0, KEPT_MAX / 10);
  }

  /** `total`: counted since the gateway started. */
  authRefused(atMs: number, total: number): void {
    if (this.#auth.length === 0) this.#auth.push({ atMs, total: 0 });
    this.#auth.push({ atMs, total });
  }

  /** The hours that are known, where an hour has just ended with enough turns to tell; else undefined. */
  endHour(nowMs: number): readonly Hour[] | undefined {
    const hour = Math.floor(nowMs / HOUR_MS);
    if (hour === this.#hourOf) return undefined;
    const startMs = this.#hourOf * HOUR_MS;
    this.#hourOf = hour;
    const inHour = this.#turns.filter(({ atMs, failed }) => !failed && atMs >= startMs && atMs < startMs + HOUR_MS);
    const took = inHour.map(({ tookMs }) => tookMs);
    if (took.length < HOUR_TURNS_MIN) return undefined;
    return (this.#hours = [...this.#hours, { startMs, p95Ms: p95(took) }].slice(-HOURS_MAX));
  }

  recently(nowMs: number, windowMs: number): Recently {
    const fromMs = nowMs - windowMs;
    const keptMs = nowMs - Math.max(windowMs, HOUR_MS * 2);
    dropBefore(this.#turns, ({ atMs }) => atMs >= keptMs);
    dropBefore(this.#denied, (atMs) => atMs >= nowMs - DENIED_WINDOW_MS);
    const turns = this.#turns.filter(({ atMs }) => atMs >= fromMs);
    const failed = turns.filter((turn) => turn.failed);
    const code = mostOften(failed.flatMap((turn) => turn.code ?? []));
    const hours = this.#hours.map((hour) => hour.p95Ms).sort((a, b) => a - b);
    return {
      turns: turns.length, failed: failed.length, ...(code === undefined ? {} : { code }),
      p95Ms: p95(turns.filter((turn) => !turn.failed).map(({ tookMs }) => tookMs)),
      ...(hours.length < HOURS_MIN ? {} : { usualP95Ms: hours[Math.floor(hours.length / 2)] as number }),
      denied: this.#denied.length, authRefused: this.#authWithin(nowMs),
    };
  }

  #authWithin(nowMs: number): number {
    // The last one from before the window stays: what came since then is counted from it.
    while ((this.#auth[1]?.atMs ?? Number.POSITIVE_INFINITY) <= nowMs - AUTH_WINDOW_MS) this.#auth.shift();
    return (this.#auth.at(-1)?.total ?? 0) - (this.#auth[0]?.total ?? 0);
  }
}

function p95(took: readonly number[]): number {
  const sorted = [...took].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * 0.95))] ?? 0;
}

function dropBefore<T>(list: T[], isKept: (one: T) => boolean): void {
  const first = list.findIndex(isKept);
  list.splice(0, first === -1 ? list.length : first);
}

function mostOften(codes: readonly string[]): string | undefined {
  const counts = new Map<string, number>();
  for (const code of codes) counts.set(code, (counts.get(code) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1])[0]?.[0];
}
