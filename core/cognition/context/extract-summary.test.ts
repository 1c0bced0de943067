import assert from "node:assert/strict";
import { test } from "node:test";
import { TOKEN_CORPUS } from "@openclaw/testkit/token-corpus";
import type { TranscriptMessage } from "../../fabric/journal.ts";
import { estimateAhead } from "./count-tokens.ts";
import { estimateTokens } from "./estimate-tokens.ts";
import { extractSummary } from "./extract-summary.ts";
import { unusable } from "./make-summary.ts";

let seq = 0;
const message = (content: TranscriptMessage["content"]): TranscriptMessage =>
  ({ position: ++seq, seq, timeMs: 0, runId: "r", label: "owner", content });
const asks = (text: string): TranscriptMessage => message({ role: "user", text });
const answers = (text: string): TranscriptMessage =>
  message({ role: "assistant", text, calls: [], model: "m", finish: "stop", usage: { inputTokens: 0, outputTokens: 0 } });
const gives = (name: string, text: string, isError = false): TranscriptMessage =>
  message({ role: "tool", callId: "c", name, text, isError });

const ROOM = { tokensMax: 600, count: estimateTokens };

const TALK = [
  asks("Hello there. Can you look at the backup of heavy-compute? It stopped at 03:17."),
  gives("exec", "Filesystem Size Used\n/dev/sda1 916G 913G\n/dev/sdb1 1.8T 1.2T"),
  answers("The disk /dev/sda1 is full: 913G of 916G. I would delete old archives."),
  asks("We decided to keep invoices for ten years. Delete only what is older than 90 days in /srv/archive."),
  gives("exec", "rm: cannot remove '/srv/archive/x': Permission denied", true),
  answers("That failed: permission denied. Ask Maria Lindgren for access."),
];

test("it keeps what was asked, what was decided, names and numbers, the last results and answers (S3.2)", async () => {
  const text = await extractSummary({ previous: null, messages: TALK, ...ROOM });
  assert.match(text, /^Asked:\n- Can you look at the backup of heavy-compute\?/);
  assert.match(text, /Decided:\n- We decided to keep invoices for ten years\./);
  for (const name of ["/dev/sda1", "/srv/archive", "03:17", "913G", "Maria Lindgren"]) assert.ok(text.includes(name), name);
  assert.match(text, /Last results:\n- exec: Filesystem Size Used … \/dev\/sdb1 1\.8T 1\.2T\n- exec failed: rm: cannot remove/);
  assert.match(text, /Last answers:\n- The disk/);
  assert.equal(text, await extractSummary({ previous: null, messages: TALK, ...ROOM }), "the same every time");
});

test("what an earlier extract kept is kept on, and a model's summary is carried whole while there is room", async () => {
  const first = await extractSummary({ previous: null, messages: TALK.slice(0, 3), ...ROOM });
  const second = await extractSummary({ previous: { text: first, by: "extract" }, messages: TALK.slice(3), ...ROOM });
  assert.match(second, /Can you look at the backup/);
  assert.match(second, /We decided to keep invoices/);
  assert.equal(second.match(/Asked:/g)?.length, 1);
  const said = "They looked at the backup.\nThe disk was full.";
  const third = await extractSummary({ previous: { text: said, by: "model" }, messages: TALK.slice(3), ...ROOM });
  assert.match(third, /^Before:\n- They looked at the backup\.\nThe disk was full\.\nAsked:/);
  const fourth = await extractSummary({ previous: { text: third, by: "extract" }, messages: [asks("And now?")], ...ROOM });
  assert.match(fourth, /^Before:\n- They looked at the backup\.\nThe disk was full\.\nAsked:/);
  assert.match(fourth, /- And now\?/);
});

test("it is never longer than its room, whatever it is made of, and never fails", async () => {
  const texts = TOKEN_CORPUS.map(({ text }) => text);
  const messages = texts.flatMap((text) => [asks(text.repeat(3)), gives("t", text.repeat(50)), answers(text)]);
  let previous: { text: string; by: "extract" } | null = null;
  for (const tokensMax of [50, 200, 1_000, 4_096]) {
    for (let from = 0; from < messages.length; from += 40) {
      const text = await extractSummary({ previous, messages: messages.slice(from, from + 40), tokensMax, count: estimateTokens });
      assert.ok(estimateTokens(text) <= tokensMax, `${estimateTokens(text)} of ${tokensMax}`);
      previous = { text, by: "extract" };
    }
  }
});

test("a summary that says nothing of what it covers is not taken, in any script; a true one is", async () => {
  const source = TALK.map(({ content }) => content.text).join("\n");
  const truth = "The backup of heavy-compute stopped since the disk was full; invoices are kept for ten years.";
  assert.equal(unusable(truth, source), undefined);
  const corpus = TOKEN_CORPUS.map(({ text }) => text).join("\n");
  assert.equal(unusable("昨夜のバックアップはディスクがいっぱいで終わらなかった。請求書は十年間保存。", corpus), undefined);
  const latin = "Lorem ipsum dolor sit amet consectetur adipiscing elit sed do eiusmod";
  for (const nonsense of ["", "ok", latin, "今天天气很好我们一起去公园散步吧然后吃饭"]) {
    assert.notEqual(unusable(nonsense, source), undefined, nonsense);
  }
});

test("however much there is to condense or to count, others have their turn in between (C7)", async () => {
  const long = Array.from({ length: 400 }, (_, at) => asks(`${at} ${"We decided on Service_42 at /srv/a b. ".repeat(25)}`));
  const turnsDuring = async (work: () => Promise<unknown>): Promise<number> => {
    let turns = 0;
    let isDone = false;
    const spin = (): void => {
      turns += 1;
      if (!isDone) setImmediate(spin);
    };
    setImmediate(spin);
    await work();
    isDone = true;
    return turns;
  };
  assert.ok((await turnsDuring(() => extractSummary({ previous: null, messages: long, ...ROOM }))) >= 10);
  assert.ok((await turnsDuring(() => estimateAhead(long))) >= 10);
  assert.ok((await turnsDuring(() => estimateAhead(long))) <= 2, "what was counted is not counted again");
});
