/**
 * Which host and origin an upgrade may name.
 *
 * A browser on this machine carries requests for any page it shows: one that opens a socket to localhost, or one whose name
 * was rebound to an address of ours. The first is told by its Origin, the second by its Host: a name that anybody in the world
 * may own is refused unless the owner allowed it.
 */
import { isIP } from "node:net";
import { isPrivateAddress } from "./networks.ts";

/** Is this the address of this machine as the socket sees it? */
export function isLoopbackAddress(address: string): boolean {
  const bare = address.startsWith("::ffff:") ? address.slice(7) : address;
  return bare === "::1" || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(bare);
}

export interface HostRules {
  readonly port: number;
  /** Host values the owner allows beside these; lowercase. */
  readonly hosts: readonly string[];
  /** It listens beyond loopback, or stands behind a proxy of the tailnet. */
  readonly beyondLoopback: boolean;
}

/** The far end of a tunnel names its own port: any will do from this machine, as long as a page does not name another. */
export function isHostAllowed(host: string | undefined, origin: string | undefined, rules: HostRules): boolean {
  if (host === undefined) return false;
  const value = host.toLowerCase();
  if (rules.hosts.includes(value)) return true;
  const parts = /^(\[[0-9a-f:]+\]|[^:[\]]+)(?::(\d{1,5}))?$/.exec(value);
  const name = parts?.[1];
  if (name === undefined) return false;
  const isOwnPort = parts?.[2] === undefined || Number(parts[2]) === rules.port;
  if (isLoopbackName(name)) return isOwnPort || origin === undefined || hostOf(origin) === value;
  return rules.beyondLoopback && (isAddress(name) || isNearName(name) || rules.hosts.includes(name));
}

/** Undefined when the origin may connect, else the wire's reason. A missing Origin is fine unless it is `required`. */
export function refuseOrigin(
  origin: string | undefined,
  options: { readonly required: boolean; readonly local: boolean; readonly allowed: readonly string[]; readonly host?: string | undefined },
): "origin missing or invalid" | "origin not allowed" | undefined {
  if (origin === undefined) return options.required ? "origin missing or invalid" : undefined;
  const url = URL.canParse(origin) ? new URL(origin) : undefined;
  if (url === undefined || (url.protocol !== "http:" && url.protocol !== "https:")) return "origin missing or invalid";
  if (options.allowed.includes("*") || options.allowed.includes(origin.toLowerCase())) return undefined;
  if (options.local && isLoopbackName(url.hostname)) return undefined;
  const isOwnPage = options.host !== undefined && url.host === options.host.toLowerCase();
  return isOwnPage && (
    isNearName(url.hostname) || isPrivateAddress(url.hostname.replace(/^\[|\]$/g, ""))
  ) ? undefined : "origin not allowed";
}

function hostOf(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined;
}

function isLoopbackName(name: string): boolean {
  return name === "localhost" || name === "[::1]" || isLoopbackAddress(name);
}

function isAddress(name: string): boolean {
  return isIP(name.replace(/^\[|\]$/g, "")) !== 0;
}

/** Names that only this network, or the tailnet, gives out. */
function isNearName(name: string): boolean {
  return name.endsWith(".local") || name.endsWith(".ts.net");
}
