/** The runner, in a small copy of the repository whose tests pass, fail, are skipped, or leave a process behind. */
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import {
  chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { test, type TestContext } from "node:test";
import { needs, needsThat } from "../testkit/skip.ts";
import { provideSystemPackages, SYSTEM_PACKAGES } from "./test/system-packages.ts";

const root = join(import.meta.dirname, "..");

interface Answer {
  readonly code: number | null;
  readonly out: string;
}

/** A copy with these files; `run` is `npm test` in it. */
function makeClone(t: TestContext, files: Readonly<Record<string, string>>) {
  mkdirSync(join(root, ".cache"), { recursive: true });
  const path = mkdtempSync(join(root, ".cache", "runner-test-"));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  const write = (file: string, text: string): void => {
    mkdirSync(dirname(join(path, file)), { recursive: true });
    writeFileSync(join(path, file), text);
  };
  for (const part of ["scripts", "protocol", "testkit/skip.ts", "testkit/citations.ts", "testkit/package.json", "package.json"]) {
    cpSync(join(root, part), join(path, part), { recursive: true, filter: (file) => !file.endsWith(".test.ts") });
  }
  symlinkSync(join(root, "node_modules"), join(path, "node_modules"));
  // The tests that cite what the wire promises are not copied along.
  write("protocol/requirements.ts", "export const WIRE_REQUIREMENTS: readonly never[] = [];\n");
  for (const [file, text] of Object.entries(files)) write(file, text);
  const run = (verb: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Answer> => {
    const ours = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(?:NODE_TEST|OPENCLAW_TEST)/.test(name)));
    const child = spawn(process.execPath, [join(path, "scripts", "test.ts"), verb, ...args], { cwd: path, env: { ...ours, ...env } });
    let out = "";
    child.stdout.on("data", (chunk) => (out += String(chunk)));
    child.stderr.on("data", (chunk) => (out += String(chunk)));
    return new Promise((resolve) => child.on("close", (code) => resolve({ code, out })));
  };
  const homes = (): string[] => readdirSync(join(path, ".cache")).filter((name) => name.startsWith("test-home"));
  return { path, write, run, homes };
}

const head = `import { test } from "node:test"; import assert from "node:assert/strict";
import { needsThat } from "../../testkit/skip.ts";
const flying = (): { skip: string | false } => needsThat(false, { what: "flying", why: "no wings", enable: "WINGS=1 npm test" });
`;
const only = ["--only=unit", "--only=e2e"];

test("what holds is one line a phase; what was left out stands at the end, with the command that enables it", async (t) => {
  const clone = makeClone(t, {
    "core/base/a.test.ts": `${head}
      test("one holds", () => {}); test("two needs wings", flying(), () => assert.fail());`,
    "core/base/b.test.ts": `${head}test("three needs wings", flying(), () => {});`,
    "e2e/c.test.ts": `import { test } from "node:test"; test("four holds", () => {});`,
    "e2e/d.slow.test.ts": `import { test } from "node:test"; test("five is slow and fails", () => { throw new Error("slow"); });`,
  });
  const { code, out } = await clone.run("check", only);
  assert.equal(code, 0, out);
  assert.match(out, /✓ unit, contract +[\d.]+ m?s  1 test, 2 skipped\n✓ end to end +[\d.]+ m?s  1 test\n/);
  assert.match(out, /\n  flying \(2\) +no wings +WINGS=1 npm test\n/);
  assert.match(out, /\n  1 file of slow tests  check stays under a minute  npm test\n/);
  assert.match(out, /✓ Everything holds: 2 tests passed, in /);
  assert.deepEqual(clone.homes(), []);
  const full = await clone.run("test", [...only], { PATH: "" });
  assert.equal(full.code, 1);
  assert.match(full.out, /✗ five is slow and fails\n  e2e\/d\.slow\.test\.ts:1\n    Error: slow\n/);
});

test("a failure is told in full with what its file wrote, the other phases still run, and the home is kept", async (t) => {
  const clone = makeClone(t, {
    "core/base/a.test.ts": `${head}
      test("outer holds a failing part", async (t) => {
        await t.test("inner compares", () => { console.log("seen " + 6 * 7); assert.equal(1, 2); });
      });
      test("one holds", () => {});`,
    "core/base/b.test.ts": `throw new Error("broken file");`,
    "e2e/c.test.ts": `import { test } from "node:test"; test("four holds", () => {});`,
  });
  const { code, out } = await clone.run("check", only);
  assert.equal(code, 1);
  assert.match(out, /✗ outer holds a failing part ▸ inner compares\n  core\/base\/a\.test\.ts:\d+\n/);
  assert.match(out, /1 !== 2/);
  assert.match(out, /what core\/base\/a\.test\.ts wrote:\n    seen 42\n/);
  assert.match(out, /broken file/);
  assert.match(out, /✗ unit, contract .* 2 of 3 failed\n✓ end to end/);
  assert.match(out, /✗ Something does not hold: 2 tests passed, 2 failed/);
  assert.equal(clone.homes().length, 1);
});

test("small tests share a process, whoever touches what belongs to one has it alone, and a failure is told with its file", async (t) => {
  const small = Object.fromEntries(Array.from({ length: 30 }, (_, at) => [
    `core/base/s${at}.test.ts`,
    `import { test } from "node:test"; import assert from "node:assert/strict";
    test("small ${at}", () => assert.notEqual(${at}, 7));\n`,
  ]));
  const alone = `import { test } from "node:test"; import { writeFileSync } from "node:fs"; import assert from "node:assert/strict";
    test("alone", () => assert.match(process.argv[1] ?? "", /alone\\.test\\.ts$/));`;
  const clone = makeClone(t, { ...small, "core/base/alone.test.ts": alone });
  const { code, out } = await clone.run("test", only);
  assert.equal(code, 1);
  assert.match(out, /✗ small 7\n {2}core\/base\/s7\.test\.ts:2\n/);
  assert.match(out, /unit, contract +[\d.]+ m?s  1 of 31 failed\n/);
  const home = join(clone.path, ".cache", clone.homes()[0] ?? "");
  assert.deepEqual(readdirSync(home).filter((name) => name.startsWith("together-")).length, 3);
});

test("tests see a home of their own, and nothing of the person's keys and settings", async (t) => {
  const clone = makeClone(t, {
    "core/base/a.test.ts": `${head}
      import { homedir, tmpdir } from "node:os"; import { mkdtempSync } from "node:fs"; import { join } from "node:path";
      test("the environment is the run's own", () => {
        const home = process.env["OPENCLAW_TEST_HOME"] ?? "";
        assert.match(home, /\\.cache\\/test-home-\\d+$/);
        for (const path of [homedir(), tmpdir(), process.env["XDG_CONFIG_HOME"]]) assert.ok(path?.startsWith(home));
        mkdtempSync(join(tmpdir(), "a-"));
        const mustGo = ["OPENAI_API_KEY", "OPENCLAW_STATE_DIR", "OPENCLAW_GATEWAY_TOKEN", "NODE_OPTIONS"];
        for (const name of mustGo) assert.equal(process.env[name], undefined);
        assert.equal(process.env["OPENCLAW_TEST_SEED"], "7");
      });`,
  });
  const { code, out } = await clone.run("check", only, {
    OPENAI_API_KEY: "k", OPENCLAW_STATE_DIR: "/nowhere", OPENCLAW_GATEWAY_TOKEN: "t", OPENCLAW_TEST_SEED: "7",
    NODE_OPTIONS: "--no-warnings",
  });
  assert.equal(code, 0, out);
});

test("a file that never comes to its end is ended, and says what it held open", async (t) => {
  const clone = makeClone(t, {
    "core/base/a.test.ts": `${head}import { createServer } from "node:net"; test("forgets a server", () => { createServer().listen(0); });`,
    "core/base/b.test.ts": `${head}test("two holds", () => {});`,
  });
  const limits = join(clone.path, "scripts", "test.ts");
  writeFileSync(limits, readFileSync(limits, "utf8").replace("fileTimeoutMs: 90_000", "fileTimeoutMs: 3_000"));
  const { code, out } = await clone.run("check", only);
  assert.equal(code, 1);
  assert.match(out, /✗ core\/base\/a\.test\.ts\n/);
  assert.match(out, /The file did not come to its end within 3(?:\.0)? s\. Still open: .*TCPServerWrap/);
  assert.match(out, /1 of 3 failed\n/);
});

const withProc = needsThat(existsSync("/proc/self/environ"), {
  what: "finding processes that tests leave behind", why: "there is no /proc", enable: "run npm test on Linux",
});

test("a process that a test leaves running is ended and fails the run", withProc, async (t) => {
  const clone = makeClone(t, {
    "core/base/a.test.ts": `${head}import { spawn } from "node:child_process";
      test("leaves a sleeper", () => { spawn("sleep", ["97"], { detached: true, stdio: "ignore" }).unref(); });`,
  });
  const { code, out } = await clone.run("check", only);
  assert.equal(code, 1);
  const pid = Number(/1 process left running by the tests, now ended\n    (\d+)  sleep 97\n/.exec(out)?.[1]);
  assert.ok(pid > 0, out);
  assert.equal(spawnSync("cat", [`/proc/${pid}/cmdline`], { encoding: "utf8" }).stdout, "", "it is gone, or about to be taken away");
});

test("words choose the tests, and a wrong call is one sentence and exit 2", async (t) => {
  const clone = makeClone(t, {
    "core/base/a.test.ts": `${head}test("one holds", () => {});`,
    "core/app/b.test.ts": `throw new Error("not chosen");`,
  });
  const chosen = await clone.run("check", ["core/base"]);
  assert.equal(chosen.code, 0, chosen.out);
  assert.doesNotMatch(chosen.out, /types|layers/);
  const wrong = await clone.run("check", ["--fast"]);
  assert.deepEqual([wrong.code, wrong.out.includes("There is no option --fast.")], [2, true]);
});

test("imports, shape and pages are phases of their own and name what is wrong", async (t) => {
  const clone = makeClone(t, {
    "core/package.json": "{}",
    "core/base/utils.ts": `import "../app/main.ts";\nexport {};\n`,
    "core/app/main.ts": "export {};\n",
  });
  const { code, out } = await clone.run("check", ["--only=layers", "--only=tidy", "--only=docs"]);
  assert.equal(code, 1);
  assert.match(out, /core\/base\/utils\.ts:1  imports \.\.\/app\/main\.ts  \(base imports nothing above it\)\n✗ layers/);
  assert.match(out, /core\/base\/utils\.ts  "utils" says nothing/);
  assert.match(out, /docs\/errors\.md is out of date\. Run: npm run docs\n/);
});

// ── Debian packages ──────────────────────────────────────────────────────────────────────────────────────────────────

/** A folder of stand-ins for `apt-get`, and the environment to find them in. */
function makeMachine(t: TestContext, aptGet: string) {
  mkdirSync(join(root, ".cache"), { recursive: true });
  const path = mkdtempSync(join(root, ".cache", "packages-test-"));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  mkdirSync(join(path, "bin"));
  writeFileSync(join(path, "bin", "apt-get"), `#!/bin/sh\necho "$@" >> "${path}/asked"\n${aptGet}\n`);
  chmodSync(join(path, "bin", "apt-get"), 0o755);
  symlinkSync("/bin/sh", join(path, "bin", "sh"));
  writeFileSync(join(path, "asked"), "");
  return { path, env: { PATH: join(path, "bin") }, asked: (): string => readFileSync(join(path, "asked"), "utf8") };
}

const dpkg = spawnSync("sh", ["-c", "command -v dpkg && command -v dpkg-deb"], { encoding: "utf8" }).stdout.trim().split("\n");
const withDpkg = needsThat(dpkg.length === 2, {
  what: "unpacking Debian packages", why: "dpkg is not on this machine", enable: "run npm test on Debian",
});

test("wanted packages are unpacked into the clone's cache, and nothing is installed unasked", withDpkg, (t) => {
  const machine = makeMachine(t, `for last; do :; done; cp "$PACKAGES/$last.deb" "$last.deb"`);
  for (const [name, command] of [["bubblewrap", "bwrap"], ["strace", "strace"]] as const) {
    const tree = join(machine.path, name);
    mkdirSync(join(tree, "DEBIAN"), { recursive: true });
    mkdirSync(join(tree, "usr", "bin"), { recursive: true });
    const control = ["Version: 1", "Architecture: all", "Maintainer: none", "Description: none", ""].join("\n");
    writeFileSync(join(tree, "DEBIAN", "control"), `Package: ${name}\n${control}`);
    writeFileSync(join(tree, "usr", "bin", command), "#!/bin/sh\n", { mode: 0o755 });
    spawnSync("dpkg-deb", ["--build", tree, join(machine.path, `${name}.deb`)]);
  }
  const programs = spawnSync("sh", ["-c", "command -v cp; command -v tar; command -v rm"], { encoding: "utf8" }).stdout.trim().split("\n");
  for (const path of [...programs, ...dpkg]) symlinkSync(path, join(machine.path, "bin", basename(path)));
  const env = { ...machine.env, PACKAGES: machine.path };
  const provided = provideSystemPackages({ root: machine.path, env, mayInstall: false, mayDownload: true });
  assert.deepEqual(provided.lines, ["unpacked bubblewrap into .cache/debian", "unpacked strace into .cache/debian"]);
  assert.deepEqual(provided.tools, [join(machine.path, ".cache", "debian", "usr", "bin")]);
  assert.ok(existsSync(join(machine.path, ".cache", "debian", "usr", "bin", "bwrap")));
  assert.doesNotMatch(machine.asked(), /install/);
  assert.deepEqual(provideSystemPackages({ root: machine.path, env, mayInstall: false, mayDownload: true }).lines, []);
});

test("a machine that cannot reach its packages says why, once for each, and check does not even ask", (t) => {
  const machine = makeMachine(t, `echo "E: Unable to reach the archive" >&2; exit 100`);
  const options = { root: machine.path, env: machine.env, mayInstall: false };
  assert.deepEqual(provideSystemPackages({ ...options, mayDownload: false }), { tools: [], lines: [] });
  assert.equal(machine.asked(), "");
  assert.deepEqual(provideSystemPackages({ ...options, mayDownload: true }).lines,
    ["bubblewrap not unpacked: E: Unable to reach the archive", "strace not unpacked: E: Unable to reach the archive"]);
});

const asRoot = needs("root", "installing Debian packages");

test("with leave and root all wanted packages are installed in one go", asRoot, (t) => {
  const commands = SYSTEM_PACKAGES.map(({ command }) => `echo '#!/bin/sh' > "$BIN/${command}"`).join("; ");
  const machine = makeMachine(t, commands);
  const env = { ...machine.env, BIN: join(machine.path, "bin") };
  const { lines } = provideSystemPackages({ root: machine.path, env, mayInstall: true, mayDownload: true });
  const names = SYSTEM_PACKAGES.map(({ name }) => name);
  assert.deepEqual(lines, [`installed ${names.join(", ")}`]);
  assert.equal(machine.asked(), `install -y --no-install-recommends ${names.join(" ")}\n`);
});
