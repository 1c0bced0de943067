/** What every frame, id, version and greeting is, whatever it is about. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ERRORS, OpenClawError, TEXT_INCREMENTS_CAP, type ErrorCode, type MethodSpec } from "@openclaw/protocol";
import { VirtualClock } from "../../../testkit/virtual-clock.ts";
import { connect, connectOk, makeDevice, openSocket, startGateway } from "./test-gateway.ts";

const open: MethodSpec = { role: "any", summary: "test", params: {}, result: {} };
/** The only codes at the top of an error. */
const CODES = ["NOT_LINKED", "NOT_PAIRED", "AGENT_TIMEOUT", "INVALID_REQUEST", "FORBIDDEN", "APPROVAL_NOT_FOUND", "UNAVAILABLE"];

test("a response carries its request's id, whatever text that is, ok, and a payload or an error; params may be left out "
  + "(W.2.2, W.2.5, W.2.6)", async () => {
  await using running = await startGateway({ specs: { "test.echo": open }, methods: { "test.echo": (params) => params } });
  const client = await connectOk(running.url);
  for (const id of ["a", "7:3f2c", " ", "ключ", "a\"b\\c\n", "x".repeat(256)]) {
    client.send({ type: "req", id, method: "test.echo", params: { id } });
    assert.deepEqual(await client.until((frame) => frame.id === id), { type: "res", id, ok: true, payload: { id } });
  }
  client.send({ type: "req", id: "bare", method: "test.echo" });
  assert.deepEqual(await client.until((frame) => frame.id === "bare"), { type: "res", id: "bare", ok: true, payload: {} });
  const { payload: _, ...refused } = await client.call("no.such");
  assert.deepEqual(Object.keys(refused).sort(), ["error", "id", "ok", "type"]);
  await client.end();
});

test("every error of the program leaves with one of seven codes and a message, and says whether to try again (W.2.4)", async () => {
  await using running = await startGateway({
    specs: { "test.fail": open },
    methods: {
      "test.fail": (params) => {
        throw new OpenClawError((params as { readonly code: ErrorCode }).code, { retryAfterMs: 5 });
      },
    },
  });
  const client = await connectOk(running.url);
  for (const code of Object.keys(ERRORS) as ErrorCode[]) {
    const { error } = await client.call("test.fail", { code });
    assert.ok(CODES.includes(error?.code ?? ""), `${code} leaves as ${error?.code}`);
    assert.ok((error?.message ?? "") !== "", code);
    assert.equal(error?.retryable ?? false, ERRORS[code].retry === "later", code);
    const known = ["code", "details", "message", "retryAfterMs", "retryable"];
    assert.deepEqual(Object.keys(error ?? {}).filter((name) => !known.includes(name)), [], code);
  }
  await client.end();
});

test("no event comes before hello-ok; after it each has its number, and no profile where there are none "
  + "(W.2.3, W.2.13, W.2.14)", async () => {
  await using running = await startGateway();
  const waiting = await openSocket(running.url);
  const client = await connectOk(running.url);
  for (const n of [1, 2]) running.gateway.broadcast("config.changed", { n });
  await client.call("health");
  assert.deepEqual(waiting.frames.map(({ event }) => event), ["connect.challenge"]);
  assert.deepEqual(client.frames.filter(({ event }) => event === "config.changed"), [
    { type: "event", event: "config.changed", payload: { n: 1 }, seq: 1 },
    { type: "event", event: "config.changed", payload: { n: 2 }, seq: 2 },
  ]);
  for (const one of [waiting, client]) await one.end();
});

test("whoever's range of versions holds 4 is let in, a probe's may touch 3 and a node's be 3; hello-ok says 4 "
  + "(W.2.17, W.2.18)", async () => {
  await using running = await startGateway();
  const node = { role: "node", clientId: "node-host", mode: "node" };
  const cases: readonly (readonly [object, number, number, boolean])[] = [
    [{}, 4, 4, true], [{}, 3, 4, true], [{}, 1, 9, true], [{}, 3, 3, false], [{}, 5, 5, false],
    [{ clientId: "cli", mode: "probe" }, 3, 4, true], [{ clientId: "cli", mode: "probe" }, 3, 3, true],
    [{ clientId: "cli", mode: "probe" }, 2, 2, false],
    [node, 4, 4, true], [node, 3, 3, true], [node, 2, 3, false],
  ];
  for (const [who, minProtocol, maxProtocol, ok] of cases) {
    const device = "role" in who ? { device: makeDevice() } : {};
    const { client, hello } = await connect(running.url, { ...who, ...device, extra: { minProtocol, maxProtocol } });
    assert.equal(hello.ok, ok, JSON.stringify([who, minProtocol, maxProtocol]));
    if (ok) assert.equal(hello.payload?.["protocol"], 4);
    await client.end();
  }
});

test("each connection is challenged with a nonce of its own and the time, a whole number (W.3.1)", async () => {
  await using running = await startGateway();
  const nonces = new Set<unknown>();
  for (let count = 0; count < 3; count += 1) {
    const client = await openSocket(running.url);
    const { payload } = await client.event("connect.challenge");
    assert.match(String(payload?.["nonce"]), /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    assert.ok(Number.isInteger(payload?.["ts"]));
    nonces.add(payload?.["nonce"]);
    await client.end();
  }
  assert.equal(nonces.size, 3);
});

test("hello-ok names what clients may switch on, each once, and text in increments among it (W.3.29)", async () => {
  await using running = await startGateway();
  const { client, hello } = await connect(running.url);
  const { capabilities } = hello.payload?.["features"] as { readonly capabilities: readonly string[] };
  assert.ok(capabilities.includes(TEXT_INCREMENTS_CAP));
  assert.equal(new Set(capabilities).size, capabilities.length);
  await client.end();
});

test("a page has to name its origin: one of this machine or one the owner named, and no other (W.1.22, W.1.23)", async () => {
  await using running = await startGateway({ origins: ["https://desk.example"] });
  const page = { clientId: "openclaw-control-ui", mode: "webchat", device: makeDevice() };
  const local = `http://localhost:${running.gateway.port}`;
  const cases: readonly (readonly [string | undefined, string | undefined])[] = [
    [undefined, "origin missing or invalid"], ["null", "origin missing or invalid"], ["https://evil.example", "origin not allowed"],
    ["https://desk.example.evil.example", "origin not allowed"], ["https://desk.example", undefined], [local, undefined],
  ];
  for (const [origin, reason] of cases) {
    const { client, hello } = await connect(running.url, page, origin === undefined ? {} : { origin });
    assert.equal(hello.error?.details["reason"], reason, origin);
    assert.equal(hello.ok, reason === undefined, origin);
    if (reason === undefined) await client.end();
    else assert.equal((await client.closed).code, 1008);
  }
});

test("a device of this machine that is paired silently is told to who may pair (W.5.2, W.7.5)", async () => {
  await using running = await startGateway();
  const operator = await connectOk(running.url);
  const device = makeDevice();
  const client = await connectOk(running.url, { device, scopes: ["operator.read"] });
  const { payload } = await operator.event("device.pair.resolved");
  assert.deepEqual([payload?.["deviceId"], payload?.["decision"]], [device.id, "approved"]);
  for (const one of [operator, client]) await one.end();
});

test("health is told every minute with the version of both states, and presence too (W.7.1, W.7.2)", async () => {
  const clock = new VirtualClock();
  await using running = await startGateway({ clock });
  const client = await connectOk(running.url);
  const page = await connectOk(running.url, { clientId: "openclaw-tui", mode: "ui", device: makeDevice() });
  for (let second = 0; second < 60; second += 1) {
    await clock.advance(1_000);
    await client.call("health");
  }
  const [presence, health] = [await client.event("presence"), await client.event("health")] as unknown as { stateVersion: unknown }[];
  assert.deepEqual(presence?.stateVersion, { presence: 1, health: 0 });
  assert.deepEqual(health?.stateVersion, { presence: 1, health: 1 });
  for (const one of [client, page]) await one.end();
});
