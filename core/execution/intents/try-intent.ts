/** Attempts by the effect's rule: what may be done again is tried again; what may have happened and must not happen twice is not. */
import { hasCode, OpenClawError, type Effect } from "@openclaw/protocol";
import type { ActuatorEnd, ActuatorRequest } from "@openclaw/sdk";
import type { Clock } from "../../base/clock.ts";
import { crashPoint } from "../../base/crash-point.ts";
import type { Ids } from "../../base/ids.ts";
import type { ConfiguredActuator } from "./configured-actuator.ts";

type Failed = Extract<ActuatorEnd, { ok: false }>;

const RETRY_FIRST_MS = 250;
const RETRY_LAST_MS = 30_000;

/** Throws what became of it in the end; resolves with the payload. */
export async function tryIntent(
  configured: ConfiguredActuator, effect: Effect, wanted: Omit<ActuatorRequest, "attempt">, { clock, ids }: { clock: Clock; ids: Ids },
  signal: AbortSignal,
): Promise<unknown> {
  for (let attempt = 1; ; attempt += 1) {
    const end = await configured.attempt({ ...wanted, attempt }, signal);
    crashPoint("outside.answered");
    if (end.ok) return end.payload;
    const failure = failureOf(end, effect);
    // Stopped or not: that it may have happened is what has to be told.
    if (hasCode(failure, "OUTCOME_UNKNOWN")) throw failure;
    signal.throwIfAborted();
    if (!mayTryAgain(end, effect) || attempt >= configured.bounds.attemptsMax) throw failure;
    await clock.wait(retryAfterMs(end, attempt, ids.random()), signal);
  }
}

export function mayTryAgain(end: Failed, effect: Effect): boolean {
  return end.again && (effect !== "unsafe" || !end.sent);
}

/** Doubles from attempt to attempt, with jitter, unless the other side said how long. */
export function retryAfterMs({ retryAfterMs: told }: Failed, attempt: number, random: number): number {
  if (told !== undefined) return Math.min(told, RETRY_LAST_MS);
  return Math.round(Math.min(RETRY_FIRST_MS * 2 ** (attempt - 1), RETRY_LAST_MS) * (0.5 + random / 2));
}

/** An unsafe act that was sent and not answered has an unknown outcome; whatever else failed has failed. */
export function failureOf({ code, why, sent, answered, outsideWords }: Failed, effect: Effect): OpenClawError {
  const detail = outsideWords === true ? { detail: { outsideWords } } : {};
  return new OpenClawError(effect === "unsafe" && sent && answered !== true ? "OUTCOME_UNKNOWN" : code, { why, ...detail });
}
