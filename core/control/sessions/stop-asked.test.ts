/** Stopping a turn stops those it had set to work, whether it waits for them or not, and those they had set to work. */
import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import type { ModelEvent, ModelRequest, Tool } from "@openclaw/sdk";
import { OWNER } from "../../fabric/identity.ts";
import type { SessionRow } from "./session-row.ts";
import { setUpWorld, settle, type World, type WorldOfTest } from "./world.testing.ts";

const TOP = "agent:main:main";
const usage = { inputTokens: 1, outputTokens: 1 };

const spawnTool: Tool = {
  name: "spawn", summary: "spawn", effect: "idempotent", args: { type: "object" },
  propose: (params) => ({
    actuator: "sessions", effect: "idempotent", action: "spawn", params: params as Record<string, unknown>, summary: "spawn",
  }),
};

/** A fake model: `{"spawn":[...],"then":"hang"}` starts sub-agents with those arguments and then hangs or answers. */
async function* told(request: Omit<ModelRequest, "model">, signal: AbortSignal): AsyncGenerator<ModelEvent> {
  const { messages } = request;
  const user = messages.findLast(({ role }) => role === "user")?.text ?? "";
  const plan = user.startsWith("{") ? JSON.parse(user) as { readonly spawn?: readonly object[]; readonly then?: string } : {};
  if (messages.at(-1)?.role === "user" && plan.spawn !== undefined) {
    const calls = plan.spawn.map((args, at) => ({ id: `c${at}`, name: "spawn", arguments: JSON.stringify(args) }));
    yield { type: "end", finish: "tools", usage, calls };
    return;
  }
  if (plan.then === "hang") {
    await new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true }));
  }
  yield { type: "text", delta: `said ${user.slice(0, 40)}` };
  yield { type: "end", finish: "stop", calls: [], usage };
}

const HANG = JSON.stringify({ then: "hang" });
const plan = (then: "hang" | "answer", ...spawn: readonly object[]): string => JSON.stringify({ spawn, then });
const setUp = (t: TestContext): Promise<WorldOfTest> => setUpWorld(t, { model: told, tools: [spawnTool] });

async function rows(world: World): Promise<SessionRow[]> {
  const found: SessionRow[] = [];
  for await (const row of world.sessions.rows()) found.push(row);
  return found;
}

const atWork = async (world: World): Promise<number> => (await rows(world)).filter(({ hasActiveRun }) => hasActiveRun).length;

test("an abort stops the sub-agents of its turn, theirs too, and wakes nobody (S4.26, S4.6)", async (t) => {
  const { clock, open } = await setUp(t);
  const world = await open();
  // The middle one has answered its turn, and waits for its own sub-agent.
  await world.send(TOP, plan("hang", { task: plan("answer", { task: HANG }) }, { task: HANG }), "top");
  await settle(clock);
  assert.deepEqual([(await rows(world)).length, await atWork(world)], [4, 3]);
  const stopping = world.sessions.abort(TOP, null, OWNER);
  await settle(clock);
  assert.match((await stopping).report, /Told to stop: 2 sub-agents\./);
  await settle(clock, 5_000);
  assert.equal(await atWork(world), 0);
  const lines = await world.transcript(TOP);
  assert.equal(lines.filter((line) => line.startsWith("user: [Answer of")).length, 2, "written down");
  assert.equal(lines.filter((line) => line.startsWith("assistant: said [Answer")).length, 0, "and answered by nobody");
  const { state } = await world.journal.load(world.journal.address(TOP));
  assert.deepEqual([state.expected.length, state.owed.length, state.deferred.length], [0, 0, 0]);
});

test("a sub-agent that was asked to go on does, and its answer comes (S4.26)", async (t) => {
  const { clock, open } = await setUp(t);
  const world = await open();
  await world.send(TOP, plan("hang", { task: HANG, detached: true, timeoutSeconds: 60 }), "top");
  await settle(clock);
  const stopping = world.sessions.abort(TOP, null, OWNER);
  await settle(clock);
  assert.equal((await stopping).report, "Stopped by owner. By then: \"spawn\" was done.");
  assert.equal(await atWork(world), 1);
  await clock.advance(66_000);
  await settle(clock);
  assert.match((await world.transcript(TOP)).at(-1) ?? "", /^assistant: said \[Answer/);
});

test("with nothing running in a session, an abort stops the sub-agents at work for it (S4.26)", async (t) => {
  const { clock, open } = await setUp(t);
  const world = await open();
  await world.send(TOP, plan("answer", { task: plan("hang", { task: HANG }) }), "top");
  await settle(clock);
  assert.equal((await world.sessions.abort(TOP, "another", OWNER)).runIds.length, 0);
  assert.equal(await atWork(world), 2);
  const { runIds, report } = await world.sessions.abort(TOP, null, OWNER);
  assert.deepEqual([runIds.length, report], [1, "Told to stop: 1 sub-agent."]);
  await settle(clock, 5_000);
  assert.equal(await atWork(world), 0);
  assert.doesNotMatch((await world.transcript(TOP)).at(-1) ?? "", /^assistant: said \[Answer/);
  await world.send(TOP, "still there?", "after");
  await settle(clock);
  assert.equal((await world.transcript(TOP)).at(-1), "assistant: said still there?");
});

test("a gateway that dies right after the abort leaves the stopping to the next one (S4.26, S0.16)", async (t) => {
  const { clock, open } = await setUp(t);
  let world = await open();
  await world.send(TOP, plan("hang", { task: plan("answer", { task: HANG }) }, { task: HANG }), "top");
  await settle(clock);
  void world.sessions.abort(TOP, null, OWNER).catch(() => undefined);
  await until(async () => (await world.journal.load(world.journal.address(TOP))).state.turn === null);
  world.crash();
  world = await open();
  await settle(clock, 10_000);
  assert.equal(await atWork(world), 0);
  const { state } = await world.journal.load(world.journal.address(TOP));
  assert.equal(state.expected.length, 0);
});

test("a turn halted by its time stops its sub-agents as well (S3.2, S4.26)", async (t) => {
  const { clock, open } = await setUp(t);
  const world = await open();
  await world.send(TOP, plan("hang", { task: HANG }), "top", { timeoutMs: 30_000 });
  await settle(clock);
  await clock.advance(31_000);
  await settle(clock, 5_000);
  assert.equal(await atWork(world), 0);
  assert.match((await world.transcript(TOP)).find((line) => line.includes("It ran for more than")) ?? "", /Told to stop: 1 sub-agent/);
});

async function until(condition: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 500 && !(await condition()); tries += 1) await new Promise(setImmediate);
}
