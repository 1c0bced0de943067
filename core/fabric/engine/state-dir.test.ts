import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { hasCode, OpenClawError } from "@openclaw/protocol";
import { VirtualClock } from "../../../testkit/virtual-clock.ts";
import { digestOf, makeForeignState } from "../../../testkit/foreign-state.ts";
import { systemIds } from "../../base/ids.ts";
import { prepareDatabase } from "./prepare-database.ts";
import { resolveStateDir } from "./resolve-state-dir.ts";
import { SCHEMA } from "./sqlite-schema.ts";
import { openStateDir, type StateDir } from "./state-dir.ts";

const clock = new VirtualClock();

function makeHome(t: TestContext): string {
  const home = mkdtempSync(join(tmpdir(), "engine-state-"));
  t.after(() => rmSync(home, { recursive: true, force: true }));
  return home;
}

function openIn(dir: string, port: number | null = 18_789): Promise<StateDir> {
  return openStateDir({ dir, clock, ids: systemIds, port });
}

async function refusal(opening: Promise<StateDir>): Promise<OpenClawError> {
  const error = await opening.then(
    () => assert.fail("it opened"),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof OpenClawError, String(error));
  return error;
}

test("the directory and its parts are made for their user alone", async (t) => {
  const dir = join(makeHome(t), "deep", ".openclaw");
  const before = process.umask(0);
  t.after(() => process.umask(before));
  await using state = await openIn(dir);
  for (const path of [dir, state.blobsDir, state.credentialsDir, state.workspaceDir, join(dir, "state")])
    assert.equal(statSync(path).mode & 0o777, 0o700, path);
  assert.equal(statSync(join(dir, "owner.json")).mode & 0o077, 0);
  assert.equal(state.databasePath, join(dir, "state", "openclaw.sqlite"));
});

test("a directory that others may enter is STATE_UNSAFE, with the command that mends it", async (t) => {
  const dir = join(makeHome(t), "it's open");
  mkdirSync(dir);
  chmodSync(dir, 0o755);
  const error = await refusal(openIn(dir));
  assert.ok(hasCode(error, "STATE_UNSAFE"));
  assert.equal(error.next, `Run: chmod 700 '${dir.replace("'", `'\\''`)}'`);
  assert.equal(statSync(dir).mode & 0o777, 0o755);
  chmodSync(dir, 0o700);
  await (await openIn(dir))[Symbol.asyncDispose]();
  chmodSync(join(dir, "credentials"), 0o750);
  assert.ok(hasCode(await refusal(openIn(dir)), "STATE_UNSAFE"));
  chmodSync(join(dir, "credentials"), 0o700);
  await (await openIn(dir))[Symbol.asyncDispose]();
});

test("a directory of the well-known program is STATE_FOREIGN, with the way in, and not a byte changes (S4.7)", async (t) => {
  const home = makeHome(t);
  const { dir, close } = makeForeignState(home, { open: true });
  t.after(close);
  chmodSync(dir, 0o755);
  const before = digestOf(dir);
  const error = await refusal(openIn(dir));
  assert.ok(hasCode(error, "STATE_FOREIGN"));
  assert.match(error.next, /migrate from-openclaw --profile/);
  assert.deepEqual(digestOf(dir), before);
  close();
  rmSync(join(dir, "state"), { recursive: true });
  assert.ok(hasCode(await refusal(openIn(dir)), "STATE_FOREIGN"), "by its agents");
});

test("a directory with a configuration and empty parts, or a database of ours without its lock, is nobody else's", async (t) => {
  const dir = join(makeHome(t), "state");
  mkdirSync(join(dir, "agents", "main", "agent"), { recursive: true, mode: 0o700 });
  mkdirSync(join(dir, "state"), { mode: 0o700 });
  writeFileSync(join(dir, "openclaw.json"), "{}");
  writeFileSync(join(dir, "state", "openclaw.sqlite"), "");
  await (await openIn(dir))[Symbol.asyncDispose]();
  rmSync(join(dir, "owner.sqlite"));
  rmSync(join(dir, "state", "openclaw.sqlite"));
  prepareDatabase(join(dir, "state", "openclaw.sqlite"), SCHEMA).close();
  await (await openIn(dir))[Symbol.asyncDispose]();
});

test("a second owner is STATE_HELD and told who holds it; when the first lets go it may enter", async (t) => {
  const dir = join(makeHome(t), "state");
  const first = await openIn(dir, null);
  assert.match((await refusal(openIn(dir))).message, new RegExp(`held by process ${process.pid}, started`));
  await first.announcePort(4_321);
  const error = await refusal(openIn(dir));
  assert.ok(hasCode(error, "STATE_HELD"));
  assert.deepEqual(error.detail, { dir, pid: process.pid, port: 4_321, startedAtMs: clock.now() });
  assert.ok(error.message.includes(`process ${process.pid} on port 4321`));
  assert.ok(error.message.includes(new Date(clock.now()).toISOString()));
  await first[Symbol.asyncDispose]();
  await first[Symbol.asyncDispose]();
  assert.equal(existsSync(join(dir, "owner.json")), false);
  await (await openIn(dir))[Symbol.asyncDispose]();
});

test("a damaged owner.json does not weaken the lock", async (t) => {
  const dir = join(makeHome(t), "state");
  await using held = await openIn(dir);
  for (const content of ["", "null", '{"pid":"x"}', "not json"]) {
    writeFileSync(join(held.dir, "owner.json"), content);
    const error = await refusal(openIn(dir));
    assert.ok(hasCode(error, "STATE_HELD"));
    assert.match(error.message, /is in use/);
  }
});

test("kill -9 of the holder frees the directory, and owner.json of the dead does not matter", async (t) => {
  const home = makeHome(t);
  const dir = join(home, "state");
  const script = join(home, "holder.ts");
  const [stateUrl, baseUrl] = ["./state-dir.ts", "../../base/"].map((path) => new URL(path, import.meta.url).href);
  writeFileSync(
    script,
    `
    import { openStateDir } from ${JSON.stringify(stateUrl)};
    import { systemClock } from ${JSON.stringify(`${baseUrl}clock.ts`)};
    import { systemIds } from ${JSON.stringify(`${baseUrl}ids.ts`)};
    globalThis.held = await openStateDir({ dir: ${JSON.stringify(dir)}, clock: systemClock, ids: systemIds, port: 777 });
    process.stdout.write("held");
    setInterval(() => {}, 1_000);
  `,
  );
  const child = spawn(process.execPath, [script], { stdio: ["ignore", "pipe", "inherit"] });
  await once(child.stdout, "data");
  const error = await refusal(openIn(dir));
  assert.ok(hasCode(error, "STATE_HELD"));
  assert.deepEqual([error.detail["pid"], error.detail["port"]], [child.pid, 777]);
  child.kill("SIGKILL");
  await once(child, "exit");
  assert.ok(existsSync(join(dir, "owner.json")));
  const next = await openIn(dir, 888);
  const held = await refusal(openIn(dir));
  assert.deepEqual([held.detail["pid"], held.detail["port"]], [process.pid, 888]);
  await next[Symbol.asyncDispose]();
});

test("what a crash left half-made, a secret or a note of the owner, is gone when the next owner is in (S0.16)", async (t) => {
  const dir = makeHome(t);
  await (await openIn(dir))[Symbol.asyncDispose]();
  const left = [join(dir, "credentials", "gateway-token.49c0eaed6aff8975.new"), join(dir, "owner.json.0mb7")];
  const kept = [join(dir, "credentials", "gateway-token"), join(dir, "openclaw.json")];
  for (const path of [...left, ...kept]) writeFileSync(path, "x", { mode: 0o600 });
  await using _ = await openIn(dir);
  assert.deepEqual([...left, ...kept].map((path) => existsSync(path)), [false, false, true, true]);
});

test("the state directory comes from the environment, else the profile, else the home directory", () => {
  const home = "/home/ada";
  assert.equal(resolveStateDir({ env: {}, home }), "/home/ada/.openclaw");
  assert.equal(resolveStateDir({ env: {}, home, profile: "work" }), "/home/ada/.openclaw-work");
  assert.equal(resolveStateDir({ env: {}, home, profile: "default" }), "/home/ada/.openclaw");
  assert.equal(resolveStateDir({ env: { OPENCLAW_STATE_DIR: "/srv/claw" }, home, profile: "work" }), "/srv/claw");
  assert.equal(resolveStateDir({ env: { OPENCLAW_STATE_DIR: "~/claw" }, home }), "/home/ada/claw");
  assert.equal(resolveStateDir({ env: { OPENCLAW_STATE_DIR: "claw" }, home }), join(process.cwd(), "claw"));
  assert.equal(resolveStateDir({ env: { OPENCLAW_STATE_DIR: " " }, home }), "/home/ada/.openclaw");
  for (const profile of ["", "../up", "a/b", "a b", "-x"]) {
    assert.throws(() => resolveStateDir({ env: {}, home, profile }), { code: "CONFIG_INVALID" });
  }
});
