/**
 * The packed program, installed far from the clone as a stranger would: an empty home, npm's own command, no file of the clone
 * within reach. It is started there on Node 20 and on Node 24.
 */
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import {
  existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, statSync, symlinkSync, writeFileSync,
} from "node:fs";
import { homedir, tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { after, test, type TestContext } from "node:test";
import { endChild, endWithUs } from "@openclaw/testkit/end-with-us";
import { endProcessesIn } from "@openclaw/testkit/processes-in";
import { freePort, PROGRAM_ROOT } from "@openclaw/testkit/real-gateway";
import { needsThat } from "@openclaw/testkit/skip";

const INSTALLED_BYTES_MAX = 30 * 1_048_576;
const PACKAGES_MAX = 60;
const STEP_MS = 120_000;
const READY_MS = 60_000;

const cache = process.env["npm_config_cache"] ?? join(homedir(), ".npm");
// npm runs under our Node here: it is to believe whom the machine believes.
const trust = { NODE_USE_SYSTEM_CA: "1" };
const reachable = spawnSync("npm", ["view", "ws@8.23.0", "version", "--prefer-offline", "--fetch-retries=0", "--fetch-timeout=8000"], {
  encoding: "utf8", timeout: 20_000, cwd: tmpdir(), env: { ...process.env, ...trust, npm_config_cache: cache },
}).status === 0;
const registry = needsThat(reachable, {
  what: "installing the packed program far from the clone", why: "npm reaches no registry", enable: "run npm test where npm install works",
});
const node20 = (process.env["PATH"] ?? "").split(delimiter).map((folder) => join(folder, "node"))
  .find((node) => existsSync(node) && /^v2[0-3]\./.test(spawnSync(node, ["--version"], { encoding: "utf8" }).stdout ?? ""));

const far = mkdtempSync(join(tmpdir(), "openclaw-far-"));
after(() => {
  endProcessesIn(far);
  rmSync(far, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
});
const prefix = join(far, "prefix");
const command = join(prefix, "bin", "openclaw");
const installed = join(prefix, "lib", "node_modules", "openclaw");

/** A world of its own: a home, and one Node on PATH. */
function openWorld(name: string, node: string): { readonly env: Record<string, string>; run(...argv: readonly string[]): Ran } {
  const home = join(far, name);
  const bin = join(home, "bin");
  mkdirSync(bin, { recursive: true });
  symlinkSync(realpathSync(node), join(bin, "node"));
  const others = (process.env["PATH"] ?? "").split(delimiter).filter((folder) => !folder.includes("node_modules"));
  const env = {
    PATH: [bin, ...others].join(delimiter), HOME: home, TMPDIR: tmpdir(), NO_COLOR: "1", npm_config_cache: cache,
    npm_config_update_notifier: "false", ...trust,
    ...(process.env["OPENCLAW_TEST_HOME"] === undefined ? {} : { OPENCLAW_TEST_HOME: process.env["OPENCLAW_TEST_HOME"] }),
  };
  return {
    env,
    run: (program = "", ...args) => {
      const { status, stdout, stderr } = spawnSync(program, args, { cwd: home, env, encoding: "utf8", timeout: STEP_MS });
      return { status, stdout, stderr, all: stdout + stderr };
    },
  };
}

interface Ran {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly all: string;
}

function mustRun(ran: Ran): string {
  assert.equal(ran.status, 0, ran.all);
  return ran.stdout;
}

test("the packed program installs far from the clone without a script, and answers, serves its page, takes a node, is upgraded and "
  + "uninstalled there (S0.32, S1.34, S3.2, S3.13, S4.30)", registry, async (t) => {
  const packer = join(PROGRAM_ROOT, "scripts", "pack.ts");
  const packed = spawnSync(process.execPath, [packer, `--to=${far}`], { encoding: "utf8", timeout: STEP_MS });
  assert.equal(packed.status, 0, packed.stderr);
  const tarball = join(far, readdirSync(far).find((name) => name.endsWith(".tgz")) ?? "");
  const { env, run } = openWorld("home24", process.execPath);
  const home = join(far, "home24");
  const bare = readdirSync(home, { recursive: true }).sort();
  const npm = (verb: string, ...more: readonly string[]): string => mustRun(run("npm", verb, "-g", `--prefix=${prefix}`, ...more));
  const install = (): string => npm("install", "--prefer-offline", "--no-audit", "--no-fund", tarball);
  install();

  const packages = filesBelow(prefix).filter((file) => /node_modules\/(?:@[^/]+\/)?[^/]+\/package\.json$/.test(file));
  assert.ok(packages.length <= PACKAGES_MAX, `${packages.length} packages`);
  const bytes = filesBelow(prefix).reduce((sum, file) => sum + statSync(file).size, 0);
  assert.ok(bytes <= INSTALLED_BYTES_MAX, `${bytes} bytes`);
  for (const file of packages) {
    const { scripts = {} } = JSON.parse(readFileSync(file, "utf8")) as { readonly scripts?: Readonly<Record<string, string>> };
    assert.deepEqual(["preinstall", "install", "postinstall"].filter((name) => name in scripts), [], file);
  }
  const own = filesBelow(installed).filter((file) => !file.includes("node_modules/openclaw/node_modules/"));
  assert.deepEqual(own.filter((file) => /\.ts$|\.test\.|\.testing\./.test(file)), []);
  assert.deepEqual(own.filter((file) => /\.m?js$/.test(file) && /["']@openclaw\//.test(readFileSync(file, "utf8"))), []);

  assert.match(mustRun(run(command, "--version")), /^openclaw \d+\.\d+\.\d+\n$/);
  const first = await startInstalled(t, env);
  const html = await (await fetch(`http://127.0.0.1:${first.port}/`, { headers: { accept: "text/html" } })).text();
  const assets = [...html.matchAll(/(?:src|href)="([^"]*assets\/[^"]+)"/g)].map(([, path = ""]) => path);
  assert.ok(html.includes('id="draft"') && assets.length >= 3, html);
  for (const path of assets) assert.equal((await fetch(new URL(path, `http://127.0.0.1:${first.port}/`))).status, 200, path);
  assert.match(first.output(), /Try {2}openclaw agent/, "outside a clone npx openclaw is another program");
  const ask = (...words: readonly string[]): string => mustRun(run(command, "--port", String(first.port), ...words));
  assert.match(ask("agent", "--message", "How busy is this machine?"), /exec {2}local.*exit 0/s);

  const token = ask("config", "get", "gatewayToken").trim();
  const lab = { ...env, OPENCLAW_NODE_DIR: join(far, "lab") };
  const url = `http://127.0.0.1:${first.port}`;
  const pairing = ["node", "pair", "--url", url, "--token", token, "--name", "lab"];
  const pair = spawnSync(command, pairing, { env: lab, encoding: "utf8", timeout: STEP_MS });
  assert.equal(pair.status, 0, pair.stdout + pair.stderr);
  const node = spawn(command, ["node", "start", "--tags=gpu"], { env: lab, stdio: "ignore" });
  endWithUs(node);
  t.after(() => endChild(node, "SIGKILL"));
  for (const began = Date.now(); !/online\s+lab\b/.test(ask("nodes")); ) assert.ok(Date.now() - began < READY_MS, ask("nodes"));
  assert.match(ask("agent", "--message", "Run uptime on the 'gpu' node"), /exec {2}lab/);
  await endChild(node, "SIGTERM");

  const update = (file: string): Ran =>
    run(command, "--port", String(first.port), "update", "--from", file, "--yes", "--stay", "0", "--json");
  assert.match(update(tarball).all, /STATE_HELD.*openclaw service install/s, "a gateway in a terminal is its person's to stop");
  assert.equal(await first.stop(), 0);
  const refused = update(breakProgram(tarball));
  assert.deepEqual([refused.status, /UPDATE_TAKEN_BACK/.test(refused.all)], [1, true], refused.all);
  assert.match(mustRun(run(command, "--version")), /^openclaw \d+\.\d+\.\d+\n$/, "the present program is back");
  assert.match(mustRun(update(tarball)), /"changed": true.*"backup": "[^"]+\.tar"/s);
  const again = await startInstalled(t, env);
  assert.match(mustRun(run(command, "--port", String(again.port), "sessions", "history", "main")), /How busy is this machine/);
  assert.equal(await again.stop(), 0);
  writeFileSync(join(home, ".bashrc"), "export A=1\nsource <(openclaw completion bash)\n");
  const before = readdirSync(home).sort();
  const planned = mustRun(run(command, "uninstall", "--dry-run"));
  assert.match(planned, /\.openclaw {2}conversations.*\.cache\/openclaw.*\.bashrc.*Nothing was removed/s);
  assert.deepEqual(readdirSync(home).sort(), before);
  assert.match(planned, /\.openclaw-previous {2}the program before the last update/);
  mustRun(run(command, "uninstall", "--yes", "--with-backups"));
  assert.ok(before.includes(".openclaw"));
  const left = readdirSync(home, { recursive: true }).sort();
  assert.deepEqual(left, [".bashrc", ...bare], "of what it kept there is nothing, no folder either");
  assert.equal(readFileSync(join(home, ".bashrc"), "utf8"), "export A=1\n");
});

test("on Node 20 the installed command fetches nothing unasked, a private Node when told, and runs on it until it is removed (S3.13)", {
  skip: registry.skip !== false ? registry.skip : needsThat(node20 !== undefined, {
    what: "the installed program on Node 20", why: "there is no Node 20 on PATH", enable: "put a Node 20 on PATH",
  }).skip,
}, async (t) => {
  const { env, run } = openWorld("home20", node20 ?? "");
  assert.match(mustRun(run(command, "--version")), /^openclaw \d/);
  const refused = run(command, "status");
  assert.deepEqual([refused.status, /openclaw runtime install/.test(refused.stderr)], [69, true], refused.all);
  assert.ok(!existsSync(join(far, "home20", ".local")), "nothing is fetched unasked");

  const lock = join(installed, "core", "app", "private-node", "node-lock.json");
  assert.match(readFileSync(lock, "utf8"), /"integrity": "sha512-/);
  mustRun(run(command, "runtime", "install"));
  assert.match(mustRun(run(command, "runtime", "status")), /Node 24\..*private/);
  const gateway = await startInstalled(t, env);
  assert.match(mustRun(run(command, "--port", String(gateway.port), "agent", "--message", "Run uptime")), /exec {2}local.*exit 0/s);
  assert.equal(await gateway.stop(), 0);
  mustRun(run(command, "runtime", "remove"));
  assert.equal(run(command, "status").status, 69);
  assert.ok(!existsSync(join(far, "home20", ".local", "share", "openclaw", "runtime")));
});

test("npm takes the package away whole (S3.13)", registry, () => {
  mustRun(openWorld("home-last", process.execPath).run("npm", "uninstall", "-g", `--prefix=${prefix}`, "openclaw"));
  assert.deepEqual(filesBelow(prefix), []);
});

async function startInstalled(t: TestContext, env: Record<string, string>): Promise<{
  readonly port: number; output(): string; stop(): Promise<number | null>;
}> {
  const port = await freePort();
  let output = "";
  const child = spawn(command, ["gateway", "run", "--port", String(port)], { env, stdio: ["ignore", "pipe", "pipe"] });
  endWithUs(child);
  t.after(() => endChild(child, "SIGKILL"));
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (output += chunk.toString()));
  for (const began = Date.now(); !/Try {2}.*\n/.test(output); ) {
    if (child.exitCode !== null || Date.now() - began > READY_MS) assert.fail(output);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return { port, output: () => output, stop: () => endChild(child, "SIGTERM") };
}

/** The same program as a later version whose gateway does not come up. */
function breakProgram(tarball: string): string {
  const folder = join(far, "broken");
  mkdirSync(folder);
  const tar = (...args: readonly string[]): void => assert.equal(spawnSync("tar", args, { timeout: STEP_MS }).status, 0, args.join(" "));
  tar("-xzf", tarball, "-C", folder);
  for (const name of ["package.json", "core/package.json"]) {
    const file = join(folder, "package", name);
    writeFileSync(file, readFileSync(file, "utf8").replace(/"version": "[^"]+"/, '"version": "9.9.9"'));
  }
  writeFileSync(join(folder, "package", "core", "app", "serve-gateway.js"), 'throw new Error("it does not work here");\n');
  tar("-czf", `${folder}.tgz`, "-C", folder, "package");
  rmSync(folder, { recursive: true });
  return `${folder}.tgz`;
}

function filesBelow(folder: string): readonly string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true, recursive: true }).filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}
