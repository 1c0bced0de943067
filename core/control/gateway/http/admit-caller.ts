/**
 * Who may use plain HTTP: whoever shows the gateway's shared secret as a bearer, and with it has an operator's full authority.
 *
 * Guessing is counted together with guesses over WebSocket, so neither is a way around the other. A secret in an address is
 * refused whatever it is: addresses are written into logs.
 */
import type { IncomingMessage } from "node:http";
import type { Clock } from "../../../base/clock.ts";
import type { Secret } from "../../../base/secret.ts";
import type { AuthLimiter } from "../auth-limiter.ts";
import { guesserOf } from "../client-source.ts";
import { HttpRefusal, invalidRequest } from "./http-refusal.ts";

export interface AdmitDeps {
  readonly clock: Clock;
  readonly limiter: AuthLimiter;
  readonly token: () => Secret;
}

const TOKEN_NAMES = /^(?:token|access_token|auth|authorization|password|key|api[-_]?key|x-openclaw-token)$/i;

/** Throws 400, 401 or 429. */
export async function admitCaller(request: IncomingMessage, query: string, deps: AdmitDeps, signal: AbortSignal): Promise<void> {
  if ([...new URLSearchParams(query).keys()].some((name) => TOKEN_NAMES.test(name))) {
    throw invalidRequest("A secret in an address is written into logs. Send it in the header Authorization: Bearer.");
  }
  const { clock, limiter } = deps;
  const source = guesserOf(request);
  const lockedMs = limiter.lockedForMs(source, "shared-secret", clock.now());
  if (lockedMs > 0) {
    const message = "Too many failed authentication attempts. Please try again later.";
    throw new HttpRefusal(429, message, { retryAfterMs: lockedMs, final: true });
  }
  const secret = bearerOf(request);
  if (secret !== undefined && deps.token().equals(secret)) return limiter.succeeded(source, "shared-secret");
  // Showing nothing is no guess; it is answered at once and not counted.
  const delayMs = secret === undefined ? 0 : limiter.failed(source, "shared-secret", clock.now());
  if (delayMs > 0) await clock.wait(delayMs, signal);
  throw new HttpRefusal(401, "Unauthorized");
}

/** Shows the right secret; counts nothing. */
export function isCallerKnown(request: IncomingMessage, deps: AdmitDeps): boolean {
  const secret = bearerOf(request);
  if (secret === undefined || deps.limiter.lockedForMs(guesserOf(request), "shared-secret", deps.clock.now()) > 0) return false;
  return deps.token().equals(secret);
}

function bearerOf({ headers }: IncomingMessage): string | undefined {
  return /^Bearer\s+(\S+)\s*$/i.exec(headers.authorization ?? "")?.[1];
}
