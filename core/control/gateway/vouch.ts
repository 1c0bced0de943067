/**
 * Who says who it is, where no secret was sent: a proxy that is trusted, the tailnet, or the owner's word that this machine
 * needs none.
 *
 * A header alone never counts. A proxy's counts when its address is trusted; Tailscale's counts when the daemon of this
 * machine, asked for the same address, names the same person.
 */
import type { IncomingHttpHeaders } from "node:http";
import type { ClientSource } from "./client-source.ts";
import { isLoopbackAddress } from "./check-source.ts";
import type { AuthMode } from "./plan-listening.ts";

export interface AccessRules {
  readonly mode: AuthMode;
  readonly isTrustedProxy: (address: string) => boolean;
  readonly userHeader: string;
  readonly allowUsers: readonly string[];
  /** Asks the tailscale daemon who has an address; absent where Tailscale is not believed. */
  readonly whois?: ((address: string, signal: AbortSignal) => Promise<string | undefined>) | undefined;
}

export interface Voucher {
  readonly method: "none" | "trusted-proxy" | "tailscale";
  readonly user?: string;
  /** The most a connection may have, as the proxy says. Undefined: it says nothing. */
  readonly scopes?: readonly string[];
}

/** The headers of the upgrade that vouching reads; the rest of the request is not kept. */
export type VouchHeaders = Pick<IncomingHttpHeaders, string>;

const WHOIS_TIMEOUT_MS = 2_000;
const USER_CHARS_MAX = 256;

/**
 * Does the shared secret count? One rule for WebSocket and plain HTTP: from anywhere in the modes that ask for one, in the others
 * from this machine's own programs only.
 */
export function takesSecret({ mode }: AccessRules, { local }: ClientSource): boolean {
  return mode === "token" || mode === "password" || local;
}

/** Undefined: nobody vouches, so a secret is needed. */
export async function vouchFor(source: ClientSource, headers: VouchHeaders, rules: AccessRules): Promise<Voucher | undefined> {
  if (rules.mode === "none" && source.local) return { method: "none" };
  if (rules.mode === "trusted-proxy" && source.trustedProxy) {
    const user = one(headers[rules.userHeader.toLowerCase()]);
    if (user === undefined || (rules.allowUsers.length > 0 && !rules.allowUsers.includes(user))) return undefined;
    const scopes = one(headers["x-openclaw-scopes"]);
    return {
      method: "trusted-proxy", user, ...(scopes === undefined ? {} : { scopes: scopes.split(/[\s,]+/).filter((scope) => scope !== "") }),
    };
  }
  return rules.whois === undefined ? undefined : await askTailscale(source, headers, rules.whois);
}

/** Serve is a proxy on this machine: it comes from loopback, and names the tailnet's address it passes on. */
async function askTailscale(
  source: ClientSource, headers: VouchHeaders, whois: NonNullable<AccessRules["whois"]>,
): Promise<Voucher | undefined> {
  const login = one(headers["tailscale-user-login"]);
  const address = one(headers["x-forwarded-for"]);
  if (login === undefined || address === undefined || address.includes(",") || !isLoopbackAddress(source.peer)) return undefined;
  const user = await whois(address.trim(), AbortSignal.timeout(WHOIS_TIMEOUT_MS)).catch(() => undefined);
  return user !== undefined && user.toLowerCase() === login.toLowerCase() ? { method: "tailscale", user } : undefined;
}

/** Sent once, and not endless. */
function one(value: string | string[] | undefined): string | undefined {
  return typeof value === "string" && value !== "" && value.length <= USER_CHARS_MAX ? value : undefined;
}
