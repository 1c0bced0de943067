import assert from "node:assert/strict";
import { test } from "node:test";
import { hasCode } from "@openclaw/protocol";
import type { Engine, ModelEvent, SlotLog } from "@openclaw/sdk";
import { engineWith } from "@openclaw/testkit/engine-with";
import { OWNER } from "../../fabric/identity.ts";
import { failingSeeds, openCrashSchedule } from "./crash-schedule.testing.ts";
import { settle, setUpWorld } from "./world.testing.ts";

const KEY = "agent:main:main";

test("a message is answered once, in order, and the acknowledgement comes after it is stored (S3.5, S3.11)", async (t) => {
  const { clock, open } = await setUpWorld(t);
  const world = await open();
  for (const text of ["one", "two", "three"]) assert.equal((await world.send(KEY, text)).status, "started");
  await settle(clock);
  assert.deepEqual(await world.transcript(KEY), [
    "user: one",
    "assistant: echo: one",
    "user: two",
    "assistant: echo: two",
    "user: three",
    "assistant: echo: three",
  ]);
});

test("the same run id is the same message, while it runs, after it ended and after a restart", async (t) => {
  const { clock, open } = await setUpWorld(t);
  const world = await open();
  await Promise.all([world.send(KEY, "hello", "r1"), world.send(KEY, "hello", "r1")]);
  await settle(clock);
  assert.equal((await world.send(KEY, "hello", "r1")).status, "ok");
  world.crash();
  const again = await open();
  assert.equal((await again.send(KEY, "hello", "r1")).status, "ok");
  await settle(clock);
  assert.deepEqual(await again.transcript(KEY), ["user: hello", "assistant: echo: hello"]);
});

test("every refusal comes before the message is stored", async (t) => {
  const { open } = await setUpWorld(t, { model: () => NEVER_ENDING });
  const world = await open();
  await assert.rejects(world.send(KEY, "x".repeat(20_000)), (error) => hasCode(error, "MESSAGE_TOO_LARGE"));
  await assert.rejects(world.send(KEY, "   "), (error) => hasCode(error, "MESSAGE_EMPTY"));
  const sent = await Promise.allSettled(Array.from({ length: 40 }, (_, at) => world.send(KEY, `m${at}`)));
  const refused = sent.filter((outcome) => outcome.status === "rejected");
  assert.ok(refused.length > 0);
  assert.ok(refused.every((outcome) => hasCode(outcome.reason, "SESSION_QUEUE_FULL")));
});

const NEVER_ENDING: AsyncIterable<ModelEvent> = { [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => undefined) }) };

test("an abort stops the running turn, keeps what was seen, and the session goes on", async (t) => {
  let slow = true;
  const { clock, open } = await setUpWorld(t, {
    model: async function* (_request, signal) {
      yield { type: "text", delta: slow ? "partial" : "whole" };
      if (slow) await new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason as Error)));
      yield { type: "end", finish: "stop", calls: [], usage: { inputTokens: 1, outputTokens: 1 } };
    },
  });
  const world = await open();
  await world.send(KEY, "first");
  await settle(clock);
  const aborting = world.sessions.abort(KEY, null, OWNER);
  await settle(clock);
  assert.deepEqual((await aborting).runIds, ["first"]);
  slow = false;
  await world.send(KEY, "second");
  await settle(clock);
  assert.deepEqual(await world.transcript(KEY), ["user: first", "assistant: partial", "user: second", "assistant: whole"]);
});

test("a reset opens a new window on the same key, a patch is part of the log, a deletion destroys the key (S4.7)", async (t) => {
  const { clock, open } = await setUpWorld(t);
  const world = await open();
  await world.send("agent:main:work", "one");
  await settle(clock);
  const patched = world.sessions.patch("agent:main:work", { label: "Work" }, OWNER);
  await settle(clock);
  assert.equal((await patched).label, "Work");
  const resetting = world.sessions.reset("agent:main:work", "reset", OWNER);
  await settle(clock);
  const row = await resetting;
  assert.equal(row?.label, "Work");
  await world.send("agent:main:work", "two");
  await settle(clock);
  assert.deepEqual(await world.transcript("agent:main:work"), ["user: two", "assistant: echo: two"]);
  const deleting = world.sessions.delete("agent:main:work", OWNER);
  await settle(clock);
  assert.equal(await deleting, true);
  assert.equal(await world.sessions.describe("agent:main:work"), null);
  await assert.rejects(world.journal.load(world.journal.address("agent:main:work")), (error) => hasCode(error, "KEY_DESTROYED"));
  assert.equal((await world.journal.verify(world.journal.address("agent:main:work"))).brokenAt, null);
});

test("a question waits across a restart and its answer is taken once, whenever it was given", async (t) => {
  for (const when of ["after", "before"] as const) {
    const { clock, open, outside } = await setUpWorld(t, { yesLocal: false });
    const world = await open();
    await world.send(KEY, "act wash");
    await settle(clock);
    const [approvalId] = [...outside.asked.keys()];
    assert.ok(approvalId);
    assert.equal(outside.effects.size, 0);
    const answer = { approvalId, decision: "allow-once" as const, by: "owner" };
    if (when === "before") {
      const giving = world.sessions.answer(KEY, answer, OWNER);
      await giving;
      world.crash();
    } else world.crash();
    const again = await open({ yesLocal: false });
    await settle(clock);
    if (when === "after") {
      await again.sessions.answer(KEY, answer, OWNER);
      await again.sessions.answer(KEY, { ...answer, decision: "deny" }, OWNER);
    }
    await settle(clock);
    assert.equal(outside.effects.get("wash"), 1, when);
    assert.equal((await again.transcript(KEY)).at(-1), "assistant: did: wash happened", when);
    assert.equal(outside.asked.size, 1, "asked again under the same id");
  }
});

test("nobody answers: the wait ends by the clock, and the agent is told", async (t) => {
  const { clock, open, outside } = await setUpWorld(t, { yesLocal: false });
  const world = await open();
  await world.send(KEY, "act wash");
  await settle(clock);
  await clock.advance(31 * 60_000);
  await settle(clock);
  assert.equal(outside.effects.size, 0);
  assert.match((await world.transcript(KEY)).at(-1) ?? "", /APPROVAL_DENIED/);
});

test("time spent on a person's answer is not the turn's", async (t) => {
  const { clock, open, outside } = await setUpWorld(t, { yesLocal: false });
  const world = await open();
  const message = { sessionKey: KEY, agentId: "main", runId: "r", text: "act wash", channel: "test", principal: OWNER, timeoutMs: 60_000 };
  await world.sessions.send(message);
  await settle(clock);
  await clock.advance(20 * 60_000);
  const [approvalId] = [...outside.asked.keys()];
  await world.sessions.answer(KEY, { approvalId: approvalId ?? "", decision: "allow-once", by: "owner" }, OWNER);
  await settle(clock);
  assert.equal(outside.effects.get("wash"), 1);
  assert.equal((await world.transcript(KEY)).at(-1), "assistant: did: wash happened");
});

test("a tool loop without end is halted and said", async (t) => {
  const { clock, open } = await setUpWorld(t, {
    model: async function* () {
      yield {
        type: "end",
        finish: "tools",
        calls: [{ id: "c", name: "nonsense", arguments: "{}" }],
        usage: { inputTokens: 1, outputTokens: 1 },
      };
    },
  });
  const world = await open();
  await world.send(KEY, "go");
  await settle(clock);
  const outcome = await world.sessions.wait("go", 0, new AbortController().signal);
  assert.equal(outcome?.status, "halted");
  assert.equal(outcome.code, "TURN_RUNAWAY");
});

test("a session nobody uses is on disk only, and comes back as it was", async (t) => {
  const { clock, open } = await setUpWorld(t, { dormantAfterMs: 1_000 });
  const world = await open();
  await world.send(KEY, "one");
  await settle(clock);
  assert.equal(world.sessions.live, 1);
  await clock.advance(60_000);
  await settle(clock);
  assert.equal(world.sessions.live, 0);
  assert.deepEqual(await world.transcript(KEY), ["user: one", "assistant: echo: one"]);
});

test("crashes at random points over a faulty engine lose nothing, double nothing and reorder nothing (S0.16, S0.20, S1.10)", async (t) => {
  assert.deepEqual(await failingSeeds(60, runSchedule), []);
  t.diagnostic("60 schedules");
});

/** One seeded run: messages to three sessions, crashes in between, then everything is left to finish. */
async function runSchedule(seed: number): Promise<string | undefined> {
  await using schedule = await openCrashSchedule(seed, { rates: { before: 0.04, after: 0.04, fence: 0.02 }, over: answersLate });
  const { random, clock, outside, retry } = schedule;
  const keysOf = ["agent:main:a", "agent:main:b", "agent:main:c"];
  const accepted = new Map<string, string[]>(keysOf.map((key) => [key, []]));
  let world = await schedule.open();
  const waiting = keysOf.flatMap((key) =>
    [1, 2, 3, 4].map((at) => ({ key, text: at % 2 === 0 ? `act ${key}-${at}` : `${key} says ${at}` })),
  );
  const crashes = 4;
  const crashAt = new Set(Array.from({ length: crashes }, () => Math.floor(random() * 90)));
  for (let step = 0; step < 400; step++) {
    if (crashAt.has(step)) {
      world.crash();
      world = await schedule.open();
    }
    // One message of a session at a time: the next one goes out when the one before it was accepted.
    for (const key of keysOf) {
      const next = waiting.find((message) => message.key === key);
      if (next === undefined || random() > 0.3) continue;
      const here = world;
      void here.send(key, next.text).then(
        () => {
          const at = waiting.indexOf(next);
          if (at < 0) return;
          waiting.splice(at, 1);
          accepted.get(key)?.push(next.text);
        },
        () => undefined,
      );
    }
    await clock.advance(random() < 0.5 ? 0 : Math.floor(random() * 40));
  }
  for (let step = 0; step < 60; step++) await clock.advance(2_000);
  if (waiting.length > 0) return `${waiting.length} messages were never accepted`;
  for (const key of keysOf) {
    const told = (await retry(() => world.transcript(key))).filter((line) => !line.startsWith("toolResult"));
    const expected = (accepted.get(key) ?? []).flatMap((text) => [
      `user: ${text}`,
      `assistant: ${text.startsWith("act ") ? `did: ${text.slice(4)} happened` : `echo: ${text}`}`,
    ]);
    if (JSON.stringify(told) !== JSON.stringify(expected))
      return `${key}: ${JSON.stringify(told)} instead of ${JSON.stringify(expected)}`;
  }
  for (const [what, count] of outside.effects) if (count !== 1) return `${what} happened ${count} times`;
  return outside.effects.size === 6 ? undefined : `${outside.effects.size} effects instead of 6`;
}

/** Half of the appends are shown by the log before their own answer comes, as a store with a thread of its own does. */
function answersLate(engine: Engine, random: () => number): Engine {
  const append: SlotLog["append"] = async (...args) => {
    const positions = await engine.log.append(...args);
    if (random() < 0.5) for (let turn = 0; turn < 50; turn++) await Promise.resolve();
    return positions;
  };
  return engineWith(engine, { log: { append } });
}

test("a row that a crash left unwritten is written by the next owner, and its run is found (S0.16)", async (t) => {
  const { clock, engine, open } = await setUpWorld(t);
  const world = await open();
  await world.send(KEY, "hello", "r1");
  await settle(clock);
  world.crash();
  for (const bucket of ["sessions", "session-order"]) {
    for (const { key, revision } of await engine.records.list(bucket, "")) await engine.records.write(bucket, key, null, revision);
  }
  const again = await open();
  await settle(clock);
  const keys: string[] = [];
  for await (const row of again.sessions.rows()) keys.push(row.key);
  assert.deepEqual(keys, [KEY]);
  const waited = again.sessions.wait("r1", 1_000, new AbortController().signal);
  await settle(clock, 2_000);
  assert.equal((await waited)?.status, "ok");
});

test("a checkpoint waits for the rows of what it passes over", async (t) => {
  const { clock, engine, open } = await setUpWorld(t);
  const gate = Promise.withResolvers<void>();
  const slow: Engine = {
    ...engine, log: engine.log, bus: engine.bus, blobs: engine.blobs, queues: engine.queues,
    drain: () => engine.drain(), [Symbol.asyncDispose]: () => engine[Symbol.asyncDispose](),
    records: {
      get: (...args) => engine.records.get(...args), list: (...args) => engine.records.list(...args),
      watch: (...args) => engine.records.watch(...args),
      write: async (bucket, ...args) => {
        if (bucket === "sessions") await gate.promise;
        return await engine.records.write(bucket, ...args);
      },
    },
  };
  const world = await open({ engine: slow });
  await world.send(KEY, "hello", "r1");
  await settle(clock);
  const saved = world.placement.checkpoint();
  await settle(clock);
  assert.deepEqual((await engine.records.list("checkpoints", "")).length, 0, "not before its row");
  gate.resolve();
  await saved;
  assert.equal((await engine.records.list("checkpoints", "")).length, 1);
});
