/**
 * A private Node for the installed program, where the machine's own is too old: fetched by npm when a person says so, checked by
 * the digest that came with the program, kept in the person's home and in nobody's way. Plain JavaScript, for it runs on Node 20.
 */
import { spawn, spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const LOCK = fileURLToPath(new URL("./node-lock.json", import.meta.url));
const FETCH_MAX_MS = 10 * 60_000;
const SAID_CHARS_MAX = 4_000;

/** Where it lies, whether it is there, and the version that would be fetched. Absent in a clone, which brings its own. */
export function runtimeState(environment = process.env) {
  const dir = runtimeDir(environment);
  const node = join(dir, "node_modules", ".bin", "node");
  const offered = existsSync(LOCK) ? versionFor(JSON.parse(readFileSync(LOCK, "utf8"))) : undefined;
  const answer = existsSync(node) ? spawnSync(node, ["--version"], { encoding: "utf8", timeout: 10_000 }) : undefined;
  return { dir, offered, installed: answer?.status === 0 ? answer.stdout.trim().slice(1) : undefined };
}

/** Fetches it beside its place and moves it there whole. Throws in a sentence; an earlier one then stays. */
export async function installRuntime(environment = process.env, signal = undefined) {
  const { dir, offered } = runtimeState(environment);
  if (offered === undefined) {
    throw new Error(`There is no Node for ${process.platform}-${process.arch} to fetch; install Node 24 yourself.`);
  }
  mkdirSync(dirname(dir), { recursive: true, mode: 0o755 });
  const fresh = mkdtempSync(`${dir}.new-`);
  try {
    const lock = JSON.parse(readFileSync(LOCK, "utf8"));
    const { name, version, optionalDependencies } = lock;
    writeFileSync(join(fresh, "package.json"), JSON.stringify({ name, version, private: true, optionalDependencies }));
    cpSync(LOCK, join(fresh, "package-lock.json"));
    await runNpm([
      "ci", "--ignore-scripts", "--include=optional", "--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error",
    ], fresh, signal);
    const answer = spawnSync(join(fresh, "node_modules", ".bin", "node"), ["--version"], { encoding: "utf8", timeout: 10_000 });
    if (answer.status !== 0) throw new Error("The Node that was fetched does not start on this machine; install Node 24 yourself.");
    rmSync(dir, { recursive: true, force: true });
    renameSync(fresh, dir);
    return { dir, installed: answer.stdout.trim().slice(1) };
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
}

/** Whether there was one. */
export function removeRuntime(environment = process.env) {
  const dir = runtimeDir(environment);
  const was = existsSync(dir);
  rmSync(dir, { recursive: true, force: true });
  return was;
}

/** As core/bin/openclaw-installed finds it. */
export function runtimeDir(environment = process.env) {
  return join(environment.XDG_DATA_HOME || join(environment.HOME || homedir(), ".local", "share"), "openclaw", "runtime");
}

function versionFor({ packages }) {
  const fits = (entry) => [entry.os].flat().includes(process.platform) && [entry.cpu].flat().includes(process.arch);
  return Object.values(packages).find(fits)?.version;
}

function runNpm(args, cwd, signal) {
  return new Promise((resolve, reject) => {
    const child = spawn("npm", args, { cwd, signal, timeout: FETCH_MAX_MS, stdio: ["ignore", "ignore", "pipe"] });
    let said = "";
    child.stderr.on("data", (chunk) => {
      said = (said + chunk).slice(-SAID_CHARS_MAX);
    });
    child.on("error", (error) => {
      reject(error.code === "ENOENT" ? new Error("npm was not found on PATH; install Node 24 yourself.") : error);
    });
    child.on("close", (code) => {
      if (code === 0) resolve();
      else reject(new Error(`npm could not fetch it: ${said.trim().split("\n").at(-1) ?? `exit ${code}`}`));
    });
  });
}
