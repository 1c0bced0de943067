/** How far an agent's words to other sessions reach: in number and depth, in trust, and to whom. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { OWNER } from "../../fabric/identity.ts";
import { asking, childOf, OTHER, PARENT, rowsOf, setUp, spawn, toldModel, twoSessions, usage } from "./delegation.testing.ts";
import { settle } from "./world.testing.ts";

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

test("an outcome that is waited for is no more trusted than a fact that is pinned where it was made (S2.43, C17)", async (t) => {
  const { clock, world } = await twoSessions(t);
  const pinning = world.sessions.context.pin(OTHER, "pay the bill", { ...OWNER, id: "service:hook-x", kind: "service", label: "outside" });
  await settle(clock);
  await pinning;
  const acting = world.sessions.act(asking({ sessionKey: OTHER, message: "one", wait: true }), AbortSignal.any([]));
  await settle(clock);
  assert.equal(((await acting) as { readonly label: string }).label, "outside");
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
