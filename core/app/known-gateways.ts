/** Certificates that a person has taken for right on this machine, by address. One small file; losing it means comparing again. */
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";

const FILE = "known-gateways.json";
const GATEWAYS_MAX = 256;

/** The fingerprint that was taken for `url`, or undefined. A damaged file knows nobody. */
export async function knownFingerprint(stateDir: string, url: string): Promise<string | undefined> {
  return (await load(stateDir))[new URL(url).host];
}

export async function rememberGateway(stateDir: string, url: string, fingerprint: string): Promise<void> {
  const entries = Object.entries({ ...(await load(stateDir)), [new URL(url).host]: fingerprint }).slice(-GATEWAYS_MAX);
  await mkdir(stateDir, { recursive: true, mode: 0o700 });
  const path = join(stateDir, FILE);
  await writeFile(`${path}.new`, `${JSON.stringify(Object.fromEntries(entries), null, 2)}\n`, { mode: 0o600, flush: true });
  await rename(`${path}.new`, path);
}

async function load(stateDir: string): Promise<Readonly<Record<string, string>>> {
  try {
    const stored: unknown = JSON.parse(await readFile(join(stateDir, FILE), "utf8"));
    if (typeof stored !== "object" || stored === null) return {};
    return Object.fromEntries(Object.entries(stored).filter(([, value]) => typeof value === "string"));
  } catch {
    return {};
  }
}
