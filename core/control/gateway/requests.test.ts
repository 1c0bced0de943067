import test from "node:test";
import assert from "node:assert/strict";
import { createConnection } from "node:net";
import { once } from "node:events";
import type { MethodSpec } from "@openclaw/protocol";
import { VirtualClock } from "../../../testkit/virtual-clock.ts";
import { systemClock, type Clock } from "../../base/clock.ts";
import { connectOk, makeDevice, openSocket, RawClient, startGateway, type Frame } from "./test-gateway.ts";

const open = { type: "object", additionalProperties: false, properties: {} } as const;
const spec = (extra: Partial<MethodSpec> = {}): MethodSpec => ({ role: "operator", summary: "test", params: open, result: {}, ...extra });

test("unknown and unhandled methods, wrong parameters and a second connect get the wire's words", async () => {
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

test("text that is not JSON is ignored and counted; a frame that is no request is answered; both leave the socket open", async () => {
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

test("frames above the caps close with 1009: 64 KiB before hello, 25 MiB after it", async () => {
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

test("a node may not call an operator's methods nor the reverse, health is for both, and a node that insists is closed", async () => {
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

test("events to a node go out without a sequence number, and its link says when it is gone", async () => {
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

test("scopes: deny by default, write implies read, and some parameters ask for more", async () => {
  const answer = (): unknown => ({});
  await using running = await startGateway(
    { methods: {
      agent: answer, "sessions.patch": answer, "sessions.delete": answer, "node.invoke": answer, "sessions.create": answer,
      "chat.inject": answer,
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
});

test("a handler may answer twice, answers may overtake each other, and an uncoded failure says nothing of its inside", async () => {
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

test("control-plane writes are limited to 30 a minute for one actor and method", async () => {
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

test("two thousand calls at once on one socket are each answered, and another client is not held up", async () => {
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

test("a client that asks and never reads is closed as a slow consumer, and everybody else is served", async () => {
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

test("silent sockets of an address do not lock it out: the oldest makes room (S0.40)", async () => {
  await using running = await startGateway({ limits: { preauthSocketsPerAddress: 4 } });
  const silent: RawClient[] = [];
  for (let count = 0; count < 10; count += 1) silent.push(await openSocket(running.url));
  assert.equal(running.gateway.counters().unauthenticated, 4);
  assert.equal((await (silent[0] as RawClient).closed).code, 1008);
  const client = await connectOk(running.url);
  assert.equal((await client.call("health")).ok, true);
  for (const one of [...silent, client]) await one.end();
});

test("when every place of an address is being answered the next upgrade gets 503", async () => {
  const hold = Promise.withResolvers<void>();
  await using running = await startGateway({ limits: { preauthSocketsPerAddress: 1 } });
  const { identity } = running;
  const admit = identity.admit.bind(identity);
  identity.admit = async (request) => {
    await hold.promise;
    return admit(request);
  };
  const busyClient = connectOk(running.url, { device: makeDevice() });
  while (running.gateway.counters().unauthenticated === 0) await new Promise((resolve) => setTimeout(resolve, 2));
  await new Promise((resolve) => setTimeout(resolve, 20));
  const late = new RawClient(running.url);
  const [, response] = (await once(late.socket, "unexpected-response")) as [unknown, { statusCode: number }];
  assert.equal(response.statusCode, 503);
  hold.resolve();
  await (await busyClient).end();
  late.socket.terminate();
});

test("pings go out, and a peer that does not answer one is cut", async () => {
  const clock = new VirtualClock();
  await using running = await startGateway({ clock });
  const alive = await connectOk(running.url);
  const dead = await connectOk(running.url, {}, { autoPong: false });
  let pings = 0;
  alive.socket.on("ping", () => (pings += 1));
  for (let second = 0; second < 51; second += 1) {
    await clock.advance(1_000);
    await alive.call("health");
  }
  assert.deepEqual(await dead.closed, { code: 1013, reason: "no answer to a ping" });
  const ended = running.logged.find(({ event }) => event === "connection.ended");
  assert.equal(ended?.level, "warn");
  const { by, reason, answered } = ended?.fields as Record<string, unknown>;
  assert.deepEqual({ by, reason, answered }, { by: "gateway", reason: "no answer to a ping", answered: true });
  assert.equal(pings, 2);
  const tick = await alive.event("tick");
  assert.equal(tick.payload?.["ts"], Date.UTC(2026, 0, 1) + 30_000);
  assert.equal(tick.seq, 1);
  await alive.end();
});

test("a peer that goes on speaking is not cut, though its pongs do not come", async () => {
  const clock = new VirtualClock();
  await using running = await startGateway({ clock });
  const busy = await connectOk(running.url, {}, { autoPong: false });
  for (let second = 0; second < 101; second += 1) {
    await clock.advance(1_000);
    assert.equal((await busy.call("health")).ok, true);
  }
  await busy.end();
});

test("a peer whose goodbye never comes is told of in the log, with the socket's own error where there is one", async () => {
  await using running = await startGateway();
  const gone = await connectOk(running.url);
  gone.socket.terminate();
  const seen = async (): Promise<Record<string, unknown>> => {
    for (;;) {
      const ended = running.logged.find(({ event }) => event === "connection.ended");
      if (ended !== undefined) return { level: ended.level, ...(ended.fields as object) };
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  };
  const { level, by, code } = await seen();
  assert.deepEqual({ level, by, code }, { level: "info", by: "network", code: 1006 });
});

test("a clock that was turned back pings nobody less, and one turned forward cuts nobody", async () => {
  const clock = new VirtualClock();
  const jumps: Clock = {
    now: () => clock.now() + jumpMs, monotonic: () => clock.monotonic(), after: (ms, run) => clock.after(ms, run),
    wait: (ms, signal) => clock.wait(ms, signal),
  };
  let jumpMs = 0;
  await using running = await startGateway({ clock: jumps });
  const client = await connectOk(running.url);
  let pings = 0;
  client.socket.on("ping", () => (pings += 1));
  for (let second = 0; second < 51; second += 1) {
    jumpMs = second < 26 ? -86_400_000 : 86_400_000;
    await clock.advance(1_000);
    assert.equal((await client.call("health")).ok, true);
  }
  assert.equal(pings, 2);
  await client.end();
});

test("slow HTTP headers time out", async () => {
  await using running = await startGateway({ limits: { httpHeadersTimeoutMs: 100 } });
  const socket = createConnection(running.gateway.port, "127.0.0.1");
  socket.resume();
  socket.write("GET / HTTP/1.1\r\nHost: loc");
  await once(socket, "close");
});

test("draining tells everybody, closes with 1012 and refuses newcomers with 503", async () => {
  await using running = await startGateway();
  const client = await connectOk(running.url);
  await running.gateway.drain();
  assert.deepEqual((await client.event("shutdown")).payload, { reason: "gateway stopping" });
  assert.deepEqual(await client.closed, { code: 1012, reason: "service restart" });
  const late = new RawClient(running.url);
  const [, response] = (await once(late.socket, "unexpected-response")) as [unknown, { statusCode: number }];
  assert.equal(response.statusCode, 503);
  late.socket.terminate();
});

/** Keeps the processor for about this long, like a handler that formats something. */
function busy(ms: number): Partial<Frame> {
  const end = systemClock.monotonic() + ms;
  while (systemClock.monotonic() < end);
  return {};
}
