import test from "node:test";
import assert from "node:assert/strict";
import type { MethodSpec } from "@openclaw/protocol";
import { VirtualClock } from "../../../testkit/virtual-clock.ts";
import { connectOk, makeDevice, startGateway, type RawClient } from "./test-gateway.ts";

const open: MethodSpec = { role: "operator", summary: "test", params: {}, result: {} };
const watching = {
  specs: { "test.watch": open, "test.unwatch": open, "test.all": open },
  methods: {
    "test.watch": (params: unknown, ctx: { watch(key: string): void }) => ctx.watch(String((params as { key: string }).key)),
    "test.unwatch": (params: unknown, ctx: { unwatch(key: string): void }) => ctx.unwatch(String((params as { key: string }).key)),
    "test.all": (
      _params: unknown, ctx: { watchAll(events: string[]): void },
    ) => ctx.watchAll(["chat", "agent", "sessions.changed", "tick"]),
  },
};

/** Everything broadcast so far has arrived once the answer to this has. */
async function events(client: RawClient, name: string): Promise<unknown[]> {
  await client.call("health");
  return client.frames.filter((frame) => frame.event === name).map((frame) => frame.payload);
}

test("a session's events reach only those who watch it or asked for all, each with its own sequence (W.2.3)", async () => {
  await using running = await startGateway(watching);
  const [one, all, idle] = [await connectOk(running.url), await connectOk(running.url), await connectOk(running.url)];
  await one.call("test.watch", { key: "agent:main:a" });
  await all.call("test.all");
  assert.equal(running.gateway.isWatched("agent", "agent:main:b"), true);
  assert.equal(running.gateway.isWatched("session.message", "agent:main:b"), false);
  assert.equal(running.gateway.broadcast("chat", { n: 1 }, { sessionKey: "agent:main:a" }), 2);
  assert.equal(running.gateway.broadcast("chat", { n: 2 }, { sessionKey: "agent:main:b" }), 1);
  assert.equal(running.gateway.broadcast("session.message", { n: 3 }, { sessionKey: "agent:main:b" }), 0);
  assert.deepEqual(await events(one, "chat"), [{ n: 1 }]);
  assert.deepEqual(await events(all, "chat"), [{ n: 1 }, { n: 2 }]);
  assert.deepEqual(await events(idle, "chat"), []);
  assert.deepEqual(all.frames.filter((frame) => frame.event === "chat").map((frame) => frame.seq), [1, 2]);
  await one.call("test.unwatch", { key: "agent:main:a" });
  assert.equal(running.gateway.broadcast("chat", { n: 4 }, { sessionKey: "agent:main:a" }), 1);
  await all.end();
  await one.call("health");
  assert.equal(running.gateway.broadcast("chat", { n: 5 }, { sessionKey: "agent:main:a" }), 0);
  for (const client of [one, idle]) await client.end();
});

test("tool events need the capability, scopes hold for events too, nodes and unknown names get nothing "
  + "(W.3.27, W.4.12, W.4.13, W.4.14)", async () => {
  await using running = await startGateway(watching);
  const plain = await connectOk(running.url);
  const tools = await connectOk(running.url, { caps: ["tool-events"] });
  const blind = await connectOk(running.url, { scopes: ["operator.pairing"] });
  const node = await connectOk(running.url, { role: "node", clientId: "node-host", mode: "node", device: makeDevice() });
  for (const client of [plain, tools, blind]) await client.call("test.all");
  assert.equal(running.gateway.broadcast("agent", { stream: "tool" }, { sessionKey: "s" }), 1);
  assert.equal(running.gateway.broadcast("agent", { stream: "assistant" }, { sessionKey: "s" }), 2);
  assert.equal(running.gateway.broadcast("exec.approval.requested", {}), 2);
  assert.equal(running.gateway.broadcast("node.pair.requested", {}), 3);
  assert.equal(running.gateway.broadcast("health", {}, { scope: "operator.admin" }), 2);
  assert.equal(running.gateway.broadcast("made.up", {}), 0);
  assert.equal(running.gateway.broadcast("models.snapshot", {}), 0, "direct events are never broadcast");
  assert.equal(running.gateway.broadcast("heartbeat", {}), 4);
  await node.call("health");
  assert.deepEqual(node.frames.filter((frame) => frame.type === "event").map((frame) => frame.event), ["connect.challenge", "heartbeat"]);
  for (const client of [plain, tools, blind, node]) await client.end();
});

test("an event for named connections reaches them only, and its text is made once", async () => {
  await using running = await startGateway();
  const { client: one, connId } = await (async () => {
    const client = await connectOk(running.url);
    const hello = client.frames.find((frame) => frame.id === "hello")?.payload as { server: { connId: string } };
    return { client, connId: hello.server.connId };
  })();
  const other = await connectOk(running.url);
  let made = 0;
  const payload = { toJSON: () => ({ made: ++made }) };
  assert.equal(running.gateway.broadcast("config.changed", payload, { only: [connId, "nobody"] }), 1);
  assert.deepEqual(await events(other, "config.changed"), []);
  assert.equal(running.gateway.broadcast("config.changed", payload), 2);
  assert.deepEqual(await events(other, "config.changed"), [{ made: 2 }]);
  for (const client of [one, other]) await client.end();
});

test("an event that may be dropped is skipped for a socket that does not drain, but takes its number (W.1.24)", async () => {
  await using running = await startGateway({ limits: { maxBufferedBytes: 1_000_000 } });
  const deaf = await connectOk(running.url);
  const raw = (deaf.socket as unknown as { _socket: { pause(): void; resume(): void } })._socket;
  raw.pause();
  const payload = { text: "x".repeat(700_000) };
  let sent = 0;
  while (running.gateway.broadcast("config.changed", payload, { dropIfSlow: true }) === 1 && sent < 200) sent += 1;
  assert.ok(sent < 200, "it filled up");
  for (let skipped = 0; skipped < 3; skipped += 1) assert.equal(
    running.gateway.broadcast("config.changed", { n: skipped }, { dropIfSlow: true }), 0,
  );
  raw.resume();
  while (running.gateway.broadcast("chat.metadata.changed", {}, { dropIfSlow: true }) === 0) await new Promise(
    (resolve) => setTimeout(resolve, 5),
  );
  const after = await deaf.event("chat.metadata.changed");
  assert.ok((after.seq ?? 0) > sent + 4, "the gap shows in the sequence");
  await deaf.end();
});

test("presence names nodes and people's clients, and comings of one second are one event (W.3.22, W.7.1)", async () => {
  const clock = new VirtualClock();
  await using running = await startGateway({ clock });
  const watcher = await connectOk(running.url);
  const device = makeDevice();
  const page = await connectOk(running.url, { clientId: "openclaw-tui", mode: "ui", device });
  const node = await connectOk(running.url, { role: "node", clientId: "node-host", mode: "node", device: makeDevice() });
  await clock.advance(1_000);
  const list = (await watcher.call("system-presence")).payload as never as { mode: string; deviceId?: string; reason?: string }[];
  assert.deepEqual(list.map((entry) => entry.mode).sort(), ["gateway", "node", "ui"]);
  assert.deepEqual([list[0]?.mode, list[0]?.reason], ["gateway", "self"]);
  assert.equal(watcher.frames.filter((frame) => frame.event === "presence").length, 1);
  await node.end();
  await page.end();
  await watcher.call("health");
  await clock.advance(1_000);
  const newest = (await events(watcher, "presence")).at(-1) as { presence: unknown[] };
  assert.equal(newest.presence.length, 1);
  await watcher.end();
});
