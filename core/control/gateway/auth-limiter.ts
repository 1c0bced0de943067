/**
 * Guessing gets slow, then stops.
 *
 * Failures are counted per source and kind of credential: ten in a minute lock the source out for five minutes. Programs on
 * this machine are never locked out, because the owner's own broken script must not lock the owner out; they are answered
 * later and later instead. A page in a browser is not such a program: it counts by its Origin, on loopback too.
 */
import { SlidingLimit } from "./sliding-limit.ts";

export const AUTH_LIMITS = {
  failuresMax: 10, windowMs: 60_000, lockoutMs: 300_000, exemptLoopback: true, delayMinMs: 250, delayMaxMs: 5_000, sourcesMax: 10_000,
} as const;

/** `gateway.auth.rateLimit`. */
export interface AuthRate {
  readonly failuresMax: number;
  readonly windowMs: number;
  readonly lockoutMs: number;
  readonly exemptLoopback: boolean;
}

export type CredentialKind = "shared-secret" | "device-token" | "bootstrap-token" | "dashboard-link";

export interface AuthSource {
  readonly address: string;
  readonly loopback: boolean;
  readonly origin: string | undefined;
}

export class AuthLimiter {
  readonly #failures: SlidingLimit;
  readonly #lockedUntilMs = new Map<string, number>();
  readonly #rate: AuthRate;
  #refused = 0;

  constructor(rate: AuthRate = AUTH_LIMITS) {
    this.#rate = rate;
    this.#failures = new SlidingLimit(64, rate.windowMs, AUTH_LIMITS.sourcesMax);
  }

  /** Failures of all sources since the start, and tries of those that are locked out. */
  get refused(): number {
    return this.#refused;
  }

  /** Milliseconds until this source may try again; 0 when it may now. */
  lockedForMs(source: AuthSource, kind: CredentialKind, nowMs: number): number {
    const key = keyOf(source, kind);
    const untilMs = this.#lockedUntilMs.get(key);
    if (untilMs === undefined) return 0;
    if (untilMs > nowMs) {
      this.#refused += 1;
      return untilMs - nowMs;
    }
    this.#lockedUntilMs.delete(key);
    this.#failures.clear(key);
    return 0;
  }

  /** Counts a failure. Answers how long its refusal is to be held back. */
  failed(source: AuthSource, kind: CredentialKind, nowMs: number): number {
    const key = keyOf(source, kind);
    this.#refused += 1;
    this.#failures.take(key, nowMs);
    const failures = this.#failures.count(key, nowMs);
    if (this.#rate.exemptLoopback && isExempt(source)) return Math.min(
      AUTH_LIMITS.delayMaxMs, AUTH_LIMITS.delayMinMs * 2 ** Math.min(16, failures - 1),
    );
    if (failures >= this.#rate.failuresMax) {
      this.#lockedUntilMs.set(key, nowMs + this.#rate.lockoutMs);
      if (this.#lockedUntilMs.size > AUTH_LIMITS.sourcesMax) this.#lockedUntilMs.delete(this.#lockedUntilMs.keys().next().value as string);
    }
    return 0;
  }

  succeeded(source: AuthSource, kind: CredentialKind): void {
    this.#failures.clear(keyOf(source, kind));
  }
}

function isExempt(source: AuthSource): boolean {
  return source.loopback && source.origin === undefined;
}

function keyOf(source: AuthSource, kind: CredentialKind): string {
  return `${source.loopback && source.origin !== undefined ? `origin ${source.origin}` : source.address} ${kind}`;
}
