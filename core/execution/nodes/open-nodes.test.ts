import assert from "node:assert/strict";
import { test } from "node:test";
import { codeOf, hasCode } from "@openclaw/protocol";
import { withFaults } from "../../../testkit/fault-engine.ts";
import { VirtualClock } from "../../../testkit/virtual-clock.ts";
import { openBench, order, RAN, Reader, ScriptedNode, settle } from "./node-bench.ts";

const never = new AbortController().signal;

test("a new node waits for a person, and once approved works over the same connection (S0.37, W.5.12, W.5.14)", async (t) => {
  const bench = await openBench(t, new VirtualClock());
  const node = new ScriptedNode(bench.nodes, "n1", { displayName: "shed", tags: ["gpu"], remoteIp: "10.0.0.9" });
  const [wish] = bench.nodes.pairs().pending;
  assert.deepEqual([wish?.displayName, wish?.commands.includes("system.run"), wish?.remoteIp], ["shed", true, "10.0.0.9"]);
  assert.deepEqual(bench.nodes.pairs().paired, []);
  assert.deepEqual([bench.nodes.describe("shed")?.approvalState, bench.nodes.describe("shed")?.commands], ["pending", []]);
  const refused = new Reader(bench.nodes.invoke(order("i1"), never));
  await refused.done;
  assert.equal(refused.outcome, "NODE_COMMAND_NOT_ALLOWED");

  const approved = await bench.nodes.approve(wish?.requestId ?? "", "owner");
  assert.deepEqual([approved.node.approvedVia, approved.node.approvedBy], ["owner", "owner"]);
  assert.deepEqual(node.got("node.pair.resolved").map(({ decision }) => decision), ["approved"]);
  const reader = new Reader(bench.nodes.invoke(order("i2"), never));
  await settle();
  await node.result("i2", RAN);
  await reader.done;
  assert.equal(reader.outcome, "ok");
  const names = bench.events.map(({ name }) => name);
  assert.deepEqual(names, ["node.pair.requested", "node.presence", "node.pair.resolved"]);
});

test("an approval outlives a restart; the same surface does not ask again, a wider one does", async (t) => {
  const bench = await openBench(t, new VirtualClock());
  await bench.join("n1", { commands: ["system.run"] });
  await bench.restart();
  assert.deepEqual([bench.nodes.describe("n1")?.connected, bench.nodes.describe("n1")?.commands], [false, ["system.run"]]);
  const node = new ScriptedNode(bench.nodes, "n1", { commands: ["system.run", "file.write"] });
  assert.deepEqual(bench.nodes.describe("n1")?.commands, ["system.run"], "what was approved goes on working");
  const [wish] = bench.nodes.pairs().pending;
  assert.deepEqual(wish?.commands, ["system.run", "file.write"]);
  node.drop();
  new ScriptedNode(bench.nodes, "n1", { commands: ["system.run", "file.write"] });
  assert.equal(bench.events.filter(({ name }) => name === "node.pair.requested").length, 2, "asked once for the same surface");
  await bench.nodes.reject(wish?.requestId ?? "", "owner");
  assert.deepEqual(bench.nodes.describe("n1")?.commands, ["system.run"]);
  assert.equal(bench.nodes.describe("n1")?.approvalState, "approved");
});

test("a request survives a restart under its id", async (t) => {
  const bench = await openBench(t, new VirtualClock());
  new ScriptedNode(bench.nodes, "n1");
  const before = bench.nodes.pairs().pending;
  await bench.restart();
  assert.deepEqual(bench.nodes.pairs().pending, before);
  await bench.nodes.approve(before[0]?.requestId ?? "", "owner");
  assert.deepEqual(bench.nodes.pairs().pending, []);
});

test("usable is declared, approved and allowed: policy drops, deny wins, unknown commands need to be named (W.5.13, W.8.11)", async (t) => {
  const bench = await openBench(t, new VirtualClock(), { allow: ["camera.snap", "file.read"], deny: ["file.read"] });
  await bench.join("n1", { commands: ["system.run", "file.read", "camera.snap", "camera.clip"] });
  assert.deepEqual(bench.nodes.describe("n1")?.commands, ["system.run", "camera.snap"]);
});

test("the local node is granted automatically and visibly", async (t) => {
  const bench = await openBench(t, new VirtualClock());
  new ScriptedNode(bench.nodes, "n1", { local: true });
  const [pair] = bench.nodes.pairs().paired;
  assert.deepEqual([pair?.approvedVia, bench.nodes.pairs().pending], ["local", []]);
  assert.equal(bench.nodes.describe("n1")?.local, true);
  assert.deepEqual(bench.events.map(({ name }) => name), ["node.pair.resolved", "node.presence"]);
  assert.equal(bench.logged.some((line) => line.includes("node.granted")), true);
});

test("a pairing token approves the first surface without a person, and the record says so", async (t) => {
  const bench = await openBench(t, new VirtualClock());
  new ScriptedNode(bench.nodes, "n1");
  await bench.nodes.approve(bench.nodes.pairs().pending[0]?.requestId ?? "", "token", { automatic: true });
  assert.deepEqual([bench.nodes.describe("n1")?.approvedVia, bench.nodes.describe("n1")?.approvedBy], ["automatic", "token"]);
});

test("a removed node is forgotten, its connection closed and its commands ended (W.5.15)", async (t) => {
  const bench = await openBench(t, new VirtualClock());
  const node = await bench.join("n1");
  const reader = new Reader(bench.nodes.invoke(order("i1"), never));
  await settle();
  await bench.nodes.remove("n1");
  await reader.done;
  assert.deepEqual([reader.outcome, node.closedWith], ["NODE_LOST", { code: 4001, reason: "device removed" }]);
  node.drop();
  assert.deepEqual(bench.nodes.list(), []);
  await bench.restart();
  assert.deepEqual(bench.nodes.list(), []);
  await assert.rejects(bench.nodes.remove("n1"), (error) => hasCode(error, "NODE_UNKNOWN"));
  await assert.rejects(bench.nodes.approve("nothing", "owner"), (error) => hasCode(error, "NOT_FOUND"));
});

test("a name given by a person stays, and no two nodes can be given one", async (t) => {
  const bench = await openBench(t, new VirtualClock());
  const node = await bench.join("n1", { displayName: "shed" });
  await bench.join("n2", { displayName: "barn" });
  await bench.nodes.rename("n1", "  Garden  ");
  await assert.rejects(bench.nodes.rename("n2", "garden"), (error) => hasCode(error, "CONFLICT"));
  await assert.rejects(bench.nodes.rename("n2", " "), (error) => hasCode(error, "PARAMS_INVALID"));
  node.drop();
  await bench.join("n1", { displayName: "shed" });
  assert.equal(bench.nodes.describe("n1")?.displayName, "Garden");
  await bench.restart();
  assert.equal(bench.nodes.describe("garden")?.nodeId, "n1");
});

test("presence is live, and what a node last did is remembered", async (t) => {
  const bench = await openBench(t, new VirtualClock());
  const node = await bench.join("n1");
  await bench.clock.advance(5_000);
  node.drop();
  const view = bench.nodes.describe("n1");
  assert.deepEqual([view?.connected, view?.lastSeenReason, view?.lastSeenAtMs], [false, "disconnect", bench.clock.now()]);
  const presence = bench.events.filter(({ name }) => name === "node.presence").map(({ payload }) => payload["connected"]);
  assert.deepEqual(presence, [true, false]);
});

test("events of a node are answered as documented, and what is not a request is refused (W.8.6)", async (t) => {
  const bench = await openBench(t, new VirtualClock());
  const node = await bench.join("n1");
  const tell = (event: string, payload?: unknown): Promise<unknown> => node.session.receive(
    "node.event", { event, ...(payload === undefined ? {} : { payload }) }
  );
  assert.deepEqual(
    await tell("node.host.stats", { cpuCount: 4, loadAverage: [2, 1, 1] }),
    { ok: true, event: "node.host.stats", handled: true, reason: "updated" }
  );
  assert.deepEqual(bench.nodes.describe("n1")?.hostStats, { cpuCount: 4, loadAverage: [2, 1, 1] });
  assert.deepEqual(
    await tell("node.presence.alive", { trigger: "manual" }), { ok: true, event: "node.presence.alive", handled: true, reason: "persisted" }
  );
  assert.deepEqual(await tell("exec.finished", {}), { ok: true, event: "exec.finished", handled: false, reason: "unmatched_exec_event" });
  assert.deepEqual(
    await tell("voice.transcript", {}), { ok: true, event: "voice.transcript", handled: false, reason: "unsupported_event" }
  );
  assert.deepEqual(
    await node.session.receive("node.event", { event: "x", payloadJSON: "{" }),
    { ok: true, event: "x", handled: false, reason: "invalid_payload" }
  );
  assert.deepEqual(
    await tell("node.host.stats", { text: "x".repeat(20_000) }),
    { ok: true, event: "node.host.stats", handled: false, reason: "invalid_payload" }
  );
  await bench.join("n1");
  assert.deepEqual(await tell("node.host.stats", {}), { ok: true, event: "node.host.stats", handled: false, reason: "stale_connection" });
  await assert.rejects(node.session.receive("sessions.list", {}), (error) => hasCode(error, "METHOD_UNKNOWN"));
  await assert.rejects(node.session.receive("node.invoke.progress", { invokeId: "i1" }), (error) => hasCode(error, "PARAMS_INVALID"));
  await assert.rejects(node.session.receive("node.invoke.result", null), (error) => hasCode(error, "PARAMS_INVALID"));
});

test("what a node declares is bounded", async (t) => {
  const bench = await openBench(t, new VirtualClock());
  const many = Array.from({ length: 5_000 }, (_, at) => `tag-${at}`);
  await bench.join(
    "n1", { tags: many, caps: many, commands: ["system.run", ...many, "x".repeat(10_000)], displayName: "n".repeat(10_000) }
  );
  const view = bench.nodes.describe("n1");
  assert.deepEqual([view?.tags.length, view?.caps.length, view?.commands, view?.displayName.length], [64, 64, ["system.run"], 64]);
});

test("a store that fails before or after writing leaves an approval made or not made, never half", async (t) => {
  const clock = new VirtualClock();
  const rates = { before: 0.35, after: 0.35 };
  const bench = await openBench(t, clock, undefined, (engine) => ({ ...engine, records: withFaults(engine, { seed: 5, rates }).records }));
  const outcomes = new Map<string, boolean>();
  for (let at = 0; at < 30; at += 1) {
    const nodeId = `n${at}`;
    new ScriptedNode(bench.nodes, nodeId);
    const wish = bench.nodes.pairs().pending.find((pending) => pending.nodeId === nodeId);
    const made = await bench.nodes.approve(wish?.requestId ?? "", "owner").then(() => true, (error: unknown) => {
      assert.equal(codeOf(error), "ENGINE_UNAVAILABLE");
      return false;
    });
    outcomes.set(nodeId, made);
    assert.equal(bench.nodes.describe(nodeId)?.commands.length !== 0, made);
  }
  assert.deepEqual(new Set(outcomes.values()), new Set([true, false]), "the seed should show both");
});

test("how busy a node was is kept for a quarter of an hour and no longer, over its connections (S1.5)", async (t) => {
  const bench = await openBench(t, new VirtualClock());
  let node = await bench.join("n1");
  const tell = (payload: object): Promise<unknown> => node.session.receive("node.event", { event: "node.host.stats", payload });
  await tell({
    cpuCount: 4, loadAverage: [8, 1, 1], memoryTotalBytes: 1_000, memoryFreeBytes: 250, cpuUsed: 0.25, receivedBytesPerSecond: 12.7,
    sentBytesPerSecond: -1,
  });
  const [first] = bench.nodes.telemetry("n1")[0]?.samples ?? [];
  assert.deepEqual({ ...first, ts: 0 }, { ts: 0, cpu: 0.25, memory: 0.75, receivedBytesPerSecond: 13 });
  node = await bench.join("n1");
  await tell({ cpuCount: 2, loadAverage: [8, 1, 1] });
  assert.equal(bench.nodes.telemetry()[0]?.samples.at(-1)?.cpu, 1, "a load above its processors is a busy machine");
  await bench.clock.advance(899_999);
  await tell({});
  assert.equal(bench.nodes.telemetry("n1")[0]?.samples.length, 3);
  await bench.clock.advance(1);
  for (let times = 0; times < 500; times += 1) await tell({});
  assert.equal(bench.nodes.telemetry("n1")[0]?.samples.length, 120);
  assert.throws(() => bench.nodes.telemetry("nobody"), (error) => hasCode(error, "NODE_UNKNOWN"));
});
