import assert from "node:assert/strict";
import { test } from "node:test";
import { alignRows, createNarrator } from "./narrator.ts";

function record(stream: { readonly isTTY?: boolean; readonly columns?: number } = {}) {
  let written = "";
  const narrator = createNarrator({ ...stream, write: (text) => (written += text) }, { TERM: "xterm" });
  return { narrator, written: () => written };
}

test("in a pipe there is not one escape sequence, and the marks still say what is meant", () => {
  const { narrator, written } = record();
  narrator.done("it holds", 12);
  narrator.failed("it does not");
  narrator.command("openclaw status");
  assert.equal(written(), "  ✓ it holds  12 ms\n  ✗ it does not\n  $ openclaw status\n");
});

test("a line that streams is ended before anything else is written", () => {
  const { narrator, written } = record();
  narrator.words("half a ");
  narrator.words("sentence");
  narrator.output("line 1\nline");
  narrator.output(" 2");
  narrator.done("ended");
  assert.equal(written(), "  half a sentence\n    │ line 1\n    │ line 2\n  ✓ ended\n");
});

test("output is shown, never obeyed: its control characters become dots", () => {
  const { narrator, written } = record();
  narrator.output("\x1b[2Jgone\x07\r\n");
  assert.equal(written(), "    │ ·[2Jgone·\n");
});

test("a line of output that is wider than the screen is cut, however many pieces it came in", () => {
  const { narrator, written } = record({ columns: 20 });
  narrator.output("0123456789");
  narrator.output("0123456789\n");
  assert.equal(written(), "    │ 0123456789012…\n");
});

test("columns align and the last one has no trailing blanks", () => {
  assert.deepEqual(alignRows([["A", "BB"], ["long", "x"]]), ["A     BB", "long  x"]);
});
