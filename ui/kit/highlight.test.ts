import assert from "node:assert/strict";
import { test } from "node:test";
import { highlight, HIGHLIGHT_CHARS_MAX, type Kind } from "./highlight.ts";

const kinds = (text: string, language: string): readonly string[] =>
  highlight(text, language).flatMap(({ text: piece, kind }) => (kind === undefined ? [] : `${kind} ${piece}`));

const EXAMPLES: Readonly<Record<string, readonly [string, readonly `${Kind} ${string}`[]]>> = {
  ts: ["const format = `if ${x}`; // for", ["word const", "text `if ${x}`", "note // for"]],
  tsx: ["return <b>{'</b>'}</b>; /* a\nb", ["word return", "text '</b>'", "note /* a\nb"]],
  rust: ["fn f<'a>(x: &'a str) -> u8 { b'\\n' }", ["word fn", "text '\\n'"]],
  go: ["x := 0xff_01 + 1.5e9 // n", ["figure 0xff_01", "figure 1.5e9", "note // n"]],
  py: ["def f():\n  \"\"\"if\n  not\"\"\"\n  return None # x", ["word def", "text \"\"\"if\n  not\"\"\"", "word return", "figure None", "note # x"]],
  sh: ["if [ \"$#\" = 1 ]; then echo a#b $HOME; fi # end", ["word if", "text \"$#\"", "figure 1", "word then", "word $HOME", "word fi",
    "note # end"]],
  sql: ["SELECT 'it''s' from t -- x", ["word SELECT", "text 'it''s'", "word from", "note -- x"]],
  json: ["{\"a\": \"b\", \"c\": [true, -1]}", ["word \"a\"", "text \"b\"", "word \"c\"", "figure true", "figure 1"]],
  yaml: ["a: 1\n- b: \"x: y\" # n", ["word a", "figure 1", "word - b", "text \"x: y\"", "note # n"]],
  html: ["<a href=\"x\"><!-- > -->", ["word <a", "text \"x\"", "word >", "note <!-- > -->"]],
  css: [".a { color: #fff; width: 10px }", ["word color", "word #fff", "word width", "figure 10px"]],
};

test("words, texts, figures and notes of each language are told apart; what stands in a text or a note is nothing else (S4.28)", () => {
  for (const [language, [text, expected]] of Object.entries(EXAMPLES)) assert.deepEqual(kinds(text, language), expected, language);
});

test("whatever is written, nothing of it is lost or said twice; what is unknown or too long is one piece (S4.28)", () => {
  const strange = ["", "a-".repeat(9_000), "\n".repeat(19_000), " ".repeat(19_000),
    "\"", "'''", "/*", "<!--", "`${", "'\\", "\u202e\u0000", "# ".repeat(5_000), "\"\\".repeat(5_000), "if ".repeat(6_000)];
  for (const language of [...Object.keys(EXAMPLES), "none", "__proto__", "constructor"]) {
    for (const text of [...strange, ...Object.values(EXAMPLES).map(([example]) => example)]) {
      assert.equal(highlight(text, language).map((piece) => piece.text).join(""), text, `${language}: ${text.slice(0, 20)}`);
    }
  }
  assert.equal(highlight("if ", "none").length, 1);
  assert.equal(highlight("if ".repeat(HIGHLIGHT_CHARS_MAX), "ts").length, 1);
});
