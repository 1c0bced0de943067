/**
 * Where a request comes from, as far as it can be known.
 *
 * The socket's own address counts, unless a trusted proxy stands there: then the address it vouches for. Headers of anybody
 * else are not believed, but they are enough to take away what only this machine gets: whoever passes a request on is not
 * the program that made it.
 */
import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import { isIP } from "node:net";
import type { AuthSource } from "./auth-limiter.ts";
import { isLoopbackAddress } from "./check-source.ts";
import { bareAddress } from "./networks.ts";

export interface ClientSource {
  /** The client's, if a trusted proxy names it. */
  readonly address: string;
  /** The other end of the socket. */
  readonly peer: string;
  /** A program on this machine, and nobody in between. */
  readonly local: boolean;
  /** It came through a proxy that is trusted to say for whom. */
  readonly trustedProxy: boolean;
}

const FORWARDED = ["x-forwarded-for", "forwarded", "x-real-ip", "x-forwarded-host", "x-forwarded-proto", "cf-connecting-ip"] as const;
const HOPS_MAX = 16;

/** For plain HTTP: what another program on this machine passes on never counts as the machine's own. */
export function guesserOf({ socket, headers }: IncomingMessage): AuthSource {
  const source = readSource(socket.remoteAddress ?? "unknown", headers, () => false);
  if (source === "unattributed") return { address: "unknown", loopback: false, origin: headers.origin };
  return { address: limitedAs(source), loopback: source.local, origin: headers.origin };
}

/** What reaches us through somebody else's program on this machine must not lock out the machine's own programs. */
export function limitedAs(source: ClientSource): string {
  return source.local || !isLoopbackAddress(source.address) ? source.address : `passed on by ${source.address}`;
}

/** `"unattributed"`: a trusted proxy that does not say for whom, from another machine. */
export function readSource(
  peerAddress: string, headers: IncomingHttpHeaders, isTrustedProxy: (address: string) => boolean,
): ClientSource | "unattributed" {
  const peer = bareAddress(peerAddress);
  const isForwarded = FORWARDED.some((name) => headers[name] !== undefined);
  const isLoopback = isLoopbackAddress(peer);
  if (!isTrustedProxy(peer)) return { address: peer, peer, local: isLoopback && !isForwarded, trustedProxy: false };
  if (!isForwarded) return isLoopback ? { address: peer, peer, local: true, trustedProxy: false } : "unattributed";
  const address = clientOf(headers["x-forwarded-for"], isTrustedProxy);
  return address === undefined ? "unattributed" : { address, peer, local: false, trustedProxy: true };
}

/** The nearest address that is not itself a trusted proxy: everything further left is the client's own word. */
function clientOf(header: string | string[] | undefined, isTrustedProxy: (address: string) => boolean): string | undefined {
  const hops = String(header ?? "").split(",").map((hop) => bareAddress(hop.trim().replace(/^\[(.*)\](?::\d+)?$/, "$1")));
  for (const hop of hops.slice(-HOPS_MAX).reverse()) {
    if (isIP(hop) === 0) return undefined;
    if (!isTrustedProxy(hop)) return hop;
  }
  return undefined;
}
