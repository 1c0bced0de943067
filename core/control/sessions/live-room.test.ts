/** What sessions take in memory together is bounded at every moment, not only after the next sweep; nothing is lost by it. */
import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { VirtualClock } from "@openclaw/testkit/virtual-clock";
import { openMemoryEngine } from "../../fabric/engine.ts";
import { emptyState, weighState, type TranscriptMessage } from "../../fabric/journal.ts";
import { LIVE_LIMITS } from "./live-sessions.ts";
import { makeKeyDir, openWorld, type World, type WorldOptions } from "./world.testing.ts";

async function setUp(t: TestContext, more: Partial<WorldOptions>) {
  const clock = new VirtualClock();
  const engine = await openMemoryEngine({ clock });
  const keys = await makeKeyDir();
  t.after(async () => {
    await engine[Symbol.asyncDispose]();
    await keys.remove();
  });
  const world = await openWorld({ engine, clock, keyDir: keys.dir, ...more });
  t.after(() => world.close());
  const settle = async (): Promise<void> => {
    for (let step = 0; step < 20; step++) await clock.advance(1);
  };
  const say = async (key: string, text: string, runId?: string): Promise<unknown> => {
    const status = await world.send(key, text, runId);
    await settle();
    await clock.advance(LIVE_LIMITS.justUsedMs);
    return status;
  };
  return { clock, world, settle, say };
}

const keyOf = (at: number): string => `agent:main:room-${at}`;

async function checkAll(world: World, sessions: number): Promise<void> {
  for (let at = 0; at < sessions; at += 1) {
    assert.deepEqual(await world.transcript(keyOf(at)), [`user: hello ${at}`, `assistant: echo: hello ${at}`], keyOf(at));
  }
}

test("beyond the most sessions the longest unused goes at once, and none is lost (S1.46)", async (t) => {
  const { world, say } = await setUp(t, { session: { liveMax: 3 } });
  for (let at = 0; at < 12; at += 1) {
    await say(keyOf(at), `hello ${at}`);
    assert.ok(world.sessions.live <= 4, `${world.sessions.live} after ${at}`);
  }
  assert.ok(world.sessions.live >= 3, "no more than needed");
  assert.deepEqual(await say(keyOf(0), "hello 0", "run-again"), { status: "started" });
  assert.deepEqual(await world.transcript(keyOf(11)), ["user: hello 11", "assistant: echo: hello 11"]);
});

test("a repeat is known after its session made room for others (S1.20)", async (t) => {
  const { world, say } = await setUp(t, { session: { liveMax: 2 } });
  for (let at = 0; at < 8; at += 1) await say(keyOf(at), `hello ${at}`, `run-${at}`);
  for (let at = 0; at < 8; at += 1) assert.equal(((await say(keyOf(at), `hello ${at}`, `run-${at}`)) as { status: string }).status, "ok");
  await checkAll(world, 8);
});

test("sessions share one budget of bytes: where they are large, fewer are held (S1.46)", async (t) => {
  const { world, say } = await setUp(t, { session: { liveBytesMax: 60_000 } });
  for (let at = 0; at < 10; at += 1) await say(keyOf(at), `hello ${at}`);
  const small = world.sessions.live;
  assert.ok(small >= 3 && small <= 6, `${small} small ones`);
  const large = "x".repeat(9_000);
  for (let at = 10; at < 20; at += 1) await say(keyOf(at), large);
  assert.ok(world.sessions.live < small, `${world.sessions.live} large ones`);
  await checkAll(world, 10);
});

test("one that is at work stays, however little room there is", async (t) => {
  const held = Promise.withResolvers<void>();
  const { world, say, settle } = await setUp(t, {
    session: { liveMax: 1 },
    model: async function* (request) {
      const asked = request.messages.at(-1)?.text ?? "";
      if (asked === "slow") await held.promise;
      yield { type: "text", delta: `echo: ${asked}` };
      yield { type: "end", finish: "stop", calls: [], usage: { inputTokens: 1, outputTokens: 1 } };
    },
  });
  await world.send("agent:main:slow", "slow");
  await settle();
  for (let at = 0; at < 5; at += 1) await say(keyOf(at), `hello ${at}`);
  assert.equal(world.sessions.active().length, 1);
  held.resolve();
  await settle();
  assert.deepEqual(await world.transcript("agent:main:slow"), ["user: slow", "assistant: echo: slow"]);
});

test("memory is given back once, after many were put to sleep and nothing is under way (S1.46)", async (t) => {
  let rests = 0;
  const { clock, world, settle } = await setUp(t, { dormantAfterMs: 1_000, session: { liveMax: 10_000 }, onRest: () => (rests += 1) });
  for (let at = 0; at < LIVE_LIMITS.restAfter; at += 1) await world.send(keyOf(at), `hello ${at}`);
  await settle();
  assert.equal(world.sessions.live, LIVE_LIMITS.restAfter);
  for (let times = 0; times < 3; times += 1) await clock.advance(LIVE_LIMITS.sweepMs);
  await settle();
  assert.deepEqual([world.sessions.live, rests], [0, 1]);
  await world.send(keyOf(0), "once more");
  for (let times = 0; times < 3; times += 1) await clock.advance(LIVE_LIMITS.sweepMs);
  assert.deepEqual([world.sessions.live, rests], [0, 1], "one alone is not worth it");
});

test("what a session is said to take follows what it holds", () => {
  const content = { role: "user", text: "x".repeat(5_000) } as const;
  const message: TranscriptMessage = { position: 1, seq: 1, timeMs: 1, runId: "r", label: "owner", content };
  const empty = weighState(emptyState());
  const full = weighState({ ...emptyState(), messages: Array.from({ length: 100 }, () => message) });
  assert.ok(full - empty > 500_000 && full - empty < 600_000, String(full - empty));
});
