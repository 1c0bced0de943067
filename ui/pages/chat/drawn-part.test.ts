import assert from "node:assert/strict";
import { test } from "node:test";
import { growPart, type Part } from "./drawn-part.ts";

test("messages are drawn from the end upwards, a few in each frame, without a gap, until all stand (S4.29)", () => {
  let part: Part | undefined;
  const frames: number[] = [];
  for (let frame = 0; frame < 10; frame += 1) {
    const before: Part | undefined = part;
    part = growPart(part, 50, 100);
    assert.equal(part.last, 100);
    assert.ok(before === undefined || part.first <= before.first);
    frames.push(part.last - part.first + 1);
  }
  assert.deepEqual(frames.slice(0, 5), [8, 16, 24, 32, 40]);
  assert.equal(frames.at(-1), 51);
  assert.deepEqual(growPart({ first: 50, last: 100 }, 1, 101), { first: 42, last: 101 }, "earlier ones come, and one more was said");
  assert.deepEqual(growPart({ first: 1, last: 300 }, 2, 301), { first: 2, last: 301 }, "the window moved on");
  assert.deepEqual(growPart({ first: 1, last: 51 }, 950, 1_000), { first: 993, last: 1_000 }, "another part altogether");
});
