import assert from "node:assert/strict";
import { test } from "node:test";
import { seededRandom } from "@openclaw/testkit/virtual-clock";
import { DueHeap } from "./due-heap.ts";

test("whatever is set, moved and taken out, what is due first comes first", () => {
  const random = seededRandom(7);
  const heap = new DueHeap();
  const known = new Map<string, number>();
  for (let step = 0; step < 5_000; step++) {
    const key = `k${Math.floor(random() * 300)}`;
    const dueMs = random() < 0.2 ? null : Math.floor(random() * 1_000);
    heap.set(key, dueMs);
    if (dueMs === null) known.delete(key);
    else known.set(key, dueMs);
    assert.equal(heap.size, known.size);
    assert.equal(heap.peek()?.dueMs ?? null, known.size === 0 ? null : Math.min(...known.values()));
  }
  const sorted = [...known.values()].sort((a, b) => a - b);
  for (const dueMs of sorted) {
    const key = heap.takeDue(10_000);
    assert.equal(known.get(key ?? ""), dueMs);
  }
  assert.equal(heap.takeDue(10_000), undefined);
});

test("nothing is taken before its time", () => {
  const heap = new DueHeap();
  heap.set("a", 5);
  assert.equal(heap.takeDue(4), undefined);
  assert.equal(heap.dueOf("a"), 5);
  assert.equal(heap.takeDue(5), "a");
});
