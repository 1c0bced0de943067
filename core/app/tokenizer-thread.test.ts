import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import type { Tokenizer } from "@openclaw/sdk";
import { VirtualClock } from "@openclaw/testkit/virtual-clock";
import { systemClock } from "../base/clock.ts";
import type { TranscriptMessage } from "../fabric/journal.ts";
import { ESTIMATES, openTokenizers, type Tokenizers } from "../cognition/context.ts";

const thread = new URL("./tokenizer-thread.ts", import.meta.url);
const signal = new AbortController().signal;

/** A tokenizer that counts characters; `open` is what its file says. */
function fake(open: string): { readonly tokenizer: Tokenizer; readonly file: string } {
  const source = `export default { id: "fake", encodings: [], open: async () => { ${open} } };`;
  const encodings = [{ id: "letters", models: "^letter-" }, { id: "others", models: "^other-" }];
  const tokenizer: Tokenizer = { id: "fake", encodings, open: () => Promise.reject(new Error("it is not opened in this thread")) };
  return { tokenizer, file: `data:text/javascript,${encodeURIComponent(source)}` };
}

function open(t: TestContext, source: string): Tokenizers {
  const tokenizers = openTokenizers({ find: async () => [fake(source)], clock: systemClock, thread });
  t.after(() => tokenizers[Symbol.asyncDispose]());
  return tokenizers;
}

/** One that is waited for on a clock that stands still. */
function waiting(t: TestContext) {
  const clock = new VirtualClock();
  const tokenizers = openTokenizers({ find: async () => [fake("return () => { for (;;) {} };")], clock, thread });
  t.after(() => tokenizers[Symbol.asyncDispose]());
  return { clock, counted: tokenizers.count("letters", [say("x")], 100, signal) };
}

const say = (text: string): TranscriptMessage =>
  ({ position: 1, seq: 1, timeMs: 0, runId: "r", label: "owner", content: { role: "user", text } });

test("a model finds its encoding by its name, or by what its configuration names", async (t) => {
  const tokenizers = open(t, "return (text) => text.length;");
  assert.equal(await tokenizers.encodingOf("letter-1"), "letters");
  assert.equal(await tokenizers.encodingOf("LETTER-2", "others"), "others");
  assert.equal(await tokenizers.encodingOf("other-1", "unheard-of"), "others");
  assert.equal(await tokenizers.encodingOf("strange"), undefined);
});

test("messages are counted in another thread, each once, and only as many as are wanted", async (t) => {
  const tokenizers = open(t, "let asked = 0; return (text) => text.length + (asked += 1) * 1000;");
  const messages = ["a", "b", "c"].map((letter) => say(letter.repeat(4_000)));
  const counts = await tokenizers.count("letters", messages, 1_000, signal);
  assert.ok(counts !== undefined);
  const [first, second, third] = messages as [TranscriptMessage, TranscriptMessage, TranscriptMessage];
  assert.equal(counts.message(first), 6 + 4_000 + 1_000);
  assert.equal(counts.message(third), ESTIMATES.message(third), "the first ones were enough");
  const again = await tokenizers.count("letters", messages, 6_000, signal);
  assert.equal(again?.message(first), 5_006, "not counted again");
  assert.equal(again?.message(second), 6 + 4_000 + 2_000);
});

test("a tokenizer that fails, or never answers, is no obstacle: nothing is counted, and soon nothing is asked (S3.2)", async (t) => {
  const broken = open(t, "throw new Error('no table');");
  assert.equal(await broken.count("letters", [say("x")], 100, signal), undefined);
  assert.equal(await broken.count("letters", [say("y")], 100, signal), undefined);
  assert.equal(await broken.count("unheard-of", [say("x")], 100, signal), undefined);
  const leaving = new AbortController();
  const silent = open(t, "return () => { for (;;) {} };");
  const counting = silent.count("letters", [say("x")], 100, leaving.signal);
  leaving.abort(new Error("no longer wanted"));
  await assert.rejects(counting, /no longer wanted/);
  const { clock, counted } = waiting(t);
  await clock.advance(6_000);
  assert.equal(await counted, undefined);
});
