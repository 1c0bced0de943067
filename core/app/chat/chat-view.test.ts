import assert from "node:assert/strict";
import { test } from "node:test";
import { systemClock } from "../../base/clock.ts";
import { openTerminal } from "../terminal/open-terminal.ts";
import type { ChatEntry } from "./chat-entry.ts";
import { createChatView } from "./chat-view.ts";

function open() {
  let text = "";
  const sink = { write: () => true };
  const terminal = openTerminal({
    stdout: sink, stderr: sink, environment: { LANG: "C" }, clock: systemClock, json: false, quiet: false, colour: false,
  });
  const view = createChatView({
    terminal, write: (more) => (text += more), hold: () => undefined, columns: () => 80, nameOf: () => undefined,
  });
  const say = (delta: string, itemId = "i1"): void => view.event({ stream: "assistant", data: { delta, itemId } });
  return { view, say, text: () => text };
}

const entry = (seq: number, more: Partial<ChatEntry>): ChatEntry => ({
  id: `e${seq}`, seq, role: "assistant", text: "", calls: [], key: undefined, runId: undefined, callId: undefined, isError: false,
  details: undefined, ...more,
});
const count = (text: string, part: string): number => text.split(part).length - 1;

test("after a lost connection the text goes on where it stopped, though it begins again from the start (S0.16)", () => {
  const { view, say, text } = open();
  say("one two thr");
  view.lost();
  view.textSoFar("");
  say("one ", "i2");
  say("two three ", "i2");
  say("four", "i2");
  view.entry(entry(2, { text: "one two three four" }));
  assert.equal(text().trim(), "one two three four");
});

test("who comes in the middle is told the text so far, and the first piece may hold all of it again: it stands once (S0.16)", () => {
  const { view, say, text } = open();
  say("word0 word1 ");
  view.lost();
  view.textSoFar("word0 ");
  view.event({ stream: "assistant", data: { delta: "word0 word1 word2 ", itemId: "r:0", replace: true } });
  say("word3", "r:0");
  view.entry(entry(2, { text: "word0 word1 word2 word3" }));
  assert.equal(text().trim(), "word0 word1 word2 word3");
});

test("a model that is asked again in the middle says nothing twice, and its record may lack the space around (S0.16)", () => {
  const { view, say, text } = open();
  say("\n\none two ", "r:0");
  say("\n\none ", "r:1");
  say("two three\n", "r:1");
  view.entry(entry(2, { text: "one two three" }));
  assert.equal(text().trim(), "one two three");
});

test("what the gateway has of the text by now is shown as far as it is new (S0.16)", () => {
  const { view, say, text } = open();
  say("one tw");
  view.lost();
  view.textSoFar("one two three ");
  say("four", "i1");
  assert.equal(text().trim(), "one two three four");
});

test("a text that comes out otherwise is shown whole, apart from the one that was withdrawn (S0.16)", () => {
  const { view, say, text } = open();
  say("first try");
  view.lost();
  view.entry(entry(2, { text: "second answer" }));
  assert.match(text(), /first try\n\nsecond answer\n/);
});

test("a record is not shown again after what streamed, whichever comes first: it, or the call behind it (S4.4)", () => {
  for (const recordFirst of [true, false]) {
    const { view, say, text } = open();
    const record = entry(2, { text: "I look.", calls: [{ id: "c1", name: "exec", args: { command: "uptime" } }] });
    say("I look.");
    if (recordFirst) view.entry(record);
    view.event({ stream: "tool", data: { phase: "start", toolCallId: "c1", name: "exec", args: { command: "uptime" } } });
    if (!recordFirst) view.entry(record);
    view.event({ stream: "tool", data: { phase: "result", toolCallId: "c1", name: "exec", result: { content: [{ text: "up 3 days" }] } } });
    view.entry(entry(3, { role: "tool", callId: "c1", text: "up 3 days" }));
    say("Done.", "i2");
    view.entry(entry(4, { text: "Done." }));
    assert.deepEqual(["I look.", "> exec", "+ exec", "up 3 days", "Done."].map((part) => count(text(), part)), [1, 1, 1, 1, 1], text());
  }
});

test("what a message holds is shown, never obeyed (S4.4)", () => {
  const { view, say, text } = open();
  view.entry(entry(1, { role: "person", text: "\x1b[2Jgone" }));
  say("\x1b]0;title\x07");
  assert.doesNotMatch(text(), /\x1b|\x07/);
});
