import assert from "node:assert/strict";
import { test } from "node:test";
import { seededRandom, VirtualClock } from "./virtual-clock.ts";

const forever = new AbortController().signal;

test("time stands still until it is advanced, and timers run in order of their due time", async () => {
  const clock = new VirtualClock({ startMs: 5_000 });
  const seen: string[] = [];
  clock.after(20, () => seen.push(`late@${clock.now()}`));
  clock.after(10, () => seen.push(`early@${clock.now()}`));
  assert.equal(clock.now(), 5_000);
  assert.equal(clock.pending, 2);
  assert.equal(clock.nextInMs, 10);
  await clock.advance(15);
  assert.deepEqual(seen, ["early@5010"]);
  await clock.advance(15);
  assert.deepEqual(seen, ["early@5010", "late@5020"]);
  assert.equal(clock.monotonic(), 30);
  assert.equal(clock.pending, 0);
});

test("a wait that another wait starts inside the window ends inside it too", async () => {
  const clock = new VirtualClock();
  let done = false;
  void (async () => {
    await clock.wait(10, forever);
    await clock.wait(10, forever);
    done = true;
  })();
  await clock.advance(19);
  assert.equal(done, false);
  await clock.advance(1);
  assert.equal(done, true);
});

test("an aborted wait rejects with the signal's reason and leaves nothing pending", async () => {
  const clock = new VirtualClock();
  const controller = new AbortController();
  const waiting = clock.wait(10, controller.signal);
  controller.abort(new Error("enough"));
  await assert.rejects(waiting, /enough/);
  await assert.rejects(clock.wait(10, controller.signal), /enough/);
  assert.equal(clock.pending, 0);
});

test("a closed timer does not run", async () => {
  const clock = new VirtualClock();
  clock.after(1, () => assert.fail("closed")).close();
  await clock.advance(10);
  assert.equal(await clock.advanceToNext(), false);
});

test("a seed repeats the order of simultaneous timers, and some seed changes it", async () => {
  const orderOf = async (seed?: number): Promise<string> => {
    const clock = new VirtualClock(seed === undefined ? {} : { seed });
    const seen: number[] = [];
    for (let index = 0; index < 6; index += 1) clock.after(5, () => seen.push(index));
    await clock.advance(5);
    return seen.join("");
  };
  assert.equal(await orderOf(), "012345");
  assert.equal(await orderOf(7), await orderOf(7));
  const orders = new Set(await Promise.all([1, 2, 3, 4].map(orderOf)));
  assert.ok(orders.size > 1);
  const random = seededRandom(1);
  assert.ok(Array.from({ length: 1_000 }, random).every((value) => value >= 0 && value < 1));
});
