import assert from "node:assert/strict";
import { test } from "node:test";
import { createPlaces } from "./places.ts";

test("no more than so many at a time, in their order, also after one that failed (S1.46, C7)", async () => {
  const places = createPlaces(2);
  const began: number[] = [];
  const doors = Array.from({ length: 5 }, () => Promise.withResolvers<void>());
  const done = doors.map(({ promise }, at) => places.run(() => {
    began.push(at);
    return promise;
  }).catch(() => undefined));
  const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  await settled();
  assert.deepEqual([began, places.isFree], [[0, 1], false]);
  doors[1]?.reject(new Error("full"));
  await settled();
  assert.deepEqual(began, [0, 1, 2]);
  for (const { resolve } of doors) resolve();
  await Promise.all(done);
  assert.deepEqual([began, places.isFree], [[0, 1, 2, 3, 4], true]);
});
