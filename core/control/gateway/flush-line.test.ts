import assert from "node:assert/strict";
import { test } from "node:test";
import { VirtualClock } from "../../../testkit/virtual-clock.ts";
import { FlushLine } from "./flush-line.ts";

test("what is added is called once and in order, some milliseconds in a turn, and the loop is free in between (S0.40)", async () => {
  const clock = new VirtualClock();
  let atMs = 0;
  const line = new FlushLine({ now: () => atMs, monotonic: () => atMs, wait: clock.wait.bind(clock), after: clock.after.bind(clock) }, 4);
  const called: number[] = [];
  const seen: number[] = [];
  for (let one = 0; one < 200; one += 1) line.add({ flush: () => {
    called.push(one);
    atMs += 0.5;
    if (one === 3) line.add({ flush: () => void called.push(200) });
  } });
  assert.equal(called.length, 0, "nothing in the turn that adds");
  while (called.length < 201) {
    await new Promise((resolve) => setImmediate(resolve));
    seen.push(called.length);
  }
  assert.deepEqual(called, Array.from({ length: 201 }, (_, one) => one));
  assert.ok(seen.length >= 10, `the loop was free ${seen.length} times`);
  for (const [at, count] of seen.entries()) assert.ok(count - (seen[at - 1] ?? 0) <= 16);
  line.add({ flush: () => void called.push(201) });
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(called.at(-1), 201);
});
