import assert from "node:assert/strict";
import { test } from "node:test";
import { VirtualClock } from "@openclaw/testkit/virtual-clock";
import { deadline, systemClock } from "./clock.ts";

const late = (): Error => new Error("late");

test("a deadline aborts when its time is over, with the reason made for it", async () => {
  const clock = new VirtualClock();
  const limit = deadline(clock, 1_000, late);
  await clock.advance(999);
  assert.equal(limit.signal.aborted, false);
  await clock.advance(1);
  assert.equal(limit.signal.aborted, true);
  assert.equal((limit.signal.reason as Error).message, "late");
});

test("a deadline aborts as soon as one of its signals does, with that signal's reason", () => {
  const stop = new AbortController();
  const limit = deadline(new VirtualClock(), 1_000, late, new AbortController().signal, stop.signal);
  const reason = new Error("stopped");
  stop.abort(reason);
  assert.equal(limit.signal.reason, reason);
});

test("a deadline over a signal that has aborted already is over at once", () => {
  const reason = new Error("before");
  assert.equal(deadline(new VirtualClock(), 1_000, late, AbortSignal.abort(reason)).signal.reason, reason);
});

test("a closed deadline never aborts, neither by time nor by its signals, and leaves no timer", async () => {
  const clock = new VirtualClock();
  const stop = new AbortController();
  const limit = deadline(clock, 1_000, late, stop.signal);
  limit.close();
  assert.equal(clock.pending, 0);
  await clock.advance(2_000);
  stop.abort();
  assert.equal(limit.signal.aborted, false);
});

test("the system clock's wait ends by time, and rejects with the signal's reason whenever that aborts", async () => {
  await systemClock.wait(1, new AbortController().signal);
  const reason = new Error("stopped");
  await assert.rejects(systemClock.wait(60_000, AbortSignal.abort(reason)), reason);
  const stop = new AbortController();
  const waiting = systemClock.wait(60_000, stop.signal);
  stop.abort(reason);
  await assert.rejects(waiting, reason);
});

test("a timer of the system clock that was closed does not run", async () => {
  let ran = 0;
  const closed = systemClock.after(1, () => void (ran += 1));
  closed.close();
  systemClock.after(1, () => void (ran += 10));
  await systemClock.wait(30, new AbortController().signal);
  assert.equal(ran, 10);
});
