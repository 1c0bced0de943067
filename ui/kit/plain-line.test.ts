import assert from "node:assert/strict";
import { test } from "node:test";
import { plainLine } from "./plain-line.ts";

test("what hides or turns writing around is written out; words of any script stay (S4.28)", () => {
  assert.equal(plainLine("rm \u202e fr- \u202c/"), "rm ⟨U+202E⟩ fr- ⟨U+202C⟩/");
  assert.equal(plainLine("a\nb\u001b[31m"), "a⏎b⟨U+001B⟩[31m");
  assert.equal(plainLine("zero\u200bwidth"), "zero⟨U+200B⟩width");
  assert.equal(plainLine("שלום Grüße 你好"), "שלום Grüße 你好");
  assert.ok([...plainLine(`Z${"\u0301".repeat(100)}`)].length < 8);
});
