/** Outcomes that are owed to a channel: brought in order, tried again, given up, forbidden, and never brought twice. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { hasCode } from "@openclaw/protocol";
import { OWNER } from "../../fabric/identity.ts";
import { fakeChannel, PARENT, say, setUp, toFake } from "./delegation.testing.ts";
import { DELIVERY_LIMITS } from "./pay-debts.ts";
import { settle } from "./world.testing.ts";

test("an outcome is brought to the channel it is owed to, in order, tried again with patience, and once (S4.26, C1, C2)", async (t) => {
  const { arrived, state, channels } = fakeChannel();
  const { clock, open } = await setUp(t, { channels });
  const world = await open();
  state.fails = 2;
  await say(world, "one", "r1");
  await say(world, "two", "r2");
  await settle(clock, 5_000);
  assert.deepEqual([...arrived.values()].map(({ text, status }) => `${status} ${text}`), ["ok echo one", "ok echo two"]);
  assert.equal(state.attempts, 4);
  world.crash();
  const again = await open();
  await settle(clock, 5_000);
  assert.equal((await again.sessions.describe(PARENT))?.status, "done");
  assert.equal(state.attempts, 4, "what was delivered is not brought again after a restart");
  const nowhere = { kind: "channel", channel: "nowhere", to: "x" } as const;
  await assert.rejects(say(again, "three", "r3", nowhere), (error) => hasCode(error, "CHANNEL_UNKNOWN"));
});

test("messages that one turn answers are each answered, and what brings it knows that it is one answer (S4.26, C2)", async (t) => {
  const { arrived, channels } = fakeChannel();
  const { clock, open } = await setUp(t, { channels });
  const world = await open();
  const order = { sessionKey: PARENT, agentId: "main", channel: "fake", principal: OWNER, replyTo: toFake, queueMode: "collect" } as const;
  for (const text of ["one", "two"]) void world.sessions.send({ ...order, runId: text, text });
  await settle(clock, 20_000);
  await say(world, "three", "three");
  await settle(clock, 5_000);
  const [one, two, three] = [...arrived.values()];
  assert.deepEqual([one?.from.runId, two?.from.runId, three?.from.runId], ["one", "two", "three"]);
  assert.ok(one?.sharedEnd !== undefined && one.sharedEnd === two?.sharedEnd && one.text === two.text);
  assert.equal(three?.sharedEnd, undefined);
});

test("trying ends: what cannot be brought is given up, recorded, and the session falls asleep (S4.26)", async (t) => {
  const { arrived, state, channels } = fakeChannel();
  const { clock, open } = await setUp(t, { channels, dormantAfterMs: 1_000 });
  const world = await open();
  state.fails = Number.POSITIVE_INFINITY;
  await say(world, "one", "r1");
  await settle(clock);
  await clock.advance(30_000);
  assert.equal(world.sessions.live, 1, "a session that owes is not asleep");
  await clock.advance(600_000);
  assert.equal(state.attempts, 10);
  await clock.advance(60_000);
  assert.equal(world.sessions.live, 0);
  assert.equal(arrived.size, 0);
  const log = await world.journal.load(world.journal.address(PARENT));
  const recorded = await log.read(0, 100);
  const given = recorded.find((entry) => entry.type === "reply.delivered");
  assert.deepEqual(given?.type === "reply.delivered" && given.body.failed?.code, "CONNECTION_LOST");
});

test("a messenger that is away for hours loses no answer; after a day it is given up (S4.26, C1)", async (t) => {
  const { arrived, state, channels } = fakeChannel();
  const { clock, open } = await setUp(t, { channels });
  const world = await open();
  Object.assign(state, { fails: Number.POSITIVE_INFINITY, code: "CHANNEL_DOWN" });
  await say(world, "one", "r1");
  await settle(clock);
  await clock.advance(6 * 3_600_000);
  assert.ok(state.attempts > 100 && state.attempts < 400, `${state.attempts} attempts in six hours`);
  state.fails = 0;
  await clock.advance(60_000);
  assert.deepEqual([...arrived.values()].map(({ text }) => text), ["echo one"]);
  state.fails = Number.POSITIVE_INFINITY;
  await say(world, "two", "r2");
  await clock.advance(DELIVERY_LIMITS.ageMs + 120_000);
  const before = state.attempts;
  await clock.advance(600_000);
  assert.equal(state.attempts, before);
});

test("a send policy of deny keeps outcomes from channels, and the log says so (S4.26)", async (t) => {
  const { arrived, channels } = fakeChannel();
  const { clock, open } = await setUp(t, { channels });
  const world = await open();
  await world.send(PARENT, "hello", "h");
  await settle(clock);
  const patching = world.sessions.patch(PARENT, { sendPolicy: "deny" }, OWNER);
  await settle(clock);
  await patching;
  await say(world, "one", "r1");
  await settle(clock, 5_000);
  assert.equal(arrived.size, 0);
  const recorded = await (await world.journal.load(world.journal.address(PARENT))).read(0, 100);
  const given = recorded.find((entry) => entry.type === "reply.delivered");
  assert.equal(given?.type === "reply.delivered" && given.body.failed?.code, "SEND_FORBIDDEN");
});

test("what was dropped before a turn began is answered while that turn runs (C13)", async (t) => {
  const { clock, open } = await setUp(t);
  const { arrived, channels } = fakeChannel();
  const first = await open({ channels, onResolve: () => new Promise<void>(() => undefined) });
  await say(first, "one", "one");
  await first.send(PARENT, "hang", "two");
  await settle(clock);
  first.crash();
  const world = await open({ channels, session: { queue: { cap: 1, drop: "oldest" } } });
  await settle(clock);
  assert.equal((await world.sessions.describe(PARENT))?.hasActiveRun, true);
  assert.deepEqual([...arrived.values()].map(({ from, code }) => [from.runId, code]), [["one", "MESSAGE_DROPPED"]]);
});
