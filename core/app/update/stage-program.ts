/** A version in a file: looked at, unpacked beside the present one, and asked whether it works on this machine. */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { OpenClawError } from "@openclaw/protocol";

export interface PackageFile {
  readonly file: string;
  readonly version: string;
  readonly sha256: string;
}

const INSTALL_MS = 600_000;
const ASK_MS = 60_000;
const SAID_CHARS_MAX = 2_000;

/** Throws UPDATE_UNFIT for what is no packed OpenClaw. */
export async function readPackageFile(file: string, signal: AbortSignal): Promise<PackageFile> {
  const said = await run("tar", ["-xzOf", file, "package/package.json"], ASK_MS, process.env, signal);
  const unfit = (why: string): OpenClawError => new OpenClawError("UPDATE_UNFIT", { why, next: "Make one in a clone: npm run pack" });
  if (said.code !== 0) throw unfit(`${file} cannot be read as a package.`);
  const manifest = parse(said.stdout);
  if (manifest?.["name"] !== "openclaw" || typeof manifest["version"] !== "string") throw unfit(`${file} is not OpenClaw.`);
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  return { file, version: manifest["version"], sha256: hash.digest("hex") };
}

/**
 * Unpacks it with npm, which runs no script, and has it say its version and read the configuration. Gives its folder. Throws
 * UPDATE_UNFIT, and then nothing but `stage` was touched.
 */
export async function stageProgram(
  { file, version }: PackageFile, stage: string, environment: NodeJS.ProcessEnv, configArgs: readonly string[], signal: AbortSignal,
): Promise<string> {
  await rm(stage, { recursive: true, force: true });
  await mkdir(stage, { recursive: true });
  const options = ["--ignore-scripts", "--prefer-offline", "--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error"];
  const npm = await run("npm", ["install", "--global", `--prefix=${stage}`, ...options, file], INSTALL_MS, environment, signal);
  if (npm.code !== 0) throw new OpenClawError("UPDATE_UNFIT", { why: `npm could not unpack it: ${lastLine(npm)}` });
  const root = join(stage, "lib", "node_modules", "openclaw");
  const command = join(root, "bin", "openclaw");
  const asked = await run(command, ["--version"], ASK_MS, environment, signal);
  if (asked.code !== 0 || !asked.stdout.includes(version)) {
    throw new OpenClawError("UPDATE_UNFIT", { why: `The new program does not start here: ${lastLine(asked)}` });
  }
  const config = await run(command, [...configArgs, "config", "validate"], ASK_MS, environment, signal);
  if (config.code !== 0) {
    throw new OpenClawError("UPDATE_UNFIT", {
      why: `The new program does not take this configuration: ${lastLine(config)}`, next: "Mend the configuration, then run it again.",
    });
  }
  return root;
}

interface Said { readonly code: number; readonly stdout: string; readonly stderr: string }

function run(program: string, args: readonly string[], timeout: number, env: NodeJS.ProcessEnv, signal: AbortSignal): Promise<Said> {
  return new Promise((resolve, reject) => {
    execFile(program, [...args], { signal, timeout, env, maxBuffer: 4_194_304 }, (error, stdout, stderr) => {
      if (signal.aborted) return reject(signal.reason as Error);
      const missing = error !== null && "code" in error && error.code === "ENOENT";
      const code = error === null ? 0 : typeof error.code === "number" ? error.code : 1;
      resolve({ code, stdout, stderr: (missing ? `${program} was not found.` : stderr).slice(-SAID_CHARS_MAX) });
    });
  });
}

function lastLine({ stdout, stderr, code }: Said): string {
  return (stderr.trim() || stdout.trim()).split("\n").at(-1) ?? `exit ${code}`;
}

function parse(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    return JSON.parse(text) as Readonly<Record<string, unknown>>;
  } catch {
    return undefined;
  }
}
