import assert from "node:assert/strict";
import { test } from "node:test";
import { diffLines, readUnified } from "./diff.ts";

const marks = { same: " ", added: "+", removed: "-", place: "@" } as const;
const shown = (lines: ReturnType<typeof diffLines>): readonly string[] => lines.map(({ kind, text }) => `${marks[kind]}${text}`);

test("an edit shows what went and what came, between what stayed", () => {
  assert.deepEqual(shown(diffLines("a\nb\nc\nd\n", "a\nx\nc\nd\ne\n")), [" a", "-b", "+x", " c", " d", "+e"]);
  assert.deepEqual(shown(diffLines("", "new\nfile")), ["+new", "+file"]);
  assert.deepEqual(shown(diffLines("gone", "")), ["-gone"]);
});

test("what diff writes is read; what only begins like it is not", () => {
  const text = "--- a\n+++ b\n@@ -1,2 +1,2 @@\n one\n-two\n+three\n";
  assert.deepEqual(shown(readUnified(text) ?? []), ["@--- a", "@+++ b", "@@@ -1,2 +1,2 @@", " one", "-two", "+three"]);
  assert.equal(readUnified("--- a list\n+ plus"), undefined);
});
