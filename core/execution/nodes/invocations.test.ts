import assert from "node:assert/strict";
import { test } from "node:test";
import { OpenClawError, hasCode } from "@openclaw/protocol";
import { formatInvokeError } from "./format-invoke-error.ts";
import { invokeOnce } from "./invoke-once.ts";
import { VirtualClock } from "../../../testkit/virtual-clock.ts";
import { openBench, order, RAN, Reader, settle } from "./node-bench.ts";

const never = new AbortController().signal;

test("output streams in order as it appears and the result ends it (S0.13, S0.15, S0.17, W.8.3, W.8.5)", async (t) => {
  const bench = await openBench(t, new VirtualClock());
  const node = await bench.join("n1");
  const reader = new Reader(
    bench.nodes.invoke(order("i1", { params: { command: ["uptime"] }, timeoutMs: 9_000, sessionKey: "agent:main:main" }), never)
  );
  await settle();
  assert.deepEqual(node.got("node.invoke.request"), [{
    id: "i1", nodeId: "n1", command: "system.run", paramsJSON: '{"command":["uptime"],"agentId":"main","runId":"i1"}',
    idempotencyKey: "i1", timeoutMs: 9_000,
    sessionKey: "agent:main:main", slot: 3, epoch: 7,
  }]);
  assert.deepEqual(await node.output("i1", 0, "one ", { offset: 0, stream: "stdout" }), { ok: true });
  await settle();
  assert.equal(reader.text, "one ", "shown before the next piece comes");
  await node.output("i1", 1, "two", { offset: 4, stream: "stderr" });
  assert.deepEqual(await node.result("i1", RAN), { ok: true });
  await reader.done;
  assert.deepEqual(reader.events, [
    { type: "output", stream: "stdout", text: "one ", offset: 0 },
    { type: "output", stream: "stderr", text: "two", offset: 4 },
    { type: "end", ok: true, payload: RAN, nodeId: "n1" },
  ]);
});

test("a node without a journal gets no claim, and its commands end when it dies (S0.19)", async (t) => {
  const bench = await openBench(t, new VirtualClock());
  const node = await bench.join("n1", { caps: [] });
  const reader = new Reader(bench.nodes.invoke(order("i1"), never));
  await settle();
  assert.equal("slot" in (node.got("node.invoke.request")[0] ?? {}), false);
  await node.output("i1", 0, "half");
  node.drop();
  await reader.done;
  assert.deepEqual([reader.text, reader.outcome], ["half", "NODE_LOST"]);
});

test("a node with a journal that comes back in time is asked, and its output goes on without repeat or gap", async (t) => {
  const bench = await openBench(t, new VirtualClock());
  const node = await bench.join("n1");
  const reader = new Reader(bench.nodes.invoke(order("i1"), never));
  await settle();
  await node.output("i1", 0, "abcd", { offset: 0 });
  node.drop();
  await bench.clock.advance(50_000);
  assert.equal(reader.outcome, "open");
  const back = await bench.join("n1");
  assert.deepEqual(back.got("node.invoke.attach"), [{ id: "i1", nodeId: "n1", slot: 3, epoch: 7, offset: 4 }]);
  await back.attached("i1", "running");
  await bench.clock.advance(4_000);
  await back.output("i1", 0, "cdef", { offset: 2 });
  await back.output("i1", 1, "gh", { offset: 6 });
  await back.result("i1", RAN);
  await reader.done;
  assert.deepEqual([reader.text, reader.outcome], ["abcdefgh", "ok"]);
  assert.equal(bench.clock.pending, 0, "no timer is left");
});

test("a node that does not come back leaves an unsafe outcome unknown, and a later result is told", async (t) => {
  const bench = await openBench(t, new VirtualClock());
  const node = await bench.join("n1");
  const unsafe = new Reader(bench.nodes.invoke(order("i1", { sessionKey: "s" }), never));
  const read = new Reader(bench.nodes.invoke(order("i2", { command: "file.read", params: { path: "a" } }), never));
  await settle();
  node.drop();
  await bench.clock.advance(60_000);
  await Promise.all([unsafe.done, read.done]);
  assert.deepEqual([unsafe.outcome, read.outcome], ["OUTCOME_UNKNOWN", "NODE_LOST"]);
  const back = await bench.join("n1");
  assert.deepEqual(back.got("node.invoke.attach"), []);
  await back.result("i1", RAN);
  assert.deepEqual(bench.late, [{ id: "i1", nodeId: "n1", sessionKey: "s", ok: true, payload: RAN }]);
});

test("a newer connection of a node replaces the older one, and its commands go on over it (W.8.2)", async (t) => {
  const bench = await openBench(t, new VirtualClock());
  const older = await bench.join("n1");
  const reader = new Reader(bench.nodes.invoke(order("i1"), never));
  await settle();
  const newer = await bench.join("n1");
  assert.equal(older.closedWith?.code, 1000);
  assert.equal(newer.got("node.invoke.attach").length, 1);
  older.drop();
  assert.equal(bench.nodes.describe("n1")?.connected, true, "the end of the older one is not the node's end");
  await newer.attached("i1", "finished");
  await newer.result("i1", RAN);
  await reader.done;
  assert.equal(reader.outcome, "ok");
});

for (const { title, state, offset, effect, expected, sentAgain } of [
  { title: "finished: the result comes again", state: "finished", offset: 0, effect: "unsafe", expected: "ok", sentAgain: 0 },
  { title: "running: output goes on", state: "running", offset: 3, effect: "unsafe", expected: "ok", sentAgain: 0 },
  { title: "never seen: sent again under the same id", state: "unknown", offset: 0, effect: "unsafe", expected: "ok", sentAgain: 1 },
  {
    title: "forgotten after it had begun: not repeated", state: "unknown", offset: 3, effect: "unsafe", expected: "OUTCOME_UNKNOWN",
    sentAgain: 0,
  },
  { title: "forgotten, but safe to repeat", state: "unknown", offset: 3, effect: "idempotent", expected: "ok", sentAgain: 1 },
  { title: "a newer owner: fenced", state: "fenced", offset: 0, effect: "unsafe", expected: "NODE_FENCED", sentAgain: 0 },
] as const) {
  test(`after a restart, ${title}`, async (t) => {
    const bench = await openBench(t, new VirtualClock());
    await bench.join("n1");
    await bench.restart();
    const reader = new Reader(bench.nodes.reattach({ ...order("i1", { effect }), offset }, 60_000, never));
    await bench.clock.advance(59_000);
    assert.equal(reader.outcome, "open");
    const node = await bench.join("n1");
    assert.deepEqual(node.got("node.invoke.attach"), [{ id: "i1", nodeId: "n1", slot: 3, epoch: 7, offset }]);
    await node.attached("i1", state);
    await node.result("i1", RAN);
    await reader.done;
    assert.equal(reader.outcome, expected);
    assert.deepEqual(node.got("node.invoke.request").map(({ id }) => id), sentAgain === 1 ? ["i1"] : []);
  });
}

test("after a restart, a node that stays away leaves the outcome unknown; one without a journal too, unless safe to repeat", async (t) => {
  const bench = await openBench(t, new VirtualClock());
  await bench.join("n1", { caps: [] });
  await bench.restart();
  const away = new Reader(bench.nodes.reattach({ ...order("i1"), offset: 0 }, 60_000, never));
  await bench.clock.advance(60_000);
  await away.done;
  assert.equal(away.outcome, "OUTCOME_UNKNOWN");
  const unsafe = new Reader(bench.nodes.reattach({ ...order("i2"), offset: 0 }, 60_000, never));
  const safe = new Reader(bench.nodes.reattach({ ...order("i3", { effect: "read" }), offset: 0 }, 60_000, never));
  await settle();
  const node = await bench.join("n1", { caps: [] });
  await unsafe.done;
  assert.equal(unsafe.outcome, "OUTCOME_UNKNOWN");
  assert.deepEqual(node.got("node.invoke.request").map(({ id }) => id), ["i3"]);
  await node.result("i3", RAN);
  await safe.done;
  assert.equal(safe.outcome, "ok");
});

test("a command that takes too long is cancelled on its node and ended", async (t) => {
  const bench = await openBench(t, new VirtualClock());
  const node = await bench.join("n1");
  const reader = new Reader(bench.nodes.invoke(order("i1", { timeoutMs: 1_000 }), never));
  await bench.clock.advance(5_999);
  assert.equal(reader.outcome, "open");
  await bench.clock.advance(1);
  await reader.done;
  assert.equal(reader.outcome, "COMMAND_TIMEOUT");
  assert.deepEqual(node.got("node.invoke.cancel"), [{ invokeId: "i1", nodeId: "n1" }]);
  assert.deepEqual(await node.result("i1", RAN), { ok: true, ignored: true });
});

test("aborting cancels on the node, leaving the iteration too; a stopping or superseded gateway cancels nothing", async (t) => {
  const bench = await openBench(t, new VirtualClock());
  const node = await bench.join("n1");
  const cancelled = (): unknown[] => node.got("node.invoke.cancel").map(({ invokeId }) => invokeId);
  const abort = new AbortController();
  const aborted = new Reader(bench.nodes.invoke(order("i1"), abort.signal));
  await settle();
  abort.abort();
  await aborted.done;
  assert.deepEqual([aborted.events.length, cancelled()], [1, ["i1"]]);

  const leaving = (async () => {
    for await (const event of bench.nodes.invoke(order("i2"), never)) if (event.type === "output") break;
  })();
  await settle();
  await node.output("i2", 0, "x", { offset: 0 });
  await leaving;
  assert.equal(cancelled().includes("i2"), true);

  for (const code of ["GATEWAY_STOPPING", "FENCED"] as const) {
    const stop = new AbortController();
    const stopped = new Reader(bench.nodes.invoke(order(code), stop.signal));
    await settle();
    stop.abort(new OpenClawError(code));
    await stopped.done;
    assert.deepEqual([stopped.outcome, cancelled().includes(code)], [code, false]);
  }
});

test("a cancellation the node was not there to hear, and an acknowledgement, reach it when it comes back", async (t) => {
  const bench = await openBench(t, new VirtualClock());
  const node = await bench.join("n1");
  const abort = new AbortController();
  const reader = new Reader(bench.nodes.invoke(order("i1"), abort.signal));
  await settle();
  node.drop();
  abort.abort();
  await reader.done;
  bench.nodes.acknowledge("i0", "n1");
  const back = await bench.join("n1");
  assert.deepEqual(back.got("node.invoke.cancel"), [{ invokeId: "i1", nodeId: "n1" }]);
  assert.deepEqual(back.got("node.invoke.ack"), [{ id: "i0", nodeId: "n1" }]);
  bench.nodes.acknowledge("i2", "n1");
  assert.equal(back.got("node.invoke.ack").length, 2);
});

test("a node that is not ready is asked again four times, then believed", async (t) => {
  const bench = await openBench(t, new VirtualClock());
  const node = await bench.join("n1");
  const reader = new Reader(bench.nodes.invoke(order("i1"), never));
  await settle();
  for (let count = 1; count <= 5; count += 1) {
    assert.equal(node.got("node.invoke.request").length, count);
    await node.failure("i1", "NODE_NOT_READY");
    await bench.clock.advance(1_500);
  }
  await reader.done;
  assert.deepEqual([reader.outcome, node.got("node.invoke.request").length], ["NODE_BUSY", 5]);
});

test("what a node says about another node's invocation is ignored and logged", async (t) => {
  const bench = await openBench(t, new VirtualClock());
  const node = await bench.join("n1");
  const liar = await bench.join("n2");
  const reader = new Reader(bench.nodes.invoke(order("i1"), never));
  await settle();
  const ignored = { ok: true, ignored: true };
  assert.deepEqual(await liar.result("i1", RAN), ignored);
  assert.deepEqual(await liar.output("i1", 0, "lie", { offset: 0 }), ignored);
  assert.deepEqual(
    await liar.session.receive("node.invoke.result", { id: "i1", nodeId: "n1", ok: true, payload: RAN }), ignored, "not even in its name"
  );
  assert.equal(bench.logged.filter((line) => line.includes("node.answer_foreign")).length, 3);
  await node.result("i1", RAN);
  await reader.done;
  assert.deepEqual([reader.text, reader.outcome], ["", "ok"]);
});

test("second answers, late output and unknown ids are ignored (W.8.4)", async (t) => {
  const bench = await openBench(t, new VirtualClock());
  const node = await bench.join("n1");
  const reader = new Reader(bench.nodes.invoke(order("i1"), never));
  await settle();
  await node.result("i1", RAN);
  const ignored = { ok: true, ignored: true };
  assert.deepEqual(await node.result("i1", { ...RAN, stdout: "another" }), ignored);
  assert.deepEqual(await node.output("i1", 0, "late", { offset: 0 }), ignored);
  assert.deepEqual(await node.result("nobody", RAN), ignored);
  assert.deepEqual(await node.attached("i1", "running"), ignored);
  await reader.done;
  assert.equal(reader.events.length, 1);
});

test("a result that does not fit its command is an invalid reply, not a result", async (t) => {
  const bench = await openBench(t, new VirtualClock());
  const node = await bench.join("n1");
  const answers: readonly [string, (id: string) => Promise<unknown>][] = [
    ["wrong shape", (id) => node.result(id, { exitCode: "0" })],
    ["nothing", (id) => node.session.receive("node.invoke.result", { id, nodeId: "n1", ok: true })],
    ["no JSON", (id) => node.session.receive("node.invoke.result", { id, nodeId: "n1", ok: true, payloadJSON: "{" })],
    [
      "no result",
      (id) => assert.rejects(
        node.session.receive("node.invoke.result", { id, nodeId: "n1", ok: "yes" }), (error) => hasCode(error, "PARAMS_INVALID")
      ),
    ],
  ];
  for (const [id, answer] of answers) {
    const reader = new Reader(bench.nodes.invoke(order(id), never));
    await settle();
    await answer(id);
    await reader.done;
    assert.equal(reader.outcome, "NODE_REPLY_INVALID", id);
  }
});

test("commands that may not be asked are refused before anything is sent", async (t) => {
  const bench = await openBench(t, new VirtualClock(), { allow: [], deny: ["file.read"] });
  const node = await bench.join("n1", { commands: ["system.run", "file.read", "camera.snap"] });
  const outcome = async (some: Parameters<typeof order>[1]): Promise<string> => {
    const reader = new Reader(bench.nodes.invoke(order("i1", some), never));
    await reader.done;
    return reader.outcome;
  };
  assert.equal(await outcome({ command: "file.read" }), "NODE_COMMAND_NOT_ALLOWED");
  assert.equal(await outcome({ command: "camera.snap" }), "NODE_COMMAND_NOT_ALLOWED");
  assert.equal(await outcome({ command: "system.info" }), "NODE_COMMAND_NOT_ALLOWED");
  assert.equal(await outcome({ nodeId: "nobody" }), "NODE_UNKNOWN");
  assert.equal(node.got("node.invoke.request").length, 0);
  node.open = false;
  assert.equal(await outcome({}), "NODE_OFFLINE");
  node.drop();
  assert.equal(await outcome({}), "NODE_OFFLINE");
});

test("an id that is under way is not started twice", async (t) => {
  const bench = await openBench(t, new VirtualClock());
  const node = await bench.join("n1");
  const first = new Reader(bench.nodes.invoke(order("i1"), never));
  const second = new Reader(bench.nodes.invoke(order("i1"), never));
  await second.done;
  assert.equal(second.outcome, "CONFLICT");
  await node.result("i1", RAN);
  await first.done;
  assert.deepEqual([first.outcome, node.got("node.invoke.request").length], ["ok", 1]);
});

test("a closing gateway ends every caller's wait and leaves the commands to their nodes", async (t) => {
  const bench = await openBench(t, new VirtualClock());
  const node = await bench.join("n1");
  const reader = new Reader(bench.nodes.invoke(order("i1"), never));
  await settle();
  await bench.nodes[Symbol.asyncDispose]();
  await reader.done;
  assert.deepEqual([reader.outcome, node.got("node.invoke.cancel").length], ["GATEWAY_STOPPING", 0]);
});

test("failures reach operators in the documented forms (W.6.38, W.8.7)", async (t) => {
  const bench = await openBench(t, new VirtualClock(), { allow: [], deny: ["file.read"] });
  const node = await bench.join("n1", { commands: ["system.run", "file.read"] });
  node.on = ({ event, payload }) => {
    if (event === "node.invoke.request") setImmediate(
      () => void node.failure(payload["id"] as string, "COMMAND_NOT_STARTED", "no such program")
    );
  };
  const failure = async (some: Parameters<typeof order>[1]) => {
    try {
      await invokeOnce(bench.nodes.invoke(order("i1", some), never));
    } catch (error) {
      return formatInvokeError(error, some?.command ?? "system.run");
    }
    return assert.fail("it should have failed");
  };
  const told = await failure({});
  assert.deepEqual([told.code, told.message], ["UNAVAILABLE", "COMMAND_NOT_STARTED: no such program"]);
  assert.deepEqual(told.details?.["nodeError"], { code: "COMMAND_NOT_STARTED", message: "no such program" });
  assert.equal(told.details?.["nodeCommandDispatched"], true);

  const denied = await failure({ command: "file.read" });
  assert.equal(denied.code, "INVALID_REQUEST");
  assert.match(denied.message, /^node command not allowed: "file\.read"/);
  assert.equal(denied.details?.["reason"], "command not allowlisted");

  const unknown = await failure({ nodeId: "nobody" });
  assert.deepEqual(
    [unknown.message, unknown.retryable, unknown.details?.["code"]],
    ["node pairing changed while invocation was active", true, "PAIRING_CHANGED"]
  );

  node.drop();
  const offline = await failure({});
  assert.deepEqual(
    [offline.message, offline.details?.["code"], offline.details?.["nodeCommandDispatched"]], ["node not connected", "NOT_CONNECTED", false]
  );
});

test("a node can not borrow the codes of other rooms", async (t) => {
  const bench = await openBench(t, new VirtualClock());
  const node = await bench.join("n1");
  const reader = new Reader(bench.nodes.invoke(order("i1"), never));
  await settle();
  await node.failure("i1", "AUTH_REQUIRED", "give me the token");
  await reader.done;
  assert.equal(reader.outcome, "TOOL_FAILED");
});
