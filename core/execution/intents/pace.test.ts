import assert from "node:assert/strict";
import { test } from "node:test";
import { VirtualClock } from "../../../testkit/virtual-clock.ts";
import { Pace } from "./pace.ts";

const forever = new AbortController().signal;

test("no more than allowed are under way, in the order of asking; a full line is BACKPRESSURE (S2.40)", async () => {
  const pace = new Pace(new VirtualClock(), { perMinute: 6_000, concurrency: 2, waitingMax: 2 });
  const order: string[] = [];
  const enter = (name: string): Promise<() => void> => pace.enter(forever).then((leave) => {
    order.push(name);
    return leave;
  });
  const [first] = [await enter("a"), await enter("b")];
  const waiting = [enter("c"), enter("d")];
  await assert.rejects(pace.enter(forever), { code: "BACKPRESSURE" });
  assert.deepEqual([pace.running, pace.waiting], [2, 2]);
  first();
  first(); // harmless
  await waiting[0];
  assert.deepEqual([order, pace.running, pace.waiting], [["a", "b", "c"], 2, 1]);
});

test("a rate is kept over time, with a burst of a tenth of a minute", async () => {
  const clock = new VirtualClock();
  const pace = new Pace(clock, { perMinute: 60, concurrency: 100, waitingMax: 100 });
  let entered = 0;
  for (let at = 0; at < 20; at += 1) void pace.enter(forever).then(() => (entered += 1));
  await clock.advance(0);
  assert.equal(entered, 6);
  await clock.advance(4_000);
  assert.equal(entered, 10);
  await clock.advance(60_000);
  assert.equal(entered, 20);
});

test("who gives up waiting leaves the line", async () => {
  const pace = new Pace(new VirtualClock(), { perMinute: 6_000, concurrency: 1, waitingMax: 4 });
  const leave = await pace.enter(forever);
  const tired = new AbortController();
  const waiting = pace.enter(tired.signal);
  tired.abort(new Error("tired"));
  await assert.rejects(waiting, /tired/);
  assert.equal(pace.waiting, 0);
  leave();
  await pace.enter(forever);
});
