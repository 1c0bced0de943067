import assert from "node:assert/strict";
import { test } from "node:test";
import { rangeOf } from "./range-of.ts";

test("one plain range is understood, from the front or the end; anything else is the whole (S4.27)", () => {
  const cases: readonly (readonly [string | undefined, unknown])[] = [
    [undefined, undefined], ["", undefined], ["bytes=-", undefined], ["bytes=0-1,3-4", undefined], ["items=0-1", undefined],
    ["bytes=5-2", undefined], ["bytes=0-", { from: 0, to: 10 }], ["bytes=3-4", { from: 3, to: 5 }], ["bytes=3-99", { from: 3, to: 10 }],
    ["bytes=-3", { from: 7, to: 10 }], ["bytes=-99", { from: 0, to: 10 }], ["bytes=10-", "unsatisfiable"], ["bytes=-0", "unsatisfiable"],
  ];
  for (const [header, range] of cases) assert.deepEqual(rangeOf(header, 10), range, header);
});
