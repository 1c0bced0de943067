import assert from "node:assert/strict";
import { test } from "node:test";
import { formatAgo, formatCount, shortenId } from "./format.ts";

test("times are told from now, past and to come, in the largest unit that is full (S4.28)", () => {
  const now = Date.UTC(2026, 5, 1, 12);
  const ago = (seconds: number): string => formatAgo(now - seconds * 1_000, now);
  assert.deepEqual([ago(2), ago(59), ago(60), ago(3_599), ago(7_200), ago(90_000), ago(-300)], [
    "now", "59 sec. ago", "1 min. ago", "59 min. ago", "2 hr. ago", "yesterday", "in 5 min.",
  ]);
});

test("an id is shortened in the middle only where something is won (S4.28)", () => {
  assert.equal(shortenId("0123456789abcdef0123"), "012345…ef0123");
  assert.equal(shortenId("agent:main"), "agent:main");
  assert.deepEqual([formatCount(999), formatCount(12_345)], ["999", "12.3K"]);
});
