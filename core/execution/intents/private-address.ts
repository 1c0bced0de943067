import { BlockList, isIP } from "node:net";

const LOCAL = new BlockList();
for (const [net, bits] of [
  ["0.0.0.0", 8], ["10.0.0.0", 8], ["100.64.0.0", 10], ["127.0.0.0", 8], ["169.254.0.0", 16], ["172.16.0.0", 12], ["192.0.0.0", 24],
  ["192.0.2.0", 24], ["192.88.99.0", 24], ["192.168.0.0", 16], ["198.18.0.0", 15], ["198.51.100.0", 24], ["203.0.113.0", 24],
  ["224.0.0.0", 3],
] as const) LOCAL.addSubnet(net, bits, "ipv4");

const GLOBAL_V6 = new BlockList();
GLOBAL_V6.addSubnet("2000::", 3, "ipv6");
const SPECIAL_V6 = new BlockList();
for (const [net, bits] of [["2001::", 23], ["2001:db8::", 32], ["2002::", 16], ["3fff::", 20]] as const) {
  SPECIAL_V6.addSubnet(net, bits, "ipv6");
}

/**
 * Does the address belong to this machine, a private network or something that is no single host? Whatever is no address is
 * private too: only what is known to be public is not.
 */
export function isPrivateAddress(address: string): boolean {
  const plain = address.replace(/^\[|\]$/g, "").replace(/%.*$/, "");
  switch (isIP(plain)) {
    case 4: return LOCAL.check(plain, "ipv4");
    case 6: return !GLOBAL_V6.check(plain, "ipv6") || SPECIAL_V6.check(plain, "ipv6");
    default: return true;
  }
}
