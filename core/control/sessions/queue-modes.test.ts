/** What messages do that come while a turn runs, in every mode, whoever is killed. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { seededRandom, VirtualClock } from "@openclaw/testkit/virtual-clock";
import { OWNER } from "../../fabric/identity.ts";
import type { QueueMode } from "../../fabric/journal.ts";
import { answered, never, openGated, step } from "./gated-model.testing.ts";
import { obedientModel, setUpWorld } from "./world.testing.ts";

const KEY = "agent:main:main";
const MODES: readonly QueueMode[] = ["followup", "steer", "collect", "interrupt"];

test("steer: a message joins the running turn before its next model step, and both are answered by it (S4.26, W.6.14)", async (t) => {
  const { clock, asked, open, world } = await openGated(t);
  await world.send(KEY, "one");
  await step(clock);
  await world.send(KEY, "two", "two", { queueMode: "steer" });
  await step(clock);
  assert.equal(asked.length, 1, "the step under way goes on");
  asked[0]?.call("thing");
  await step(clock);
  assert.deepEqual(asked[1]?.users, ["one", "two"]);
  assert.equal((await world.send(KEY, "two", "two")).status, "in_flight");
  asked[1]?.answer("both");
  await step(clock);
  assert.deepEqual(await world.transcript(KEY), ["user: one", "toolResult: thing happened", "user: two", "assistant: both"]);
  assert.deepEqual([(await answered(world, "one"))?.status, (await answered(world, "two"))?.status], ["ok", "ok"]);
  assert.equal((await answered(world, "two"))?.answeredBy, "one");
  world.crash();
  const next = await open();
  assert.equal((await next.placement.recover()).sessions, 0, "nothing of it is left to do");
  const told = world.events.filter(({ runId }) => runId === "two").map(({ data }) => [data["phase"], data["joinedRunId"], data["text"]]);
  assert.deepEqual(told, [["joined", "one", undefined], ["end", "one", undefined]], "whoever sent it is told, and the text is shown once");
});

test("steer: a turn that has its answer takes no more, and the message becomes a turn of its own", async (t) => {
  const { clock, asked, world } = await openGated(t);
  await world.send(KEY, "one");
  await step(clock);
  await world.send(KEY, "two", "two", { queueMode: "steer" });
  asked[0]?.answer("first");
  await step(clock);
  asked[1]?.answer("second");
  await step(clock);
  assert.deepEqual(await world.transcript(KEY), ["user: one", "assistant: first", "user: two", "assistant: second"]);
});

test("steer: no message overtakes one that waits before it", async (t) => {
  const { clock, asked, world } = await openGated(t);
  await world.send(KEY, "one");
  await step(clock);
  await world.send(KEY, "two");
  await world.send(KEY, "three", "three", { queueMode: "steer" });
  asked[0]?.call("thing");
  await step(clock);
  assert.deepEqual(asked[1]?.users, ["one"]);
  asked[1]?.answer("first");
  await step(clock);
  assert.deepEqual(asked[2]?.users, ["one", "two", "three"]);
});

test("collect: messages that come close together become one turn, after a pause, and wait no longer than allowed "
  + "(S4.26, W.6.14)", async (t) => {
  const { clock, asked, world } = await openGated(t, { session: { debounceMs: 500, collectWaitMs: 1_200 } });
  const collect = (text: string): Promise<unknown> => world.send(KEY, text, text, { queueMode: "collect" });
  await collect("one");
  await step(clock, 400);
  await collect("two");
  await step(clock, 499);
  assert.equal(asked.length, 0, "the pause begins anew with each");
  await step(clock, 30);
  assert.deepEqual(asked[0]?.users, ["one", "two"]);
  asked[0]?.answer("both");
  await step(clock);
  assert.deepEqual([(await answered(world, "one"))?.status, (await answered(world, "two"))?.answeredBy], ["ok", "one"]);

  for (let at = 0; at < 5; at++) {
    await collect(`m${at}`);
    await step(clock, 300);
  }
  assert.equal(asked.length, 2, "a stream of messages does not hold the first one up for ever");
  assert.deepEqual(asked[1]?.users.slice(2), ["m0", "m1", "m2", "m3"]);
  asked[1]?.answer("four");
  await step(clock, 600);
  assert.deepEqual(asked[2]?.users.slice(-1), ["m4"]);
});

test("collect: what came while a turn ran is one turn after it", async (t) => {
  const { clock, asked, world } = await openGated(t, { session: { queue: { mode: "collect" }, debounceMs: 100 } });
  await world.send(KEY, "one");
  await step(clock, 150);
  for (const text of ["two", "three", "four"]) await world.send(KEY, text);
  await step(clock, 150);
  asked[0]?.answer("1");
  await step(clock);
  assert.deepEqual(asked[1]?.users, ["one", "two", "three", "four"]);
});

test("interrupt: the running turn is ended at once, says what had happened, and the new message is answered (S4.26)", async (t) => {
  const { clock, asked, world } = await openGated(t);
  await world.send(KEY, "one");
  await step(clock);
  asked[0]?.call("thing");
  await step(clock);
  await world.send(KEY, "two");
  await world.send(KEY, "three", "three", { queueMode: "interrupt" });
  await step(clock);
  const ended = await answered(world, "one");
  assert.equal(ended?.status, "aborted");
  assert.equal(ended?.why, 'Interrupted by a newer message. By then: "thing" was done.');
  assert.deepEqual(asked[2]?.users, ["one", "two", "three"], "what had waited before it goes with it");
  asked[2]?.answer("now");
  await step(clock);
  assert.deepEqual((await world.transcript(KEY)).slice(-4), [
    'assistant: [Interrupted by a newer message. By then: "thing" was done.]', "user: two", "user: three", "assistant: now",
  ]);
  assert.equal((await answered(world, "two"))?.answeredBy, "three");
});

test("the session decides where the message does not, the agent where the session does not; a message keeps its own mode", async (t) => {
  const { clock, asked, world } = await openGated(t, { session: { queue: { mode: "collect" } } });
  await world.send(KEY, "one", "one", { queueMode: "followup" });
  await step(clock);
  await world.sessions.patch(KEY, { queueMode: "steer" }, OWNER);
  await world.send(KEY, "two");
  await world.sessions.patch(KEY, { queueMode: null }, OWNER);
  await world.send(KEY, "three", "three", { agentQueueMode: "steer" });
  asked[0]?.call("thing");
  await step(clock);
  assert.deepEqual(asked[1]?.users, ["one", "two", "three"]);
});

test("in every mode each message is answered exactly once and in order, whoever is killed whenever (S4.26, S1.10, S0.16)", async (t) => {
  for (let seed = 1; seed <= 40; seed++) {
    const random = seededRandom(seed);
    const { clock, outside, open } = await setUpWorld(t);
    const options = {
      session: { debounceMs: 20, collectWaitMs: 60 }, model: obedientModel,
      onEffect: () => clock.wait(Math.floor(random() * 30), never),
    };
    let world = await open(options);
    const sent: string[] = [];
    for (let at = 0; at < 12; at++) {
      const mode = MODES[Math.floor(random() * MODES.length)] ?? "followup";
      const text = `${random() < 0.6 ? "act " : ""}m${at}`;
      sent.push(text);
      await world.send(KEY, text, text, { queueMode: mode });
      await clock.advance(Math.floor(random() * 25));
      // Somebody stops what runs, and may never hear that it was.
      if (random() < 0.15) void world.sessions.abort(KEY, null, OWNER).catch(() => undefined);
      if (random() > 0.4) continue;
      world.crash();
      world = await open(options);
      // What was accepted is sent again by whoever did not hear of it.
      await world.send(KEY, text, text, { queueMode: mode });
    }
    for (const text of sent) {
      const waiting = world.sessions.wait(text, 60_000, never);
      for (let round = 0; round < 200 && world.sessions.live > 0; round++) await clock.advance(5);
      assert.ok((await Promise.race([waiting, clock.advance(60_000)])) !== undefined, `seed ${seed}: ${text} has an end`);
    }
    const said = (await world.transcript(KEY)).filter((line) => line.startsWith("user: ")).map((line) => line.slice(6));
    assert.deepEqual(said, sent, `seed ${seed}: each once, in order`);
    const cold = await world.journal.load(world.journal.address(KEY));
    const folded = cold.state.messages.flatMap(({ content: { role, text } }) => (role === "user" ? [text] : []));
    assert.deepEqual(folded, sent, `seed ${seed}: the log in its own order tells the same`);
    for (const [what, times] of outside.effects) assert.equal(times, 1, `seed ${seed}: ${what}`);
    assert.equal((await world.sessions.describe(KEY))?.hasActiveRun, false, `seed ${seed}`);
    await world.close();
  }
});

test("collected messages wait no longer than their pause, though the clock went back a day meanwhile (S4.26)", async (t) => {
  const { clock, open } = await setUpWorld(t);
  const session = { debounceMs: 500, collectWaitMs: 5_000 };
  const first = await open({ session });
  await first.send(KEY, "one", "one", { queueMode: "collect" });
  first.crash();
  const back = new VirtualClock({ startMs: clock.now() - 86_400_000 });
  const world = await open({ session, clock: back });
  await step(clock);
  await step(back, 520);
  assert.deepEqual(await world.transcript(KEY), ["user: one", "assistant: echo: one"]);
});
