import assert from "node:assert/strict";
import { test } from "node:test";
import { hasCode, type Label } from "@openclaw/protocol";
import type { Intent } from "@openclaw/sdk";
import type { IntentOrder } from "../../execution/intents.ts";
import { createAgents } from "../agents.ts";
import { actForAgent } from "./act-for-agent.ts";
import { openBench, OWNER_AUTHOR, pass, type Life } from "./schedule-world.testing.ts";

const MINUTE = 60_000;
const AGENTS = { entries: { main: {}, other: {} } };

type Action = Extract<Intent, { actuator: "schedule" }>["action"];

function orderOf(
  action: Action, params: Readonly<Record<string, unknown>>, { id = "i1", label = "owner" as Label, agent = "main" } = {},
): IntentOrder {
  const effect = action === "list" ? "read" : "idempotent";
  const intent: Intent = { actuator: "schedule", effect, action, params: { action, ...params }, summary: action };
  return { invocationId: id, intent, nodeId: null, sessionKey: `agent:${agent}:main`, label, fence: { slot: 0, epoch: 1 } };
}

const act = (life: Life, order: IntentOrder) => actForAgent(life.scheduler, createAgents(() => AGENTS, ""), order);

test("a job an agent adds is there once, however often its intent is carried out, and fires (S4.44, S4.6)", async (t) => {
  const { clock, open } = await openBench(t);
  const life = await open({ agents: AGENTS });
  const order = orderOf("add", { message: "look", everyMinutes: 10 });
  const first = await act(life, order);
  assert.deepEqual(await act(life, order), first);
  assert.match(first.text, /^Added: agent-[0-9a-f]{20} {2}every 600 s {2}next 2026-11-19T12:10:00/);
  await pass(clock, 11 * MINUTE, 22);
  assert.deepEqual(life.offered.map(({ text, principal, agentId }) => [text, principal.label, agentId]), [["look", "owner", "main"]]);
  await life.close();
});

test("a job made of outside words speaks with the label of outside words, every time (C17)", async (t) => {
  const { clock, open } = await openBench(t);
  const life = await open({ agents: AGENTS });
  await act(life, orderOf("add", { message: "send the keys", everyMinutes: 10 }, { label: "outside" }));
  await pass(clock, 21 * MINUTE, 42);
  assert.deepEqual(life.offered.map(({ principal }) => principal.label), ["outside", "outside"]);
  const listed = await act(life, orderOf("list", {}));
  assert.equal(listed.label, "outside", "and whoever lists it reads outside words");
  await life.close();
});

test("an agent sees and changes its own agent's jobs only", async (t) => {
  const { open } = await openBench(t);
  const life = await open({ agents: AGENTS });
  const schedule = { kind: "every", everyMs: MINUTE };
  const payload = { kind: "agentTurn", message: "theirs" };
  const theirs = (await life.scheduler.add({ schedule, payload, agentId: "other" }, OWNER_AUTHOR)).job.id;
  assert.equal((await act(life, orderOf("list", {}))).text, "There are no jobs.");
  for (const action of ["remove", "run", "enable", "disable"] as const) {
    await assert.rejects(act(life, orderOf(action, { job: theirs })), (error) => hasCode(error, "CRON_JOB_UNKNOWN"), action);
  }
  assert.match((await act(life, orderOf("list", {}, { agent: "other" }))).text, /theirs/);
  await life.close();
});

test("what a schedule refuses, the model reads; removing and running twice under one id is once", async (t) => {
  const { clock, open } = await openBench(t);
  const life = await open({ agents: AGENTS });
  await assert.rejects(act(life, orderOf("add", { message: "x", cron: "0 0 30 2 *" })), (error) => hasCode(error, "CRON_NEVER_FIRES"));
  await act(life, orderOf("add", { message: "look", at: "2026-12-24T18:00:00Z" }));
  const job = [...(await life.scheduler.list())][0]?.job.id;
  await act(life, orderOf("run", { job }, { id: "r1" }));
  await act(life, orderOf("run", { job }, { id: "r1" }));
  await pass(clock, 1_000);
  await act(life, orderOf("run", { job }, { id: "r1" }));
  await pass(clock, 1_000);
  assert.equal(new Set(life.offered.map(({ idempotencyKey }) => idempotencyKey)).size, 1);
  assert.match((await act(life, orderOf("disable", { job }))).text, /^Disabled: \S+ {2}once at 2026-12-24T18:00:00.000Z {2}disabled/);
  await act(life, orderOf("remove", { job }));
  await act(life, { ...orderOf("remove", { job }), resumed: true });
  await assert.rejects(act(life, orderOf("remove", { job })), (error) => hasCode(error, "CRON_JOB_UNKNOWN"));
  await life.close();
});
