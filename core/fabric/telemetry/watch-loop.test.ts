import assert from "node:assert/strict";
import { test } from "node:test";
import { VirtualClock } from "@openclaw/testkit/virtual-clock";
import { setTimeout as wait } from "node:timers/promises";
import { createLoopWatch } from "./watch-loop.ts";

function block(ms: number): void {
  for (const until = performance.now() + ms; performance.now() < until; );
}

test("a loop that stood still is told of, once (S1.46)", async () => {
  const watch = createLoopWatch(new VirtualClock());
  assert.equal(watch.read().delayMs, undefined);
  await wait(30);
  block(120);
  await wait(30);
  const { delayMs } = watch.read();
  assert.ok((delayMs?.max ?? 0) > 90, JSON.stringify(delayMs));
  await wait(50);
  assert.ok((watch.read().delayMs?.max ?? 0) < (delayMs?.max ?? 0), "the reading before took it along");
  watch.close();
});

test("nobody asks for a minute: measuring ends, and begins again with the next reading", async () => {
  const clock = new VirtualClock();
  const watch = createLoopWatch(clock);
  watch.read();
  await clock.advance(60_001);
  assert.equal(watch.read().delayMs, undefined);
  watch.close();
});
