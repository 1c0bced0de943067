/** Addresses and networks as people write them. */
import { BlockList, isIP, isIPv6 } from "node:net";

/** `::ffff:10.0.0.1` is `10.0.0.1`. */
export function bareAddress(address: string): string {
  const bare = address.replace(/%.*$/, "");
  return bare.startsWith("::ffff:") && bare.includes(".") ? bare.slice(7) : bare;
}

/** Answers whether an address is one of `entries`: addresses, or networks such as `10.0.0.0/8`. What is neither matches nothing. */
export function createNetworkMatch(entries: readonly string[]): (address: string) => boolean {
  if (entries.length === 0) return () => false;
  const list = new BlockList();
  for (const entry of entries) {
    const [address = "", prefix] = entry.trim().split("/", 2);
    const family = isIP(address) === 6 ? "ipv6" : "ipv4";
    const widest = family === "ipv6" ? 128 : 32;
    if (isIP(address) === 0) continue;
    if (prefix === undefined) list.addAddress(address, family);
    else if (/^\d{1,3}$/.test(prefix) && Number(prefix) <= widest) list.addSubnet(address, Number(prefix), family);
  }
  return (address) => {
    const bare = bareAddress(address);
    return isIP(bare) !== 0 && list.check(bare, isIPv6(bare) ? "ipv6" : "ipv4");
  };
}

/** The addresses Tailscale gives out. */
export const isTailnetAddress = createNetworkMatch(["100.64.0.0/10", "fd7a:115c:a1e0::/48"]);
/** Networks that no router passes on to the world. */
export const isPrivateAddress = createNetworkMatch([
  "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "100.64.0.0/10", "fc00::/7", "fe80::/10",
]);
