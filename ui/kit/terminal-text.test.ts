import assert from "node:assert/strict";
import { test } from "node:test";
import { TERMINAL_LIMITS, TerminalText } from "./terminal-text.ts";

const linesOf = (text: TerminalText): readonly string[] => Array.from({ length: text.count }, (_, at) => text.plain(at));

test("pieces make lines, however they are cut (S4.28)", () => {
  const text = new TerminalText();
  for (const piece of ["one\ntw", "o\n\u001b[3", "1mred\nstill red\u001b[0m\nplain"]) text.append(piece);
  assert.deepEqual(linesOf(text), ["one", "two", "red", "still red", "plain"]);
  assert.ok(text.line(3).startsWith("\u001b[31m"), "a colour goes on with the next line");
  assert.equal(text.line(4), "plain");
});

test("a progress line rewrites itself", () => {
  const text = new TerminalText();
  for (const piece of ["10 %\r", "50 %\r", "100 %\r\ndone"]) text.append(piece);
  assert.deepEqual(linesOf(text), ["100 %", "done"]);
});

test("ten million characters are kept and no more; a line without an end is broken", () => {
  const text = new TerminalText();
  const line = `${"x".repeat(999)}\n`;
  for (let at = 0; at < 12_000; at++) text.append(line);
  assert.ok(text.count * 999 <= TERMINAL_LIMITS.chars && text.dropped > 0);
  const long = new TerminalText();
  long.append("y".repeat(1_000_000));
  assert.equal(long.count, 250);
  assert.deepEqual(long.find("YYY", 3), [0, 1, 2]);
});

test("a search goes on with what came since: nothing is looked at twice, a line that is not over counts as it stands, and lines that "
  + "went count no more (S4.28, S4.29)", () => {
  const text = new TerminalText();
  let looks = 0;
  const plain = text.plain.bind(text);
  text.plain = (index) => (looks++, plain(index));
  text.append("needle one\ntwo\nnee");
  assert.deepEqual(text.find("Needle"), [0]);
  assert.equal(looks, 3);
  text.append("dle three\nneedle");
  assert.deepEqual(text.find("needle"), [0, 2, 3]);
  assert.equal(looks, 5, "what is over was looked at once");
  text.append("\rno");
  assert.deepEqual(text.find("needle"), [0, 2]);
  assert.deepEqual(text.find("two"), [1], "another question begins at the beginning");
  text.append(`${"x".repeat(999)}\n`.repeat(10_100));
  assert.ok(text.dropped > 0);
  text.append("two");
  assert.deepEqual(text.find("two"), [text.count - 1]);
});
