/** A line that is full, is cleared, or stands before a turn that hangs: who is refused, who is dropped, who is told. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { hasCode } from "@openclaw/protocol";
import type { ModelEvent, ModelRequest } from "@openclaw/sdk";
import { seededRandom } from "@openclaw/testkit/virtual-clock";
import { OWNER } from "../../fabric/identity.ts";
import { answered, never, openGated, step } from "./gated-model.testing.ts";
import { obedientModel, setUpWorld } from "./world.testing.ts";

const KEY = "agent:main:main";

test("beyond the cap a message is refused before it is accepted, or the oldest is dropped, and its run says so (S4.26)", async (t) => {
  const config = { queue: { cap: 2, drop: "refuse" as "refuse" | "oldest" | "summarize" } };
  const { clock, asked, world } = await openGated(t, { session: config });
  await world.send(KEY, "one");
  await step(clock);
  await world.send(KEY, "two");
  await world.send(KEY, "three");
  await step(clock);
  await assert.rejects(world.send(KEY, "four"), (error) => hasCode(error, "SESSION_QUEUE_FULL"));
  config.queue.drop = "oldest";
  await world.send(KEY, "four");
  await step(clock);
  const dropped = await answered(world, "two");
  assert.deepEqual([dropped?.status, dropped?.code, dropped?.why], ["error", "MESSAGE_DROPPED", "Too many messages were waiting."]);
  assert.equal(world.events.find(({ runId }) => runId === "two")?.data["code"], "MESSAGE_DROPPED");
  assert.deepEqual((await world.sessions.describe(KEY))?.activeRunIds, ["one", "three", "four"]);
  config.queue.drop = "summarize";
  await world.send(KEY, `five ${"x".repeat(500)}`, "five");
  await world.send(KEY, "six");
  await step(clock);
  for (const text of ["1", "2", "3"]) {
    asked.at(-1)?.answer(text);
    await step(clock);
  }
  const told = (await world.transcript(KEY)).find((line) => line.includes("were dropped"));
  assert.match(told ?? "", /\[2 earlier messages were dropped unanswered because too many waited\. .* began:\]\n- three\n- four$/);
  assert.equal((await world.send(KEY, "two")).status, "error", "the same message sent again is the same message");
});

test("what a starting turn takes is not dropped, and the drop is made up for once it runs (S4.26)", async (t) => {
  const { clock, open } = await setUpWorld(t);
  const gate = { wait: Promise.resolve() };
  const session = { queue: { cap: 1, drop: "oldest" as const } };
  const world = await open({ session, onResolve: () => gate.wait, onEffect: () => clock.wait(100, never) });
  await world.send(KEY, "zero");
  await step(clock);
  const slow = Promise.withResolvers<void>();
  gate.wait = slow.promise;
  await world.send(KEY, "act one");
  await step(clock);
  for (const text of ["two", "three", "four"]) await world.send(KEY, text);
  await step(clock);
  assert.equal((await world.sessions.describe(KEY))?.activeRunIds.length, 4, "the turn is being started: what it takes is not known");
  slow.resolve();
  await step(clock);
  assert.deepEqual((await world.sessions.describe(KEY))?.activeRunIds, ["act one", "four"]);
  await step(clock, 200);
  assert.deepEqual((await world.transcript(KEY)).slice(2), [
    "user: act one", "toolResult: one happened", "assistant: did: one happened", "user: four", "assistant: echo: four",
  ]);
});

test("a drop is settled for the next owner too, and none is both dropped and answered", async (t) => {
  for (let seed = 1; seed <= 20; seed++) {
    const random = seededRandom(seed);
    const { clock, open } = await setUpWorld(t);
    const options = {
      session: { queue: { cap: 3, drop: seed % 2 === 0 ? ("oldest" as const) : ("summarize" as const) } },
      onEffect: () => clock.wait(Math.floor(random() * 20), never),
    };
    let world = await open(options);
    const sent: string[] = [];
    for (let at = 0; at < 14; at++) {
      const text = `act m${at}`;
      sent.push(text);
      await world.send(KEY, text, text, { queueMode: random() < 0.3 ? "steer" : "followup" }).catch((error: unknown) => {
        if (!hasCode(error, "SESSION_QUEUE_FULL")) throw error;
        sent.pop();
      });
      await clock.advance(Math.floor(random() * 6));
      if (random() > 0.2) continue;
      world.crash();
      world = await open(options);
    }
    await step(clock, 1_500);
    const said = (await world.transcript(KEY)).filter((line) => line.startsWith("user: ")).map((line) => line.slice(6));
    for (const text of sent) {
      const end = await answered(world, text);
      assert.ok(end !== undefined, `seed ${seed}: ${text} has an end`);
      assert.equal(said.filter((one) => one === text).length, end.code === "MESSAGE_DROPPED" ? 0 : 1, `seed ${seed}: ${text}`);
    }
    await world.close();
  }
});

test("an abort leaves what waits, unless it is to be cleared; a run that only waits is taken back alone (S4.26)", async (t) => {
  const { clock, asked, world } = await openGated(t);
  for (const text of ["one", "two", "three", "four"]) await world.send(KEY, text);
  await step(clock);
  const taken = world.sessions.abort(KEY, "three", OWNER);
  await step(clock);
  assert.deepEqual(await taken, { runIds: ["three"], cleared: 1, report: "" });
  assert.equal((await answered(world, "three"))?.why, "It was taken back by owner.");
  const stopped = world.sessions.abort(KEY, null, OWNER);
  await step(clock);
  assert.deepEqual((await stopped).runIds, ["one"]);
  assert.deepEqual(asked.at(-1)?.users, ["one", "two"], "the next one is answered");
  const cleared = world.sessions.abort(KEY, null, OWNER, true);
  await step(clock);
  assert.deepEqual(await cleared, { runIds: ["two", "four"], cleared: 1, report: "Stopped by owner." });
  assert.equal((await world.sessions.describe(KEY))?.hasActiveRun, false);
});

test("an answer another session owes is neither dropped, nor cleared, nor ends what runs (C13)", async (t) => {
  const { clock, asked, world } = await openGated(t, { session: { queue: { mode: "interrupt", cap: 1, drop: "oldest" } } });
  const origin = { kind: "reply", sessionKey: "agent:main:child" } as const;
  await world.send(KEY, "one");
  await step(clock);
  await world.send(KEY, "answer", "answer", { origin });
  await step(clock);
  assert.equal(asked.length, 1);
  for (const text of ["two", "three"]) await world.send(KEY, text, text, { queueMode: "followup" });
  await step(clock);
  assert.deepEqual((await world.sessions.describe(KEY))?.activeRunIds, ["one", "answer", "three"]);
  const taking = world.sessions.abort(KEY, "answer", OWNER);
  await step(clock);
  assert.deepEqual((await taking).runIds, [], "nor is it taken back by its name");
  const aborting = world.sessions.abort(KEY, null, OWNER, true);
  await step(clock);
  assert.deepEqual((await aborting).runIds, ["one", "three"]);
  assert.deepEqual(asked.at(-1)?.users, ["one", "answer"]);
});

test("a session that hangs with a full line delays no other (C7)", async (t) => {
  const { clock, open } = await setUpWorld(t);
  const hang = async function* (request: Omit<ModelRequest, "model">): AsyncGenerator<ModelEvent> {
    if (request.messages.at(-1)?.text.startsWith("hang") === true) await new Promise(() => undefined);
    yield* obedientModel(request);
  };
  const world = await open({ model: hang });
  for (let at = 0; at < 19; at++) await world.send(KEY, `hang ${at}`);
  for (let at = 0; at < 10; at++) await world.send(`agent:main:s${at}`, "hi", `hi-${at}`);
  await step(clock, 5);
  for (let at = 0; at < 10; at++) assert.equal((await answered(world, `hi-${at}`))?.status, "ok");
});
