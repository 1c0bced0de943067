/** The demo is what a newcomer runs second: it must end well, look plain in a pipe, and leave nothing behind. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { setTimeout as wait } from "node:timers/promises";

async function startDemo(t: TestContext) {
  // Not beside other temporary homes, so that what is left behind can be told.
  const home = await mkdtemp(join(tmpdir(), "demo-test-"));
  t.after(() => rm(home, { recursive: true, force: true }));
  const child = spawn(process.execPath, [join(import.meta.dirname, "demo.ts")], {
    env: { ...process.env, TMPDIR: home }, stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text: string) => (output += text));
  return { child, output: () => output, left: () => readdir(home) };
}

test("the demo ends with 0 after a kill in mid-command, tells it plainly in a pipe, and leaves nothing behind", async (t) => {
  const { child, output, left } = await startDemo(t);
  await once(child, "close");
  assert.equal(child.exitCode, 0, output());
  assert.match(output(), /kill -9 \d+/);
  assert.match(output(), /12 of 12 lines/);
  assert.match(output(), /All as promised/);
  assert.doesNotMatch(output(), /\x1b/);
  assert.deepEqual(await left(), []);
});

test("an interrupted demo ends what it started and says so with 130", async (t) => {
  const { child, output, left } = await startDemo(t);
  while (!output().includes("step 1 of")) await wait(20);
  child.kill("SIGINT");
  await once(child, "close");
  assert.equal(child.exitCode, 130, output());
  assert.deepEqual(await left(), []);
});
