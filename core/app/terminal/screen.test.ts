import assert from "node:assert/strict";
import { test } from "node:test";
import { VirtualClock } from "@openclaw/testkit/virtual-clock";
import { openScreen, wrapPainted } from "./screen.ts";
import { widthOf } from "./text.ts";

test("a row breaks between words, keeps its paint and is never wider than the screen (S4.4)", () => {
  assert.deepEqual(wrapPainted("one two three", 8), ["one two", "three"]);
  assert.deepEqual(wrapPainted("abcdefghij", 4), ["abcd", "efgh", "ij"]);
  const painted = wrapPainted("\x1b[31mred words here\x1b[39m", 6);
  assert.ok(painted.every((row) => widthOf(row) <= 6), JSON.stringify(painted));
  assert.equal(painted[1], "\x1b[31mwords\x1b[0m");
  assert.ok(wrapPainted("漢字漢字漢", 5).every((row) => widthOf(row) <= 5));
});

test("what is complete is written once; the line that grows and the footer are drawn at most once a frame (S4.4)", async () => {
  const clock = new VirtualClock();
  const writes: string[] = [];
  const taken = {
    write: (text: string) => void writes.push(text), columns: 20, rows: 10, onKey: () => undefined, onResize: () => undefined,
    [Symbol.dispose]: () => undefined,
  };
  const screen = openScreen(taken, clock, () => ({ rows: ["footer"], cursor: { row: 0, column: 2 } }));
  for (let at = 0; at < 100; at += 1) screen.write("word ");
  assert.equal(writes.length, 0, "nothing is drawn before the frame");
  await clock.advance(16);
  assert.equal(writes.length, 1, "a hundred pieces are one write");
  assert.equal(writes[0]?.match(/footer/g)?.length, 1);
  screen.write("end\nnext");
  await clock.advance(16);
  assert.equal(writes.join("").match(/end\r\n/g)?.length, 1, writes.join("\n"));
  screen.write(" one");
  await clock.advance(16);
  assert.doesNotMatch(writes[2] ?? "", /end/, "a line that has ended is not written again");
  assert.match(writes[2] ?? "", /next one\r\n\x1b\[2Kfooter/);
});
