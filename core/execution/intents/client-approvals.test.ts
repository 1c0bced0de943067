import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { hasCode, type ErrorCode } from "@openclaw/protocol";
import { VirtualClock } from "@openclaw/testkit/virtual-clock";
import { systemIds } from "../../base/ids.ts";
import { openMemoryEngine } from "../../fabric/engine.ts";
import { openApprovals } from "../policy.ts";
import { createClientApprovals, type ExecApprovalRequest } from "./client-approvals.ts";

const coded = (code: ErrorCode) => (error: unknown): boolean => hasCode(error, code);
const never = new AbortController().signal;
const NODE = { nodeId: "n1", local: false };

const plan = { argv: ["touch", "a"], cwd: "/w", commandText: "touch a", agentId: "main", sessionKey: "agent:main:main" };
const wish: ExecApprovalRequest = {
  id: "a1", host: "node", nodeId: "n1", systemRunPlan: plan, agentId: "main", sessionKey: "agent:main:main",
};
const run = { command: ["touch", "a"], cwd: "/w", agentId: "main", sessionKey: "agent:main:main", runId: "a1" };

async function setUp(t: TestContext) {
  const clock = new VirtualClock();
  const engine = await openMemoryEngine({ clock });
  const open = () => openApprovals({
    records: engine.records, clock, ids: systemIds, seal: (_, plain) => plain, unseal: (_, sealed) => sealed, onChanged: () => undefined,
    log: { warn: () => undefined }, deliver: async () => undefined,
  });
  const desk = { approvals: await open() };
  const client = createClientApprovals({
    approvals: () => desk.approvals, clock, ids: systemIds,
    nodeOf: (said) => (said === "n1" || said === "shed" ? { nodeId: "n1", displayName: "shed" } : null),
  });
  t.after(async () => {
    await desk.approvals[Symbol.asyncDispose]();
    await engine[Symbol.asyncDispose]();
  });
  return {
    clock, client, desk,
    restart: async () => {
      await desk.approvals[Symbol.asyncDispose]();
      desk.approvals = await open();
    },
  };
}

test("what was approved once is run once, also after a restart in between (#78415)", async (t) => {
  const { client, desk, restart } = await setUp(t);
  const asked = await client.request(wish, "device:1");
  assert.deepEqual([asked.request.command, asked.request.host, asked.request.nodeName], ["touch a", "node", "shed"]);
  assert.deepEqual(asked.request.systemRunPlan, plan);
  await assert.rejects(client.admit(run, NODE, "device:1"), coded("APPROVAL_REQUIRED"), "asking is no answer");
  await desk.approvals.resolve("a1", "allow-once", "owner");
  assert.deepEqual(await client.admit(run, NODE, "device:1"), { id: "a1", decision: "allow-once", plan });
  await assert.rejects(client.admit(run, NODE, "device:1"), coded("APPROVAL_SPENT"));
  await restart();
  await assert.rejects(client.admit(run, NODE, "device:1"), coded("APPROVAL_SPENT"));
});

test("a run that differs from the approved plan is refused: words, place, agent, session, environment, node, asker (S4.22)", async (t) => {
  const { client, desk } = await setUp(t);
  await client.request(wish, "device:1");
  await desk.approvals.resolve("a1", "allow-always", "owner");
  const others: readonly object[] = [
    { command: ["touch", "b"] }, { command: ["touch", "a", "b"] }, { command: ["touch a"] }, { cwd: "/" }, { cwd: undefined },
    { agentId: "work" }, { sessionKey: "agent:main:other" }, { env: { LD_PRELOAD: "x" } },
  ];
  for (const change of others) {
    await assert.rejects(client.admit({ ...run, ...change }, NODE, "device:1"), coded("APPROVAL_MISMATCH"), JSON.stringify(change));
  }
  await assert.rejects(client.admit(run, { nodeId: "n2", local: false }, "device:1"), coded("APPROVAL_MISMATCH"));
  await assert.rejects(client.admit(run, NODE, "device:2"), coded("APPROVAL_MISMATCH"));
  for (let times = 0; times < 2; times += 1) assert.equal((await client.admit(run, NODE, "device:1"))?.decision, "allow-always");
});

test("an approval for the gateway's own machine is for no other", async (t) => {
  const { client, desk } = await setUp(t);
  await client.request({ id: "a2", host: "gateway", commandArgv: ["touch", "a"] }, "owner");
  await desk.approvals.resolve("a2", "allow-once", "owner");
  const call = { command: ["touch", "a"], runId: "a2" };
  await assert.rejects(client.admit(call, NODE, "owner"), coded("APPROVAL_MISMATCH"));
  assert.equal((await client.admit(call, { nodeId: "local", local: true }, "owner"))?.id, "a2");
});

test("denied and unanswered is not allowed; an id that belongs to nobody's wish says nothing", async (t) => {
  const { clock, client, desk } = await setUp(t);
  await client.request(wish, "device:1");
  await desk.approvals.resolve("a1", "deny", "owner");
  await assert.rejects(client.admit(run, NODE, "device:1"), coded("APPROVAL_DENIED"));
  await client.request({ ...wish, id: "a3", timeoutMs: 1_000 }, "device:1");
  const ended = desk.approvals.ended("a3", never);
  await clock.advance(1_000);
  assert.equal((await ended).decision, null);
  await assert.rejects(client.admit({ ...run, runId: "a3" }, NODE, "device:1"), coded("APPROVAL_REQUIRED"));
  assert.equal(await client.admit({ ...run, runId: "unheard of" }, NODE, "device:1"), null);
  assert.equal(await client.admit({ command: ["touch", "a"] }, NODE, "device:1"), null);
});

test("what is asked for has to say what would be run; what can not be bound can not be allowed always", async (t) => {
  const { client } = await setUp(t);
  const wrong: readonly [ExecApprovalRequest, RegExp][] = [
    [{}, /command is required/], [{ host: "node", systemRunPlan: plan }, /nodeId is required/],
    [{ host: "node", nodeId: "n1", command: "touch a" }, /systemRunPlan is required/], [{ systemRunPlan: { cwd: "/" } }, /argv is required/],
  ];
  for (const [asked, message] of wrong) await assert.rejects(client.request(asked, "owner"), message);
  const line = await client.request({ command: "touch a" }, "owner");
  assert.deepEqual([line.request.allowedDecisions, line.request.unavailableDecisions], [["allow-once", "deny"], ["allow-always"]]);
  const always = await client.request({ commandArgv: ["touch", "a"], ask: "always" }, "owner");
  assert.deepEqual(always.request.allowedDecisions, ["allow-once", "deny"]);
  await client.request({ ...wish }, "owner");
  await assert.rejects(client.request({ ...wish }, "owner"), coded("CONFLICT"));
});

test("whoever waits is not left waiting: a session that is deleted, a gateway that stops, a caller who goes", async (t) => {
  const { client, desk } = await setUp(t);
  await client.request(wish, "owner");
  const gone = new AbortController();
  const left = assert.rejects(desk.approvals.ended("a1", gone.signal), /gone/);
  gone.abort(new Error("gone"));
  await left;
  const deleted = desk.approvals.ended("a1", never);
  await desk.approvals.forget("agent:main:main");
  assert.equal((await deleted).decision, null);
  await client.request(wish, "owner");
  const stopped = desk.approvals.ended("a1", never);
  await desk.approvals[Symbol.asyncDispose]();
  assert.equal((await stopped).decision, null);
});
