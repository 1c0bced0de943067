import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test, type TestContext } from "node:test";
import { VirtualClock } from "@openclaw/testkit/virtual-clock";
import { needs } from "@openclaw/testkit/skip";
import { createLogger } from "../../fabric/telemetry.ts";
import { tellSystemd } from "./tell-systemd.ts";
import { formatUnit, type UnitOptions } from "./unit.ts";

/** Systemd's own measure of how much is open: 0 nothing, 10 everything. */
const EXPOSURE_MAX = 3.0;

for (const scope of ["user", "system"] as const) {
  const what = `the ${scope} unit is one that systemd takes without a word, and closed by systemd's own measure (S3.13)`;
  test(what, needs("systemd-analyze"), (t) => {
    const file = write(t, formatUnit(optionsOf(scope)));
    const verified = spawnSync("systemd-analyze", [...(scope === "user" ? ["--user"] : []), "verify", file], {
      encoding: "utf8", timeout: 30_000, env: { ...process.env, XDG_RUNTIME_DIR: dirname(file) },
    });
    assert.deepEqual([verified.status, verified.stdout, verified.stderr], [0, "", ""]);
    const measured = spawnSync("systemd-analyze", ["security", "--offline=true", "--no-pager", file], {
      encoding: "utf8", timeout: 30_000,
    });
    const exposure = Number(/Overall exposure level for .*: ([\d.]+)/.exec(measured.stdout)?.[1]);
    assert.ok(exposure <= EXPOSURE_MAX, `${exposure}\n${measured.stdout}${measured.stderr}`);
  });
}

test("paths with blanks, quotes, percents and dollars stand in the unit as they are (S3.13)", needs("systemd-analyze"), (t) => {
  const text = formatUnit({ ...optionsOf("system"), stateDir: "/tmp/a b%c$d", args: ["gateway", "run", "--odd", 'x "y" %z'] });
  assert.match(text, /ReadWritePaths="\/tmp\/a b%%c\$\$d"/);
  assert.match(text, /--odd "x \\"y\\" %%z"/);
  const file = write(t, text);
  assert.equal(spawnSync("systemd-analyze", ["verify", file], { encoding: "utf8", timeout: 30_000 }).stderr, "");
});

test("systemd is told of the start, twice in each period of its watchdog, and of the end; a message that fails is logged and no more "
  + "(S3.13)", async () => {
  const clock = new VirtualClock();
  const told: string[] = [];
  const lines: string[] = [];
  const failing = { now: false };
  const stopping = new AbortController();
  const telling = tellSystemd({
    clock, log: createLogger({ write: (line) => lines.push(line), clock }), status: "Listening on x",
    environment: { WATCHDOG_USEC: "60000000", WATCHDOG_PID: String(process.pid) },
    send: async (words) => {
      told.push(words.join(" "));
      if (failing.now) throw new Error("no socket");
    },
  }, stopping.signal);
  const pass = async (ms: number): Promise<void> => {
    while (clock.pending === 0) await new Promise(setImmediate);
    await clock.advance(ms);
    await new Promise(setImmediate);
  };
  await pass(29_999);
  assert.deepEqual(told, ["READY=1 STATUS=Listening on x"]);
  await pass(1);
  failing.now = true;
  await pass(30_000);
  assert.deepEqual(told.slice(1), ["WATCHDOG=1", "WATCHDOG=1"]);
  stopping.abort(new Error("stopping"));
  await telling;
  assert.deepEqual([told.at(-1), lines.filter((line) => line.includes("service.untold")).length], ["STOPPING=1", 2]);
});

function optionsOf(scope: "user" | "system"): UnitOptions {
  return {
    scope, command: "/bin/true", args: ["gateway", "run"], path: "/usr/bin:/bin", stateDir: "/tmp/openclaw-state",
    writable: ["/tmp/openclaw-state-backups"],
    ...(scope === "system" ? { owner: { name: "daemon", uid: 1, gid: 1, home: "/nonexistent" } } : {}),
  };
}

function write(t: TestContext, text: string): string {
  const dir = mkdtempSync(join(tmpdir(), "openclaw-unit-"));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  const file = join(dir, "openclaw-tried.service");
  writeFileSync(file, text);
  return file;
}
