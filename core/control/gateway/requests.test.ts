import test from "node:test";
import assert from "node:assert/strict";
import type { MethodSpec } from "@openclaw/protocol";
import { VirtualClock } from "../../../testkit/virtual-clock.ts";
import { systemClock } from "../../base/clock.ts";
import { connectOk, makeDevice, openSocket, startGateway, type Frame } from "./test-gateway.ts";

const open = { type: "object", additionalProperties: false, properties: {} } as const;
const spec = (extra: Partial<MethodSpec> = {}): MethodSpec => ({ role: "operator", summary: "test", params: open, result: {}, ...extra });

test("unknown and unhandled methods, wrong parameters and a second connect get the wire's words (W.2.9, W.2.10, W.2.11)", async () => {
  await using running = await startGateway({ methods: { "chat.send": () => ({}) } });
  const client = await connectOk(running.url);
  const said = async (method: string, params?: unknown): Promise<unknown[]> => {
    const { error } = await client.call(method, params);
    return [error?.code, error?.message];
  };
  assert.deepEqual(await said("no.such", {}), ["INVALID_REQUEST", "unknown method: no.such"]);
  assert.deepEqual(await said("chat.history", { sessionKey: "main" }), ["INVALID_REQUEST", "unknown method: chat.history"]);
  assert.deepEqual(await said("toString"), ["INVALID_REQUEST", "unknown method: toString"]);
  assert.deepEqual(await said("__proto__"), ["INVALID_REQUEST", "unknown method: __proto__"]);
  assert.deepEqual(
    await said("chat.send", { sessionKey: "main", message: "x" }),
    ["INVALID_REQUEST", "invalid chat.send params: must have required property 'idempotencyKey'"],
  );
  assert.deepEqual(
    await said("chat.send", { sessionKey: "main", message: "x", idempotencyKey: "1", foo: 1 }),
    ["INVALID_REQUEST", "invalid chat.send params: at root: unexpected property 'foo'"],
  );
  assert.deepEqual(
    await said("chat.send", { sessionKey: 5, message: "x", idempotencyKey: "1" }),
    ["INVALID_REQUEST", "invalid chat.send params: at /sessionKey: must be string"],
  );
  assert.deepEqual(await said("connect", {}), ["INVALID_REQUEST", "connect is only valid as the first request"]);
  assert.equal((await client.call("health")).ok, true);
  await client.end();
});

test("text that is not JSON is ignored and counted; a frame that is no request is answered; both leave the socket open "
  + "(W.2.1, W.2.8)", async () => {
  await using running = await startGateway();
  const client = await connectOk(running.url);
  client.send("not json");
  client.send("[".repeat(200_000));
  client.send('{"type":"req","method":"health"}');
  const answer = await client.until((frame) => frame.id === "invalid");
  assert.equal(answer.error?.code, "INVALID_REQUEST");
  assert.equal(answer.error?.message, "invalid request frame: must have required property 'id'");
  client.send({ type: "req", id: "9", method: "health", extra: true });
  assert.match(
    (await client.until((frame) => frame.id === "9")).error?.message ?? "", /^invalid request frame: at root: unexpected property 'extra'/,
  );
  assert.equal((await client.call("health")).ok, true);
  assert.equal(running.gateway.counters().garbage, 2);
  await client.end();
});

test("frames above the caps close with 1009: 64 KiB before hello, 25 MiB after it (W.1.9, W.1.10)", async () => {
  await using running = await startGateway({ limits: { maxPayload: 300_000 } });
  const early = await openSocket(running.url);
  early.send("x".repeat(70_000));
  assert.equal((await early.closed).code, 1009);
  const client = await connectOk(running.url);
  const other = await connectOk(running.url);
  assert.match(
    (await client.call("health", { pad: "x".repeat(200_000) })).error?.message ?? "", /unexpected property 'pad'/, "raised after hello",
  );
  client.send("x".repeat(300_001));
  assert.equal((await client.closed).code, 1009);
  assert.equal((await other.call("health")).ok, true);
  await other.end();
});

test("a node may not call an operator's methods nor the reverse, health is for both, and a node that insists is closed "
  + "(W.1.30, W.2.16, W.4.3)", async () => {
  await using running = await startGateway({ methods: { "node.event": (params, { node }) => node?.receive("node.event", params) } });
  const node = await connectOk(
    running.url,
    { role: "node", clientId: "node-host", mode: "node", device: makeDevice(), extra: { commands: ["system.run"], tags: ["gpu"] } },
  );
  assert.equal((await node.call("status")).error?.message, "unauthorized role: node");
  assert.equal((await node.call("health")).ok, true);
  assert.equal((await node.call("node.event", { event: "node.host.stats" })).ok, true);
  assert.deepEqual(running.attached[0]?.hello.tags, ["gpu"]);
  assert.equal(running.attached[0]?.hello.local, false, "being on this machine does not make it the gateway's own node");
  const operator = await connectOk(running.url);
  assert.equal((await operator.call("node.event", { event: "x" })).error?.message, "unauthorized role: operator");
  for (let call = 0; call < 11; call += 1) node.send({ type: "req", id: `w${call}`, method: "status" });
  assert.deepEqual(await node.closed, { code: 1008, reason: "repeated unauthorized calls" });
  assert.equal(running.attached[0]?.closed, true);
  assert.equal((await operator.call("health")).ok, true);
  await operator.end();
});

test("events to a node go out without a sequence number, and its link says when it is gone (W.2.12)", async () => {
  await using running = await startGateway();
  const node = await connectOk(running.url, { role: "node", clientId: "node-host", mode: "node", device: makeDevice() });
  await new Promise((resolve) => setImmediate(resolve));
  const { link } = running.attached[0] as (typeof running.attached)[0];
  assert.equal(link.send("node.invoke.request", { id: "1" }), true);
  const frame = await node.event("node.invoke.request");
  assert.equal("seq" in frame, false);
  link.close(4001, "device removed");
  assert.deepEqual(await node.closed, { code: 4001, reason: "device removed" });
  assert.equal(link.send("tick", {}), false);
});

test("scopes: deny by default, write implies read, and some parameters ask for more "
  + "(W.4.1, W.4.2, W.4.4, W.4.5, W.4.6, W.4.7, W.4.8, W.4.15)", async () => {
  const answer = (): unknown => ({});
  await using running = await startGateway(
    { methods: {
      agent: answer, "sessions.patch": answer, "sessions.delete": answer, "node.invoke": answer, "sessions.create": answer,
      "chat.inject": answer, "channels.pairing.approve": answer,
    } },
  );
  const writer = await connectOk(running.url, { scopes: ["operator.write"] });
  const missing = async (
    method: string, params: unknown,
  ): Promise<unknown> => (await writer.call(method, params)).error?.details["missingScope"];
  assert.equal((await writer.call("status")).ok, true);
  assert.equal(await missing("device.pair.list", {}), "operator.pairing");
  assert.equal(await missing("agent", { message: "/reset now", idempotencyKey: "1" }), "operator.admin");
  assert.equal(await missing("agent", { message: "hello", idempotencyKey: "1" }), undefined);
  assert.equal(await missing("sessions.patch", { key: "main", label: "x" }), undefined);
  assert.equal(await missing("sessions.patch", { key: "main", sandboxMode: "off" }), "operator.admin");
  assert.equal(await missing("sessions.patch", { key: "main", permissionMode: "full" }), "operator.admin");
  assert.equal(await missing("sessions.delete", { key: "agent:main:x" }), "operator.admin");
  assert.equal(await missing("sessions.delete", { key: "agent:main:x", archivedOnly: true }), undefined);
  assert.equal(await missing("node.invoke", { nodeId: "n", command: "browser.proxy", idempotencyKey: "1" }), "operator.admin");
  assert.equal(await missing("sessions.create", { execNode: "n" }), "operator.admin");
  assert.equal(await missing("chat.inject", { sessionKey: "main", message: "x" }), "operator.admin");
  await writer.end();
  const pairing = await connectOk(running.url, { scopes: ["operator.pairing"] });
  const approve = async (params: object): Promise<unknown> => (
    (await pairing.call("channels.pairing.approve", { channel: "x", code: "1", ...params })).error?.details["missingScope"]
  );
  assert.deepEqual(
    [await approve({}), await approve({ owner: true }), await approve({ bootstrapCommandOwner: true }), await approve({ owner: false })],
    [undefined, "operator.admin", "operator.admin", undefined],
  );
  await pairing.end();
});

test("a handler may answer twice, answers may overtake each other, and an uncoded failure says nothing of its inside "
  + "(W.1.20, W.2.7)", async () => {
  const gate = Promise.withResolvers<void>();
  await using running = await startGateway({
    specs: { "test.twice": spec(), "test.fast": spec(), "test.broken": spec(), "test.circular": spec() },
    methods: {
      "test.twice": async (_params, ctx) => {
        ctx.respond({ status: "accepted" });
        await gate.promise;
        return { status: "ok" };
      },
      "test.fast": () => "fast",
      "test.broken": () => {
        throw new Error("password is hunter2");
      },
      "test.circular": () => {
        const circle: Record<string, unknown> = {};
        circle["self"] = circle;
        return circle;
      },
    },
  });
  const client = await connectOk(running.url);
  client.send({ type: "req", id: "t", method: "test.twice" });
  await client.until((frame) => frame.id === "t" && (frame.payload as { status: string }).status === "accepted");
  assert.equal((await client.call("test.fast")).payload as unknown, "fast");
  gate.resolve();
  await client.until((frame) => frame.id === "t" && (frame.payload as { status: string }).status === "ok");
  for (const method of ["test.broken", "test.circular"]) {
    const { error } = await client.call(method);
    assert.equal(error?.code, "UNAVAILABLE");
    assert.equal(error?.details["code"], "INTERNAL");
    assert.equal(JSON.stringify(error).includes("hunter2"), false);
  }
  assert.equal(running.logged.filter((line) => line.event === "method.failed").length, 2);
  await client.end();
});

test("a handler's signal aborts when its client goes away", async () => {
  const aborted = Promise.withResolvers<void>();
  await using running = await startGateway({
    specs: { "test.wait": spec() },
    methods: { "test.wait": (_params, { signal }) => new Promise((_, reject) => signal.addEventListener("abort", () => {
      aborted.resolve();
      reject(signal.reason as Error);
    })) },
  });
  const client = await connectOk(running.url);
  client.send({ type: "req", id: "w", method: "test.wait" });
  await client.call("health");
  await client.end();
  await aborted.promise;
});

test("control-plane writes are limited to 30 a minute for one actor and method (W.2.23)", async () => {
  const clock = new VirtualClock();
  await using running = await startGateway(
    { clock, specs: { "test.write": spec({ controlPlaneWrite: true }) }, methods: { "test.write": () => true } },
  );
  const client = await connectOk(running.url);
  for (let call = 0; call < 30; call += 1) assert.equal((await client.call("test.write")).ok, true);
  const { error } = await client.call("test.write");
  assert.equal(error?.code, "UNAVAILABLE");
  assert.equal(error?.retryable, true);
  assert.equal(error?.retryAfterMs, 60_000);
  assert.equal(error?.details["limit"], "30 per 60s");
  await clock.advance(60_001);
  assert.equal((await client.call("test.write")).ok, true);
  await client.end();
});

test("two thousand calls at once on one socket are each answered, and another client is not held up (W.1.19)", async () => {
  await using running = await startGateway({ specs: { "test.work": spec() }, methods: { "test.work": () => busy(0.2) } });
  const flood = await connectOk(running.url);
  const other = await connectOk(running.url);
  await other.call("health");
  let last = 0;
  const order: string[] = [];
  flood.socket.on("message", () => {
    last += 1;
    if (last === 2_000) order.push("flood");
  });
  for (let call = 0; call < 2_000; call += 1) flood.send({ type: "req", id: `f${call}`, method: "test.work" });
  for (let call = 0; call < 5; call += 1) assert.equal((await other.call("health")).ok, true);
  order.push("other");
  await flood.until((frame) => frame.id === "f1999");
  while (last < 2_000) await new Promise((resolve) => setTimeout(resolve, 5));
  assert.deepEqual(order, ["other", "flood"]);
  const answers = flood.frames.filter((frame) => frame.id?.startsWith("f") === true);
  const refused = answers.filter((frame) => frame.ok !== true);
  assert.equal(new Set(answers.map((frame) => frame.id)).size, 2_000);
  for (const frame of refused) assert.deepEqual([frame.error?.code, frame.error?.retryable], ["UNAVAILABLE", true]);
  await flood.end();
  await other.end();
});

test("a connection's queue is bounded: what does not fit is refused as UNAVAILABLE and not run", async () => {
  let ran = 0;
  await using running = await startGateway({
    limits: { requestsQueued: 4, startedPerTurn: 1 },
    specs: { "test.count": spec() },
    methods: { "test.count": () => {
      ran += 1;
      return ran;
    } },
  });
  const client = await connectOk(running.url);
  // One write, so that the frames arrive together.
  const socket = (client.socket as unknown as { _socket: { cork(): void; uncork(): void } })._socket;
  socket.cork();
  for (let call = 0; call < 50; call += 1) client.send({ type: "req", id: `c${call}`, method: "test.count" });
  socket.uncork();
  await Promise.all(Array.from({ length: 50 }, (_, call) => client.until((frame) => frame.id === `c${call}`)));
  const answers = client.frames.filter((frame) => frame.id?.startsWith("c") === true);
  const refused = answers.filter((frame) => frame.ok !== true);
  assert.ok(refused.length > 0, "some were refused");
  assert.equal(ran, 50 - refused.length);
  for (const frame of refused) assert.deepEqual([frame.error?.code, frame.error?.retryable], ["UNAVAILABLE", true]);
  assert.equal((await client.call("test.count")).ok, true);
  await client.end();
});

test("large frames are served one at a time, others in between; one with too many values is refused", async () => {
  await using running = await startGateway({ limits: { largeFrameBytes: 65_536, largeFrameValues: 1_000 } });
  const big = await connectOk(running.url);
  const other = await connectOk(running.url);
  const pad = "y".repeat(2_000_000);
  for (let call = 0; call < 5; call += 1) big.send(`{"type":"req","id":"b${call}","method":"health","params":{"pad":"${pad}"}}`);
  big.send(`{"type":"req","id":"many","method":"health","params":{"pad":[${"0,".repeat(50_000)}0]}}`);
  big.send({ type: "req", id: "small", method: "health" });
  for (let call = 0; call < 5; call += 1) assert.equal((await other.call("health")).ok, true);
  for (let call = 0; call < 5; call += 1) assert.match(
    (await big.until((frame) => frame.id === `b${call}`)).error?.message ?? "", /unexpected property 'pad'/,
  );
  assert.equal((await big.until((frame) => frame.id === "many")).error?.details["code"], "TOO_LARGE");
  assert.equal((await big.until((frame) => frame.id === "small")).ok, true);
  await big.end();
  await other.end();
});

test("a client that asks and never reads is closed as a slow consumer, and everybody else is served (W.1.25)", async () => {
  const chunk = "z".repeat(512_000);
  await using running = await startGateway(
    { limits: { maxBufferedBytes: 2_000_000 }, specs: { "test.big": spec() }, methods: { "test.big": () => chunk } },
  );
  const deaf = await connectOk(running.url);
  const other = await connectOk(running.url);
  const raw = (deaf.socket as unknown as { _socket: { pause(): void } })._socket;
  raw.pause();
  for (let call = 0; call < 60; call += 1) deaf.send({ type: "req", id: `d${call}`, method: "test.big" });
  while (running.gateway.counters().slowConsumers === 0) assert.equal((await other.call("health")).ok, true);
  assert.equal(running.gateway.counters().connections, 1);
  await deaf.end();
  await other.end();
});

/** Keeps the processor for about this long, like a handler that formats something. */
function busy(ms: number): Partial<Frame> {
  const end = systemClock.monotonic() + ms;
  while (systemClock.monotonic() < end);
  return {};
}
