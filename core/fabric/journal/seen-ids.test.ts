import assert from "node:assert/strict";
import { getHeapStatistics } from "node:v8";
import { test } from "node:test";
import { settleMemory } from "../../base/settle-memory.ts";
import { SeenIds } from "./seen-ids.ts";

const idOf = (at: number): string => `${"id-of-twenty-two-chars".slice(0, 22 - String(at).length)}${at}`;

test("ids are known in whatever form they are kept, until the oldest of them is forgotten (S1.20)", () => {
  const seen = new SeenIds();
  for (let at = 0; at < 1_000; at += 1) assert.equal(seen.add(idOf(at), 1_000 + at), true);
  for (let at = 0; at < 1_000; at += 1) assert.equal(seen.add(idOf(at), 5_000), false, `a repeat of ${at}`);
  assert.deepEqual([seen.size, seen.oldestMs], [1_000, 1_000]);
  for (let at = 0; at < 700; at += 1) {
    seen.forgetOldest();
    assert.deepEqual([seen.has(idOf(at)), seen.has(idOf(at + 1))], [false, true]);
    assert.equal(seen.oldestMs, 1_001 + at);
  }
  assert.deepEqual([...seen.ids()], Array.from({ length: 300 }, (_, at) => idOf(700 + at)));
  assert.deepEqual([...seen.times()], Array.from({ length: 300 }, (_, at) => 1_700 + at));
  for (let at = 0; at < 301; at += 1) seen.forgetOldest();
  assert.deepEqual([seen.size, seen.oldestMs, [...seen.ids()], seen.has(idOf(999))], [0, undefined, [], false]);
  assert.equal(seen.add(idOf(3), 1), true);
});

test("ids that were written down come back as they were, and go on from there (S1.20)", () => {
  const before = new SeenIds(Array.from({ length: 1_000 }, (_, at) => [idOf(at), 1_000 + at] as const));
  const seen = SeenIds.restore([...before.ids()].join(" "), [...before.times()]);
  assert.deepEqual(seen, before);
  for (let at = 0; at < 1_000; at += 1) assert.equal(seen.add(idOf(at), 9_000), false, `a repeat of ${at}`);
  for (let at = 1_000; at < 1_200; at += 1) assert.equal(seen.add(idOf(at), 1_000 + at), true);
  for (let at = 0; at < 1_100; at += 1) {
    seen.forgetOldest();
    assert.deepEqual([seen.has(idOf(at)), seen.has(idOf(at + 1)), seen.oldestMs], [false, true, 1_001 + at]);
  }
  assert.deepEqual([...seen.ids()], Array.from({ length: 100 }, (_, at) => idOf(1_100 + at)));
  assert.deepEqual([SeenIds.restore("", []).size, SeenIds.restore("", []).has("")], [0, false]);
});

test("what is only part of an id, or of two, is not known", () => {
  const seen = new SeenIds(Array.from({ length: 600 }, (_, at) => [idOf(at), at] as const));
  for (const part of ["", "id", idOf(7).slice(1), `${idOf(7)} ${idOf(8)}`, `${idOf(7)}x`]) assert.equal(seen.has(part), false, part);
});

test("ten thousand ids take less than half a megabyte", () => {
  const heapBytes = (): number => {
    settleMemory();
    return getHeapStatistics().used_heap_size;
  };
  const before = heapBytes();
  const kept = Array.from({ length: 10 }, () => new SeenIds());
  for (const seen of kept) {
    for (let at = 0; at < 10_000; at += 1) seen.add(Buffer.from(idOf(at)).toString("latin1"), 1_700_000_000_000 + at);
  }
  const each = (heapBytes() - before) / kept.length;
  assert.ok(each < 500_000, String(each));
  assert.equal(kept[9]?.size, 10_000);
});
