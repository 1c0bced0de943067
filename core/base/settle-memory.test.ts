import assert from "node:assert/strict";
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
