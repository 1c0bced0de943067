import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { OpenClawError, hasCode } from "@openclaw/protocol";
import type { Engine, ModelEvent } from "@openclaw/sdk";
import { engineWith } from "@openclaw/testkit/engine-with";
import { VirtualClock } from "@openclaw/testkit/virtual-clock";
import { openMemoryEngine } from "../../fabric/engine.ts";
import { OWNER } from "../../fabric/identity.ts";
import { makeKeyDir, obedientModel, openWorld, type World, type WorldOptions } from "./world.testing.ts";

const KEY = "agent:main:main";
const SWEEP_MS = 15_000;
const never = new AbortController().signal;

async function setUp(t: TestContext, wrap: (engine: Engine) => Engine = (engine) => engine) {
  const clock = new VirtualClock();
  const base = await openMemoryEngine({ clock });
  const keys = await makeKeyDir();
  t.after(async () => {
    await base[Symbol.asyncDispose]();
    await keys.remove();
  });
  const engine = wrap(base);
  const open = (more: Partial<WorldOptions> = {}): Promise<World> =>
    openWorld({ engine, clock, keyDir: keys.dir, dormantAfterMs: 1_000, ...more });
  return { clock, engine, open };
}

async function settle(clock: VirtualClock): Promise<void> {
  for (let step = 0; step < 20; step++) await clock.advance(1);
}

test("a message that comes while its session is falling asleep is answered", async (t) => {
  const gate: { open: Promise<void> } = { open: Promise.resolve() };
  const { clock, open } = await setUp(t, (engine) => engineWith(engine, { records: {
    write: async (bucket, ...rest) => {
      if (bucket === "snapshots") await gate.open;
      return await engine.records.write(bucket, ...rest);
    },
  } }));
  const world = await open();
  await world.send(KEY, "one");
  await settle(clock);
  const slow = Promise.withResolvers<void>();
  gate.open = slow.promise;
  await clock.advance(SWEEP_MS);
  assert.equal(world.sessions.live, 0, "it is out of reach while its fold is being written");
  await world.send(KEY, "two");
  await settle(clock);
  slow.resolve();
  await settle(clock);
  assert.deepEqual(await world.transcript(KEY), ["user: one", "assistant: echo: one", "user: two", "assistant: echo: two"]);
});

test("a session that is used stays in memory; one that is not used goes", async (t) => {
  const loads: string[] = [];
  const { clock, open } = await setUp(t, (engine) => engineWith(engine, { records: {
    get: (bucket, key) => {
      if (bucket === "snapshots") loads.push(key);
      return engine.records.get(bucket, key);
    },
  } }));
  const world = await open({ dormantAfterMs: 20_000 });
  for (const name of ["a", "b"]) await world.send(`agent:main:${name}`, "hi", `run-${name}`);
  await settle(clock);
  loads.length = 0;
  for (let times = 0; times < 4; times++) {
    await clock.advance(SWEEP_MS);
    await world.sessions.describe("agent:main:a");
  }
  assert.equal(world.sessions.live, 1);
  assert.deepEqual(loads, [], "the used one was never loaded again");
});

test("a wait outlives the sleep of its session", async (t) => {
  const gate: { open: Promise<void> } = { open: Promise.resolve() };
  const { clock, open } = await setUp(t, (engine) => engineWith(engine, { log: {
    offer: async (offer) => {
      await gate.open;
      return await engine.log.offer(offer);
    },
  } }));
  const world = await open();
  await world.send(KEY, "one");
  await settle(clock);
  const slow = Promise.withResolvers<void>();
  gate.open = slow.promise;
  const sending = world.send(KEY, "two");
  const waiting = world.sessions.wait("two", 600_000, never);
  const events: string[] = [];
  void waiting.then(() => events.push("ended"));
  await clock.advance(3 * SWEEP_MS);
  assert.deepEqual(events, []);
  slow.resolve();
  await sending;
  await settle(clock);
  assert.equal((await waiting)?.status, "ok");
  await clock.advance(3 * SWEEP_MS);
  assert.equal(world.sessions.live, 0);
  assert.equal((await world.sessions.wait("one", 1_000, never))?.status, "ok", "an ended run of a sleeping session");
});

test("waiting for a run that was refused ends at once, and for one that never ends at the deadline or by its signal", async (t) => {
  const state = { full: false };
  const { clock, open } = await setUp(t, (engine) => engineWith(engine, { log: {
    offer: async (offer) => {
      if (state.full && offer.session.length === 22) throw new OpenClawError("DISK_FULL");
      return await engine.log.offer(offer);
    },
  } }));
  const hang: AsyncIterable<ModelEvent> = { [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => undefined) }) };
  const world = await open({ model: (request) => (request.messages.at(-1)?.text === "hang" ? hang : obedientModel(request)) });
  await world.send(KEY, "one");
  await settle(clock);
  state.full = true;
  await assert.rejects(world.send(KEY, "two"), (error) => hasCode(error, "DISK_FULL"));
  assert.equal(await world.sessions.wait("two", 3_600_000, never), undefined);
  state.full = false;
  await world.send(KEY, "hang");
  const waiting = world.sessions.wait("hang", 5_000, never);
  const stop = new AbortController();
  const stopped = world.sessions.wait("hang", 3_600_000, stop.signal);
  await settle(clock);
  stop.abort(new Error("the client left"));
  await assert.rejects(stopped, /the client left/);
  await clock.advance(5_000);
  assert.equal(await waiting, undefined);
  assert.equal((await world.send(KEY, "two")).status, "started", "what was refused may be sent again");
});

test("a change of a session that does not exist makes nothing", async (t) => {
  const { clock, engine, open } = await setUp(t);
  const world = await open();
  await settle(clock);
  const before = await engine.log.heads();
  await assert.rejects(world.sessions.patch("agent:main:nobody", { label: "x" }, OWNER), (error) => hasCode(error, "NOT_FOUND"));
  assert.equal(await world.sessions.reset("agent:main:nobody", "reset", OWNER), null);
  assert.equal(await world.sessions.delete("agent:main:nobody", OWNER), false);
  assert.deepEqual((await world.sessions.abort("agent:main:nobody", null, OWNER)).runIds, []);
  assert.equal(await world.sessions.describe("agent:main:nobody"), null);
  assert.deepEqual(await engine.log.heads(), before);
  assert.equal((await engine.records.list("session-keys", "")).length, 0);
});

test("patches made at once are each carried out once, also while a turn runs", async (t) => {
  const appended: string[] = [];
  const { clock, open } = await setUp(t);
  const release = Promise.withResolvers<void>();
  const world = await open({
    model: async function* () {
      await release.promise;
      yield { type: "end", finish: "stop", calls: [], usage: { inputTokens: 1, outputTokens: 1 } };
    },
  });
  await world.send(KEY, "one");
  await settle(clock);
  const patching = ["a", "b", "c"].map((label) => world.sessions.patch(KEY, { label }, OWNER));
  await settle(clock);
  assert.deepEqual((await Promise.all(patching)).map(({ hasActiveRun }) => hasActiveRun), [true, true, true]);
  release.resolve();
  await settle(clock);
  const log = await world.journal.load(world.journal.address(KEY));
  for (const entry of await log.read(0, 100)) appended.push(entry.type);
  assert.equal(appended.filter((type) => type === "session.patched").length, 3);
  assert.equal((await world.sessions.describe(KEY))?.label, "c");
});

test("a reset waits for the turn that runs, and the next message begins the new window", async (t) => {
  const { clock, open } = await setUp(t);
  const release = Promise.withResolvers<void>();
  const world = await open({
    model: async function* (request) {
      if (request.messages.at(-1)?.text === "one") await release.promise;
      yield* obedientModel(request);
    },
  });
  await world.send(KEY, "one");
  await settle(clock);
  const resetting = world.sessions.reset(KEY, "reset", OWNER);
  const patching = world.sessions.patch(KEY, { label: "kept" }, OWNER);
  await settle(clock);
  assert.deepEqual(await world.transcript(KEY), ["user: one"]);
  release.resolve();
  await settle(clock);
  await Promise.all([resetting, patching]);
  await world.send(KEY, "two");
  await settle(clock);
  assert.deepEqual(await world.transcript(KEY), ["user: two", "assistant: echo: two"]);
  assert.equal((await world.sessions.describe(KEY))?.label, "kept");
});

test("a reset waits for the turn that runs, also when another gateway takes both over", async (t) => {
  const { clock, open } = await setUp(t);
  const hang: AsyncIterable<ModelEvent> = { [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => undefined) }) };
  const first = await open({ model: () => hang });
  await first.send(KEY, "one");
  await settle(clock);
  void first.sessions.reset(KEY, "reset", OWNER);
  await settle(clock);
  first.crash();
  const asked: string[] = [];
  const second = await open({
    model: (request) => {
      asked.push(request.messages.at(-1)?.text ?? "");
      return obedientModel(request);
    },
  });
  await settle(clock);
  assert.deepEqual(asked, ["one"]);
  assert.equal((await second.sessions.wait("one", 1_000, never))?.status, "ok");
  assert.deepEqual(await second.transcript(KEY), [], "the reset came after it");
});

test("a slot that is lost takes its sessions out of memory, those being loaded too, and they come back whole", async (t) => {
  const loads: PromiseWithResolvers<void>[] = [];
  const state = { slow: false };
  const { clock, open } = await setUp(t, (engine) => engineWith(engine, { records: {
    get: async (bucket, key) => {
      const found = await engine.records.get(bucket, key);
      if (bucket === "snapshots" && state.slow) {
        const gate = Promise.withResolvers<void>();
        loads.push(gate);
        await gate.promise;
      }
      return found;
    },
  } }));
  const world = await open();
  await world.send(KEY, "one");
  await settle(clock);
  const { slot } = world.journal.address(KEY);
  world.sessions.onLost(slot);
  assert.equal(world.sessions.live, 0);
  state.slow = true;
  const reading = world.transcript(KEY);
  await settle(clock);
  assert.equal(loads.length, 1);
  world.sessions.onLost(slot);
  loads[0]?.resolve();
  await settle(clock);
  assert.equal(loads.length, 2, "it is folded anew");
  state.slow = false;
  loads[1]?.resolve();
  assert.deepEqual(await reading, ["user: one", "assistant: echo: one"]);
  assert.equal(world.sessions.live, 1);
});

test("after the gateway has stopped nothing is taken in, and whoever waits is told", async (t) => {
  const { clock, open } = await setUp(t);
  const hang: AsyncIterable<ModelEvent> = { [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => undefined) }) };
  const world = await open({ model: () => hang });
  await world.send(KEY, "one");
  await settle(clock);
  const waiting = assert.rejects(world.sessions.wait("one", 60_000, never), (error) => hasCode(error, "GATEWAY_STOPPING"));
  const closing = world.close();
  await waiting;
  await assert.rejects(world.send(KEY, "two"), (error) => hasCode(error, "GATEWAY_STOPPING"));
  void closing.catch(() => undefined);
});
