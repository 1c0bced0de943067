import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { codeOf, type OpenClawError } from "@openclaw/protocol";
import type { NodeWish } from "./choose-node.ts";
import { VirtualClock } from "../../../testkit/virtual-clock.ts";
import { openBench, order, RAN, Reader, ScriptedNode, settle, type Bench } from "./node-bench.ts";

const never = new AbortController().signal;

/** A local node, two with the tag `gpu` (one of them called like a tag of the other), and one that is away. */
async function house(t: TestContext): Promise<Bench & { readonly big: ScriptedNode; readonly small: ScriptedNode }> {
  const bench = await openBench(t, new VirtualClock());
  await bench.join("local", { local: true, displayName: "this computer", commands: ["system.run", "system.info"] });
  const big = await bench.join("big", { displayName: "Big Box", tags: ["gpu", "heavy-compute"] });
  const small = await bench.join("small", { displayName: "small", tags: ["gpu", "big box"] });
  (await bench.join("attic", { displayName: "attic", tags: ["cold"] })).drop();
  return Object.assign(bench, { big, small });
}

function attempt(bench: Bench, wish: NodeWish): OpenClawError {
  try {
    bench.nodes.choose(wish);
  } catch (error) {
    return error as OpenClawError;
  }
  return assert.fail("it should have found nobody");
}

test("a name finds the node by id, then by display name, then a tag of that name (S0.36, S0.38)", async (t) => {
  const bench = await house(t);
  const chosen = (node: string): string => bench.nodes.choose({ node, command: "system.run" }).nodeId;
  assert.equal(chosen("big"), "big");
  assert.equal(chosen("big box"), "big", "a name goes before a tag of that name");
  assert.equal(chosen("heavy-compute"), "big");
  assert.equal(chosen("HEAVY-COMPUTE"), "big");
});

test("with no name and no tag the local node comes first, if it offers the command", async (t) => {
  const bench = await house(t);
  assert.deepEqual(
    bench.nodes.choose({ command: "system.run" }),
    { nodeId: "local", displayName: "this computer", local: true, by: "local", candidates: 3 }
  );
  assert.notEqual(bench.nodes.choose({ command: "file.read" }).nodeId, "local");
});

test("only among equals does placement decide: stickiness, then work under way, then load, then the older connection", async (t) => {
  const bench = await house(t);
  const chosen = (sticky?: string): string => bench.nodes.choose(
    { tag: "gpu", command: "system.run", ...(sticky === undefined ? {} : { sticky }) }
  ).nodeId;
  assert.equal(chosen(), "big", "connected first");
  await bench.big.session.receive("node.event", { event: "node.host.stats", payload: { cpuCount: 2, loadAverage: [1, 1, 1] } });
  await bench.small.session.receive("node.event", { event: "node.host.stats", payload: { cpuCount: 8, loadAverage: [2, 1, 1] } });
  assert.equal(chosen(), "small", "a quarter for each processor against a half");
  const reader = new Reader(bench.nodes.invoke(order("i1", { nodeId: "small" }), never));
  await settle();
  assert.equal(chosen(), "big", "less under way");
  assert.equal(chosen("small"), "small", "where it ran before");
  await bench.small.failure("i1", "COMMAND_NOT_STARTED");
  await reader.done;
  assert.equal(chosen(), "small");
});

test("no placement rule adds a candidate", async (t) => {
  const bench = await house(t);
  assert.equal(bench.nodes.choose({ tag: "heavy-compute", command: "system.run", sticky: "small" }).nodeId, "big");
  assert.equal(codeOf(attempt(bench, { node: "attic", command: "system.run", sticky: "small" })), "NODE_OFFLINE");
});

test("when nobody fits, the error says what failed and who would have fitted", async (t) => {
  const bench = await house(t);
  const unknown = attempt(bench, { node: "cellar", command: "system.run" });
  assert.equal(unknown.code, "NODE_UNKNOWN");
  assert.match(unknown.message, /"cellar" is not known; there are this computer, Big Box, small, attic\./);
  const tag = attempt(bench, { tag: "tpu", command: "system.run" });
  assert.equal(tag.code, "NODE_TAG_NONE");
  assert.match(tag.message, /the tags are: big box, cold, gpu, heavy-compute\./);
  assert.equal(tag.next, "Start one: openclaw node start --tags=tpu");
  const away = attempt(bench, { tag: "cold", command: "system.run" });
  assert.equal(away.code, "NODE_OFFLINE");
  assert.match(away.message, /Every node tagged "cold" is not connected\. Connected and able: this computer, Big Box, small\./);
  const unable = attempt(bench, { node: "this computer", command: "file.read" });
  assert.equal(unable.code, "NODE_COMMAND_NOT_ALLOWED");
  assert.match(unable.message, /does not offer file\.read\. Connected and able: Big Box, small\./);
  assert.equal(attempt(bench, { command: "camera.snap" }).code, "NODE_OFFLINE");
});

test("a command that waits for approval says so, with the command that approves it", async (t) => {
  const bench = await openBench(t, new VirtualClock());
  new ScriptedNode(bench.nodes, "n1", { displayName: "shed" });
  const waiting = attempt(bench, { node: "shed", command: "system.run" });
  assert.equal(waiting.code, "NODE_COMMAND_NOT_ALLOWED");
  assert.match(waiting.message, /nobody has approved it yet/);
  assert.match(waiting.next, /^Approve it: openclaw nodes approve [0-9a-f-]{36}$/);
});

test("a node that is drained is given no new work, whoever names it, and goes on with what it has (S0.10)", async (t) => {
  const bench = await house(t);
  const running = new Reader(bench.nodes.invoke(order("i1", { nodeId: "big" }), never));
  await settle();
  await bench.nodes.drain("big", true);
  assert.deepEqual(bench.events.at(-1)?.payload["reason"], "draining");
  assert.equal(bench.nodes.choose({ tag: "gpu", command: "system.run" }).nodeId, "small", "the other one of the tag");
  const refused = attempt(bench, { node: "Big Box", command: "system.run" });
  assert.equal(codeOf(refused), "NODE_DRAINING");
  assert.match(String(refused.detail?.["why"] ?? refused.message), /Big Box.*drained|small/);
  await bench.join("yard", { displayName: "yard", commands: ["job.start", "job.poll"] });
  await bench.nodes.drain("yard", true);
  assert.equal(bench.nodes.choose({ node: "yard", command: "job.poll" }).nodeId, "yard", "what runs there can be looked after");
  assert.equal(codeOf(attempt(bench, { command: "job.start" })), "NODE_DRAINING");
  await bench.big.result("i1", RAN);
  await running.done;
  assert.equal(running.outcome, "ok");
  await bench.restart();
  assert.equal(bench.nodes.describe("big")?.draining, true, "it outlives a restart");
  await bench.nodes.drain("big", false);
  await bench.join("big", { displayName: "Big Box", tags: ["gpu"] });
  assert.equal(bench.nodes.choose({ node: "big", command: "system.run" }).nodeId, "big");
});

test("tags that a person gave stay, whatever the node brings along, until it is given its own again (S0.36)", async (t) => {
  const bench = await house(t);
  await bench.nodes.retag("small", ["attic", "gpu"]);
  assert.equal(bench.nodes.choose({ tag: "attic", command: "system.run" }).nodeId, "small");
  await bench.restart();
  await bench.join("small", { displayName: "small", tags: ["cellar"] });
  assert.deepEqual(bench.nodes.describe("small")?.tags, ["attic", "gpu"]);
  assert.deepEqual(await bench.nodes.retag("small", null), { nodeId: "small", tags: ["cellar"] });
  assert.equal(codeOf(attempt(bench, { tag: "attic", command: "system.run" })), "NODE_TAG_NONE");
  await assert.rejects(bench.nodes.retag("nobody", []), (error) => codeOf(error) === "NODE_UNKNOWN");
});
