import assert from "node:assert/strict";
import { test } from "node:test";
import { createMarkdown } from "./markdown.ts";
import { createStyle } from "./style.ts";
import { widthOf } from "./text.ts";

const PAINTED = createStyle({ tty: true, allowed: true, environment: { LANG: "C.UTF-8", TERM: "xterm-256color" } });
const PLAIN = createStyle({ tty: true, allowed: false, environment: { LANG: "C" } });

/** All of it, streamed in pieces of so many characters. */
function show(text: string, piece = 1, { style = PAINTED, columns = 60 } = {}): string {
  const markdown = createMarkdown(style, () => columns);
  let shown = "";
  for (let at = 0; at < text.length; at += piece) {
    const given = markdown.push(text.slice(at, at + piece));
    shown += given;
  }
  return shown + markdown.end();
}
const bold = (text: string): string => `\x1b[1m${text}\x1b[22m`;
const dim = (text: string): string => `\x1b[2m${text}\x1b[22m`;

const ANSWER = `# Result of **it**

Some *quiet* and **loud** text with \`code **as is**\`, snake_case_names, 2 * 3 * 4 and **open
- one [docs](https://example.org/a_(b)) here
  * two
1. first
> said
> again

| Name | Size | Note |
| :--- | ---: | :-: |
| a\\|b | 10 | **x** |
| long name | 1,000 | |

---
\`\`\`ts
const a = "**not bold**"; // _nor_ [this](x)
| a | b |

\`\`\`
end \\*literal\\* <https://example.org> [x] ![pic](https://example.org/p.png)`;

test("Markdown becomes paint, lists, aligned tables, and addresses beside their words, whatever pieces it comes in (S4.4)", () => {
  const expected = [
    bold("Result of it"), "",
    `Some \x1b[3mquiet\x1b[23m and ${bold("loud")} text with ${dim("`")}code **as is**${dim("`")}, snake_case_names, 2 * 3 * 4 and **open`,
    `• one docs ${dim("(")}https://example.org/a_(b)${dim(")")} here`, "  • two", "1. first", `${dim("│")} said`, `${dim("│")} again`, "",
    bold("Name        Size  Note"), dim("─────────  ─────  ────"), `a|b           10   ${bold("x")}`, "long name  1,000", "",
    dim("─".repeat(40)), dim("```ts"), 'const a = "**not bold**"; // _nor_ [this](x)', "| a | b |", "", dim("```"),
    `end *literal* <https://example.org> [x] pic ${dim("(")}https://example.org/p.png${dim(")")}`,
  ].join("\n");
  for (const piece of [1, 2, 3, 7, 1_000]) assert.equal(show(ANSWER, piece), expected, `in pieces of ${piece}`);
});

test("without paint and Unicode the marks stay that carry the meaning; a table too wide is shown row by row, whole (S4.4)", () => {
  const shown = show(ANSWER, 5, { style: PLAIN });
  for (const part of [
    "# Result of **it**", "*quiet*", "**loud**", "`code **as is**`", "- one docs (https://example.org/a_(b))", "| said", "-----  ----",
  ]) {
    assert.ok(shown.includes(part), `${part} in\n${shown}`);
  }
  assert.doesNotMatch(shown, /[^\x0a\x20-\x7e]/, "ASCII only, and nothing a terminal obeys");
  const narrow = show("| Name | What it is for |\n|--|--|\n| alpha | a rather long explanation |\n", 4, { columns: 24 });
  assert.equal(narrow, `${bold("alpha")}\n  ${dim("What it is for:")} a rather long explanation\n`);
});

test("what is given is never given again, and what is held is what is missing; a mark that never closes is no mark (S4.4)", () => {
  const markdown = createMarkdown(PAINTED, () => 80);
  assert.deepEqual([markdown.push("plain **bo"), markdown.held], ["plain ", "**bo"]);
  assert.deepEqual([markdown.push("ld** then `co"), markdown.held], [`${bold("bold")} then `, "`co"]);
  assert.equal(markdown.push("de\n"), "`code\n");
  assert.deepEqual([markdown.push("| a | b |\n"), markdown.held], ["", "| a | b |\n"]);
  assert.equal(markdown.push("no table\n"), "| a | b |\nno table\n");
  assert.equal(markdown.push("x".repeat(100)), "x".repeat(100));
  assert.equal(markdown.end(), "", "the next text begins anew");
  assert.ok(markdown.push(`[${"x".repeat(5_000)}`).length > 2_000, "what is held has a bound");
});

test("a text cannot paint, move the cursor, name a window or hide an address: what it holds is shown (S4.4)", () => {
  const hostile = "a\x1b[2Jb \x1b]0;title\x07 **\x1b[31mred** [ok](https://e.org/\x1b]8;;x) `\x9b31m` \u202egnp\r\nnext\r";
  for (const piece of [1, 3, 500]) {
    const shown = show(hostile, piece);
    assert.doesNotMatch(shown.replace(/\x1b\[(?:1|2|3|22|23)m/g, ""), /[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]/, JSON.stringify(shown));
    assert.match(shown, /\\x1b\[2Jb/);
    assert.match(shown, /\nnext/);
  }
});

test("wide signs count for two cells in a table, and a table of a thousand rows is shown in parts (S4.4)", () => {
  const rows = show("| a | b |\n|---|---|\n| 漢字 | x |\n| y | z |\n").split("\n");
  assert.equal(widthOf(rows[2] ?? "") , widthOf(rows[3] ?? ""), rows.join("\n"));
  const long = show(`| a | b |\n|---|---|\n${"| 1 | 2 |\n".repeat(1_000)}`, 100);
  assert.equal(long.split("\n").filter((row) => /^\|? ?1 .*2/.test(row)).length, 1_000);
});
