import assert from "node:assert/strict";
import { test } from "node:test";
import { createLineEditor } from "./line-editor.ts";

const press = (editor: ReturnType<typeof createLineEditor>, ...keys: readonly string[]): void => {
  for (const key of keys) editor.press(key.startsWith("=") ? { name: "text", text: key.slice(1) } : { name: key, text: "" });
};

test("the cursor moves over signs as a reader sees them, and words as a writer does (S4.4)", () => {
  const editor = createLineEditor();
  press(editor, "=two 👩‍💻 words", "alt-b", "backspace", "backspace");
  assert.equal(editor.text, "two words", "a sign of several characters goes as one");
  press(editor, "ctrl-a", "=All ", "ctrl-e", "ctrl-w", "=lines");
  assert.equal(editor.text, "All two lines");
  press(editor, "ctrl-u", "ctrl-k");
  assert.equal(editor.text, "");
});

test("what was said comes back with up, and the draft with down (S4.4)", () => {
  const editor = createLineEditor(["older", "newer"]);
  editor.set("");
  press(editor, "=draft", "up", "up");
  assert.equal(editor.text, "older");
  press(editor, "down", "down");
  assert.equal(editor.text, "draft");
  assert.equal(editor.take(), "draft");
  press(editor, "up");
  assert.equal(editor.text, "draft");
});

test("rows are no wider than the screen and the cursor stands where the next sign goes (S4.4)", () => {
  const editor = createLineEditor();
  press(editor, "=abcdef", "alt-enter", "=漢字x");
  assert.deepEqual(editor.show(4), { rows: ["abcd", "ef", "漢字", "x"], row: 3, column: 1, above: 0, below: 0 });
  assert.deepEqual(editor.show(4, 2).rows, ["漢字", "x"]);
  assert.deepEqual(editor.show(80, 2, "*").rows, ["******", "***"], "a secret shows its length only");
  press(editor, "up");
  assert.deepEqual([editor.show(4).row, editor.show(4).column], [0, 3], "up moves in the text before it moves in the past");
  editor.press({ name: "paste", text: "\x1b[31mred" });
  assert.doesNotMatch(editor.text, /\x1b/, "what is pasted is shown, never obeyed");
});
