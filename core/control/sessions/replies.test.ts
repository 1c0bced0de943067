/** Sub-agents, messages between sessions, and outcomes that are owed: nobody waits for ever, whatever dies when. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { VirtualClock } from "@openclaw/testkit/virtual-clock";
import { OWNER } from "../../fabric/identity.ts";
import {
  asking, childOf, lastLine, OTHER, PARENT, rowsOf, setUp, spawn, stop, tell, toldModel, twoSessions,
} from "./delegation.testing.ts";
import { settle, type WorldOfTest } from "./world.testing.ts";

test("a sub-agent's answer comes as a message that wakes whoever asked (S2.43, S4.6, C13)", async (t) => {
  const { clock, open } = await setUp(t);
  const world = await open();
  await world.send(PARENT, spawn({ task: "count", label: "Counter" }));
  await settle(clock);
  const child = await childOf(world);
  assert.match(child, /^agent:main:subagent:[0-9a-f]{8}-[0-9a-f]{4}-/);
  const lines = await world.transcript(PARENT);
  assert.equal(lines.filter((line) => line.startsWith("user: [Answer of")).length, 1);
  assert.match(lines.at(-1) ?? "", /^assistant: got \[Answer of "Counter" \(agent:main:subagent:.*\): ok\]\n\necho count$/);
  const row = await world.sessions.describe(child);
  assert.deepEqual([row?.label, row?.spawnedBy, row?.spawnDepth], ["Counter", PARENT, 1]);
  await clock.advance(3_600_000);
  await settle(clock);
  assert.equal((await world.transcript(PARENT)).length, lines.length, "it is woken once");
});

test("with wait the tool answers with the sub-agent's outcome, and no message follows (S4.6, C13)", async (t) => {
  const { clock, open } = await setUp(t);
  const world = await open();
  await world.send(PARENT, spawn({ task: "count", wait: true }));
  await settle(clock);
  assert.match(await lastLine(world), /got .*"status":"ok".*"text":"echo count"/);
  await settle(clock);
  assert.equal((await world.transcript(PARENT)).filter((line) => line.startsWith("user:")).length, 1);
});

test("a sub-agent that fails, is stopped or is deleted wakes its parent with an error (C13)", async (t) => {
  for (const how of ["fails", "is stopped", "is deleted", "is reset"] as const) {
    const { clock, open } = await setUp(t);
    const world = await open();
    await world.send(PARENT, spawn({ task: how === "fails" ? "fail" : "hang" }));
    await settle(clock);
    const child = await childOf(world);
    if (how !== "fails") await stop(world, clock, child);
    if (how === "is deleted" || how === "is reset") {
      const changing = how === "is reset" ? world.sessions.reset(child, "reset", OWNER) : world.sessions.delete(child, OWNER);
      await settle(clock);
      await changing;
    }
    await settle(clock);
    assert.match(await lastLine(world), how === "fails" ? /error MODEL_REJECTED\]\n\nIt says no/ : /: aborted\]/, how);
    assert.equal((await world.transcript(PARENT)).filter((line) => line.startsWith("user: [Answer")).length, 1, how);
  }
});

test("a message that still waits in a session when that is deleted is answered with an error first (C13)", async (t) => {
  const { clock, open } = await setUp(t);
  const world = await open();
  await world.send("agent:main:busy", "hang", "busy-1");
  await settle(clock);
  await world.send(PARENT, tell({ sessionKey: "agent:main:busy", message: "are you there?" }));
  await settle(clock);
  const stopping = world.sessions.abort("agent:main:busy", null, OWNER);
  const deleting = world.sessions.delete("agent:main:busy", OWNER);
  await settle(clock);
  await Promise.all([stopping, deleting]);
  await settle(clock);
  assert.match(await lastLine(world), /\[Answer of agent:main:busy: (error KEY_DESTROYED|ok)\]/);
});

test("a deadline that passes wakes the parent with a timeout and stops the run, while it waits for a person too (C13)", async (t) => {
  for (const task of ["hang", "use act {\"what\":\"wash\"}"]) {
    const { clock, open, outside } = await setUp(t, { yesLocal: false });
    const world = await open();
    await world.send(PARENT, spawn({ task, timeoutSeconds: 60 }));
    await settle(clock);
    await clock.advance(66_000);
    await settle(clock);
    assert.match(await lastLine(world), /: timeout TURN_TIMEOUT\]/, task);
    assert.equal(outside.effects.size, 0);
    const row = await world.sessions.describe(await childOf(world));
    assert.equal(row?.hasActiveRun, false, "it was stopped");
  }
});

test("a run that cannot even be stopped leaves its parent a timeout, and a late answer is dropped (C13)", async (t) => {
  const stuck = Promise.withResolvers<void>();
  const { clock, open } = await setUp(t, {
    model: async function* (request, signal) {
      if (request.messages.at(-1)?.text === "deaf") await stuck.promise;
      yield* toldModel(request, signal);
    },
  });
  const world = await open();
  await world.send(PARENT, spawn({ task: "deaf", timeoutSeconds: 60 }));
  await settle(clock);
  await clock.advance(80_000);
  await settle(clock);
  assert.match(await lastLine(world), /: timeout\]\n\nIt did not answer before its deadline\./);
  const recorded = await (await world.journal.load(world.journal.address(PARENT))).read(0, 100);
  const hops = recorded.flatMap(({ type, body }) =>
    (type === "message.offered" && body.origin?.kind === "reply" ? [body.origin.hops] : []));
  assert.deepEqual(hops, [2], "the word that nothing came is one of the messages between agents");
  const before = (await world.transcript(PARENT)).length;
  stuck.resolve();
  await settle(clock);
  await settle(clock);
  assert.equal((await world.transcript(PARENT)).length, before);
});

test("an agent that was taken out of the configuration answers with an error, for itself and for who asked (C13)", async (t) => {
  const agents = new Set(["main", "other"]);
  const { clock, open } = await setUp(t, { agents, allowAgents: ["*"], visibility: "all", yesLocal: true });
  const world = await open();
  await world.send("agent:other:work", "hello", "o1");
  await settle(clock);
  await world.send(PARENT, spawn({ task: "hang" }));
  await settle(clock);
  agents.delete("main");
  await stop(world, clock, await childOf(world));
  const outcome = (await world.sessions.describe(PARENT))?.errorCode;
  assert.equal(outcome, "UNKNOWN_AGENT_ID", "the parent was woken, and its turn said why it could not go on");
});

/** Has a sub-agent give a task to one of its own; what comes back to the first is one answer, and tells of the grandchild's. */
async function assertTellsOfGrandchild({ clock, open }: WorldOfTest): Promise<void> {
  const world = await open();
  await world.send(PARENT, spawn({ task: spawn({ task: "deep" }) }));
  await settle(clock);
  await settle(clock);
  const answers = (await world.transcript(PARENT)).filter((line) => line.startsWith("user: [Answer"));
  assert.equal(answers.length, 1);
  assert.match(answers[0] ?? "", /got \[Answer of agent:main:subagent:.*echo deep/s);
}

test("while a sub-agent's own sub-agents work, its outcome waits for theirs (C13)", async (t) => {
  await assertTellsOfGrandchild(await setUp(t));
});

test("an answer that came while the turn ran is read before the outcome is told (C13)", async (t) => {
  const clock = new VirtualClock();
  await assertTellsOfGrandchild(await setUp(t, {
    clock,
    model: async function* (request, signal) {
      const isMiddle = request.messages.some(({ role, text }) => role === "user" && text.includes("\"deep\""));
      // The one in the middle says what it did long after its own sub-agent has answered.
      if (isMiddle && request.messages.at(-1)?.role === "tool") await clock.wait(200, signal);
      yield* toldModel(request, signal);
    },
  }));
});

test("asked again after a crash, the outcome of a run is that run's, whatever was said since (C13)", async (t) => {
  const { clock, world } = await twoSessions(t);
  const ask = async (): Promise<unknown> => {
    const acting = world.sessions.act(asking({ sessionKey: OTHER, message: "one", wait: true }), AbortSignal.any([]));
    await settle(clock);
    return ((await acting) as { readonly text: string }).text;
  };
  assert.equal(await ask(), "echo one");
  await world.send(OTHER, "two", "o2");
  await settle(clock);
  assert.equal(await ask(), "echo one");
});

test("two sessions that would wait for each other are told so at once", async (t) => {
  const { clock, open } = await setUp(t);
  const world = await open();
  await world.send("agent:main:b", "hello", "b1");
  await settle(clock);
  const back = tell({ sessionKey: "main", message: "and you?", wait: true });
  await world.send(PARENT, tell({ sessionKey: "agent:main:b", message: back, wait: true }));
  await settle(clock);
  assert.match((await world.transcript("agent:main:b")).join("\n"), /waits for this session, so neither would end/);
  assert.match(await lastLine(world), /"status":"ok"/);
});

test("a parent that is deleted stops whom it had asked, and nobody is left waiting (C13)", async (t) => {
  const { clock, open } = await setUp(t);
  const world = await open({ dormantAfterMs: 1_000 });
  const parent = "agent:main:boss";
  await world.send(parent, spawn({ task: "hang" }));
  await settle(clock);
  const child = (await rowsOf(world)).find((row) => row.spawnedBy === parent)?.key ?? "";
  const deleting = world.sessions.delete(parent, OWNER);
  await settle(clock);
  assert.equal(await deleting, true);
  assert.equal((await world.sessions.describe(child))?.hasActiveRun, false);
  const recorded = await (await world.journal.load(world.journal.address(child))).read(0, 100);
  assert.ok(recorded.some((entry) => entry.type === "reply.delivered"), "brought before the tombstone, or given up after it");
  await clock.advance(60_000);
  await settle(clock);
  assert.equal(world.sessions.live, 0);
});

test("a task whose deadline passes while it waits in line is taken back and never begun (C13)", async (t) => {
  const { clock, open } = await setUp(t);
  const world = await open();
  const busy = "agent:main:busy";
  await world.send(busy, "hang", "busy-1");
  await settle(clock);
  await world.send(PARENT, tell({ sessionKey: busy, message: "are you free?", timeoutSeconds: 60 }));
  await settle(clock);
  await clock.advance(80_000);
  await settle(clock);
  assert.match(await lastLine(world), /\[Answer of agent:main:busy: (timeout|aborted)/);
  await stop(world, clock, busy);
  assert.doesNotMatch((await world.transcript(busy)).join("\n"), /are you free/);
});

test("a message that is dropped because too many wait is answered with an error (C13)", async (t) => {
  const { clock, open } = await setUp(t, { session: { queue: { cap: 1, drop: "oldest" } } });
  const world = await open();
  const busy = "agent:main:busy";
  await world.send(busy, "hang", "busy-1");
  await settle(clock);
  await world.send(PARENT, tell({ sessionKey: busy, message: "first in line" }));
  await settle(clock);
  await world.send(busy, "second in line", "busy-2");
  await settle(clock);
  assert.match(await lastLine(world), /: error MESSAGE_DROPPED\]/);
});
