/** Who is let in, who is found gone, and how everybody leaves. */
import test from "node:test";
import assert from "node:assert/strict";
import { IncomingMessage } from "node:http";
import { createConnection } from "node:net";
import { queryObjects } from "node:v8";
import { once } from "node:events";
import { VirtualClock } from "../../../testkit/virtual-clock.ts";
import type { Clock } from "../../base/clock.ts";
import { connectOk, makeDevice, openSocket, RawClient, startGateway } from "./test-gateway.ts";

test("silent sockets of an address do not lock it out: the oldest makes room (S0.40, W.1.15)", async () => {
  await using running = await startGateway({ limits: { preauthSocketsPerAddress: 4 } });
  const silent: RawClient[] = [];
  for (let count = 0; count < 10; count += 1) silent.push(await openSocket(running.url));
  assert.equal(running.gateway.counters().unauthenticated, 4);
  assert.equal((await (silent[0] as RawClient).closed).code, 1008);
  const client = await connectOk(running.url);
  assert.equal((await client.call("health")).ok, true);
  for (const one of [...silent, client]) await one.end();
});

test("when every place of an address is being answered the next upgrade gets 503 (W.1.15)", async () => {
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

test("pings go out, and a peer that does not answer one is cut (W.1.12, W.1.13)", async () => {
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

test("draining tells everybody, closes with 1012 and refuses newcomers with 503 (W.1.16, W.1.31, W.7.3)", async () => {
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

test("whoever breaks the frame's rules hears so, has a second to say goodbye, and is then cut (W.1.18, W.1.40)", async () => {
  const clock = new VirtualClock();
  await using running = await startGateway({ clock });
  const socket = createConnection({ port: running.gateway.port, host: "127.0.0.1", allowHalfOpen: true });
  socket.write([
    "GET / HTTP/1.1", "Host: localhost", "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13",
    `Sec-WebSocket-Key: ${Buffer.alloc(16).toString("base64")}`, "", "",
  ].join("\r\n"));
  let heard = Buffer.alloc(0);
  socket.on("error", () => undefined).on("data", (chunk: Buffer) => (heard = Buffer.concat([heard, chunk])));
  const hearing = async (fits: () => boolean): Promise<void> => {
    while (!fits()) await once(socket, "data");
  };
  await hearing(() => heard.includes("connect.challenge"));
  socket.write(Buffer.from([0xf1, 0x80, 0, 0, 0, 0])); // reserved bits
  const goodbye = Buffer.from([0x88, 0x02, 0x03, 0xea]); // close, 1002
  await hearing(() => heard.includes(goodbye));
  const ends = (): number => running.logged.filter(({ event }) => event === "connection.ended").length;
  await clock.advance(999);
  await new Promise((resolve) => setTimeout(resolve, 30));
  assert.equal(ends(), 0, "it may still answer");
  await clock.advance(1);
  while (ends() === 0) await new Promise((resolve) => setTimeout(resolve, 2));
  socket.destroy();
});

test("of the request that opened a connection nothing is kept (S0.40)", async () => {
  await using running = await startGateway();
  const kept = (): number => queryObjects(IncomingMessage, { format: "count" });
  const before = kept();
  const clients = await Promise.all(Array.from({ length: 30 }, () => connectOk(running.url)));
  await new Promise((resolve) => setImmediate(resolve));
  const grown = kept() - before;
  assert.ok(grown < clients.length / 2, `${grown} requests of ${clients.length} connections are in memory`);
  for (const client of clients) await client.end();
});
