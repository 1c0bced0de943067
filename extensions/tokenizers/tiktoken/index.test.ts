import assert from "node:assert/strict";
import { test } from "node:test";
import { Tiktoken } from "js-tiktoken/lite";
import { TOKEN_CORPUS } from "@openclaw/testkit/token-corpus";
import tiktoken from "./index.ts";

for (const { id } of tiktoken.encodings) {
  test(`${id} counts every text of the corpus as the library does, but for endless runs, where it may count more (S2.15)`, async () => {
    const ranks = (await import(`js-tiktoken/ranks/${id}`)) as { readonly default: ConstructorParameters<typeof Tiktoken>[0] };
    const library = new Tiktoken(ranks.default);
    const count = await tiktoken.open(id);
    for (const { name, text } of TOKEN_CORPUS) {
      const wanted = library.encode(text, [], []).length;
      // Of texts without a blank the library takes minutes where they are long; here they are cut.
      if (/\S{257}|\s{257}/u.test(text)) assert.ok(count(text) >= wanted && count(text) <= wanted * 1.05 + 4, name);
      else assert.equal(count(text), wanted, name);
    }
  });
}

test("every model finds its encoding by its name, and others find none", () => {
  const encodingOf = (model: string): string | undefined =>
    tiktoken.encodings.find(({ models }) => new RegExp(models, "i").test(model))?.id;
  for (const model of ["gpt-4o-mini", "gpt-4.1", "gpt-5.2", "o3", "o4-mini", "openai/gpt-4o", "chatgpt-4o-latest"]) {
    assert.equal(encodingOf(model), "o200k_base", model);
  }
  for (const model of ["gpt-4", "gpt-4-turbo", "gpt-3.5-turbo"]) assert.equal(encodingOf(model), "cl100k_base", model);
  for (const model of ["claude-sonnet-5", "llama-3-70b", "qwen3", "demo", "mistral-large", "gemma2", "solo3"]) {
    assert.equal(encodingOf(model), undefined, model);
  }
});

test("what never ends takes time in proportion to its length (S3.2)", async () => {
  const count = await tiktoken.open("o200k_base");
  for (const run of ["a", "漢", " ", "-", "🦀", "A", "\n", "é"]) {
    const short = count(run.repeat(4_096));
    const long = count(run.repeat(131_072));
    assert.ok(long >= short * 31 && long <= short * 34 + 64, `${run}: ${short} and ${long}`);
  }
  assert.equal(count(""), 0);
  assert.ok(count("\ud800 half") > 0);
});
