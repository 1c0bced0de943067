/** The well-known program, installed from the registry into a directory outside this tree. Never a dependency of ours. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { CLIENT } from "./client-version.ts";

const INSTALL_MS = 600_000;

/** The path of its command line. Installs it unless that version is there; throws with npm's own words when that fails. */
export async function installClients(dir: string): Promise<string> {
  const home = join(dir, "node_modules", CLIENT.name);
  const main = join(home, "openclaw.mjs");
  if ((await versionAt(home)) === CLIENT.version) return main;
  await mkdir(dir, { recursive: true });
  await writeFile(join(dir, "package.json"), JSON.stringify({ private: true }));
  const npm = spawn("npm", ["install", "--no-audit", "--no-fund", "--no-save", `${CLIENT.name}@${CLIENT.version}`], {
    cwd: dir, stdio: ["ignore", "pipe", "pipe"], timeout: INSTALL_MS,
  });
  let said = "";
  for (const stream of [npm.stdout, npm.stderr]) stream.on("data", (chunk: Buffer) => (said = (said + chunk.toString()).slice(-4_000)));
  await once(npm, "close");
  if ((await versionAt(home)) !== CLIENT.version) throw new Error(`npm could not install ${CLIENT.name}@${CLIENT.version}:\n${said}`);
  return main;
}

async function versionAt(home: string): Promise<string | undefined> {
  try {
    return (JSON.parse(await readFile(join(home, "package.json"), "utf8")) as { readonly version?: string }).version;
  } catch {
    return undefined;
  }
}
