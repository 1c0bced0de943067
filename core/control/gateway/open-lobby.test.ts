// Whoever comes while the gateway starts, and what becomes of the port when it is there.
import assert from "node:assert/strict";
import { createServer } from "node:net";
import { once } from "node:events";
import { test } from "node:test";
import { hasCode } from "@openclaw/protocol";
import { systemClock } from "../../base/clock.ts";
import { systemIds } from "../../base/ids.ts";
import { openLobby, type Lobby, type LobbyDeps } from "./open-lobby.ts";
import { connect, connectOk, openSocket, RawClient, startGateway } from "./test-gateway.ts";

const log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

function open(more: Partial<LobbyDeps> = {}): Promise<Lobby> {
  return openLobby({
    clock: systemClock, ids: systemIds, log, version: "1", startedAtMs: systemClock.now(), listen: { host: "127.0.0.1", port: 0 }, ...more,
  });
}

test("a connect before the gateway is there is told to come back, in the documented words, with 1013 (W.1.46, W.3.34)", async () => {
  await using lobby = await open();
  for (const role of ["operator", "node"]) {
    const { client, hello } = await connect(`ws://127.0.0.1:${lobby.port}`, { role });
    assert.deepEqual(hello.error, {
      code: "UNAVAILABLE", message: "gateway starting; retry shortly", retryable: true, retryAfterMs: 500,
      details: { reason: "startup-sidecars", code: "GATEWAY_STARTING", next: "Retry shortly." },
    });
    assert.deepEqual(await client.closed, { code: 1013, reason: "gateway starting" });
  }
});

test("what is no connect is refused as ever, and whoever may not come in at all is not told that it starts (W.1.27, W.3.2)", async () => {
  await using lobby = await open();
  const url = `ws://127.0.0.1:${lobby.port}`;
  const other = await openSocket(url);
  assert.equal((await other.call("health")).error?.code, "INVALID_REQUEST");
  assert.equal((await other.closed).code, 1008);
  const garbage = await openSocket(url);
  garbage.send("{");
  assert.deepEqual(await garbage.closed, { code: 1000, reason: "" });
  const foreign = new RawClient(url, { headers: { host: "evil.example" } });
  await once(foreign.socket, "error").catch(() => undefined);
  assert.equal((await foreign.closed).code, 1006);
  const { hello } = await connect(url, { extra: { minProtocol: 9, maxProtocol: 9 } });
  assert.equal(hello.error?.message, "protocol mismatch");
});

test("probes say that it lives, that it is not ready, and that it starts; all else waits (W.9.1)", async () => {
  await using lobby = await open();
  const get = async (path: string): Promise<readonly [number, Readonly<Record<string, unknown>>]> => {
    const answer = await fetch(`http://127.0.0.1:${lobby.port}${path}`);
    return [answer.status, (await answer.json()) as Readonly<Record<string, unknown>>];
  };
  assert.deepEqual(await get("/healthz"), [200, { ok: true, status: "live" }]);
  const [ready, { failing }] = await get("/readyz");
  assert.deepEqual([ready, failing], [503, ["startup-sidecars"]]);
  const [startup, { ok, status, version }] = await get("/startupz");
  assert.deepEqual([startup, ok, status, version], [503, false, "starting", "1"]);
  assert.deepEqual(await get("/v1/models"), [503, { error: { message: "The gateway is starting.", type: "starting" } }]);
});

test("the gateway takes the port over: nobody finds it closed, and who stood in the lobby is answered (W.3.34)", async () => {
  const lobby = await open();
  const url = `ws://127.0.0.1:${lobby.port}`;
  const before = await openSocket(url);
  const running = await startGateway({ opened: async () => lobby.take() });
  assert.equal(running.gateway.port, lobby.port);
  const { hello } = await answered(before);
  assert.equal(hello.error?.message, "gateway starting; retry shortly");
  const client = await connectOk(url);
  assert.equal((await client.call("health")).ok, true);
  const silent = new RawClient(url);
  await silent.event("connect.challenge");
  await lobby[Symbol.asyncDispose]();
  assert.equal((await client.call("health")).ok, true, "the port is the gateway's now");
  await running[Symbol.asyncDispose]();
  assert.deepEqual(await client.closed, { code: 1012, reason: "service restart" });
  await assert.rejects(fetch(`http://127.0.0.1:${lobby.port}/healthz`));

  async function answered(stood: RawClient): Promise<{ readonly hello: Awaited<ReturnType<typeof connect>>["hello"] }> {
    stood.send({
      type: "req", id: "hello", method: "connect",
      params: { minProtocol: 4, maxProtocol: 4, client: { id: "cli", mode: "cli", version: "1", platform: "Linux" } },
    });
    const one = await stood.until((frame) => frame.id === "hello");
    assert.equal((await stood.closed).code, 1013);
    return { hello: one };
  }
});

test("a lobby that nobody takes over is closed with who stands in it; a port that is taken is said to be", async () => {
  const lobby = await open();
  const waiting = await openSocket(`ws://127.0.0.1:${lobby.port}`);
  await lobby[Symbol.asyncDispose]();
  assert.deepEqual(await waiting.closed, { code: 1012, reason: "service restart" });
  await assert.rejects(fetch(`http://127.0.0.1:${lobby.port}/healthz`));
  const other = createServer().listen(0, "127.0.0.1");
  await once(other, "listening");
  const { port } = other.address() as { readonly port: number };
  await assert.rejects(open({ listen: { host: "127.0.0.1", port } }), (error) => hasCode(error, "PORT_TAKEN"));
  other.close();
});
