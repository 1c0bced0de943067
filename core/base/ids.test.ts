import assert from "node:assert/strict";
import { test } from "node:test";
import { systemIds } from "./ids.ts";

test("sortable ids have one form and sort by the time they were made", () => {
  const times = [0, 1, 31, 32, 1_000, 1_767_225_600_000, 1_767_225_600_001, 4_102_444_800_000];
  const made = times.map((ms) => systemIds.sortable(ms));
  for (const id of made) assert.match(id, /^[0-9a-v]{22}$/);
  assert.deepEqual(made.toSorted(), made);
});

test("ten thousand ids of one millisecond are all different", () => {
  assert.equal(new Set(Array.from({ length: 10_000 }, () => systemIds.sortable(1))).size, 10_000);
});

test("bytes are as many as asked for and not the same twice; random lies in [0, 1)", () => {
  assert.equal(systemIds.bytes(32).length, 32);
  assert.notDeepEqual(systemIds.bytes(32), systemIds.bytes(32));
  for (let at = 0; at < 100; at++) assert.ok(systemIds.random() >= 0 && systemIds.random() < 1);
});
