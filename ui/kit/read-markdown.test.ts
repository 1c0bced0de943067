import assert from "node:assert/strict";
import { test } from "node:test";
import { lexer } from "marked";
import { MARKDOWN_LIMITS, NOTHING, readMarkdown, safeAddress, type ReadText } from "./read-markdown.ts";

const TEXT = [
  "# Title", "", "A paragraph with `code` and", "a second line.", "", "- one", "- two", "", "  goes on in two", "", "1. first",
    "2. second", "",
  "```sh", "ls -l", "", "echo", "```", "", "| a | b |", "| - | - |", "| 1 | 2 |", "", "> said", "> by another", "", "Setext", "===",
    "", "end",
].join("\n");

test("read piece by piece, a text is what it is read at once, however it is cut (S4.29)", () => {
  for (const step of [1, 2, 3, 7, 50]) {
    let read: ReadText = NOTHING;
    for (let to = step; to < TEXT.length + step; to += step) read = readMarkdown(TEXT.slice(0, to), read);
    const wanted = lexer(TEXT, { gfm: true, breaks: false });
    assert.deepEqual(read.blocks.map(({ type, raw }) => [type, raw]), wanted.map(({ type, raw }) => [type, raw]), `cut every ${step}`);
  }
});

test("what stands is not read again while more comes", () => {
  let read: ReadText = NOTHING;
  for (let to = 0; to < TEXT.length; to += 5) read = readMarkdown(TEXT.slice(0, to), read);
  const [first] = read.blocks;
  assert.equal(readMarkdown(`${TEXT} and more`, read).blocks[0], first);
});

test("what cannot be read in time or is too deep is shown as it is written (S4.28)", () => {
  const wide = "*".repeat(1_000_000);
  for (const text of [wide, ">".repeat(9_000), "[".repeat(9_000), `${"- ".repeat(4_000)}x`, "x\n".repeat(MARKDOWN_LIMITS.chars)]) {
    const startedAt = process.cpuUsage().user;
    const { blocks } = readMarkdown(text, NOTHING);
    assert.ok(blocks.length > 0);
    assert.ok(process.cpuUsage().user - startedAt < 3_000_000, text.slice(0, 10));
  }
});

test("a link leads to the web or to an address for mail, and nowhere else (S4.28)", () => {
  for (const href of ["javascript:alert(1)", "JaVaScRiPt:alert(1)", "data:text/html,x", "vbscript:x", "file:///etc/passwd", "blob:x",
    "//evil", "#x", "/approvals"]) {
    assert.equal(safeAddress(href), undefined, href);
  }
  assert.equal(safeAddress("https://example.org/a b"), "https://example.org/a%20b");
});
