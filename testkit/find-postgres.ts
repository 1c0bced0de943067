import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";

const DEBIAN = "/usr/lib/postgresql";

/** The folder of its programs, or undefined where it is not installed. */
export function findPostgres(): string | undefined {
  if (!existsSync(DEBIAN)) return undefined;
  return readdirSync(DEBIAN).map((version) => join(DEBIAN, version, "bin")).findLast((bin) => existsSync(join(bin, "initdb")));
}
