/**
 * How late the event loop is: what everybody who waits for this process feels.
 *
 * Measuring takes a timer every few milliseconds, so it begins with the first reading and ends a minute after the last.
 */
import { monitorEventLoopDelay, performance, type EventLoopUtilization, type IntervalHistogram } from "node:perf_hooks";
import type { Clock } from "../../base/clock.ts";

export interface LoopReading {
  /** Share of the time since the reading before in which the loop was not idle: 0 to 1. */
  readonly utilization: number;
  /** Of a timer, since the reading before; absent in the first one. */
  readonly delayMs?: { readonly p50: number; readonly p99: number; readonly max: number };
}

export interface LoopWatch {
  read(): LoopReading;
  close(): void;
}

const RESOLUTION_MS = 5;
const WATCHED_MS = 60_000;

export function createLoopWatch(clock: Clock): LoopWatch {
  let histogram: IntervalHistogram | undefined;
  let since: EventLoopUtilization = performance.eventLoopUtilization();
  let pause: { close(): void } | undefined;

  const stop = (): void => {
    histogram?.disable();
    histogram = undefined;
    pause?.close();
    pause = undefined;
  };

  return {
    read: () => {
      const now = performance.eventLoopUtilization();
      const { utilization } = performance.eventLoopUtilization(now, since);
      since = now;
      pause?.close();
      pause = clock.after(WATCHED_MS, stop);
      if (histogram === undefined) {
        histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
        histogram.enable();
        return { utilization };
      }
      const { count, max } = histogram;
      const late = (ns: number): number => Math.max(0, Math.round((ns / 1e6 - RESOLUTION_MS) * 100) / 100);
      const delayMs = { p50: late(histogram.percentile(50)), p99: late(histogram.percentile(99)), max: late(max) };
      histogram.reset();
      return count === 0 ? { utilization } : { utilization, delayMs };
    },
    close: stop,
  };
}
