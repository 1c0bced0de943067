import assert from "node:assert/strict";
import { test } from "node:test";
import { VirtualClock } from "../../testkit/virtual-clock.ts";
import { TurnShare } from "./turn-share.ts";

test("a turn takes more and more of what is cheap, and of what costs much behind it as many as its time allows (S0.40)", async () => {
  const { wait, after } = new VirtualClock();
  let atMs = 0;
  const share = new TurnShare({ now: () => atMs, monotonic: () => atMs, wait, after }, { budgetMs: 4, most: 32 });
  const turn = async (costMs: number): Promise<number> => {
    let taken = 0;
    share.take(() => {
      taken += 1;
      void Promise.resolve().then(() => undefined).then(() => (atMs += costMs)); // what goes on because of it
      return true;
    });
    await new Promise((resolve) => setImmediate(resolve));
    return taken;
  };
  assert.deepEqual([await turn(0), await turn(0), await turn(0), await turn(0), await turn(0), await turn(0), await turn(0)],
    [1, 2, 4, 8, 16, 32, 32]);
  assert.equal(await turn(0.5), 32, "what it costs is known afterwards");
  assert.equal(await turn(0.5), 8);
  assert.equal(await turn(20), 16);
  assert.equal(await turn(20), 1, "never none");
  assert.equal(await turn(0), 1);
  assert.equal(await turn(0), 2);
});

test("it ends with what waits, and with its time where that is already over", () => {
  const { wait, after } = new VirtualClock();
  let atMs = 0;
  const share = new TurnShare({ now: () => atMs, monotonic: () => atMs, wait, after }, { budgetMs: 4, most: 32 });
  share.take(() => false);
  let taken = 0;
  share.take(() => {
    atMs += 10;
    return (taken += 1) > 0;
  });
  assert.equal(taken, 1);
});
