/**
 * The one timer of the schedule. It is armed for the next due time, and again after a minute at the latest: a clock that was
 * set, or a machine that slept, is noticed then. What is due is decided by the wall clock alone.
 */
import type { Clock } from "../../base/clock.ts";

export interface Clockwork {
  /** Looks again, because something is due earlier now. */
  wake(): void;
  close(): void;
}

export interface ClockworkDeps {
  readonly clock: Clock;
  /** Wall time of whatever is due next; null when nothing is. */
  readonly nextMs: () => number | null;
  /** Starts what is due by `nowMs`. Must not wait for it. */
  readonly onTick: (nowMs: number) => void;
  /** The wall clock moved by this much more than time passed. */
  readonly onJump: (byMs: number) => void;
}

const ARMED_MAX_MS = 60_000;
/** Smaller differences are a clock being disciplined. */
const JUMP_MS = 5_000;

export function startClockwork({ clock, nextMs, onTick, onJump }: ClockworkDeps): Clockwork {
  let timer: { close(): void } | undefined;
  let closed = false;
  let seen = { wallMs: clock.now(), elapsedMs: clock.monotonic() };

  const look = (): void => {
    timer = undefined;
    const now = { wallMs: clock.now(), elapsedMs: clock.monotonic() };
    const byMs = now.wallMs - seen.wallMs - (now.elapsedMs - seen.elapsedMs);
    seen = now;
    if (Math.abs(byMs) >= JUMP_MS) onJump(Math.round(byMs));
    onTick(now.wallMs);
    arm();
  };

  const arm = (): void => {
    if (closed) return;
    timer?.close();
    const dueMs = nextMs();
    const waitMs = dueMs === null ? ARMED_MAX_MS : Math.min(Math.max(dueMs - clock.now(), 0), ARMED_MAX_MS);
    timer = clock.after(waitMs, look);
  };

  arm();
  return {
    wake: arm,
    close: () => {
      closed = true;
      timer?.close();
    },
  };
}
