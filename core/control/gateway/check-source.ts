/**
 * Which host and origin an upgrade may name.
 *
 * The gateway listens on loopback only, but a browser on this machine carries requests for any page it shows: one that
 * opens a socket to localhost, or one whose name was rebound to 127.0.0.1. The first is told by its Origin, the second by
 * its Host.
 */

/** Is this the address of this machine as the socket sees it? */
export function isLoopbackAddress(address: string): boolean {
  const bare = address.startsWith("::ffff:") ? address.slice(7) : address;
  return bare === "::1" || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(bare);
}

/** `hosts` are further Host values the owner allows, such as the far end of a tunnel. */
export function isHostAllowed(host: string | undefined, port: number, hosts: readonly string[]): boolean {
  if (host === undefined) return false;
  const value = host.toLowerCase();
  if (hosts.includes(value)) return true;
  const parts = /^(\[[0-9a-f:]+\]|[^:[\]]+)(?::(\d{1,5}))?$/.exec(value);
  return parts?.[1] !== undefined && isLoopbackName(parts[1]) && (parts[2] === undefined || Number(parts[2]) === port);
}

/** Undefined when the origin may connect, else the wire's reason. A missing Origin is fine unless it is `required`. */
export function refuseOrigin(
  origin: string | undefined, options: { readonly required: boolean; readonly local: boolean; readonly allowed: readonly string[] },
): "origin missing or invalid" | "origin not allowed" | undefined {
  if (origin === undefined) return options.required ? "origin missing or invalid" : undefined;
  const url = URL.canParse(origin) ? new URL(origin) : undefined;
  if (url === undefined || (url.protocol !== "http:" && url.protocol !== "https:")) return "origin missing or invalid";
  if (options.allowed.includes("*") || options.allowed.includes(origin.toLowerCase())) return undefined;
  return options.local && isLoopbackName(url.hostname) ? undefined : "origin not allowed";
}

function isLoopbackName(name: string): boolean {
  return name === "localhost" || name === "[::1]" || isLoopbackAddress(name);
}
