/** Who is sent what of a session, and what it costs when they do not read. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { MethodSpec } from "@openclaw/protocol";
import { TEXT_INCREMENTS_CAP } from "@openclaw/protocol";
import { VirtualClock } from "../../../testkit/virtual-clock.ts";
import type { MethodContext } from "./method.ts";
import { SESSION_EVENTS } from "./methods/sessions.ts";
import { connectOk, makeDevice, startGateway, type RawClient, type TestGateway } from "./test-gateway.ts";
import { createTextFanout, type TextReader } from "./text-fanout.ts";

const open: MethodSpec = { role: "operator", summary: "test", params: {}, result: {} };
const KEY = "agent:main:a";
const watching = {
  specs: { "test.run": open, "test.read": open, "test.subscribe": open },
  methods: {
    "test.run": (_: unknown, ctx: MethodContext) => ctx.watch(KEY),
    "test.read": (_: unknown, ctx: MethodContext) => ctx.watch(KEY, "reading"),
    "test.subscribe": (_: unknown, ctx: MethodContext) => ctx.watchAll(SESSION_EVENTS),
  },
};

function readersOf({ gateway }: TestGateway, sessionKey: string): readonly TextReader[] {
  const readers: TextReader[] = [];
  gateway.eachReader(sessionKey, (reader) => readers.push(reader));
  return readers;
}

function bufferedOf(reader: TextReader): number {
  return (reader as unknown as { readonly socket: { readonly bufferedAmount: number } }).socket.bufferedAmount;
}

async function heard(client: RawClient): Promise<readonly (string | undefined)[]> {
  await client.call("health");
  return client.frames.filter(({ event, seq }) => event !== undefined && seq !== undefined).map(({ event }) => event);
}

test("text of a run goes to who runs or reads its session; who only subscribed to sessions hears of their state (W.7.24)", async () => {
  await using running = await startGateway(watching);
  const [runner, reader, subscriber, stranger] = [
    await connectOk(running.url), await connectOk(running.url), await connectOk(running.url), await connectOk(running.url),
  ];
  await runner.call("test.run");
  await reader.call("test.read");
  await subscriber.call("test.subscribe");
  assert.equal(readersOf(running, KEY).length, 2);
  assert.equal(readersOf(running, "agent:main:b").length, 0);
  running.gateway.broadcast("sessions.changed", {}, { sessionKey: KEY });
  running.gateway.broadcast("agent", { stream: "lifecycle" }, { sessionKey: KEY });
  running.gateway.broadcast("chat", { state: "final" }, { sessionKey: KEY });
  for (const client of [runner, reader]) assert.deepEqual(await heard(client), ["sessions.changed", "agent", "chat"]);
  assert.deepEqual(await heard(subscriber), ["sessions.changed"]);
  assert.deepEqual(await heard(stranger), []);
  for (const client of [runner, reader, subscriber, stranger]) await client.end();
});

test("who may not read is sent no text, whatever it asked for, nor is a node (W.4.13, W.7.24)", async () => {
  await using running = await startGateway(watching);
  const blind = await connectOk(running.url, { scopes: ["operator.pairing"] });
  const node = await connectOk(running.url, { role: "node", clientId: "node-host", mode: "node", device: makeDevice() });
  await blind.call("test.run");
  assert.equal(readersOf(running, KEY).length, 0);
  for (const client of [blind, node]) await client.end();
});

test("a client that subscribes to each session by itself is sent nothing for having looked at one (W.3.28)", async () => {
  await using running = await startGateway(watching);
  const scoped = await connectOk(running.url, { caps: ["session-scoped-events"] });
  await scoped.call("test.read");
  assert.equal(readersOf(running, KEY).length, 0);
  await scoped.call("test.run");
  assert.equal(readersOf(running, KEY).length, 1);
  await scoped.end();
});

test("a tool is told once to each: as agent event to who watches it, as session.tool to who subscribed to sessions (W.7.9)", async () => {
  await using running = await startGateway(watching);
  const caps = ["tool-events"];
  const [watcher, subscriber, both] = [
    await connectOk(running.url, { caps }), await connectOk(running.url, { caps }), await connectOk(running.url, { caps }),
  ];
  for (const client of [watcher, both]) await client.call("test.run");
  for (const client of [subscriber, both]) await client.call("test.subscribe");
  for (const event of ["agent", "session.tool"]) running.gateway.broadcast(event, { stream: "tool" }, { sessionKey: KEY });
  assert.deepEqual(await heard(watcher), ["agent"]);
  assert.deepEqual(await heard(subscriber), ["session.tool"]);
  assert.deepEqual(await heard(both), ["agent"]);
  for (const client of [watcher, subscriber, both]) await client.end();
});

test("what a page draws of a tool reaches whoever may see the session's text, with tool events or without (W.7.16)", async () => {
  await using running = await startGateway(watching);
  const [plain, subscriber, blind] = [
    await connectOk(running.url), await connectOk(running.url), await connectOk(running.url, { scopes: ["operator.approvals"] }),
  ];
  for (const client of [plain, blind]) await client.call("test.run");
  await subscriber.call("test.subscribe");
  for (const stream of ["item", "tool", "command_output"]) running.gateway.broadcast("agent", { stream }, { sessionKey: KEY });
  await plain.call("health");
  const streams = plain.frames.flatMap(({ event, payload }) => (event === "agent" ? [payload?.["stream"]] : []));
  assert.deepEqual(streams, ["item", "command_output"]);
  assert.deepEqual(await heard(subscriber), []);
  assert.deepEqual(await heard(blind), []);
  for (const client of [plain, subscriber, blind]) await client.end();
});

test("readers that do not read hold next to nothing of a long text, lose no word, and hold up nobody (W.1.26, S0.40)", async () => {
  await using running = await startGateway(watching);
  const slow = await Promise.all([0, 1, 2].map(() => connectOk(running.url, { caps: [TEXT_INCREMENTS_CAP] })));
  const quick = await connectOk(running.url, { caps: [TEXT_INCREMENTS_CAP] });
  for (const client of [...slow, quick]) await client.call("test.run");
  const fanout = createTextFanout({ clock: new VirtualClock(), eachReader: (key, visit) => running.gateway.eachReader(key, visit) });
  const raws = slow.map((client) => (client.socket as unknown as { readonly _socket: { pause(): void; resume(): void } })._socket);
  for (const raw of raws) raw.pause();
  const piece = "0123456789abcdef".repeat(4_096);
  let most = 0;
  const pieces = 240;
  for (let seq = 1; seq <= pieces; seq += 1) {
    fanout.add({ runId: "r", sessionKey: KEY, agentId: "main", stream: "assistant", seq, ts: 0, data: { delta: piece } });
    await new Promise((resolve) => setImmediate(resolve));
    for (const reader of readersOf(running, KEY)) most = Math.max(most, bufferedOf(reader));
  }
  assert.ok(most < 1_000_000, `${most} bytes wait for one of them, of ${piece.length * pieces}`);
  for (const raw of raws) raw.resume();
  const said = (client: RawClient): number => client.frames.filter(({ event }) => event === "chat")
    .reduce((chars, { payload }) => chars + String(payload?.["deltaText"]).length, 0);
  for (const client of [quick, ...slow]) {
    while (said(client) < piece.length * pieces) {
      await new Promise((resolve) => setTimeout(resolve, 1));
      for (const reader of readersOf(running, KEY)) most = Math.max(most, bufferedOf(reader));
    }
    assert.equal(said(client), piece.length * pieces);
    const numbers = client.frames.flatMap(({ seq }) => (seq === undefined ? [] : [seq]));
    assert.deepEqual(numbers, numbers.map((_, at) => at + 1), "nothing was skipped");
    await client.end();
  }
  assert.ok(most < 1_000_000, `${most} bytes waited for one that caught up`);
  fanout.close();
});

test("many slow readers together are bounded too: the slowest are let go, and the others are served (W.1.25, S0.40)", async () => {
  const clock = new VirtualClock();
  const bufferedBytesTotal = 8_000_000;
  await using running = await startGateway({ clock, ...watching, limits: { bufferedBytesTotal } });
  const slow = await Promise.all([0, 1, 2, 3].map(() => connectOk(running.url)));
  const quick = await connectOk(running.url, { scopes: [] });
  for (const client of slow) {
    await client.call("test.run");
    (client.socket as unknown as { readonly _socket: { pause(): void } })._socket.pause();
  }
  const bytes = (): number => readersOf(running, KEY).reduce((sum, reader) => sum + bufferedOf(reader), 0);
  const payload = { text: "x".repeat(1_000_000) };
  for (let sent = 0; bytes() < 2 * bufferedBytesTotal && sent < 100; sent += 1) {
    running.gateway.broadcast("chat", payload, { sessionKey: KEY });
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.ok(bytes() >= 2 * bufferedBytesTotal, "they filled up");
  await clock.advance(1_000);
  assert.ok(bytes() <= bufferedBytesTotal);
  const { slowConsumers } = running.gateway.counters();
  assert.ok(slowConsumers >= 1 && slowConsumers < 4, `${slowConsumers} were let go`);
  assert.equal((await quick.call("health")).ok, true);
  for (const client of [...slow, quick]) await client.end();
});

test("of clients that stop reading each holds at most its bound, together they hold an event once, what they miss is counted, and "
  + "what may not be missed ends them (W.1.24, W.1.25, S0.40)", async () => {
  const maxBufferedBytes = 6_000_000;
  await using running = await startGateway({ ...watching, limits: { maxBufferedBytes } });
  const slow = await Promise.all(Array.from({ length: 12 }, () => connectOk(running.url)));
  const quick = await connectOk(running.url);
  for (const client of slow) {
    await client.call("test.run");
    (client.socket as unknown as { readonly _socket: { pause(): void } })._socket.pause();
  }
  const unsent = (): number[] => readersOf(running, KEY).map(bufferedOf);
  const tell = async (dropIfSlow: boolean): Promise<number> => {
    const sent = running.gateway.broadcast("config.changed", { text: "x".repeat(1_000_000) }, { dropIfSlow });
    told += 1;
    await quick.until(({ seq }) => seq === told);
    quick.frames.length = 0;
    return sent;
  };
  let told = 0;
  const before = process.memoryUsage().arrayBuffers;
  let skipped = 0;
  for (let sent = 13; sent > 1 && told < 100; skipped += 13 - sent) sent = await tell(true);
  const bytes = unsent().reduce((sum, each) => sum + each, 0);
  assert.ok(bytes > slow.length * maxBufferedBytes, "all of them are full");
  assert.ok(Math.max(...unsent()) < maxBufferedBytes + 1_100_000);
  const held = process.memoryUsage().arrayBuffers - before;
  assert.ok(held < bytes / 2, `${held} bytes are held for ${bytes} that wait`);
  assert.equal(running.gateway.counters().skippedEvents, skipped);
  assert.equal(running.gateway.counters().slowConsumers, 0);
  assert.equal(await tell(false), 1);
  assert.equal(running.gateway.counters().slowConsumers, slow.length);
  assert.deepEqual(running.logged.filter(({ event }) => event === "connection.slow").length, slow.length);
  assert.equal((await quick.call("health")).ok, true);
  for (const client of [...slow, quick]) await client.end();
});
