/**
 * The launcher, started as people start it: real processes, the real npm, in a small copy of the repository whose
 * dependencies are folders of its own, so that nothing is downloaded.
 */
import assert from "node:assert/strict";
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import {
  chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync,
} from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { after, test, type TestContext } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { ERRORS } from "../protocol/errors.ts";
import { endChild } from "../testkit/end-with-us.ts";
import { needs, needsThat } from "../testkit/skip.ts";
import { isAlive, startTimeOf } from "./launch/running.mjs";

const root = join(import.meta.dirname, "..");

// ── a small copy of the repository ───────────────────────────────────────────────────────────────────────────────────

/** Stands for the gateway: starts one process of its own group, drains on SIGTERM and SIGINT, and writes down what it got. */
const fakeMain = `
import { spawn } from "node:child_process";
import { appendFileSync, writeFileSync } from "node:fs";
const args: readonly string[] = process.argv.slice(2);
if (args.includes("--version")) console.log("openclaw 0.0.0 " + args.join(" "));
else if (args.includes("--fail")) process.exitCode = 42;
else if (args.includes("--die")) process.kill(process.pid, "SIGKILL");
else {
  const node = spawn("sleep", ["60"], { detached: true, stdio: "ignore" });
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.on(signal, () => {
    appendFileSync("signals", signal + "\\n");
    if (signal === "SIGHUP") return;
    node.kill("SIGKILL");
    setTimeout(() => process.exit(0), 50);
  });
  setInterval(() => {}, 1000);
  writeFileSync("pids", JSON.stringify([process.pid, node.pid]));
}
`;

interface Skeleton {
  readonly path: string;
  write(file: string, text: string): void;
  read(file: string): string;
  /** Changes a locked version, so that what is installed is stale. */
  bump(version: string): void;
}

/** Bare, as it was cloned. */
function makeSkeleton(t: TestContext): Skeleton {
  mkdirSync(join(root, ".cache"), { recursive: true });
  const path = mkdtempSync(join(root, ".cache", "launch-test-"));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return fillSkeleton(path);
}

let installed: string | undefined;
after(() => rmSync(installed ?? "", { recursive: true, force: true }));

/** Set up already: what npm made of it once, copied. */
function makeInstalled(t: TestContext): Skeleton {
  if (installed === undefined) {
    mkdirSync(join(root, ".cache"), { recursive: true });
    installed = mkdtempSync(join(root, ".cache", "launch-test-"));
    fillSkeleton(installed);
    const set = spawnSync(process.execPath, ["scripts/launch.mjs", "openclaw", "--version"], { cwd: installed, env: plainEnvironment() });
    assert.equal(set.status, 0, String(set.stderr));
  }
  const skeleton = makeSkeleton(t);
  cpSync(join(installed, "node_modules"), join(skeleton.path, "node_modules"), {
    recursive: true, preserveTimestamps: true, verbatimSymlinks: true,
  });
  return skeleton;
}

function fillSkeleton(path: string): Skeleton {
  const write = (file: string, text: string): void => {
    mkdirSync(dirname(join(path, file)), { recursive: true });
    writeFileSync(join(path, file), text);
  };
  const bump = (version: string): void => {
    write("node24/package.json", JSON.stringify({ name: "node24", version, bin: { node: "run" } }));
    const own = { node24: "file:node24" };
    const scripts = { start: "node scripts/launch.mjs start" };
    write("package.json", JSON.stringify({ name: "skeleton", private: true, type: "module", version, scripts, optionalDependencies: own }));
    write("package-lock.json", JSON.stringify({
      name: "skeleton", version, lockfileVersion: 3, requires: true,
      packages: {
        "": { name: "skeleton", version, optionalDependencies: own },
        node24: { version, optional: true, bin: { node: "run" } },
        "node_modules/node24": { resolved: "node24", link: true },
      },
    }));
  };
  bump("1.0.0");
  write("node24/run", `#!/bin/sh\nexec "${process.execPath}" "$@"\n`);
  chmodSync(join(path, "node24", "run"), 0o755);
  write("core/app/main.ts", fakeMain);
  for (const part of ["scripts/launch", "scripts/launch.mjs", "scripts/paint.mjs", "core/bin"]) {
    cpSync(join(root, part), join(path, part), { recursive: true });
  }
  return { path, write, bump, read: (file) => readFileSync(join(path, file), "utf8") };
}

/** The environment a person has who just cloned: nothing of the run we are part of. */
function plainEnvironment(extra: Readonly<Record<string, string>> = {}): Record<string, string> {
  const env: Record<string, string> = {};
  for (const [name, value] of Object.entries(process.env)) {
    if (value !== undefined && !/^(?:npm_|NODE_)/.test(name)) env[name] = value;
  }
  return { ...env, ...extra };
}

interface Answer {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

function launch(
  skeleton: Skeleton, args: readonly string[], env: Readonly<Record<string, string>> = {}, node = process.execPath,
): Promise<Answer> {
  const script = join(skeleton.path, "scripts", "launch.mjs");
  return answerOf(spawn(node, [script, ...args], { cwd: skeleton.path, env: plainEnvironment(env) }));
}

function answerOf(child: ChildProcess): Promise<Answer> {
  let out = "";
  let err = "";
  child.stdout?.on("data", (chunk) => (out += String(chunk)));
  child.stderr?.on("data", (chunk) => (err += String(chunk)));
  return new Promise((resolve) => child.on("close", (code) => resolve({ code, out, err })));
}

/** Waits for what must come; the deadline only bounds a failure. */
async function until(what: string, holds: () => boolean): Promise<void> {
  for (let tries = 0; tries < 400; tries++) {
    if (holds()) return;
    await wait(25);
  }
  assert.fail(`did not happen: ${what}`);
}

// ── set-up ───────────────────────────────────────────────────────────────────────────────────────────────────────────

test("a bare clone is set up by npm start, once, and says so once; the version is asked of the program", async (t) => {
  const skeleton = makeSkeleton(t);
  const options = { cwd: skeleton.path, env: plainEnvironment() };
  const start = (): Promise<Answer> => answerOf(spawn("npm", ["start", "--silent", "--", "--version"], options));
  const first = await start();
  assert.equal(first.code, 0, first.err);
  assert.equal(first.out, "openclaw 0.0.0 --version\n");
  assert.match(first.err, /Setting up \(first start only\)…\n. Set up in /);
  assert.doesNotMatch(first.err, /EBADENGINE/);
  const second = await start();
  assert.deepEqual([second.code, second.out], [0, "openclaw 0.0.0 --version\n"]);
  assert.doesNotMatch(second.err, /Set|Updat/);
});

test("arguments reach the gateway after its own, and its exit code comes back", async (t) => {
  const skeleton = makeInstalled(t);
  assert.equal((await launch(skeleton, ["start", "--fail"])).code, 42);
  assert.equal((await launch(skeleton, ["start", "--die"])).code, 128 + 9);
  assert.equal((await launch(skeleton, ["openclaw", "status", "--version"])).out, "openclaw 0.0.0 status --version\n");
  const wrong = await launch(skeleton, ["dance"]);
  assert.deepEqual([wrong.code, wrong.err.includes("Say one of: start")], [2, true]);
});

test("what is stale is brought up to date, and editing a script or a description is nothing to do", async (t) => {
  const skeleton = makeInstalled(t);
  skeleton.write("package.json", skeleton.read("package.json").replace('"start":', '"extra":"true","start":'));
  assert.equal((await launch(skeleton, ["openclaw", "--version"])).err, "");
  skeleton.bump("1.0.1");
  assert.match((await launch(skeleton, ["openclaw", "--version"])).err, /Updating the dependencies/);
  assert.equal((await launch(skeleton, ["openclaw", "--version"])).err, "");
});

test("a tree that npm ci made by hand is taken as it is; a half-made one is not", async (t) => {
  const skeleton = makeSkeleton(t);
  assert.equal(spawnSync("npm", ["ci", "--silent"], { cwd: skeleton.path, env: plainEnvironment() }).status, 0);
  assert.equal((await launch(skeleton, ["openclaw", "--version"])).err, "");
  rmSync(join(skeleton.path, "node_modules", ".package-lock.json"));
  assert.match((await launch(skeleton, ["openclaw", "--version"])).err, /Updating/);
});

test("node_modules is never replaced while a gateway runs from it: one sentence with its pid, exit 75", async (t) => {
  const skeleton = makeInstalled(t);
  const gateway = spawn("sleep", ["60"]);
  t.after(() => gateway.kill("SIGKILL"));
  const pid = gateway.pid ?? 0;
  skeleton.write(`.cache/running/${pid}.json`, JSON.stringify({ pid, startedAt: startTimeOf(pid), what: "gateway on port 18789" }));
  skeleton.write("node_modules/mark", "");
  skeleton.bump("1.0.1");
  const refused = await launch(skeleton, ["start", "--version"]);
  assert.equal(refused.code, 75);
  assert.match(refused.err, new RegExp(`gateway on port 18789 \\(pid ${pid}\\) still runs from this copy\\. Stop it .*, then retry\\.\n$`));
  assert.ok(existsSync(join(skeleton.path, "node_modules", "mark")));

  gateway.kill("SIGKILL");
  await until("the gateway is gone", () => !isAlive(pid, null));
  assert.equal((await launch(skeleton, ["start", "--version"])).code, 0);
  assert.deepEqual(readdirSync(join(skeleton.path, ".cache", "running")), []);
});

const onLinux = needs("linux", "telling a process from a later one of the same number");

test("a note whose number now belongs to another process holds nothing up", onLinux, async (t) => {
  const skeleton = makeInstalled(t);
  skeleton.write(`.cache/running/${process.pid}.json`, JSON.stringify({ pid: process.pid, startedAt: "1", what: "gateway" }));
  assert.equal((await launch(skeleton, ["start", "--version"])).code, 0);
});

/** Stands for npm: is at it until the test says so, and leaves a line, so that a test can count how often it ran. */
const slowNpm = `
const fs = require("node:fs");
fs.appendFileSync("npm-ran", process.argv.slice(2).join(" ") + "\\n");
const waiting = setInterval(() => {
  if (!fs.existsSync("go-on")) return;
  clearInterval(waiting);
  fs.mkdirSync("node_modules/.bin", { recursive: true });
  fs.symlinkSync("../../node24/run", "node_modules/.bin/node");
  fs.writeFileSync("node_modules/.package-lock.json", "{}");
}, 20);
`;

test("of two set-ups at once one waits for the other, and npm runs once", async (t) => {
  const skeleton = makeSkeleton(t);
  skeleton.write("npm-cli.cjs", slowNpm);
  const env = { npm_execpath: join(skeleton.path, "npm-cli.cjs") };
  const answers = await Promise.all([1, 2].map(() => {
    const args = [join(skeleton.path, "scripts", "launch.mjs"), "start", "--version"];
    const child = spawn(process.execPath, args, { cwd: skeleton.path, env: plainEnvironment(env) });
    child.stderr.on("data", (chunk) => {
      if (/Another set-up/.test(String(chunk))) skeleton.write("go-on", "");
    });
    return answerOf(child);
  }));
  assert.deepEqual(answers.map(({ code }) => code), [0, 0]);
  assert.equal(skeleton.read("npm-ran").trim().split("\n").length, 1);
  assert.equal(answers.filter(({ err }) => /Another set-up is under way \(pid \d+\); waiting/.test(err)).length, 1);
  assert.match(skeleton.read("npm-ran"), /^ci --include=dev --include=optional --ignore-scripts --prefer-offline/);
  assert.equal(existsSync(join(skeleton.path, ".cache", "setup.lock")), false);
});

test("the lock of a set-up that died is broken", async (t) => {
  const skeleton = makeSkeleton(t);
  skeleton.write(".cache/setup.lock/holder.json", JSON.stringify({ pid: 2 ** 22 + 1, startedAt: "1" }));
  assert.equal((await launch(skeleton, ["start", "--version"])).code, 0);
});

test("when npm fails its last 30 lines are shown without engine warnings, and nothing else; exit 69", async (t) => {
  const skeleton = makeSkeleton(t);
  skeleton.write("npm-cli.cjs", `
    for (let i = 1; i <= 40; i++) console.error("line " + i + "\\nnpm warn EBADENGINE x");
    process.exitCode = 1;
  `);
  const failed = await launch(skeleton, ["start"], { npm_execpath: join(skeleton.path, "npm-cli.cjs") });
  assert.equal(failed.code, 69);
  assert.match(failed.err, /first start only\)…\nline 11\nline 12\n/);
  assert.match(failed.err, /line 40\n. The dependencies could not be installed/);
  assert.doesNotMatch(failed.err, /EBADENGINE|line 10\n/);
});

test("a manifest that the lock file does not fit is npm's to explain, and what is installed stays", async (t) => {
  const skeleton = makeInstalled(t);
  skeleton.write("package.json", skeleton.read("package.json").replace(`"file:node24"`, `"file:node24","more":"file:more"`));
  const failed = await launch(skeleton, ["openclaw", "--version"]);
  assert.equal(failed.code, 69);
  assert.match(failed.err, /in sync/);
  assert.match(failed.err, /Run npm install here, and keep the package-lock\.json it writes\.\n$/);
  assert.ok(existsSync(join(skeleton.path, "node_modules", ".bin", "node")));
});

// ── what was compiled ahead ──────────────────────────────────────────────────────────────────────────────────────────

/** Stands for gateways and tests of the same clone: each ends now and then, and writes what it compiled. */
const busyWriter = `
const { mkdirSync, writeFileSync, renameSync } = require("node:fs");
for (let i = 0; ; i = (i + 1) % 500) {
  try {
    mkdirSync(process.argv[1], { recursive: true });
    writeFileSync(process.argv[1] + "/" + i + ".new", "compiled");
    renameSync(process.argv[1] + "/" + i + ".new", process.argv[1] + "/" + i);
  } catch (error) {
    if (error.code !== "ENOENT") throw error;
  }
}
`;

test("two starts at once in one clone both work while others write to the cache of compiled code, and nothing they have there is torn "
  + "away (S3.13)", async (t) => {
  const skeleton = makeInstalled(t);
  const folder = join(skeleton.path, ".cache", "compile", "v24.21.0-x64-of-a-gateway");
  mkdirSync(folder, { recursive: true });
  for (const name of ["of-who-runs", ...Array.from({ length: 500 }, (_, i) => String(i))]) writeFileSync(join(folder, name), "compiled");
  const writers = [1, 2].map(() => spawn(process.execPath, ["-e", busyWriter, folder], { stdio: "ignore" }));
  t.after(() => writers.forEach((writer) => writer.kill("SIGKILL")));
  const answers = await Promise.all([1, 2].map(() => launch(skeleton, ["start", "now", "--version"])));
  const said = "openclaw 0.0.0 gateway run now --version\n";
  assert.deepEqual(answers, [1, 2].map(() => ({ code: 0, out: said, err: "" })));
  assert.deepEqual(writers.map(({ exitCode }) => exitCode), [null, null]);
  await Promise.all(writers.map((writer) => endChild(writer, "SIGKILL"))); // before its folder is taken away
  assert.ok(existsSync(join(folder, "of-who-runs")));
  const own = readdirSync(join(skeleton.path, ".cache", "compile")).find((name) => name.startsWith(process.version)) ?? "";
  assert.ok(readdirSync(join(skeleton.path, ".cache", "compile", own)).length > 0, "and the program was compiled");
});

test("a cache that cannot be made, or is full of what is gone, keeps no start from starting (S3.13)", async (t) => {
  const skeleton = makeInstalled(t);
  const cache = join(skeleton.path, "elsewhere");
  mkdirSync(join(cache, "v24"), { recursive: true });
  for (let i = 0; i <= 8_000; i++) writeFileSync(join(cache, "v24", String(i)), "");
  const full = await launch(skeleton, ["start", "x", "--version"], { NODE_COMPILE_CACHE: cache });
  assert.deepEqual(full, { code: 0, out: "openclaw 0.0.0 gateway run x --version\n", err: "" });
  assert.deepEqual(readdirSync(cache).filter((name) => !name.startsWith(process.version)), ["warm"]);
  skeleton.write("a-file", "");
  const broken = await launch(skeleton, ["start", "x", "--version"], { NODE_COMPILE_CACHE: join(skeleton.path, "a-file", "below") });
  assert.equal(broken.code, 0, broken.err);
});

// ── which Node ───────────────────────────────────────────────────────────────────────────────────────────────────────

const oldNode = (process.env["PATH"] ?? "").split(delimiter).map((folder) => join(folder, "node")).find((path) => {
  if (!existsSync(path)) return false;
  const major = Number.parseInt(spawnSync(path, ["-p", "process.versions.node"], { encoding: "utf8" }).stdout, 10);
  return major >= 20 && major < 24;
}) ?? "";
const withOldNode = needsThat(oldNode !== "", {
  what: "starting on Node 20", why: "no Node between 20 and 23 is on PATH", enable: "PATH=/path/to/node-20/bin:$PATH npm test",
});

test("on Node 20 the launcher goes on under the Node 24 of the dependencies", withOldNode, async (t) => {
  const skeleton = makeInstalled(t);
  skeleton.write("core/app/main.ts", `const v: string = process.version; console.log(v);`);
  assert.equal((await launch(skeleton, ["openclaw"], {}, oldNode)).out, `${process.version}\n`);
});

test("without any Node 24 one sentence of the catalogue is printed, and the exit code is 69", withOldNode, async (t) => {
  const skeleton = makeSkeleton(t);
  skeleton.write("npm-cli.cjs", slowNpm.replace(/^.*symlinkSync.*$/m, ""));
  skeleton.write("go-on", "");
  const refused = await launch(skeleton, ["start"], { PATH: "/nowhere", npm_execpath: join(skeleton.path, "npm-cli.cjs") }, oldNode);
  assert.equal(refused.code, ERRORS.RUNTIME_MISSING.exit);
  assert.ok(refused.err.endsWith(` ${ERRORS.RUNTIME_MISSING.text} ${ERRORS.RUNTIME_MISSING.next}\n`), refused.err);
});

test("the command line starts at once through any link, and goes by the launcher when the lock file is newer", async (t) => {
  const skeleton = makeSkeleton(t);
  symlinkSync(join(skeleton.path, "core", "bin", "openclaw"), join(skeleton.path, "link"));
  const run = (): Promise<Answer> => answerOf(spawn(join(skeleton.path, "link"), ["--version"], { cwd: "/", env: plainEnvironment() }));
  assert.match((await run()).err, /Setting up/);
  const direct = await run();
  assert.deepEqual(direct, { code: 0, out: "openclaw 0.0.0 --version\n", err: "" });
  skeleton.bump("1.0.1");
  assert.match((await run()).err, /Updating/);
});

// ── signals ──────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Starts without a terminal, and waits until the fake gateway and its node run. */
async function startDetached(t: TestContext, skeleton: Skeleton, command: string, args: readonly string[]) {
  const started = spawn(command, args, { cwd: skeleton.path, env: plainEnvironment(), detached: true, stdio: "ignore" });
  const ended = new Promise<number | null>((resolve) => started.on("exit", resolve));
  await until("the gateway runs", () => existsSync(join(skeleton.path, "pids")));
  await until("its pids are written", () => skeleton.read("pids").endsWith("]"));
  const [gateway = 0, node = 0] = JSON.parse(skeleton.read("pids")) as number[];
  t.after(() => {
    for (const pid of [started.pid ?? 0, gateway, node]) if (isAlive(pid, null)) process.kill(pid, "SIGKILL");
  });
  const allGone = (): boolean => [gateway, node].every((pid) => !isAlive(pid, null));
  return { started, ended, gateway, node, allGone };
}

for (const signal of ["SIGTERM", "SIGKILL"] as const) {
  test(`${signal} to npm without a terminal leaves no process behind`, async (t) => {
    const skeleton = makeInstalled(t);
    const { started, allGone } = await startDetached(t, skeleton, "npm", ["start"]);
    started.kill(signal);
    await until("gateway and node are gone", allGone);
    assert.equal(skeleton.read("signals"), "SIGTERM\n");
  });
}

test("a shell between npm and the launcher that outlives npm does not hide its death", async (t) => {
  const skeleton = makeInstalled(t);
  skeleton.write("package.json", skeleton.read("package.json").replace("launch.mjs start", "launch.mjs start; true"));
  const { started, allGone } = await startDetached(t, skeleton, "npm", ["start"]);
  started.kill("SIGKILL");
  await until("gateway and node are gone", allGone);
});

test("SIGINT is survived and not passed on, SIGHUP and SIGTERM are passed on; the gateway's exit code is ours", async (t) => {
  const skeleton = makeInstalled(t);
  const { started, ended, gateway } = await startDetached(t, skeleton, process.execPath, ["scripts/launch.mjs", "start"]);
  started.kill("SIGINT");
  await wait(200);
  assert.ok(isAlive(gateway, null) && isAlive(started.pid ?? 0, null));
  assert.equal(existsSync(join(skeleton.path, "signals")), false);
  started.kill("SIGHUP");
  await until("SIGHUP arrived", () => existsSync(join(skeleton.path, "signals")));
  started.kill("SIGTERM");
  assert.equal(await ended, 0);
  assert.equal(skeleton.read("signals"), "SIGHUP\nSIGTERM\n");
});

test("Ctrl-C reaches the gateway once, and everybody waits until it has drained", async (t) => {
  const skeleton = makeInstalled(t);
  const { started, ended, allGone } = await startDetached(t, skeleton, process.execPath, ["scripts/launch.mjs", "start"]);
  process.kill(-(started.pid ?? 0), "SIGINT"); // as a terminal does: to the whole foreground group
  assert.equal(await ended, 0);
  assert.ok(allGone());
  assert.equal(skeleton.read("signals"), "SIGINT\n");
});
