/** What messages do that come while a turn runs, in every mode, whoever is killed. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { hasCode } from "@openclaw/protocol";
import type { ModelEvent, ModelRequest } from "@openclaw/sdk";
import { seededRandom, VirtualClock } from "@openclaw/testkit/virtual-clock";
import { OWNER } from "../../fabric/identity.ts";
import type { QueueMode, RunOutcome } from "../../fabric/journal.ts";
import { obedientModel, setUpWorld, type World } from "./world.testing.ts";

const KEY = "agent:main:main";
const never = new AbortController().signal;
const MODES: readonly QueueMode[] = ["followup", "steer", "collect", "interrupt"];

async function settle(clock: VirtualClock, ms = 30): Promise<void> {
  for (let step = 0; step < ms; step++) await clock.advance(1);
}

/** A model whose calls wait to be let go, each on its own. */
function gatedModel() {
  const asked: { readonly users: readonly string[]; readonly answer: (text: string) => void; readonly call: (what: string) => void }[] = [];
  async function* model(request: Omit<ModelRequest, "model">, signal: AbortSignal): AsyncGenerator<ModelEvent> {
    const gate = Promise.withResolvers<readonly ModelEvent[]>();
    const usage = { inputTokens: 1, outputTokens: 1 };
    const users = request.messages.flatMap(({ role, text }) => (role === "user" ? [text] : []));
    asked.push({
      users,
      answer: (text) => gate.resolve([{ type: "text", delta: text }, { type: "end", finish: "stop", calls: [], usage }]),
      call: (what) => gate.resolve([
        { type: "end", finish: "tools", calls: [{ id: "c1", name: "act", arguments: JSON.stringify({ what }) }], usage },
      ]),
    });
    signal.addEventListener("abort", () => gate.reject(signal.reason as Error), { once: true });
    yield* await gate.promise;
  }
  return { asked, model };
}

const answered = (world: World, runId: string): Promise<RunOutcome | undefined> => world.sessions.wait(runId, 1_000, never);

test("steer: a message joins the running turn before its next model step, and both are answered by it (S4.26)", async (t) => {
  const { clock, open } = await setUpWorld(t);
  const { asked, model } = gatedModel();
  const world = await open({ model });
  await world.send(KEY, "one");
  await settle(clock);
  await world.send(KEY, "two", "two", { queueMode: "steer" });
  await settle(clock);
  assert.equal(asked.length, 1, "the step under way goes on");
  asked[0]?.call("thing");
  await settle(clock);
  assert.deepEqual(asked[1]?.users, ["one", "two"]);
  assert.equal((await world.send(KEY, "two", "two")).status, "in_flight");
  asked[1]?.answer("both");
  await settle(clock);
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
  const { clock, open } = await setUpWorld(t);
  const { asked, model } = gatedModel();
  const world = await open({ model });
  await world.send(KEY, "one");
  await settle(clock);
  await world.send(KEY, "two", "two", { queueMode: "steer" });
  asked[0]?.answer("first");
  await settle(clock);
  asked[1]?.answer("second");
  await settle(clock);
  assert.deepEqual(await world.transcript(KEY), ["user: one", "assistant: first", "user: two", "assistant: second"]);
});

test("steer: no message overtakes one that waits before it", async (t) => {
  const { clock, open } = await setUpWorld(t);
  const { asked, model } = gatedModel();
  const world = await open({ model });
  await world.send(KEY, "one");
  await settle(clock);
  await world.send(KEY, "two");
  await world.send(KEY, "three", "three", { queueMode: "steer" });
  asked[0]?.call("thing");
  await settle(clock);
  assert.deepEqual(asked[1]?.users, ["one"]);
  asked[1]?.answer("first");
  await settle(clock);
  assert.deepEqual(asked[2]?.users, ["one", "two", "three"]);
});

test("collect: messages that come close together become one turn, after a pause, and wait no longer than allowed (S4.26)", async (t) => {
  const { clock, open } = await setUpWorld(t);
  const { asked, model } = gatedModel();
  const world = await open({ model, session: { debounceMs: 500, collectWaitMs: 1_200 } });
  const collect = (text: string): Promise<unknown> => world.send(KEY, text, text, { queueMode: "collect" });
  await collect("one");
  await settle(clock, 400);
  await collect("two");
  await settle(clock, 499);
  assert.equal(asked.length, 0, "the pause begins anew with each");
  await settle(clock, 30);
  assert.deepEqual(asked[0]?.users, ["one", "two"]);
  asked[0]?.answer("both");
  await settle(clock);
  assert.deepEqual([(await answered(world, "one"))?.status, (await answered(world, "two"))?.answeredBy], ["ok", "one"]);

  for (let at = 0; at < 5; at++) {
    await collect(`m${at}`);
    await settle(clock, 300);
  }
  assert.equal(asked.length, 2, "a stream of messages does not hold the first one up for ever");
  assert.deepEqual(asked[1]?.users.slice(2), ["m0", "m1", "m2", "m3"]);
  asked[1]?.answer("four");
  await settle(clock, 600);
  assert.deepEqual(asked[2]?.users.slice(-1), ["m4"]);
});

test("collect: what came while a turn ran is one turn after it", async (t) => {
  const { clock, open } = await setUpWorld(t);
  const { asked, model } = gatedModel();
  const world = await open({ model, session: { queue: { mode: "collect" }, debounceMs: 100 } });
  await world.send(KEY, "one");
  await settle(clock, 150);
  for (const text of ["two", "three", "four"]) await world.send(KEY, text);
  await settle(clock, 150);
  asked[0]?.answer("1");
  await settle(clock);
  assert.deepEqual(asked[1]?.users, ["one", "two", "three", "four"]);
});

test("interrupt: the running turn is ended at once, says what had happened, and the new message is answered (S4.26)", async (t) => {
  const { clock, open } = await setUpWorld(t);
  const { asked, model } = gatedModel();
  const world = await open({ model });
  await world.send(KEY, "one");
  await settle(clock);
  asked[0]?.call("thing");
  await settle(clock);
  await world.send(KEY, "two");
  await world.send(KEY, "three", "three", { queueMode: "interrupt" });
  await settle(clock);
  const ended = await answered(world, "one");
  assert.equal(ended?.status, "aborted");
  assert.equal(ended?.why, 'Interrupted by a newer message. By then: "thing" was done.');
  assert.deepEqual(asked[2]?.users, ["one", "two", "three"], "what had waited before it goes with it");
  asked[2]?.answer("now");
  await settle(clock);
  assert.deepEqual((await world.transcript(KEY)).slice(-4), [
    'assistant: [Interrupted by a newer message. By then: "thing" was done.]', "user: two", "user: three", "assistant: now",
  ]);
  assert.equal((await answered(world, "two"))?.answeredBy, "three");
});

test("the session decides where the message does not, the agent where the session does not; a message keeps its own mode", async (t) => {
  const { clock, open } = await setUpWorld(t);
  const { asked, model } = gatedModel();
  const world = await open({ model, session: { queue: { mode: "collect" } } });
  await world.send(KEY, "one", "one", { queueMode: "followup" });
  await settle(clock);
  await world.sessions.patch(KEY, { queueMode: "steer" }, OWNER);
  await world.send(KEY, "two");
  await world.sessions.patch(KEY, { queueMode: null }, OWNER);
  await world.send(KEY, "three", "three", { agentQueueMode: "steer" });
  asked[0]?.call("thing");
  await settle(clock);
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
      for (let step = 0; step < 200 && world.sessions.live > 0; step++) await clock.advance(5);
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

test("beyond the cap a message is refused before it is accepted, or the oldest is dropped, and its run says so (S4.26)", async (t) => {
  const { clock, open } = await setUpWorld(t);
  const { asked, model } = gatedModel();
  const config = { queue: { cap: 2, drop: "refuse" as "refuse" | "oldest" | "summarize" } };
  const world = await open({ model, session: config });
  await world.send(KEY, "one");
  await settle(clock);
  await world.send(KEY, "two");
  await world.send(KEY, "three");
  await settle(clock);
  await assert.rejects(world.send(KEY, "four"), (error) => hasCode(error, "SESSION_QUEUE_FULL"));
  config.queue.drop = "oldest";
  await world.send(KEY, "four");
  await settle(clock);
  const dropped = await answered(world, "two");
  assert.deepEqual([dropped?.status, dropped?.code, dropped?.why], ["error", "MESSAGE_DROPPED", "Too many messages were waiting."]);
  assert.equal(world.events.find(({ runId }) => runId === "two")?.data["code"], "MESSAGE_DROPPED");
  assert.deepEqual((await world.sessions.describe(KEY))?.activeRunIds, ["one", "three", "four"]);
  config.queue.drop = "summarize";
  await world.send(KEY, `five ${"x".repeat(500)}`, "five");
  await world.send(KEY, "six");
  await settle(clock);
  for (const text of ["1", "2", "3"]) {
    asked.at(-1)?.answer(text);
    await settle(clock);
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
  await settle(clock);
  const slow = Promise.withResolvers<void>();
  gate.wait = slow.promise;
  await world.send(KEY, "act one");
  await settle(clock);
  for (const text of ["two", "three", "four"]) await world.send(KEY, text);
  await settle(clock);
  assert.equal((await world.sessions.describe(KEY))?.activeRunIds.length, 4, "the turn is being started: what it takes is not known");
  slow.resolve();
  await settle(clock);
  assert.deepEqual((await world.sessions.describe(KEY))?.activeRunIds, ["act one", "four"]);
  await settle(clock, 200);
  assert.deepEqual((await world.transcript(KEY)).slice(2), [
    "user: act one", "toolResult: one happened", "assistant: did: one happened", "user: four", "assistant: echo: four",
  ]);
});

test("collected messages wait no longer than their pause, though the clock went back a day meanwhile (S4.26)", async (t) => {
  const { clock, open } = await setUpWorld(t);
  const session = { debounceMs: 500, collectWaitMs: 5_000 };
  const first = await open({ session });
  await first.send(KEY, "one", "one", { queueMode: "collect" });
  first.crash();
  const back = new VirtualClock({ startMs: clock.now() - 86_400_000 });
  const world = await open({ session, clock: back });
  await settle(clock);
  await settle(back, 520);
  assert.deepEqual(await world.transcript(KEY), ["user: one", "assistant: echo: one"]);
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
    await settle(clock, 1_500);
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
  const { clock, open } = await setUpWorld(t);
  const { asked, model } = gatedModel();
  const world = await open({ model });
  for (const text of ["one", "two", "three", "four"]) await world.send(KEY, text);
  await settle(clock);
  const taken = world.sessions.abort(KEY, "three", OWNER);
  await settle(clock);
  assert.deepEqual(await taken, { runIds: ["three"], cleared: 1, report: "" });
  assert.equal((await answered(world, "three"))?.why, "It was taken back by owner.");
  const stopped = world.sessions.abort(KEY, null, OWNER);
  await settle(clock);
  assert.deepEqual((await stopped).runIds, ["one"]);
  assert.deepEqual(asked.at(-1)?.users, ["one", "two"], "the next one is answered");
  const cleared = world.sessions.abort(KEY, null, OWNER, true);
  await settle(clock);
  assert.deepEqual(await cleared, { runIds: ["two", "four"], cleared: 1, report: "Stopped by owner." });
  assert.equal((await world.sessions.describe(KEY))?.hasActiveRun, false);
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
  await settle(clock, 5);
  for (let at = 0; at < 10; at++) assert.equal((await answered(world, `hi-${at}`))?.status, "ok");
});

test("in a group, what is not said to the agent enters the history and begins no turn; told always, everything does (S4.9)", async (t) => {
  const { clock, open } = await setUpWorld(t);
  const { asked, model } = gatedModel();
  const world = await open({ model });
  const group = "agent:main:web:group:g1";
  await world.send(group, "chatter", "c1", { mentioned: false, queueMode: "interrupt" });
  const waiting = answered(world, "c1");
  await settle(clock);
  assert.deepEqual([asked.length, (await waiting)?.status], [0, "ok"]);
  await world.send(group, "more", "c2", { mentioned: false });
  await world.send(group, "@agent hi", "c3", { mentioned: true });
  await settle(clock);
  assert.deepEqual(asked[0]?.users, ["chatter", "more", "@agent hi"]);
  await world.send(group, "while it runs", "c3b", { mentioned: false, queueMode: "interrupt" });
  await settle(clock);
  assert.equal((await world.sessions.describe(group))?.status, "running", "what is said to others stops nothing");
  asked[0]?.answer("hello");
  await settle(clock);
  await world.send(group, "to nobody known", "c4");
  await settle(clock);
  assert.equal(asked.length, 2, "where nobody can tell, it is answered");
  asked[1]?.answer("?");
  await settle(clock);
  const patched = world.sessions.patch(group, { groupActivation: "always" }, OWNER);
  await settle(clock);
  await patched;
  await world.send(group, "all", "c5", { mentioned: false });
  await settle(clock);
  assert.equal(asked.length, 3);
  asked[2]?.answer("!");
  await world.send(KEY, "direct", "d1", { mentioned: false });
  await settle(clock);
  assert.equal(asked.length, 4, "in a conversation of two every message is said to the agent");
  const mention = world.sessions.patch(group, { groupActivation: "mention" }, OWNER);
  await settle(clock);
  await mention;
  await world.send(group, "to nobody known", "c6");
  await settle(clock);
  assert.equal(asked.length, 4, "told to wait for a mention, it takes what is not known to be one for none");
  const clockwork = { tenant: "home", id: "service:schedule", kind: "service", label: "owner" } as const;
  await world.send(group, "time for the report", "c7", { principal: clockwork });
  await settle(clock);
  assert.equal(asked.length, 5, "what a schedule sends is meant for the agent");
});

test("an answer another session owes is neither dropped, nor cleared, nor ends what runs (C13)", async (t) => {
  const { clock, open } = await setUpWorld(t);
  const { asked, model } = gatedModel();
  const world = await open({ model, session: { queue: { mode: "interrupt", cap: 1, drop: "oldest" } } });
  const origin = { kind: "reply", sessionKey: "agent:main:child" } as const;
  await world.send(KEY, "one");
  await settle(clock);
  await world.send(KEY, "answer", "answer", { origin });
  await settle(clock);
  assert.equal(asked.length, 1);
  for (const text of ["two", "three"]) await world.send(KEY, text, text, { queueMode: "followup" });
  await settle(clock);
  assert.deepEqual((await world.sessions.describe(KEY))?.activeRunIds, ["one", "answer", "three"]);
  const taking = world.sessions.abort(KEY, "answer", OWNER);
  await settle(clock);
  assert.deepEqual((await taking).runIds, [], "nor is it taken back by its name");
  const aborting = world.sessions.abort(KEY, null, OWNER, true);
  await settle(clock);
  assert.deepEqual((await aborting).runIds, ["one", "three"]);
  assert.deepEqual(asked.at(-1)?.users, ["one", "answer"]);
});

test("sessions are spread evenly over credentials, keep theirs, and leave one that fails or is gone, for good (S4.10)", async (t) => {
  const { clock, open } = await setUpWorld(t);
  const used = new Map<string, string[]>();
  const failing = new Set<string>();
  const profiles = ["a", "b", "c"];
  const model = async function* (request: Omit<ModelRequest, "model">): AsyncGenerator<ModelEvent> {
    const { profile = "" } = request;
    const text = request.messages.at(-1)?.text ?? "";
    used.set(text, [...(used.get(text) ?? []), profile]);
    if (failing.has(profile)) return yield { type: "error", code: "MODEL_RATE_LIMITED", why: "Slow down." };
    yield* obedientModel(request);
  };
  let world = await open({ model, profiles: () => profiles });
  const say = async (session: number, text: string): Promise<readonly string[]> => {
    await world.send(`agent:main:s${session}`, text, text);
    await settle(clock, 3);
    return used.get(text) ?? [];
  };
  const counts = new Map<string, number>();
  for (let at = 0; at < 90; at++) {
    const [profile = ""] = await say(at, `first-${at}`);
    counts.set(profile, (counts.get(profile) ?? 0) + 1);
  }
  for (const name of profiles) assert.ok((counts.get(name) ?? 0) > 15, `${name}: ${counts.get(name)} of 90`);
  const [mine = ""] = await say(0, "again");
  assert.deepEqual(used.get("first-0"), [mine]);
  world.crash();
  world = await open({ model, profiles: () => profiles });
  assert.deepEqual(await say(0, "after a crash"), [mine]);
  failing.add(mine);
  const [failed, next = ""] = await say(0, "limited");
  assert.equal(failed, mine);
  assert.notEqual(next, mine);
  failing.clear();
  assert.deepEqual(await say(0, "it works again"), [next], "what is warm stays");
  profiles.splice(profiles.indexOf(next), 1);
  const [third = ""] = await say(0, "taken away");
  assert.ok(third !== next && profiles.includes(third));
  for (const name of profiles) failing.add(name);
  assert.equal((await say(0, "all fail")).length, profiles.length, "each is tried once");
  assert.equal((await answered(world, "all fail"))?.code, "MODEL_RATE_LIMITED");
});
