import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import type { Engine } from "@openclaw/sdk";
import { VirtualClock } from "@openclaw/testkit/virtual-clock";
import { openMemoryEngine } from "../../fabric/engine.ts";
import { formatHistoryItem, type HistoryPage } from "./transcript.ts";
import { makeKeyDir, openWorld, type World } from "./world.testing.ts";

const KEY = "agent:main:main";

async function setUp(t: TestContext) {
  const clock = new VirtualClock();
  const engine: Engine = await openMemoryEngine({ clock, skipNumbers: true });
  const keys = await makeKeyDir();
  t.after(async () => {
    await engine[Symbol.asyncDispose]();
    await keys.remove();
  });
  return { clock, engine, open: (dormantAfterMs = 60_000) => openWorld({ engine, clock, keyDir: keys.dir, dormantAfterMs }) };
}

/** Sends in groups, so that most messages wait in line and lie in the log before the turns ahead of them. */
async function talk(world: World, clock: VirtualClock, from: number, to: number, group: number): Promise<void> {
  for (let at = from; at < to; at += group) {
    const texts = Array.from({ length: Math.min(group, to - at) }, (_, index) => `m${at + index}`);
    await Promise.all(texts.map((text) => world.send(KEY, text)));
    for (let step = 0; step < 2 + group; step++) await clock.advance(1);
  }
}

const textOf = (item: HistoryPage["messages"][number]): string => String(item.content[0]?.["text"]);
const expected = (count: number): string[] => Array.from({ length: count }, (_, at) => [`m${at}`, `echo: m${at}`]).flat();

test("pages of any size, from any place, show every message once and in order, also those memory no longer holds", async (t) => {
  const { clock, open } = await setUp(t);
  const world = await open();
  const groups = [[0, 30, 1], [30, 290, 13], [290, 330, 20], [330, 400, 1]] as const;
  for (const [from, to, group] of groups) await talk(world, clock, from, to, group);
  const all = expected(400);
  const whole = await world.sessions.history(KEY, 1_000, 0);
  assert.equal(whole.totalMessages, 800);
  assert.deepEqual(whole.messages.map(textOf), all);
  for (const limit of [1, 7, 50, 333]) {
    const pages: string[][] = [];
    for (let offset: number | null = 0; offset !== null; ) {
      const page: HistoryPage = await world.sessions.history(KEY, limit, offset);
      assert.equal(page.hasMore, page.nextOffset !== null);
      assert.equal(page.messages.length, Math.min(limit, 800 - offset));
      pages.unshift(page.messages.map(textOf));
      offset = page.nextOffset;
      if (limit === 1 && pages.length > 40) offset = offset === null ? null : Math.max(offset, 760);
    }
    if (limit !== 1) assert.deepEqual(pages.flat(), all, `pages of ${limit}`);
  }
});

test("a page older than memory is the same from the log, from segments and after a restart", async (t) => {
  const { clock, open, engine } = await setUp(t);
  const world = await open(100);
  await talk(world, clock, 0, 340, 17);
  const page = async (from: World): Promise<readonly unknown[]> => (await from.sessions.history(KEY, 40, 600)).messages;
  const before = await page(world);
  assert.deepEqual(before.map((item) => textOf(item as never)), expected(340).slice(40, 80));
  const address = world.journal.address(KEY);
  const log = await world.journal.load(address);
  const { claim } = await world.placement.ownSlot(address.slot);
  await log.compact(claim);
  assert.equal((await engine.log.readSession(address.slot, address.token, 0)).length, 0, "everything left the log for segments");
  assert.deepEqual(await page(world), before);
  world.crash();
  const again = await open();
  assert.deepEqual(await page(again), before);
});

test("after a reset the pages show the new window only", async (t) => {
  const { clock, open } = await setUp(t);
  const world = await open();
  await talk(world, clock, 0, 20, 5);
  const resetting = world.sessions.reset(KEY, "reset", { tenant: "home", id: "owner", kind: "person", label: "owner" });
  await clock.advance(10);
  await resetting;
  await talk(world, clock, 20, 260, 20);
  const page = await world.sessions.history(KEY, 1_000, 0);
  assert.equal(page.totalMessages, 480);
  assert.deepEqual(page.messages.map(textOf), expected(260).slice(40));
  assert.deepEqual((await world.sessions.history(KEY, 3, 477)).messages.map(textOf), ["m20", "echo: m20", "m21"]);
});

test("beyond the beginning there is nothing, and an empty session has an empty page", async (t) => {
  const { clock, open } = await setUp(t);
  const world = await open();
  const none = { messages: [], totalMessages: 0, hasMore: false, nextOffset: null, row: null, waiting: [], window: 0 };
  assert.deepEqual(await world.sessions.history(KEY, 10, 0), none);
  await talk(world, clock, 0, 3, 1);
  const { messages, hasMore, nextOffset } = await world.sessions.history(KEY, 10, 6);
  assert.deepEqual({ messages, hasMore, nextOffset }, { messages: [], hasMore: false, nextOffset: null });
  assert.deepEqual((await world.sessions.history(KEY, 10, 100)).messages, []);
});

test("a message is shown in the wire's shape", () => {
  const facts = { position: 7, seq: 3, timeMs: 1_000, runId: "r", label: "owner" as const };
  const marks = { id: "7-3", seq: 3, runId: "r", recordTimestampMs: 1_000, label: "owner" };
  assert.deepEqual(formatHistoryItem({ ...facts, content: { role: "user", text: "hi" } }), {
    role: "user", content: [{ type: "text", text: "hi" }], timestamp: 1_000, idempotencyKey: "r:user",
    __openclaw: { ...marks, senderIsOwner: true },
  });
  const result = { role: "tool" as const, callId: "c", name: "exec", text: "out", isError: true, nodeId: "n" };
  assert.deepEqual(formatHistoryItem({ ...facts, content: result }), {
    role: "toolResult", content: [{ type: "text", text: "out" }], timestamp: 1_000, toolCallId: "c", toolName: "exec", isError: true,
    nodeId: "n", __openclaw: marks,
  });
  const calls = [{ id: "c", name: "exec", arguments: "{\"argv\":[\"ls\"]}" }, { id: "d", name: "exec", arguments: "{" }];
  const usage = { inputTokens: 2, outputTokens: 3 };
  const assistant = { role: "assistant" as const, text: "", calls, model: "openai/gpt/4", finish: "tools", usage };
  assert.deepEqual(formatHistoryItem({ ...facts, content: assistant }), {
    role: "assistant", timestamp: 1_000, provider: "openai", model: "gpt/4", stopReason: "toolUse",
    usage: { input: 2, output: 3, totalTokens: 5 },
    content: [
      { type: "toolCall", id: "c", name: "exec", arguments: { argv: ["ls"] } }, { type: "toolCall", id: "d", name: "exec", arguments: "{" },
    ],
    __openclaw: marks,
  });
});
