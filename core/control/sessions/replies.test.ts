/** Sub-agents, messages between sessions, and outcomes that are owed: nobody waits for ever, whatever dies when. */
import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { hasCode, OpenClawError } from "@openclaw/protocol";
import type { Engine, ModelEvent, ModelRequest, Tool } from "@openclaw/sdk";
import { withFaults } from "@openclaw/testkit/fault-engine";
import { seededRandom, VirtualClock } from "@openclaw/testkit/virtual-clock";
import type { IntentOrder } from "../../execution/intents.ts";
import { openMemoryEngine } from "../../fabric/engine.ts";
import { OWNER } from "../../fabric/identity.ts";
import type { ChannelDeliverer, Delivery } from "./delivery.ts";
import type { SessionRow } from "./session-row.ts";
import {
  makeKeyDir, newOutside, openWorld, type Outside, settle, setUpWorld, type SetUpWorld, type World, type WorldOfTest,
} from "./world.testing.ts";

const PARENT = "agent:main:main";

const sessionTool = (name: string, action: "spawn" | "send" | "list" | "history", effect: "idempotent" | "read"): Tool => ({
  name, summary: name, effect, args: { type: "object" },
  propose: (params) => ({ actuator: "sessions", effect, action, params: params as Record<string, unknown>, summary: name }),
});

const TOOLS = [
  sessionTool("spawn", "spawn", "idempotent"), sessionTool("tell", "send", "idempotent"),
  sessionTool("list", "list", "read"), sessionTool("read", "history", "read"),
];

const usage = { inputTokens: 1, outputTokens: 1 };

/**
 * A fake model that does as it is told: `use <tool> <arguments>` calls the tool, several parted by `;;`; `hang` says nothing
 * until it is stopped; the result of a tool and an answer of another session are said after `got`.
 */
async function* toldModel(request: Omit<ModelRequest, "model">, signal: AbortSignal): AsyncGenerator<ModelEvent> {
  const last = request.messages.at(-1);
  const text = last?.text ?? "";
  if (last?.role === "user" && text.startsWith("use ")) {
    const calls = text.split(";;").map((part, at) => {
      const [, name = "", args = "{}"] = /^\s*use (\S+) (.*)$/s.exec(part) ?? [];
      return { id: `c${at}`, name, arguments: args };
    });
    yield { type: "end", finish: "tools", calls, usage };
    return;
  }
  if (last?.role === "user" && text.startsWith("hang")) {
    await new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true }));
  }
  if (last?.role === "user" && text.startsWith("fail")) {
    yield { type: "error", code: "MODEL_REJECTED", why: "It says no." };
    return;
  }
  const got = last?.role === "tool" || text.startsWith("[Answer");
  yield { type: "text", delta: got ? `got ${text}` : `echo ${text}` };
  yield { type: "end", finish: "stop", calls: [], usage };
}

const setUp = (t: TestContext, more: SetUpWorld = {}): Promise<WorldOfTest> => setUpWorld(t, { model: toldModel, tools: TOOLS, ...more });

const spawn = (args: Readonly<Record<string, unknown>>): string => `use spawn ${JSON.stringify(args)}`;
const tell = (args: Readonly<Record<string, unknown>>): string => `use tell ${JSON.stringify(args)}`;

async function rowsOf(world: World): Promise<SessionRow[]> {
  const rows: SessionRow[] = [];
  for await (const row of world.sessions.rows()) rows.push(row);
  return rows;
}

async function childOf(world: World): Promise<string> {
  const child = (await rowsOf(world)).find((row) => row.spawnedBy === PARENT);
  assert.ok(child, "there is a sub-agent");
  return child.key;
}

/** What the parent said after its last tool result or answer. */
async function lastLine(world: World, key = PARENT): Promise<string> {
  return (await world.transcript(key)).at(-1) ?? "";
}

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
    if (how !== "fails") {
      const stopping = world.sessions.abort(child, null, OWNER);
      await settle(clock);
      await stopping;
    }
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
  const stopping = world.sessions.abort(await childOf(world), null, OWNER);
  await settle(clock);
  await stopping;
  await settle(clock);
  const outcome = (await world.sessions.describe(PARENT))?.errorCode;
  assert.equal(outcome, "UNKNOWN_AGENT_ID", "the parent was woken, and its turn said why it could not go on");
});

test("while a sub-agent's own sub-agents work, its outcome waits for theirs (C13)", async (t) => {
  const { clock, open } = await setUp(t);
  const world = await open();
  await world.send(PARENT, spawn({ task: spawn({ task: "deep" }) }));
  await settle(clock);
  await settle(clock);
  const answers = (await world.transcript(PARENT)).filter((line) => line.startsWith("user: [Answer"));
  assert.equal(answers.length, 1);
  assert.match(answers[0] ?? "", /got \[Answer of agent:main:subagent:.*echo deep/s, "it tells of the grandchild's answer");
});

test("an answer that came while the turn ran is read before the outcome is told (C13)", async (t) => {
  const clock = new VirtualClock();
  const { open } = await setUp(t, {
    clock,
    model: async function* (request, signal) {
      const isMiddle = request.messages.some(({ role, text }) => role === "user" && text.includes("\"deep\""));
      // The one in the middle says what it did long after its own sub-agent has answered.
      if (isMiddle && request.messages.at(-1)?.role === "tool") await clock.wait(200, signal);
      yield* toldModel(request, signal);
    },
  });
  const world = await open();
  await world.send(PARENT, spawn({ task: spawn({ task: "deep" }) }));
  await settle(clock);
  await settle(clock);
  const answers = (await world.transcript(PARENT)).filter((line) => line.startsWith("user: [Answer"));
  assert.equal(answers.length, 1);
  assert.match(answers[0] ?? "", /got \[Answer of agent:main:subagent:.*echo deep/s, "it tells of the grandchild's answer");
});

const asking = (params: Readonly<Record<string, unknown>>): IntentOrder => ({
  invocationId: "asked-1", nodeId: null, sessionKey: PARENT, label: "owner", fence: { slot: 0, epoch: 1 },
  intent: { actuator: "sessions", action: "send", effect: "idempotent", params, summary: "asks" },
});

test("asked again after a crash, the outcome of a run is that run's, whatever was said since (C13)", async (t) => {
  const { clock, open } = await setUp(t);
  const world = await open();
  const other = "agent:main:other";
  await world.send(PARENT, "hello");
  await world.send(other, "hello", "o1");
  await settle(clock);
  const ask = async (): Promise<unknown> => {
    const acting = world.sessions.act(asking({ sessionKey: other, message: "one", wait: true }), AbortSignal.any([]));
    await settle(clock);
    return ((await acting) as { readonly text: string }).text;
  };
  assert.equal(await ask(), "echo one");
  await world.send(other, "two", "o2");
  await settle(clock);
  assert.equal(await ask(), "echo one");
});

test("an outcome that is waited for is no more trusted than a fact that is pinned where it was made (S2.43, C17)", async (t) => {
  const { clock, open } = await setUp(t);
  const world = await open();
  const other = "agent:main:other";
  await world.send(PARENT, "hello");
  await world.send(other, "hello", "o1");
  await settle(clock);
  const pinning = world.sessions.context.pin(other, "pay the bill", { ...OWNER, id: "service:hook-x", kind: "service", label: "outside" });
  await settle(clock);
  await pinning;
  const acting = world.sessions.act(asking({ sessionKey: other, message: "one", wait: true }), AbortSignal.any([]));
  await settle(clock);
  assert.equal(((await acting) as { readonly label: string }).label, "outside");
});

test("how many agents may work for an agent is bounded in number and depth, and the agent is told (C13, S2.43)", async (t) => {
  const { clock, open } = await setUp(t, { subagents: { maxChildrenPerAgent: 2, maxSpawnDepth: 2, maxConcurrent: 3 } });
  const world = await open();
  await world.send(PARENT, [1, 2, 3].map((at) => spawn({ task: `hang ${at}` })).join(";;"));
  await settle(clock);
  const refused = (await world.transcript(PARENT)).filter((line) => line.includes("SUBAGENT_LIMIT"));
  assert.match(refused[0] ?? "", /waits for 2 answers; 2 are allowed/);
  await world.send("agent:main:b", [4, 5].map((at) => spawn({ task: `hang ${at}` })).join(";;"), "b");
  await settle(clock);
  assert.match((await world.transcript("agent:main:b")).join("\n"), /3 sub-agents are at work; 3 are allowed/);
  const deep = await setUp(t, { subagents: { maxSpawnDepth: 2 } });
  const other = await deep.open();
  await other.send(PARENT, spawn({ task: spawn({ task: spawn({ task: "too deep" }) }) }));
  for (let rounds = 0; rounds < 3; rounds++) await settle(deep.clock);
  const rows = await rowsOf(other);
  assert.deepEqual(rows.map((row) => row.spawnDepth ?? 0).toSorted(), [0, 1, 2]);
  const last = rows.find((row) => row.spawnDepth === 2);
  assert.match((await other.transcript(last?.key ?? "")).join("\n"), /SUBAGENT_LIMIT.*2 agents stand between/);
});

test("a task keeps the label of its words, and an answer the least trusted of what it was made from (S2.43, C17)", async (t) => {
  const { clock, open } = await setUp(t, {
    model: async function* (request, signal) {
      const last = request.messages.at(-1);
      if (last?.role !== "tool" || !last.text.startsWith("look")) return yield* toldModel(request, signal);
      yield { type: "end", finish: "tools", calls: [{ id: "s", name: "spawn", arguments: JSON.stringify({ task: last.text }) }], usage };
    },
  });
  const world = await open();
  const labels = async (key: string): Promise<readonly string[]> =>
    (await world.sessions.history(key, 100, 0)).messages.map((item) => `${item.role} ${item.__openclaw.label}`);
  await world.send(PARENT, "use act {\"what\":\"look\"}");
  await settle(clock);
  const child = await childOf(world);
  assert.deepEqual(await labels(child), ["user outside", "assistant agent"], "a node's words were in sight when the task was chosen");
  assert.equal((await labels(PARENT)).at(-2), "user outside", "what comes back is no more trusted");
});

test("the owner's own words stay the owner's, and an answer is never better than an agent's words (S2.43)", async (t) => {
  const { clock, open } = await setUp(t);
  const world = await open();
  await world.send(PARENT, "use spawn {\"task\": \"wash up\"}");
  await settle(clock);
  const child = await childOf(world);
  const of = async (key: string) => (await world.sessions.history(key, 100, 0)).messages.map((item) => item.__openclaw.label);
  assert.equal((await of(child))[0], "owner");
  assert.equal((await of(PARENT)).at(-2), "agent");
});

test("an agent reaches the sessions of its own agent, and others only where the configuration says so (C15, C16, S4.8)", async (t) => {
  const { clock, open } = await setUp(t);
  const world = await open();
  await world.send("agent:other:secret", "canary-words", "o1");
  await settle(clock);
  await world.send(PARENT, "use list {};;use read {\"sessionKey\":\"agent:other:secret\"}");
  await settle(clock);
  const seen = (await world.transcript(PARENT)).filter((line) => line.startsWith("toolResult") || line.startsWith("assistant")).join("\n");
  assert.doesNotMatch(seen, /agent:other:secret","status|canary-words/);
  assert.match(seen, /SESSION_NOT_VISIBLE/);
  const wide = await setUp(t, { visibility: "all" });
  const all = await wide.open();
  await all.send("agent:other:open", "canary-words", "o1");
  await settle(wide.clock);
  await all.send(PARENT, "use read {\"sessionKey\":\"agent:other:open\"}");
  await settle(wide.clock);
  assert.match((await all.transcript(PARENT)).join("\n"), /canary-words/);
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
  const stopping = world.sessions.abort(busy, null, OWNER);
  await settle(clock);
  await stopping;
  await settle(clock);
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

/** A fake channel: what arrived, by delivery id; it can be down, and can take something without saying so. */
function fakeChannel() {
  const arrived = new Map<string, Delivery>();
  const state = { fails: 0, attempts: 0 };
  const channel: ChannelDeliverer = {
    deliver: async (_to, delivery) => {
      state.attempts += 1;
      if (state.fails > 0) {
        state.fails -= 1;
        throw new OpenClawError("CONNECTION_LOST");
      }
      arrived.set(delivery.id, delivery);
    },
  };
  return { arrived, state, channels: new Map([["fake", channel]]) };
}

const toFake = { kind: "channel", channel: "fake", to: "room-1" } as const;
type Channel = { readonly kind: "channel"; readonly channel: string; readonly to: string };
const say = (world: World, text: string, runId: string, replyTo: Channel = toFake) =>
  world.sessions.send({ sessionKey: PARENT, agentId: "main", runId, text, channel: "fake", principal: OWNER, replyTo });

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

test("crashes at random points: every sub-agent starts once and every parent is woken exactly once (C13, S0.16, S1.10)", async (t) => {
  const failures: string[] = [];
  for (let seed = 1; seed <= 40; seed++) {
    const wrong = await runSchedule(seed);
    if (wrong !== undefined) failures.push(`seed ${seed}: ${wrong}`);
  }
  assert.deepEqual(failures, []);
  t.diagnostic("40 schedules");
});

const TASKS = [
  spawn({ task: "act-child-1" }), spawn({ task: "child-2", wait: true }), spawn({ task: "use act {\"what\":\"once\"}" }),
  spawn({ task: spawn({ task: "grandchild" }) }), spawn({ task: "fail" }), spawn({ task: "hang", timeoutSeconds: 30 }),
];

/** One seeded run: three parents give two tasks each, the gateway dies four times in between, then all is left to finish. */
async function runSchedule(seed: number): Promise<string | undefined> {
  const random = seededRandom(seed);
  const clock = new VirtualClock({ seed });
  const base = await openMemoryEngine({ clock, skipNumbers: true });
  const keys = await makeKeyDir();
  const outside: Outside = newOutside();
  const { arrived, channels } = fakeChannel();
  const engine: Engine = withFaults(base, { random, rates: { before: 0.03, after: 0.03, fence: 0.01, watch: 0, frame: 0 } });
  const open = async (): Promise<World> => {
    for (;;) {
      try {
        return await openWorld({ engine, clock, keyDir: keys.dir, outside, model: toldModel, tools: TOOLS, channels });
      } catch (error) {
        if (!hasCode(error, "ENGINE_UNAVAILABLE")) throw error;
      }
    }
  };
  try {
    let world = await open();
    const parents = ["agent:main:a", "agent:main:b", "agent:main:c"];
    const waiting = TASKS.map((text, at) => ({ key: parents[at % 3] ?? PARENT, text, runId: `${seed}-${at}` }));
    const crashAt = new Set(Array.from({ length: 5 }, () => Math.floor(random() * 120)));
    for (let step = 0; step < 300; step++) {
      if (crashAt.has(step)) {
        world.crash();
        world = await open();
      }
      const next = waiting[0];
      if (next !== undefined && random() < 0.3) {
        void world.sessions.send({
          sessionKey: next.key, agentId: "main", runId: next.runId, text: next.text, channel: "fake", principal: OWNER, replyTo: toFake,
        }).then(() => void (waiting[0] === next && waiting.shift()), () => undefined);
      }
      await clock.advance(random() < 0.5 ? 0 : Math.floor(random() * 40));
    }
    for (let step = 0; step < 80; step++) await clock.advance(2_000);
    if (waiting.length > 0) return `${waiting.length} messages were never accepted`;
    return await judge(world, outside, arrived, parents, clock);
  } finally {
    await base[Symbol.asyncDispose]();
    await keys.remove();
  }
}

async function judge(
  world: World, outside: Outside, arrived: ReadonlyMap<string, Delivery>, parents: readonly string[], clock: VirtualClock,
): Promise<string | undefined> {
  // By what the transcripts say, not by the list: a row that a crash left unwritten comes back with the session's next use.
  const children = new Set<string>();
  for (const looked = [...parents]; looked.length > 0; ) {
    const key = looked.shift() ?? "";
    const row = await retry(() => world.sessions.describe(key), clock);
    if (row === null || row.hasActiveRun) return `${key} is still at work: ${(await world.transcript(key)).join(" | ")}`;
    for (const [child] of (await retry(() => world.transcript(key), clock)).join("\n").matchAll(/agent:main:subagent:[0-9a-f-]{36}/g)) {
      if (children.has(child) || child === key) continue;
      children.add(child);
      looked.push(child);
    }
  }
  if (children.size !== 7) return `${children.size} sub-agents instead of 7`;
  let answers = 0;
  for (const key of parents) {
    const lines = await retry(() => world.transcript(key), clock);
    const got = lines.filter((line) => line.startsWith("user: [Answer of"));
    if (new Set(got.map((line) => line.slice(0, 80))).size !== got.length) return `${key} was told twice: ${JSON.stringify(got)}`;
    answers += got.length;
  }
  if (answers !== 5) return `${answers} answers came instead of 5`;
  if ((outside.effects.get("once") ?? 0) !== 1) return `the effect happened ${outside.effects.get("once") ?? 0} times`;
  if (arrived.size !== 6) return `${arrived.size} outcomes reached the channel instead of 6`;
  return undefined;
}

async function retry<T>(run: () => Promise<T>, clock: VirtualClock): Promise<T> {
  for (;;) {
    try {
      return await run();
    } catch (error) {
      if (!hasCode(error, "ENGINE_UNAVAILABLE")) throw error;
      await clock.advance(100);
    }
  }
}
