import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { ENTITIES_MAX, type FakeEntity, parseHtml } from "@openclaw/testkit/fake-telegram";
import { renderMarkdown } from "./render.ts";

interface Sample {
  readonly about: string;
  readonly markdown: string;
  readonly html: readonly string[];
}

const SAMPLES = JSON.parse(readFileSync(new URL("./render/samples.testing.json", import.meta.url), "utf8")) as readonly Sample[];
const SOURCE_BYTES_MAX = 32_768;
const WHOLE = 1_000_000;

test("twenty-four samples of Markdown look as they should (S1.8)", () => {
  assert.equal(SAMPLES.length, 24);
  for (const { about, markdown, html } of SAMPLES) {
    assert.deepEqual(renderMarkdown(markdown, 4_096), html, about);
    html.forEach((part) => parseHtml(part));
  }
});

/** Generated from seeds: every number of `seeds` stands for one text, and a failure names it. */
test("however long texts are cut: what is seen is all there, in its order, and each part stands alone (S1.8)", () => {
  for (let seed = 1; seed <= 40; seed += 1) {
    const markdown = textOf(seed);
    const whole = renderMarkdown(markdown, WHOLE).map((part) => parseHtml(part).text).join("");
    for (const textMax of [60, 333, 4_096]) {
      const told = `seed ${seed}, ${textMax} units`;
      const parts = renderMarkdown(markdown, textMax).map((source) => ({ source, ...parseHtml(source) }));
      for (const { source, text, entities } of parts) {
        assert.ok(text.length <= textMax && text.trim() !== "", told);
        assert.ok(Buffer.byteLength(source) <= SOURCE_BYTES_MAX && entities.length < ENTITIES_MAX + 1, told);
        assert.ok(text.isWellFormed(), told);
      }
      const shown = parts.map(({ text }) => text);
      assert.deepEqual(signsIn(shown), signsIn([whole]), `${told}: each sign as people see it`);
      const words = shown.join("\n").match(/w\d+/g);
      assert.deepEqual(words, markdown.match(/w\d+/g), `${told}: each word in its place`);
      // An address longer than a part has to be cut.
      if (textMax > 60) for (const address of markdown.match(/https:\/\/u\d+\.example\/[a-z/]*/g) ?? []) {
        assert.ok(parts.some(({ text, entities }) => text.includes(address) || entities.some(({ url }) => url === address)),
          `${told}: ${address}`);
      }
      assert.deepEqual(outsideOfCode(parts), [], `${told}: code is code in every part`);
    }
  }
});

test("a gap that belongs to a sign is no place to cut, and an address is cut in front of (S1.8)", () => {
  const shown = (markdown: string): readonly string[] => renderMarkdown(markdown, 30).map((part) => parseHtml(part).text);
  assert.deepEqual(shown(`${"x".repeat(20)}(https://e.org/abcdefg)`), [`${"x".repeat(20)}(`, "https://e.org/abcdefg)"]);
  const [x, y] = ["x".repeat(20), "y".repeat(8)];
  assert.deepEqual(shown(`one ${x} \u0301${y}${y}`), ["one", `${x} \u0301${y}`, y]);
});

test("more formatting than Telegram keeps is spread over more parts: no link is lost (S1.8)", () => {
  const links = Array.from({ length: 450 }, (_, index) => `[w${index}](https://e.org/${index})`).join(" ");
  const parts = renderMarkdown(links, 4_096).map((part) => parseHtml(part));
  assert.equal(parts.flatMap(({ entities }) => entities).length, 450);
  const long = Array.from({ length: 60 }, (_, index) => `[w${index}](https://e.org/${"é".repeat(300)}${index})`).join(" ");
  for (const part of renderMarkdown(long, 4_096)) assert.ok(Buffer.byteLength(part) <= SOURCE_BYTES_MAX);
});

test("nothing of a text becomes formatting or leads anywhere by being written in HTML (S1.8)", () => {
  const hostile = [
    "</code></pre><b>x", '"><a href="https://evil.example">', '[x](https://e.org/"onclick="x)', "```\"><b>\nx\n```", "&lt;b&gt;x&lt;/b&gt;",
    "<tg-spoiler>x</tg-spoiler>", '<a href="tg://user?id=1">x</a>', "[x](tg://resolve?domain=x)", "[x](TG:user)", "[x](javascript:alert)",
    "[x](data:text/html,x)", "[x](https://bank.example@evil.example/)", "<tg://user?id=1>", "![x](file:///etc/passwd)",
    "[x](https://e.org/\u202ex)", "[https://bank.example](https://evil.example)", "`</code><b>x</b>`",
  ];
  for (const markdown of hostile) {
    for (const part of renderMarkdown(markdown, 4_096)) {
      const { entities } = parseHtml(part);
      for (const { type, url } of entities) {
        assert.ok(["code", "pre", "text_link"].includes(type), `${markdown}: ${type}`);
        assert.ok(url === undefined || new URL(url).hostname === "e.org", `${markdown}: ${url}`);
      }
    }
  }
});

/** Quadratic work over these would take hours. */
test("no text is too hostile: the time it takes grows with it and no faster (S1.8)", () => {
  const many = (text: string, length = 60_000): string => text.repeat(Math.floor(length / text.length));
  const texts = [
    ..."*_`~[]>#|-\n\u0301".split("").map((sign) => many(sign)), many("*a"), many("**a _b ~~c "), many("`a"), many("[a](b "), many("![["),
    many("<https://"), many("- *a*\n"), many("> "), many("a|b\n-|-\n"), many("\\"), many("&amp"), many("👩‍👩‍👧‍👦"), many("שלום "),
    many("```\n"), many(`${"`".repeat(999)}\n`), many("https://"), many("x", 2_000_000), many("*", 2_000_000),
  ];
  for (const text of texts) for (const part of renderMarkdown(text, 4_096).slice(0, 3)) assert.ok(parseHtml(part).text.length <= 4_096);
});

interface ShownPart {
  readonly text: string;
  readonly entities: readonly FakeEntity[];
}

/** Words of code (`c12`) that no block of code of the right language holds. */
function outsideOfCode(parts: readonly ShownPart[]): readonly string[] {
  return parts.flatMap(({ text, entities }) => [...text.matchAll(/c\d+/g)].flatMap(({ 0: word, index }) =>
    (entities.some(({ type, offset, length, language }) =>
      type === "pre" && language === "py" && offset <= index && index + word.length <= offset + length) ? [] : [word])));
}

const SIGNS = new Intl.Segmenter(undefined, { granularity: "grapheme" });

/** Signs as people see them, without gaps and what alone cannot be seen. */
function signsIn(texts: readonly string[]): readonly string[] {
  return texts.flatMap((text) => [...SIGNS.segment(text)].map(({ segment }) => segment).filter((sign) => /[^\s\p{Cf}]/u.test(sign)));
}

function textOf(seed: number): string {
  const random = seeded(seed);
  const pick = <T>(of: readonly T[]): T => of[Math.floor(random() * of.length)]!;
  let number = 0;
  const word = (): string => `w${(number += 1)}`;
  const some = (most: number, gap: string, make: () => string): string =>
    Array.from({ length: 1 + Math.floor(random() * most) }, make).join(gap);
  const address = (): string => `https://u${(number += 1)}.example/`;
  const inline: readonly (() => string)[] = [
    word, word, word, () => `**${some(9, " ", word)}**`, () => `*${some(5, "\n", word)}*`, () => `\`${word()}\``,
    () => `~~${word()} ${word()}~~`,
    () => `[${some(4, " ", word)}](${address()}path)`, () => `${address()}${"long/".repeat(40 * random())}`,
    () => pick(["&", "<b>", "*", "_", "`", "[", "](", "\\", "~~", "***", "🎉", "👩‍👩‍👧‍👦👍🏽", "e\u0301\u0323", "日本語の文章"]),
    () => pick(["שלום", "مرحبا", "\u200d", "\u202e", " \u0301 "]), () => pick(["日", "👩🏽‍🚀", "ก็", "🇩🇪"]).repeat(300 * random()),
  ];
  const line = (): string => some(12, " ", () => pick(inline)());
  const blocks: readonly (() => string)[] = [
    line, () => some(5, "\n", line), () => `## ${line()}`, () => some(6, "\n", () => `${pick(["-", "1.", "  -"])} ${line()}`),
    () => some(4, "\n", () => `> ${line()}`), () => `\n\`\`\`py\n${some(40, "\n", () => `  c${(number += 1)} = "<${number}>"`)}\n\`\`\`\n`,
    () => `\n| ${word()} | ${word()} |\n|---|---|\n${some(9, "\n", () => `| ${word()} | ${some(9, " ", word)} |`)}\n`,
  ];
  return some(14, pick(["\n", "\n\n"]), () => pick(blocks)());
}

/** Numbers from 0 to 1, the same for the same seed. */
function seeded(seed: number): () => number {
  let state = seed * 2_654_435_761 >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
