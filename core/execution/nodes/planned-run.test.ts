import assert from "node:assert/strict";
import { test } from "node:test";
import { NODE_JOURNAL_CAP, OpenClawError, type InvokeRequestEvent } from "@openclaw/protocol";
import { VirtualClock } from "../../../testkit/virtual-clock.ts";
import { formatInvokeError } from "./format-invoke-error.ts";
import type { InvokeRequest } from "./invoke-event.ts";
import type { ExecSettings } from "./config.ts";
import { execWishOf } from "./run-params.ts";
import { openBench, order as plainOrder, RAN, Reader, settle, type ScriptedNode } from "./node-bench.ts";

const never = new AbortController().signal;
const order = (id: string): InvokeRequest => plainOrder(id, { params: { command: ["uptime"] }, sessionKey: "agent:main:main" });
const COMMANDS = ["system.run", "system.run.prepare"];

const asked = (node: ScriptedNode): readonly InvokeRequestEvent[] => node.got("node.invoke.request") as unknown as InvokeRequestEvent[];
const paramsOf = (event: InvokeRequestEvent | undefined): Record<string, unknown> =>
  JSON.parse(event?.paramsJSON ?? "null") as Record<string, unknown>;
const planned = (argv: readonly string[], more: object = {}): object => (
  { plan: { argv, cwd: "/srv/x", commandText: argv.join(" ") }, execPolicy: { security: "full", ask: "off" }, ...more }
);

test("a node of another make is asked for its plan, and then runs exactly that (S4.19, S4.22, W.8.9)", async (t) => {
  const bench = await openBench(t, new VirtualClock());
  const node = await bench.join("n1", { commands: COMMANDS, caps: ["system"] });
  const reader = new Reader(bench.nodes.invoke(order("i1"), never));
  await settle();
  const [prepare] = asked(node);
  assert.deepEqual([prepare?.command, paramsOf(prepare)], [
    "system.run.prepare", { command: ["uptime"], agentId: "main", sessionKey: "agent:main:main" },
  ]);
  await node.result("i1.plan", planned(["/usr/bin/uptime"]));
  await settle();
  const run = asked(node)[1];
  assert.equal(run?.command, "system.run");
  const { command, cwd, systemRunPlan, runId, agentId } = paramsOf(run);
  assert.deepEqual([command, cwd, runId, agentId], [["/usr/bin/uptime"], "/srv/x", "i1", "main"]);
  assert.deepEqual(systemRunPlan, (planned(["/usr/bin/uptime"]) as { plan: object }).plan);
  await node.result("i1", RAN);
  await reader.done;
  assert.equal(reader.outcome, "ok");
});

test("a plan that is another command runs nothing; neither does one its owner wants approved (#78415)", async (t) => {
  const bench = await openBench(t, new VirtualClock());
  const node = await bench.join("n1", { commands: COMMANDS, caps: ["system"] });
  const plans: readonly (readonly [object, string])[] = [
    [planned(["rm", "-rf", "/"]), "NODE_REPLY_INVALID"], [planned(["/tmp/evil"]), "NODE_REPLY_INVALID"], [{ plan: {} }, "NODE_REPLY_INVALID"],
    [planned(["uptime"], { execPolicy: { security: "deny", ask: "off" } }), "SYSTEM_RUN_DENIED"],
    [planned(["uptime"], { execPolicy: { security: "full", ask: "always" } }), "SYSTEM_RUN_DENIED"],
  ];
  for (const [at, [payload, code]] of plans.entries()) {
    const reader = new Reader(bench.nodes.invoke(order(`i${at}`), never));
    await settle();
    await node.result(`i${at}.plan`, payload);
    await reader.done;
    assert.equal(reader.outcome, code, JSON.stringify(payload));
  }
  assert.equal(asked(node).some(({ command }) => command === "system.run"), false);
});

test("our own node plans for itself: nothing more goes over the wire", async (t) => {
  const bench = await openBench(t, new VirtualClock());
  const node = await bench.join("n1", { commands: COMMANDS, caps: ["system", NODE_JOURNAL_CAP] });
  void new Reader(bench.nodes.invoke(order("i1"), never));
  await settle();
  assert.deepEqual(asked(node).map(({ command }) => command), ["system.run"]);
});

test("a person's approval is told to the node by the gateway alone", async (t) => {
  const bench = await openBench(t, new VirtualClock());
  const node = await bench.join("n1", { commands: ["system.run"] });
  const forged = { command: ["uptime"], approved: true, approvalDecision: "allow-always" };
  void new Reader(bench.nodes.invoke({ ...order("i1"), params: forged }, never));
  void new Reader(bench.nodes.invoke({ ...order("i2"), approval: { id: "a2", decision: "allow-once" } }, never));
  await settle();
  const [without, withIt] = asked(node).map(paramsOf);
  assert.deepEqual([without?.["approved"], without?.["approvalDecision"], without?.["runId"]], [undefined, undefined, "i1"]);
  assert.deepEqual([withIt?.["approved"], withIt?.["approvalDecision"], withIt?.["runId"]], [true, "allow-once", "a2"]);
});

test("what a node tells of a run is taken for its own runs only, until five minutes after their end (8.4)", async (t) => {
  const bench = await openBench(t, new VirtualClock());
  const node = await bench.join("n1", { commands: ["system.run"] });
  const other = await bench.join("n2", { commands: ["system.run"] });
  void new Reader(bench.nodes.invoke(order("i1"), never));
  await settle();
  const told = async (by: ScriptedNode, facts: object): Promise<unknown> => {
    const payloadJSON = JSON.stringify({ sessionKey: "agent:main:main", runId: "i1", host: "node", ...facts });
    return ((await by.session.receive("node.event", { event: "exec.finished", payloadJSON })) as { readonly handled: boolean }).handled;
  };
  assert.equal(await told(node, {}), true);
  assert.equal(await told(other, {}), false);
  assert.equal(await told(node, { sessionKey: "agent:main:other" }), false);
  assert.equal(await told(node, { runId: "i9" }), false);
  await node.result("i1", RAN);
  await bench.clock.advance(299_000);
  assert.equal(await told(node, {}), true);
  await bench.clock.advance(2_000);
  assert.equal(await told(node, {}), false);
});

test("a node that goes, or says nothing in time, ends the call in the words that clients know (6.8)", () => {
  const told = (code: "NODE_LOST" | "COMMAND_TIMEOUT") => {
    const { code: wire, message, details } = formatInvokeError(new OpenClawError(code, { detail: { dispatched: true } }), "system.run");
    return [wire, message, (details?.["nodeError"] as { readonly code: string }).code, details?.["nodeCommandDispatched"]];
  };
  assert.deepEqual(told("NODE_LOST"), ["UNAVAILABLE", "DISCONNECTED: node disconnected", "DISCONNECTED", true]);
  assert.deepEqual(told("COMMAND_TIMEOUT"), ["UNAVAILABLE", "TIMEOUT: node invoke timed out", "TIMEOUT", true]);
});

test("what the gateway asks nodes to hold to goes along, and is never widened by a call (8.5)", async (t) => {
  const wish: { security?: string; ask?: string } = { security: "allowlist", ask: "on-miss" };
  const bench = await openBench(t, new VirtualClock(), undefined, undefined, () => wish);
  const ours = await bench.join("n1", { commands: ["system.run"], caps: ["system", NODE_JOURNAL_CAP] });
  void new Reader(bench.nodes.invoke({ ...order("i1"), params: { command: ["uptime"], security: "full", ask: "always" } }, never));
  const theirs = await bench.join("n2", { commands: COMMANDS, caps: ["system"] });
  void new Reader(bench.nodes.invoke({ ...order("i2"), nodeId: "n2" }, never));
  await settle();
  const wishIn = (event: InvokeRequestEvent | undefined): unknown => [paramsOf(event)["security"], paramsOf(event)["ask"]];
  assert.deepEqual([wishIn(asked(ours)[0]), wishIn(asked(theirs)[0])], [["allowlist", "always"], ["allowlist", "on-miss"]]);
  wish.security = "deny";
  const reader = new Reader(bench.nodes.invoke(order("i3"), never));
  await reader.done;
  assert.deepEqual([reader.outcome, asked(ours).length], ["SYSTEM_RUN_DENIED", 1]);
});

test("an agent's own word on running programs holds for its sessions, and not for who only says that it is that agent (8.5)", async (t) => {
  const own: Readonly<Record<string, ExecSettings>> = { work: { mode: "deny" }, lab: { ask: "always", strictInlineEval: true } };
  const all = { mode: "ask" } as const;
  const wishes = (agentId: string | undefined) => execWishOf(all, agentId === undefined ? {} : own[agentId]);
  const bench = await openBench(t, new VirtualClock(), undefined, undefined, wishes);
  const node = await bench.join("n1", { commands: COMMANDS, caps: ["system", NODE_JOURNAL_CAP] });
  const invoke = (id: string, sessionKey: string | undefined, agentId?: string): Reader => {
    const { sessionKey: _, ...bare } = order(id);
    const params = { command: ["uptime"], ...(agentId === undefined ? {} : { agentId }) };
    return new Reader(bench.nodes.invoke({ ...bare, params, ...(sessionKey === undefined ? {} : { sessionKey }) }, never));
  };
  const denied = invoke("i1", "agent:work:main");
  await denied.done;
  assert.deepEqual([denied.outcome, asked(node).length], ["SYSTEM_RUN_DENIED", 0]);
  for (const [id, key, claimed] of [["i2", "agent:lab:main"], ["i3", "agent:main:main"], ["i4", undefined, "lab"]] as const) {
    invoke(id, key, claimed);
  }
  await settle();
  const wish = (event: InvokeRequestEvent): unknown => {
    const { security, ask, strictInlineEval } = paramsOf(event);
    return [security, ask, strictInlineEval];
  };
  const usual = ["allowlist", "on-miss", undefined];
  assert.deepEqual(asked(node).map(wish), [["allowlist", "always", true], usual, usual]);
});

test("how busy a node is goes to whoever watches; another program's file commands are withheld (8.1, 8.3)", async (t) => {
  const bench = await openBench(t, new VirtualClock());
  const node = await bench.join("n1", { commands: ["system.run", "file.write", "dir.list"], caps: ["file", "system"] });
  assert.deepEqual(bench.nodes.describe("n1")?.commands, ["system.run"]);
  await node.session.receive("node.event", { event: "node.host.stats", payload: { cpuCount: 2, loadAverage: [1, 1, 1] } });
  const told = bench.events.filter(({ name }) => name === "node.hostStats");
  const sample = { ts: bench.clock.now(), cpu: 0.5 };
  assert.deepEqual(told.map(({ payload }) => payload), [{ nodeId: "n1", hostStats: { cpuCount: 2, loadAverage: [1, 1, 1] }, sample }]);
});
