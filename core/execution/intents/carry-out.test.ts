import assert from "node:assert/strict";
import { test } from "node:test";
import { OpenClawError } from "@openclaw/protocol";
import type { Intent } from "@openclaw/sdk";
import type { InvokeRequest, Nodes } from "../nodes.ts";
import { createIntents, type Hand, type IntentEvent, type IntentOrder } from "./carry-out.ts";

const signal = new AbortController().signal;

const run: Intent = {
  actuator: "node", effect: "unsafe", command: "system.run", target: { command: "system.run" },
  params: { command: ["uptime"] }, timeoutMs: 5_000,
  summary: "uptime",
};
const recall: Intent = { actuator: "memory", effect: "read", action: "recall", params: { query: "x" }, summary: "recall" };

const order = (intent: Intent, nodeId: string | null): IntentOrder =>
  ({ invocationId: "step-1", intent, nodeId, sessionKey: "agent:main:main", label: "owner", fence: { slot: 7, epoch: 3 } });

/** Nodes that write down what they are asked. */
function setUp(actuator: Hand = async () => ({ facts: [] })) {
  const asked: { readonly how: string; readonly request: unknown }[] = [];
  const answer = async function* (how: string, request: InvokeRequest, more: object = {}) {
    asked.push({ how, request: { ...request, ...more } });
    yield { type: "output" as const, stream: "stdout" as const, text: "a\n", offset: 0 };
    yield { type: "end" as const, ok: true as const, payload: how, nodeId: request.nodeId };
  };
  const nodes = {
    invoke: (request: InvokeRequest) => answer("invoke", request),
    reattach: (request: InvokeRequest, waitMs: number) => answer("reattach", request, { waitMs }),
    acknowledge: (id: string, nodeId: string) => asked.push({ how: "acknowledge", request: { id, nodeId } }),
  } as unknown as Nodes;
  const actuators = { memory: actuator, outside: actuator, sessions: actuator, schedule: actuator };
  return { asked, intents: createIntents({ nodes, actuators, reattachWaitMs: 60_000 }) };
}

async function read(events: AsyncIterable<IntentEvent>): Promise<IntentEvent[]> {
  const all: IntentEvent[] = [];
  for await (const event of events) all.push(event);
  return all;
}

test("an intent for a node is sent there under the step's id and the claim's epoch; its output and end come back", async () => {
  const { asked, intents } = setUp();
  assert.deepEqual(await read(intents.carryOut(order(run, "n1"), signal)), [
    { type: "output", stream: "stdout", text: "a\n", offset: 0 }, { type: "end", ok: true, payload: "invoke", nodeId: "n1" },
  ]);
  assert.deepEqual(asked, [{
    how: "invoke", request: {
      id: "step-1", nodeId: "n1", command: "system.run", params: { command: ["uptime"] }, sessionKey: "agent:main:main",
      fence: { slot: 7, epoch: 3 }, effect: "unsafe", timeoutMs: 5_000,
    },
  }]);
});

test("after a crash the node is asked what became of it, under the same id, with the effect's rule", async () => {
  const { asked, intents } = setUp();
  const events = await read(intents.resume(order(run, "n1"), signal));
  assert.deepEqual(events.at(-1), { type: "end", ok: true, payload: "reattach", nodeId: "n1" });
  const [{ how, request } = { how: "", request: {} }] = asked;
  assert.equal(how, "reattach");
  const { id, offset, effect, waitMs } = request as Record<string, unknown>;
  assert.deepEqual({ id, offset, effect, waitMs }, { id: "step-1", offset: 0, effect: "unsafe", waitMs: 60_000 });
});

test("another actuator is handed the whole order, first and again after a crash, and no node is asked", async () => {
  const orders: IntentOrder[] = [];
  const { asked, intents } = setUp(async (given) => {
    orders.push(given);
    return { facts: [1] };
  });
  const end = { type: "end", ok: true, payload: { facts: [1] } };
  assert.deepEqual(await read(intents.carryOut(order(recall, null), signal)), [end]);
  assert.deepEqual(await read(intents.resume(order(recall, null), signal)), [end]);
  assert.deepEqual(orders, [order(recall, null), { ...order(recall, null), resumed: true }]);
  assert.deepEqual(asked, []);
});

test("what an actuator throws is its end: a code with its words, or TOOL_FAILED without the inside", async () => {
  const failing = (error: unknown) => setUp(() => Promise.reject(error)).intents.carryOut(order(recall, null), signal);
  const [coded] = await read(failing(new OpenClawError("BACKPRESSURE", { why: "Full." })));
  assert.ok(coded?.type === "end" && !coded.ok);
  assert.equal(coded.code, "BACKPRESSURE");
  assert.match(coded.why, /Full\./);
  const [plain] = await read(failing(new Error("password is hunter2")));
  assert.deepEqual(plain, { type: "end", ok: false, code: "TOOL_FAILED", why: "The actuator failed." });
});

test("an intent for a node that no node was chosen for ends at once", async () => {
  const { asked, intents } = setUp();
  for (const events of [intents.carryOut(order(run, null), signal), intents.resume(order(run, null), signal)]) {
    const [end] = await read(events);
    assert.ok(end?.type === "end" && !end.ok);
    assert.equal(end.code, "NODE_OFFLINE");
  }
  assert.deepEqual(asked, []);
});

test("only a node is told that the outcome was recorded", () => {
  const { asked, intents } = setUp();
  intents.acknowledge(order(recall, null));
  intents.acknowledge(order(run, "n1"));
  assert.deepEqual(asked, [{ how: "acknowledge", request: { id: "step-1", nodeId: "n1" } }]);
});
