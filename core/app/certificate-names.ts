/** What a new certificate is for: this machine by name and by its present addresses. */
import { isIP } from "node:net";
import { hostname, networkInterfaces } from "node:os";

const NAMES_MAX = 64;

export function certificateNames(): readonly string[] {
  const name = hostname().replace(/[^A-Za-z0-9.-]/g, "").replace(/\..*$/, "");
  const addresses = Object.values(networkInterfaces()).flatMap((faces) => (faces ?? []).map(({ address }) => address.replace(/%.*$/, "")));
  const own = [
    "localhost", ...(name === "" ? [] : [name, `${name}.local`]), "127.0.0.1", "::1", ...addresses.filter((one) => isIP(one) !== 0),
  ];
  return [...new Set(own)].slice(0, NAMES_MAX);
}
