import assert from "node:assert/strict";
import { test } from "node:test";
import { VirtualClock } from "../../../testkit/virtual-clock.ts";
import type { EventHead } from "./event-head.ts";
import { createTextFanout, WHOLE_TEXT, type TextReader } from "./text-fanout.ts";

interface Delta {
  readonly deltaText: string;
  readonly replace?: true;
  readonly message?: { readonly content: readonly { readonly text: string }[] };
}

/** A named fake of a socket: it is behind when told so. */
class FakeReader implements TextReader {
  readonly connId: string = String(Math.random());
  readonly increments: boolean;
  isGone = false;
  isBehind = false;
  readonly frames: { event: string; payload: Record<string, unknown> }[] = [];
  readonly heads: string[] = [];
  #drained: (() => void)[] = [];

  constructor(increments = false) {
    this.increments = increments;
  }

  sendSequenced({ text }: EventHead): boolean {
    this.heads.push(text);
    this.frames.push(JSON.parse(`${text}}`) as FakeReader["frames"][0]);
    return true;
  }

  whenDrained(then: () => void): void {
    this.#drained.push(then);
  }

  drain(): void {
    this.isBehind = false;
    for (const one of this.#drained.splice(0)) one();
  }

  chats(): readonly Delta[] {
    return this.frames.filter(({ event }) => event === "chat").map(({ payload }) => payload as unknown as Delta);
  }

  get said(): string {
    return this.chats().reduce((text, { deltaText, replace }) => (replace === true ? deltaText : text + deltaText), "");
  }

  get whole(): string | undefined {
    return this.chats().findLast(({ message }) => message !== undefined)?.message?.content[0]?.text;
  }
}

function setUp(...readers: FakeReader[]) {
  const clock = new VirtualClock();
  const listening = new Set(readers);
  const fanout = createTextFanout({ clock, eachReader: (_, visit) => listening.forEach((reader) => visit(reader)) });
  let seq = 0;
  const say = (delta: string, runId = "r"): void =>
    fanout.add({ runId, sessionKey: "k", agentId: "main", stream: "assistant", seq: ++seq, ts: clock.now(), data: { delta } });
  return { clock, listening, fanout, say };
}

test("each piece leaves at once as a pair of agent and chat event, with the run's number and what it belongs to (W.7.14, W.7.17)", () => {
  const reader = new FakeReader();
  const { say } = setUp(reader);
  say("Hel");
  assert.deepEqual(reader.frames.map(({ event }) => event), ["agent", "chat"]);
  const { timestamp: _, ...message } = reader.frames[1]?.payload["message"] as { timestamp: number };
  assert.deepEqual(reader.frames[0]?.payload, {
    runId: "r", sessionKey: "k", agentId: "main", stream: "assistant", seq: 1, ts: reader.frames[0]?.payload["ts"],
    data: { text: "Hel", delta: "Hel", itemId: "r:0" },
  });
  assert.deepEqual({ ...reader.frames[1]?.payload, message }, {
    runId: "r", sessionKey: "k", agentId: "main", seq: 1, state: "delta", deltaText: "Hel",
    message: { role: "assistant", content: [{ type: "text", text: "Hel" }] },
  });
});

test("the whole text comes at most once in 50 ms for a run and a reader, and no piece waits for it (W.7.18)", async () => {
  const [reader, late] = [new FakeReader(), new FakeReader()];
  const { clock, listening, say } = setUp(reader);
  const wholesAtMs = new Map<FakeReader, number[]>([[reader, []], [late, []]]);
  for (let step = 0; step < 100; step += 1) {
    if (step === 33) listening.add(late);
    const before = [reader, late].map((one) => one.chats().length);
    say(`${step} `);
    for (const [at, one] of [reader, late].entries()) {
      if (!listening.has(one)) continue;
      assert.equal(one.chats().length, (before[at] ?? 0) + 1, "every piece leaves at once");
      if (one.chats().at(-1)?.message !== undefined) wholesAtMs.get(one)?.push(clock.now());
    }
    await clock.advance(7);
  }
  for (const [one, atMs] of wholesAtMs) {
    assert.ok(atMs.length >= 8, "whole texts come");
    for (const [at, ms] of atMs.entries()) assert.ok(at === 0 || ms - (atMs[at - 1] ?? 0) >= 50);
    assert.equal(one.said, Array.from({ length: 100 }, (_, step) => `${step} `).join(""));
  }
});

test("where text pauses its whole is sent without a further piece; a long text costs no more than its share of time (W.7.18)", async () => {
  const reader = new FakeReader();
  const { clock, say } = setUp(reader);
  say("a");
  say("b");
  assert.equal(reader.whole, "a");
  await clock.advance(2 * WHOLE_TEXT.everyMs);
  assert.equal(reader.whole, "ab");
  assert.equal(reader.said, "ab");
  const told = reader.frames.length;
  await clock.advance(10_000);
  assert.equal(reader.frames.length, told, "nothing is said twice");
  say("x".repeat(200_000));
  const wholes = reader.chats().filter(({ message }) => message !== undefined).length;
  for (let step = 0; step < 40; step += 1) {
    await clock.advance(20);
    say("y");
  }
  assert.equal(reader.chats().filter(({ message }) => message !== undefined).length, wholes, "800 ms are below 200,000 / 200");
});

test("a reader that negotiated increments gets what is new alone, also when it comes in the middle (W.7.19)", async () => {
  const [reader, late] = [new FakeReader(true), new FakeReader(true)];
  const { clock, listening, say } = setUp(reader);
  say("one ");
  await clock.advance(200);
  say("two ");
  listening.add(late);
  say("three");
  await clock.advance(200);
  assert.deepEqual(reader.chats().map(({ deltaText, replace, message }) => [deltaText, replace, message]), [
    ["one ", undefined, undefined], ["two ", undefined, undefined], ["three", undefined, undefined],
  ]);
  assert.deepEqual(late.chats().map(({ deltaText, replace }) => [deltaText, replace]), [["one two three", true]]);
  const data = late.frames.filter(({ event }) => event === "agent").map(({ payload }) => payload["data"]);
  assert.deepEqual(data, [{ delta: "one two three", itemId: "r:0", replace: true }], "who draws from agent events is told so too");
  assert.equal(reader.heads.join("").includes('"text"'), false);
});

test("while a reader is behind its pieces merge, and when it has drained they are one delta; others are not held up (W.1.26)", () => {
  const [slow, quick] = [new FakeReader(), new FakeReader()];
  const { say } = setUp(slow, quick);
  say("a");
  slow.isBehind = true;
  for (const piece of ["b", "c", "d"]) say(piece);
  assert.equal(slow.said, "a");
  assert.equal(quick.said, "abcd");
  slow.drain();
  assert.deepEqual(slow.chats().map(({ deltaText }) => deltaText), ["a", "bcd"]);
  assert.equal(slow.whole, "a", "its whole text is not yet due");
  say("e");
  assert.equal(slow.said, "abcde");
  assert.equal(slow.chats().some(({ replace }) => replace), false);
});

test("the last of a text leaves before its run ends, and before a tool begins, also to who is behind (W.7.20)", () => {
  const [slow, quick, gone] = [new FakeReader(), new FakeReader(), new FakeReader()];
  const { fanout, say } = setUp(slow, quick, gone);
  slow.isBehind = gone.isBehind = true;
  say("Let me ");
  say("look.");
  gone.isGone = true;
  fanout.flush("r");
  assert.equal(slow.said, "Let me look.");
  assert.equal(slow.frames.length, 2);
  say(" And there.");
  fanout.breakOff("r");
  assert.equal(slow.said, "Let me look. And there.");
  assert.equal(slow.frames.length, 4, "nothing is said twice");
  say("Found");
  say(" it.");
  fanout.end("r");
  assert.equal(slow.said, "Found it.");
  assert.equal(quick.said, "Found it.");
  assert.equal(gone.frames.length, 0);
  slow.drain();
  assert.equal(slow.said, "Found it.", "nothing is said twice");
});

test("what is void is replaced: after a tool, and where a run is taken up again (W.7.22)", () => {
  const reader = new FakeReader();
  const { fanout, say } = setUp(reader);
  say("half an ans");
  fanout.restart("r");
  say("The answer");
  fanout.breakOff("r");
  say("And more");
  assert.deepEqual(reader.chats().map(({ deltaText, replace = false }) => [deltaText, replace]), [
    ["half an ans", false], ["The answer", true], ["And more", true],
  ]);
  assert.equal(reader.whole, "And more");
});

test("whoever watches the same run at the same place is sent the same text, made once; runs are kept apart", () => {
  const readers = Array.from({ length: 50 }, () => new FakeReader());
  const { say } = setUp(...readers);
  say("a", "one");
  say("b", "two");
  say("c", "one");
  const [first] = readers as [FakeReader];
  for (const reader of readers) for (const [at, head] of reader.heads.entries()) assert.equal(head, first.heads[at]);
  assert.deepEqual(first.chats().map((chat) => [(chat as unknown as { runId: string }).runId, chat.deltaText]), [
    ["one", "a"], ["two", "b"], ["one", "c"],
  ]);
});

test("an answer holds the text so far, and the next delta goes on behind it, whether the reader lagged or just came (W.6.48)", () => {
  const [lagging, late] = [new FakeReader(true), new FakeReader(true)];
  const { listening, fanout, say } = setUp(lagging);
  say("one ");
  lagging.isBehind = true;
  say("two ");
  for (const reader of [lagging, late]) {
    listening.add(reader);
    let shown = fanout.soFar("r", reader.connId);
    assert.equal(shown, "one two ");
    const before = reader.chats().length;
    reader.isBehind = false;
    say("three");
    for (const { deltaText, replace } of reader.chats().slice(before)) shown = replace === true ? deltaText : shown + deltaText;
    assert.equal(shown, "one two three");
    fanout.restart("r");
    say("one ");
    say("two ");
  }
});

test("once a message holds the text the answer does not; a text too long for an answer comes whole with the next delta (W.6.48)", () => {
  const reader = new FakeReader(true);
  const { fanout, say } = setUp(reader);
  say("said");
  fanout.breakOff("r");
  assert.equal(fanout.soFar("r", reader.connId), "");
  say("x".repeat(600_000));
  assert.equal(fanout.soFar("r", reader.connId), "");
  const before = reader.chats().length;
  say("y");
  const after = reader.chats().slice(before);
  assert.equal(after[0]?.replace, true);
  assert.equal(after.map(({ deltaText }) => deltaText).join("").length, 600_001);
  assert.equal(fanout.soFar("unknown", reader.connId), "");
});
