import assert from "node:assert/strict";
import { test } from "node:test";
import { VirtualClock } from "@openclaw/testkit/virtual-clock";
import { createFakeScreen } from "./fake-screen.testing.ts";
import { openScreen } from "./screen.ts";
import { widthOf } from "./text.ts";
import { wrapPainted } from "./wrap-painted.ts";

test("a row breaks between words, keeps its paint and is never wider than the screen (S4.4)", () => {
  assert.deepEqual(wrapPainted("one two three", 8), ["one two", "three"]);
  assert.deepEqual(wrapPainted("abcdefghij", 4), ["abcd", "efgh", "ij"]);
  const painted = wrapPainted("\x1b[31mred words here\x1b[39m", 6);
  assert.ok(painted.every((row) => widthOf(row) <= 6), JSON.stringify(painted));
  assert.equal(painted[1], "\x1b[31mwords\x1b[0m");
  assert.ok(wrapPainted("漢字漢字漢", 5).every((row) => widthOf(row) <= 5));
});

test("a row goes on under where its text begins, behind its bar, and keeps what it was painted with (S4.4)", () => {
  assert.deepEqual(wrapPainted("• one two three", 10), ["• one two", "  three"]);
  assert.deepEqual(wrapPainted("10. one two three", 12), ["10. one two", "    three"]);
  assert.deepEqual(wrapPainted("  │ one two three", 12), ["  │ one two", "  │ three"]);
  assert.deepEqual(wrapPainted("a\tb", 80), ["a       b"]);
  const nested = wrapPainted("\x1b[1m\x1b[3mone two\x1b[23m three four\x1b[22m", 7);
  assert.deepEqual(nested, ["\x1b[1m\x1b[3mone two\x1b[23m\x1b[0m", "\x1b[1mthree\x1b[0m", "\x1b[1mfour\x1b[22m"]);
});

test("what is held is shown and never final; what is drawn again is never taller than the screen (S4.4)", async () => {
  const clock = new VirtualClock();
  const fake = createFakeScreen(20, 6);
  const taken = {
    write: fake.write, columns: 20, rows: 6, onKey: () => undefined, onResize: () => undefined, [Symbol.dispose]: () => undefined,
  };
  let footer = ["footer"];
  const screen = openScreen(taken, clock, () => ({ rows: footer, cursor: { row: footer.length - 1, column: 1 } }));
  screen.write("before\n");
  for (const held of ["| a", "| a\n| b", Array.from({ length: 12 }, (_, at) => `| row ${at}`).join("\n")]) {
    screen.hold(held);
    await clock.advance(16);
  }
  assert.deepEqual(fake.rows().slice(-6), ["| row 7", "| row 8", "| row 9", "| row 10", "| row 11", "footer"]);
  footer = Array.from({ length: 9 }, (_, at) => `footer ${at}`);
  screen.changed();
  await clock.advance(16);
  footer = ["footer"];
  screen.hold("");
  screen.write("A  B\nafter");
  await clock.advance(16);
  assert.deepEqual(fake.rows(), ["before", "A  B", "after", "footer"], "nothing of what was held or too tall is left");
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
