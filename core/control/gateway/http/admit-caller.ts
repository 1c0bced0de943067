/**
 * Who may use plain HTTP: whoever shows the gateway's shared secret as a bearer, and with it has an operator's full authority;
 * where the owner chose so, this machine without one, or whom a trusted proxy names, with no more than the proxy grants.
 *
 * Guessing is counted together with guesses over WebSocket, so neither is a way around the other. A secret in an address is
 * refused whatever it is: addresses are written into logs. What the tailnet says of a person does not count here.
 */
import type { IncomingMessage } from "node:http";
import type { Clock } from "../../../base/clock.ts";
import type { Secret } from "../../../base/secret.ts";
import { containsScopes } from "../../../fabric/identity.ts";
import type { AuthLimiter, AuthSource } from "../auth-limiter.ts";
import { limitedAs, readSource } from "../client-source.ts";
import { takesSecret, vouchFor, type AccessRules } from "../vouch.ts";
import { HttpRefusal, invalidRequest } from "./http-refusal.ts";

export interface AdmitDeps {
  readonly clock: Clock;
  readonly limiter: AuthLimiter;
  /** The token, or in mode password the password. */
  readonly token: () => Secret;
  readonly access: () => AccessRules;
}

export type HttpScope = "operator.read" | "operator.write";

const TOKEN_NAMES = /^(?:token|access_token|auth|authorization|password|key|api[-_]?key|x-openclaw-token)$/i;

/** Throws 400, 401, 403 or 429. */
export async function admitCaller(
  request: IncomingMessage, query: string, needs: HttpScope, deps: AdmitDeps, signal: AbortSignal,
): Promise<void> {
  if ([...new URLSearchParams(query).keys()].some((name) => TOKEN_NAMES.test(name))) {
    throw invalidRequest("A secret in an address is written into logs. Send it in the header Authorization: Bearer.");
  }
  const { clock, limiter } = deps;
  const rules = deps.access();
  const source = readSource(request.socket.remoteAddress ?? "unknown", request.headers, rules.isTrustedProxy);
  if (source === "unattributed") throw new HttpRefusal(403, "The proxy does not say for whom it asks.");
  const guesser: AuthSource = { address: limitedAs(source), loopback: source.local, origin: request.headers.origin };
  const lockedMs = limiter.lockedForMs(guesser, "shared-secret", clock.now());
  if (lockedMs > 0) {
    const message = "Too many failed authentication attempts. Please try again later.";
    throw new HttpRefusal(429, message, { retryAfterMs: lockedMs, final: true });
  }
  const secret = bearerOf(request);
  if (secret !== undefined && takesSecret(rules, source) && deps.token().equals(secret)) {
    return limiter.succeeded(guesser, "shared-secret");
  }
  const voucher = await vouchFor(source, request.headers, { ...rules, whois: undefined });
  if (voucher !== undefined) {
    if (voucher.scopes === undefined || containsScopes(voucher.scopes, [needs])) return;
    throw new HttpRefusal(403, `The proxy does not grant ${needs}.`);
  }
  // Showing nothing is no guess; it is answered at once and not counted.
  const delayMs = secret === undefined ? 0 : limiter.failed(guesser, "shared-secret", clock.now());
  if (delayMs > 0) await clock.wait(delayMs, signal);
  throw new HttpRefusal(401, "Unauthorized");
}

function bearerOf({ headers }: IncomingMessage): string | undefined {
  return /^Bearer\s+(\S+)\s*$/i.exec(headers.authorization ?? "")?.[1];
}
