import assert from "node:assert/strict";
import { test } from "node:test";
import { createKeyReader } from "./keys.ts";

const read = (...chunks: readonly string[]): readonly string[] => {
  const reader = createKeyReader();
  const keys = [...chunks.flatMap((chunk) => reader.push(chunk)), ...reader.flush()];
  return keys.map(({ name, text }) => (text === "" ? name : `${name}:${text}`));
};

test("keys are what was pressed, however the bytes arrive (S4.4)", () => {
  assert.deepEqual(read("hé", "\r", "\x03", "\x1b[A", "\x1bOB", "\x1b[1;5D", "\x1bb", "\x7f"), [
    "text:hé", "enter", "ctrl-c", "up", "down", "alt-b", "alt-b", "backspace",
  ]);
  assert.deepEqual(read("\x1b", "[", "A"), ["up"], "a sequence cut in pieces is one key");
  assert.deepEqual(read("\x1b"), ["escape"], "alone, it is Escape");
  assert.deepEqual(read("\x1b\x04"), ["escape", "ctrl-d"], "two keys pressed fast are two keys");
  assert.deepEqual(read("\x1b[99;99X"), [], "an unknown sequence types nothing");
});

test("a paste is one key with all its text: no newline in it sends anything (S4.4)", () => {
  assert.deepEqual(read("\x1b[200~two\r\nlines\x1b[201~\r"), ["paste:two\nlines", "enter"]);
  assert.deepEqual(read("\x1b[20", "0~a\x1b[2", "01", "~b"), ["paste:a", "text:b"], "its marks may be cut anywhere");
});
