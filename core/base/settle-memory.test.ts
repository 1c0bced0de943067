import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { VirtualClock } from "../../testkit/virtual-clock.ts";
import { settleWhenQuiet } from "./settle-memory.ts";

test("memory is settled once, and not while somebody is served: a process that stops for it would keep them waiting (S0.40)", async () => {
  const clock = new VirtualClock();
  const world = { done: 0 as number | undefined, settled: 0 };
  settleWhenQuiet({ clock, afterMs: 3_000, done: () => world.done, settle: () => void (world.settled += 1) });
  await clock.advance(2_600);
  world.done = 1;
  await clock.advance(1_000);
  assert.equal(world.settled, 1, "quiet between two looks");
  await clock.advance(60_000);
  assert.equal(world.settled, 1);
});

test("as long as something is done or under way it waits, and at last gives up (S0.40)", async () => {
  const clock = new VirtualClock();
  const world = { done: 0 as number | undefined, settled: 0 };
  const settle = (): void => void (world.settled += 1);
  const closer = settleWhenQuiet({ clock, afterMs: 3_000, done: () => world.done, settle });
  for (let at = 0; at < 20; at += 1) {
    world.done = at;
    await clock.advance(500);
  }
  world.done = undefined;
  await clock.advance(5_000);
  assert.equal(world.settled, 0);
  closer.close();
  settleWhenQuiet({ clock, afterMs: 3_000, done: () => undefined, settle });
  await clock.advance(120_000);
  world.done = 5;
  assert.equal(world.settled, 0);
});

/** Collected in the thread that allocates: by how much was allocated, and not by how busy the machine is. */
const ALONE = ["--single-threaded-gc", "--min-semi-space-size=4", "--max-semi-space-size=8", "--trace-gc"];

test("a bounded heap is looked at long before it is full of garbage, also when it is told while it runs (S1.46)", () => {
  const collections = (before: string): number => {
    const program = `
      import { boundHeap } from ${JSON.stringify(join(import.meta.dirname, "settle-memory.ts"))};
      ${before}
      const kept = [];
      for (let step = 0; step < 12_000; step += 1) {
        kept.push(Array.from({ length: 200 }, (_, at) => ({ at, text: "x" + at + step })));
        if (kept.length > 300) kept.shift();
        if (step % 20 === 0) await new Promise(setImmediate);
      }`;
    const args = [...ALONE, "--input-type=module", "--eval", program];
    const { stdout, status, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
    assert.equal(status, 0, stderr);
    return stdout.split("Mark-Compact").length - 1;
  };
  const [bounded, unbounded] = [collections("boundHeap();"), collections("")];
  assert.ok(bounded >= 2 * unbounded && unbounded >= 1, `${bounded} collections, and ${unbounded} where nothing was told`);
});
