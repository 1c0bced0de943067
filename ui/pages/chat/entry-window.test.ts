import assert from "node:assert/strict";
import { test } from "node:test";
import { addEntry, EMPTY_WINDOW, hasEarlier, hasLater, middleOf, placeNewest, placePage, WINDOW_LIMITS } from "./entry-window.ts";
import type { Entry } from "./transcript.ts";

const entry = (seq: number, life = 1): Entry =>
  ({ id: `${life * 100_000 + seq}-${seq}`, seq, role: "user", text: String(seq), calls: [], atMs: 0 });
const range = (from: number, to: number): readonly Entry[] => Array.from({ length: to - from + 1 }, (_, at) => entry(from + at));
const isWhole = (entries: readonly Entry[]): boolean => entries.every(({ seq }, at) => at === 0 || seq === (entries[at - 1]?.seq ?? 0) + 1);

test("a conversation of ten thousand is walked to its beginning and back: never a gap, never more than fit (S4.29)", () => {
  let window = placeNewest(EMPTY_WINDOW, range(9_900, 10_000), 10_000);
  const page = (middle: string): readonly Entry[] => {
    const half = (WINDOW_LIMITS.page - 1) / 2;
    const seq = Number(middle.split("-")[1]);
    const offset = Math.max(0, 10_000 - seq - half);
    return range(Math.max(1, 10_000 - offset - WINDOW_LIMITS.page + 1), 10_000 - offset);
  };
  let steps = 0;
  while (hasEarlier(window) && steps++ < 200) {
    const before = window.entries[0]?.seq ?? 0;
    window = placePage(window, page(middleOf(window, "earlier")), 10_000, "earlier");
    assert.ok((window.entries[0]?.seq ?? 0) < before && isWhole(window.entries) && window.entries.length <= WINDOW_LIMITS.most);
  }
  assert.equal(window.entries[0]?.seq, 1);
  steps = 0;
  while (hasLater(window) && steps++ < 200) {
    const before = window.entries.at(-1)?.seq ?? 0;
    window = placePage(window, page(middleOf(window, "later")), 10_000, "later");
    assert.ok((window.entries.at(-1)?.seq ?? 0) > before && isWhole(window.entries) && window.entries.length <= WINDOW_LIMITS.most);
  }
  assert.equal(window.entries.at(-1)?.seq, 10_000);
});

test("a message that was told twice stands once; one that was missed is asked for (S4.29)", () => {
  const start = placeNewest(EMPTY_WINDOW, range(1, 3), 3);
  const once = addEntry(start, entry(4), true);
  const twice = addEntry(once.window, { ...entry(4), text: "whole" }, true);
  assert.deepEqual(twice.window.entries.map(({ seq, text }) => [seq, text]), [[1, "1"], [2, "2"], [3, "3"], [4, "whole"]]);
  assert.equal(addEntry(twice.window, entry(6), true).gap, true);
});

test("what comes while something above is read is counted, and added only as far as there is room", () => {
  let window = placeNewest(EMPTY_WINDOW, range(1, 300), 300);
  for (let seq = 301; seq <= 1_000; seq++) window = addEntry(window, entry(seq), false).window;
  assert.equal(window.entries.length, WINDOW_LIMITS.most);
  assert.equal(window.entries[0]?.seq, 1);
  assert.deepEqual([window.missed, window.total, hasLater(window)], [700, 1_000, true]);
});

test("a conversation that began anew shows nothing of the one before", () => {
  const start = placeNewest(EMPTY_WINDOW, range(1, 5), 5);
  const { window, gap } = addEntry(start, entry(1, 2), true);
  assert.deepEqual([window.entries.map(({ id }) => id), gap], [["200001-1"], false]);
  const reread = placeNewest(start, [entry(1, 2), entry(2, 2)], 2);
  assert.deepEqual(reread.entries.map(({ id }) => id), ["200001-1", "200002-2"]);
});
