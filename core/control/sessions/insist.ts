import { hasCode } from "@openclaw/protocol";
import type { Clock } from "../../base/clock.ts";

const RETRY_FIRST_MS = 20;
const RETRY_LAST_MS = 2_000;
/** Conditions that end by themselves, or when somebody frees a disk. */
const PASSING = ["ENGINE_UNAVAILABLE", "BACKPRESSURE", "FILE_LOCKED", "DISK_FULL"] as const;
/** Only the gateway's own end ends a wait for the disk. */
const NEVER = new AbortController().signal;

export interface Insisting {
  readonly clock: Clock;
  readonly closed: () => boolean;
}

export function isPassing(error: unknown): boolean {
  return PASSING.some((code) => hasCode(error, code));
}

/** Does it until it works, where what is wrong passes. Undefined where the gateway stopped before; throws whatever does not pass. */
export async function insist<T>(
  { clock, closed }: Insisting, act: () => Promise<T>, passes: (error: unknown) => boolean = isPassing, signal: AbortSignal = NEVER,
): Promise<T | undefined> {
  for (let waitMs = RETRY_FIRST_MS; !closed() && !signal.aborted; waitMs = Math.min(waitMs * 2, RETRY_LAST_MS)) {
    try {
      return await act();
    } catch (error) {
      if (!passes(error)) throw error;
      await clock.wait(waitMs, signal).catch(() => undefined);
    }
  }
  return undefined;
}
