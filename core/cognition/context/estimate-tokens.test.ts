// The bound that docs/guide/context.md states: measured anew against every tokenizer that is installed.
import assert from "node:assert/strict";
import { test } from "node:test";
import { realTokenizers } from "@openclaw/testkit/real-tokenizers";
import { TOKEN_CORPUS } from "@openclaw/testkit/token-corpus";
import { cutMiddle } from "./cut-text.ts";
import { estimateTokens } from "./estimate-tokens.ts";

const realCounts = async (): Promise<readonly ((text: string) => number)[]> => (await realTokenizers()).map(({ count }) => count);

test("no text of the corpus is estimated too low, by any tokenizer, and prose not by more than twice too high (S2.15)", async () => {
  const counts = await realCounts();
  assert.ok(counts.length >= 2);
  let [estimated, real] = [0, 0];
  for (const { name, text } of TOKEN_CORPUS) {
    const most = Math.max(...counts.map((count) => count(text)));
    const estimate = estimateTokens(text);
    assert.ok(estimate >= most, `${name}: ${estimate} for ${most}`);
    [estimated, real] = [estimated + estimate, real + most];
    if (["English", "German", "Russian", "Chinese, simplified", "TypeScript", "logs"].includes(name)) {
      assert.ok(estimate <= 2 * most, `${name}: ${estimate} for ${most}`);
    }
  }
  const over = estimated / real - 1;
  assert.ok(over < 0.5, `too high by ${Math.round(over * 100)} % over the corpus`);
});

test("texts cut to a number of tokens have no more of them by any tokenizer", async () => {
  const counts = await realCounts();
  for (const { name, text } of TOKEN_CORPUS) {
    for (const tokens of [40, 200, 1_000]) {
      const cut = cutMiddle(text.repeat(8), tokens, estimateTokens);
      for (const count of counts) assert.ok(count(cut) <= tokens, `${name} cut to ${tokens} has ${count(cut)}`);
    }
  }
});

test("an estimate takes time in proportion to the text and never falls when text is added", () => {
  for (const { name, text } of TOKEN_CORPUS) {
    let before = 0;
    for (let end = 0; end <= text.length; end += 37) {
      const estimate = estimateTokens(text.slice(0, end));
      assert.ok(estimate >= before - 1, `${name} up to ${end}`);
      before = estimate;
    }
  }
  assert.equal(estimateTokens(""), 0);
  const long = estimateTokens("word ".repeat(200_000));
  assert.ok(long >= 200_000 && long < 500_000);
});
