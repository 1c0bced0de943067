import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { hasCode } from "@openclaw/protocol";
import type { ModelEvent, ModelRequest } from "@openclaw/sdk";
import { OWNER } from "../../fabric/identity.ts";
import type { SessionState } from "../../fabric/journal.ts";
import { obedientModel, settle as settleFor, setUpWorld, type World, type WorldOptions } from "./world.testing.ts";

const KEY = "agent:main:main";
const CONDENSED = "They asked about server Copper-0 and what to do about its disk.";
const USAGE = { inputTokens: 7, outputTokens: 5 };
type Request = Omit<ModelRequest, "model">;

const isSummary = (request: Request): boolean => request.messages[0]?.text.startsWith("You condense") === true;

/** A model that answers in a few words and condenses as `condense` says; every request is kept. */
async function setUp(t: TestContext, condense: (request: Request, signal: AbortSignal) => AsyncIterable<ModelEvent>) {
  const requests: Request[] = [];
  const model: WorldOptions["model"] = (request, signal) => {
    requests.push(request);
    return isSummary(request) ? condense(request, signal) : obedientModel(request);
  };
  const { clock, open } = await setUpWorld(t, { model, contextTokens: 3_000 });
  const settle = (ms = 200): Promise<void> => settleFor(clock, ms);
  /** Enough turns that the older part has to be condensed. */
  const talkLong = async (world: World, from = 0, turns = 12): Promise<void> => {
    for (let at = from; at < from + turns; at++) {
      await world.send(KEY, `Question ${at} about server Copper-${at}: ${"what shall we do about its disk ".repeat(4)}?`);
      await settle();
    }
  };
  const stateOf = async (world: World): Promise<SessionState> => (await world.journal.load(world.journal.address(KEY))).state;
  return { clock, requests, open, settle, talkLong, stateOf };
}

async function* says(text: string): AsyncGenerator<ModelEvent> {
  yield { type: "text", delta: text };
  yield { type: "end", finish: "stop", calls: [], usage: USAGE };
}

test("a long conversation is condensed ahead of need, and from then on the summary stands for what it covers (S3.2, S2.15)", async (t) => {
  const { requests, open, talkLong, stateOf } = await setUp(t, () => says(CONDENSED));
  const world = await open();
  await talkLong(world);
  const { summary, messageCount } = await stateOf(world);
  assert.ok(summary !== null && summary.by === "model" && summary.model === "test/test");
  assert.ok(summary.upToSeq > 0 && summary.upToSeq < messageCount);
  assert.equal(summary.label, "agent", "the least trusted of what it covers: the model's own words");
  const prompt = requests.findLast((request) => !isSummary(request))?.messages ?? [];
  assert.match(prompt[1]?.text ?? "", /Summary of what was said before:\nThey asked about server Copper-0/);
  assert.equal(prompt[2]?.text, "Noted.");
  assert.ok(!prompt.slice(3).some(({ text }) => text.includes("Question 0 ")), "what it covers is not shown again");
  assert.match(prompt.at(-1)?.text ?? "", /^Question 11 /);
  const { usage } = await stateOf(world);
  const condensed = requests.filter(isSummary).length;
  assert.equal(usage.inputTokens, 12 + condensed * USAGE.inputTokens, "what condensing took is counted");
});

/** A long conversation whose summary is being made until the gate opens. */
async function beingCondensed(t: TestContext) {
  const gate = Promise.withResolvers<void>();
  const { open, ...bench } = await setUp(t, async function* () {
    await gate.promise;
    yield* says(CONDENSED);
  });
  const world = await open();
  await bench.talkLong(world);
  return { ...bench, gate, world };
}

test("making a summary delays no reply, and it is recorded between two turns", async (t) => {
  const { gate, settle, stateOf, world } = await beingCondensed(t);
  assert.equal((await stateOf(world)).summary, null);
  await world.send(KEY, "and now?");
  await settle();
  assert.equal((await world.transcript(KEY)).at(-1), "assistant: echo: and now?");
  gate.resolve();
  await settle();
  assert.notEqual((await stateOf(world)).summary, null);
});

test("a crash while it is made loses nothing: the next owner makes it again", async (t) => {
  let hangs = true;
  const { open, talkLong, stateOf } = await setUp(t, async function* () {
    if (hangs) await new Promise(() => undefined);
    yield* says(CONDENSED);
  });
  const first = await open();
  await talkLong(first);
  first.crash();
  hangs = false;
  const second = await open();
  await talkLong(second, 12, 1);
  const { summary } = await stateOf(second);
  assert.equal(summary?.by, "model");
  assert.equal((await second.transcript(KEY)).length, 26);
});

for (const [name, condense] of [
  ["fails", async function* (): AsyncGenerator<ModelEvent> {
    yield { type: "error", code: "MODEL_UNAVAILABLE", why: "gone" };
  }],
  ["speaks of something else", () => says("Bananas grow upwards because yellow sunshine tastes excellent everywhere, obviously.")],
  ["says nothing", () => says("")],
  ["calls a tool", async function* (): AsyncGenerator<ModelEvent> {
    yield { type: "end", finish: "tools", calls: [{ id: "c", name: "act", arguments: "{}" }], usage: USAGE };
  }],
  ["breaks", async function* (): AsyncGenerator<ModelEvent> {
    throw new Error("no stream");
  }],
] as const) {
  test(`where the model ${name}, sentences are picked instead`, async (t) => {
    const { open, talkLong, stateOf } = await setUp(t, condense);
    const world = await open();
    await talkLong(world);
    const { summary } = await stateOf(world);
    assert.equal(summary?.by, "extract");
    assert.match(summary?.text ?? "", /Asked:\n- Question \d+ about server Copper-\d+/);
  });
}

test("a model that never answers is waited for no longer than the limit; then sentences are picked", async (t) => {
  const { clock, open, talkLong, stateOf, settle } = await setUp(t, async function* (_, signal) {
    await new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason as Error)));
  });
  const world = await open();
  await talkLong(world);
  assert.equal((await stateOf(world)).summary, null);
  await clock.advance(61_000);
  await settle();
  assert.equal((await stateOf(world)).summary?.by, "extract");
});

test("a reset leaves no summary, not even one that was being made", async (t) => {
  const { gate, settle, stateOf, world } = await beingCondensed(t);
  const resetting = world.sessions.reset(KEY, "reset", OWNER);
  await settle();
  await resetting;
  gate.resolve();
  await world.send(KEY, "hello");
  await settle();
  assert.equal((await stateOf(world)).summary, null);
});

test("a session is condensed on demand, all but its last turn; where there is nothing older it says so", async (t) => {
  const { open, settle, stateOf } = await setUp(t, () => says("They said hello and then asked what was new."));
  const world = await open();
  const compact = async (): Promise<boolean> => {
    const compacting = world.sessions.context.compact(KEY, new AbortController().signal);
    await settle();
    return await compacting;
  };
  await assert.rejects(world.sessions.context.compact(KEY, new AbortController().signal), (error) => hasCode(error, "NOT_FOUND"));
  await world.send(KEY, "hello");
  await settle();
  assert.equal(await compact(), false);
  await world.send(KEY, "what was new");
  await settle();
  assert.equal(await compact(), true);
  assert.equal((await stateOf(world)).summary?.upToSeq, 2);
  assert.equal(await compact(), false);
});

test("a pinned fact is in every prompt before the summary, with the label of who pinned it, until it is taken away", async (t) => {
  const { requests, open, settle, talkLong, stateOf } = await setUp(t, () => says(CONDENSED));
  const world = await open();
  const during = async <T>(doing: Promise<T>): Promise<T> => {
    doing.catch(() => undefined);
    await settle();
    return await doing;
  };
  await world.send(KEY, "hello");
  await settle();
  const { context } = world.sessions;
  const { id } = await during(context.pin(KEY, "Backups run at 3 in the night", { ...OWNER, id: "guest", label: "member" }));
  world.crash();
  const again = await open();
  await talkLong(again);
  assert.deepEqual((await stateOf(again)).pinned.map(({ text, label }) => [text, label]), [["Backups run at 3 in the night", "member"]]);
  const shown = requests.findLast((request) => !isSummary(request))?.messages[1]?.text ?? "";
  assert.match(shown, /Pinned facts:\n- Backups run at 3 in the night\n\nSummary of what was said before:/);
  await assert.rejects(during(again.sessions.context.unpin(KEY, "none", OWNER)), (error) => hasCode(error, "NOT_FOUND"));
  await during(again.sessions.context.unpin(KEY, id, OWNER));
  assert.deepEqual(await again.sessions.context.pins(KEY), []);
  for (let at = 0; at < 32; at++) await during(again.sessions.context.pin(KEY, `fact ${at}`, OWNER));
  await assert.rejects(during(again.sessions.context.pin(KEY, "one more", OWNER)), (error) => hasCode(error, "PINS_FULL"));
});
