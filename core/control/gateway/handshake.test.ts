import test from "node:test";
import assert from "node:assert/strict";
import { Secret } from "../../base/secret.ts";
import { VirtualClock } from "../../../testkit/virtual-clock.ts";
import { ALL_SCOPES, connect, connectFrame, connectOk, makeDevice, openSocket, startGateway, TOKEN } from "./test-gateway.ts";

test("an own program with the shared token gets hello-ok with every required field and nothing a strict client does not know "
  + "(W.1.11, W.1.12, W.3.19, W.3.21, W.3.23, W.3.33)", async () => {
  await using running = await startGateway();
  const { client, hello } = await connect(running.url);
  const payload = hello.payload as never as { type: string; protocol: number; server: Record<string, unknown>; features: {
    methods: string[]; events: string[];
  }; snapshot: Record<string, unknown>; auth: { scopes: string[]; role: string; method: string }; policy: unknown };
  assert.equal(payload.type, "hello-ok");
  assert.equal(payload.protocol, 4);
  assert.deepEqual(Object.keys(payload).sort(), ["auth", "features", "policy", "protocol", "server", "snapshot", "type"]);
  assert.equal("buildId" in payload.server, false);
  assert.match(String(payload.server["connId"]), /^[0-9a-f-]{36}$/);
  assert.deepEqual(payload.auth, { role: "operator", scopes: ALL_SCOPES, method: "token" });
  assert.deepEqual(payload.policy, { maxPayload: 26_214_400, maxBufferedBytes: 52_428_800, tickIntervalMs: 30_000 });
  assert.ok(payload.features.methods.includes("health"));
  assert.ok(!payload.features.methods.includes("chat.send"), "a method without a handler is not advertised");
  assert.equal(payload.snapshot["stateDir"], "/state");
  await client.end();
});

test("configuration and state paths are told to operator.admin only (W.3.21)", async () => {
  await using running = await startGateway();
  const { client, hello } = await connect(running.url, { scopes: ["operator.read"] });
  const { snapshot } = hello.payload as never as { snapshot: Record<string, unknown> };
  assert.equal("stateDir" in snapshot || "configPath" in snapshot || "authMode" in snapshot, false);
  await client.end();
});

test("the shared token is also accepted as password, and a wrong one is refused with its reason (W.3.10, W.3.30)", async () => {
  await using running = await startGateway();
  const good = await connect(running.url, { auth: { password: TOKEN } });
  assert.equal(good.hello.ok, true);
  await good.client.end();
  const bad = await connect(running.url, { token: "wrong" });
  assert.equal(bad.hello.error?.code, "INVALID_REQUEST");
  assert.equal(bad.hello.error?.details["code"], "AUTH_TOKEN_MISMATCH");
  assert.equal(bad.hello.error?.details["authReason"], "token_mismatch");
  assert.equal((await bad.client.closed).code, 1008);
});

test("no credential and no device is NOT_PAIRED with DEVICE_IDENTITY_REQUIRED (W.3.18)", async () => {
  await using running = await startGateway();
  const { client, hello } = await connect(running.url, { auth: {} });
  assert.equal(hello.error?.code, "NOT_PAIRED");
  assert.equal(hello.error?.details["code"], "DEVICE_IDENTITY_REQUIRED");
  await client.closed;
});

test("a node without a device, and an operator page without one, are refused (W.3.17, W.3.18)", async () => {
  await using running = await startGateway();
  const node = await connect(running.url, { role: "node", clientId: "node-host", mode: "node" });
  assert.equal(node.hello.error?.details["code"], "DEVICE_IDENTITY_REQUIRED");
  const page = await connect(running.url, { clientId: "openclaw-tui", mode: "ui" });
  assert.equal(page.hello.error?.details["code"], "CONTROL_UI_DEVICE_IDENTITY_REQUIRED");
});

test("a client without a device that is not one of the owner's own programs keeps no scope it asks for (W.2.15, W.3.16)", async () => {
  await using running = await startGateway();
  const client = await connectOk(running.url, { clientId: "cli", mode: "probe", extra: { minProtocol: 3 } });
  const status = await client.call("status", {});
  assert.equal(status.error?.code, "FORBIDDEN");
  assert.equal(status.error?.message, "missing scope: operator.read");
  assert.deepEqual(
    [status.error?.details["code"], status.error?.details["missingScope"], status.error?.details["requiredScopes"]],
    ["MISSING_SCOPE", "operator.read", ["operator.read"]],
  );
  assert.equal((await client.call("health")).ok, true, "health needs no scope");
  await client.end();
});

test("first frames that are not connect are refused and closed (W.1.27, W.1.29, W.3.2)", async () => {
  await using running = await startGateway();
  const junk = await openSocket(running.url);
  junk.send("not json");
  assert.deepEqual(await junk.closed, { code: 1000, reason: "" });
  const early = await openSocket(running.url);
  early.send({ type: "req", id: "7", method: "health" });
  assert.equal((await early.until((frame) => frame.id === "7")).error?.code, "INVALID_REQUEST");
  assert.equal((await early.closed).code, 1008);
  const shapeless = await openSocket(running.url);
  shapeless.send({ type: "hello" });
  assert.match((await shapeless.until((frame) => frame.id === "invalid")).error?.message ?? "", /^invalid request frame: /);
  assert.equal((await shapeless.closed).code, 1008);
});

test("bad connect params, an unknown client id and an unknown role are named (W.3.3, W.3.4, W.3.5)", async () => {
  await using running = await startGateway();
  const strange = await connect(running.url, { extra: { foo: 1 } });
  assert.equal(strange.hello.error?.message, "invalid connect params: at root: unexpected property 'foo'");
  assert.equal((await strange.client.closed).code, 1008);
  const unknown = await connect(running.url, { clientId: "somebody" });
  assert.match(unknown.hello.error?.message ?? "", /^invalid connect params: at \/client\/id: /);
  const role = await connect(running.url, { role: "king" });
  assert.equal(role.hello.error?.message, "invalid role");
});

test("protocol ranges that do not meet close with 1002, and say what is expected (W.1.28, W.2.19)", async () => {
  await using running = await startGateway();
  const { client, hello } = await connect(running.url, { extra: { minProtocol: 5, maxProtocol: 6 } });
  assert.equal(hello.error?.message, "protocol mismatch");
  assert.deepEqual(
    [
      hello.error?.details["code"], hello.error?.details["clientMinProtocol"], hello.error?.details["expectedProtocol"],
      hello.error?.details["minimumProbeProtocol"],
    ],
    ["PROTOCOL_MISMATCH", 5, 4, 3],
  );
  assert.deepEqual(await client.closed, { code: 1002, reason: "protocol mismatch" });
  const old = await connect(running.url, { extra: { minProtocol: 3, maxProtocol: 3 } });
  assert.equal(old.hello.error?.details["code"], "PROTOCOL_MISMATCH");
});

test("a device on this machine with the shared token is paired silently and comes back with its device token "
  + "(W.3.11, W.3.24)", async () => {
  await using running = await startGateway();
  const device = makeDevice();
  const first = await connect(running.url, { device, deviceFamily: " Linux " });
  const auth = first.hello.payload?.["auth"] as { deviceToken: string; scopes: string[] };
  assert.match(auth.deviceToken, /^[A-Za-z0-9_-]{43}$/);
  await first.client.end();
  for (const how of [{ auth: { deviceToken: auth.deviceToken } }, { auth: { token: auth.deviceToken } }]) {
    const again = await connect(running.url, { device, ...how });
    assert.equal(again.hello.ok, true);
    assert.equal((again.hello.payload?.["auth"] as { method: string; deviceToken: string }).method, "device-token");
    assert.equal((again.hello.payload?.["auth"] as { deviceToken: string }).deviceToken, auth.deviceToken, "stable until rotated");
    await again.client.end();
  }
});

test("version 2 of the device proof is accepted too (W.3.7)", async () => {
  await using running = await startGateway();
  const { client, hello } = await connect(running.url, { device: makeDevice(), version: 2 });
  assert.equal(hello.ok, true);
  await client.end();
});

test("a device token does not widen: more scopes are AUTH_SCOPE_MISMATCH, another role does not fit (W.3.12)", async () => {
  await using running = await startGateway();
  const device = makeDevice();
  const first = await connect(running.url, { device, scopes: ["operator.read"] });
  const { deviceToken } = first.hello.payload?.["auth"] as { deviceToken: string };
  const wider = await connect(running.url, { device, scopes: ["operator.admin"], auth: { deviceToken } });
  assert.equal(wider.hello.error?.details["code"], "AUTH_SCOPE_MISMATCH");
  const node = await connect(running.url, { device, role: "node", clientId: "node-host", mode: "node", auth: { deviceToken } });
  assert.equal(node.hello.error?.details["code"], "AUTH_DEVICE_TOKEN_MISMATCH");
  assert.deepEqual(running.identity.requests(), []);
});

test("a nonce of another connection, a skewed clock, a foreign key and a tampered signature are each refused with their code "
  + "(W.3.6, W.3.8, W.3.9)", async () => {
  await using running = await startGateway();
  const device = makeDevice();
  const earlier = await openSocket(running.url);
  const stolen = (await earlier.event("connect.challenge")).payload as { nonce: string; ts: number };
  const codes: unknown[] = [];
  for (const options of [
    { device, nonce: stolen.nonce },
    { device, signedAt: Date.now() - 121_000 },
    { device, signedAt: Date.now() + 125_000 },
    { device: { ...device, id: makeDevice().id } },
    { device: { ...device, key: makeDevice().key } },
    { device: { ...device, publicKey: "AAAA" } },
    { device, nonce: "" },
  ]) {
    const { hello, client } = await connect(running.url, options);
    codes.push(hello.error?.details["code"]);
    assert.equal(hello.error?.code, "NOT_PAIRED");
    assert.equal((await client.closed).code, 1008);
  }
  assert.deepEqual(codes, [
    "DEVICE_AUTH_NONCE_MISMATCH", "DEVICE_AUTH_SIGNATURE_EXPIRED", "DEVICE_AUTH_SIGNATURE_EXPIRED", "DEVICE_AUTH_DEVICE_ID_MISMATCH",
    "DEVICE_AUTH_SIGNATURE_INVALID", "DEVICE_AUTH_PUBLIC_KEY_INVALID", "DEVICE_AUTH_NONCE_REQUIRED",
  ]);
  await earlier.end();
});

test("scopes added after signing break the signature (W.3.7)", async () => {
  await using running = await startGateway();
  const { hello } = await connect(running.url, { device: makeDevice(), scopes: ["operator.read"], extra: {} });
  assert.equal(hello.ok, true);
  const client = await openSocket(running.url);
  const challenge = (await client.event("connect.challenge")).payload as { nonce: string; ts: number };
  const frame = connectFrame(challenge, { device: makeDevice(), scopes: ["operator.read"] });
  frame.params["scopes"] = ["operator.admin"];
  client.send(frame);
  assert.equal((await client.until((one) => one.id === "hello")).error?.details["code"], "DEVICE_AUTH_SIGNATURE_INVALID");
});

test("without silent approval a device waits, an operator approves it, and then it connects (W.3.31, W.5.1, W.5.3, W.5.5)", async () => {
  await using running = await startGateway({ autoApproveLocal: false });
  const operator = await connectOk(running.url);
  const device = makeDevice();
  const refused = await connect(running.url, { device, scopes: ["operator.read"] });
  const { error } = refused.hello;
  assert.equal(error?.code, "NOT_PAIRED");
  assert.equal(error?.message, "pairing required: device is not approved yet");
  assert.equal(error?.details["code"], "PAIRING_REQUIRED");
  assert.equal(error?.details["reason"], "not-paired");
  const requestId = String(error?.details["requestId"]);
  assert.deepEqual(
    await refused.client.closed, { code: 1008, reason: `pairing required: device is not approved yet (requestId: ${requestId})` },
  );
  assert.equal((await operator.event("device.pair.requested")).payload?.["requestId"], requestId);

  const approved = await operator.call("device.pair.approve", { requestId });
  assert.equal(approved.ok, true);
  assert.equal((await operator.event("device.pair.resolved")).payload?.["decision"], "approved");
  const now = await connect(running.url, { device, scopes: ["operator.read"] });
  assert.equal(now.hello.ok, true);

  const upgrade = await connect(running.url, { device, scopes: ["operator.admin"] });
  assert.equal(upgrade.hello.error?.details["reason"], "scope-upgrade");
  const role = await connect(running.url, { device, role: "node", clientId: "node-host", mode: "node" });
  assert.equal(role.hello.error?.details["reason"], "role-upgrade");
  await operator.end();
});

test("who does not administer approves no node, and hears the same of a request that is not there (W.5.19)", async () => {
  await using running = await startGateway({ autoApproveLocal: false });
  const device = makeDevice();
  const node = await connect(running.url, { device, role: "node", clientId: "node-host", mode: "node" });
  const requestId = String(node.hello.error?.details["requestId"]);
  const pairing = await connectOk(running.url, { scopes: ["operator.pairing"] });
  for (const id of [requestId, "no-such-request"]) {
    const { error } = await pairing.call("device.pair.approve", { requestId: id });
    assert.deepEqual([error?.code, error?.message], ["INVALID_REQUEST", "device pairing approval denied"], id);
  }
  const admin = await connectOk(running.url, { scopes: ["operator.admin"] });
  assert.equal((await admin.call("device.pair.approve", { requestId: "no-such-request" })).error?.message, "unknown requestId");
  assert.equal((await admin.call("device.pair.approve", { requestId })).ok, true);
  for (const client of [pairing, admin]) await client.end();
});

test("a page of a foreign origin is refused on loopback too, with and without the right token (S0.36, W.1.21)", async () => {
  await using running = await startGateway({ origins: ["https://allowed.example"] });
  for (const origin of ["https://evil.example", "http://127.0.0.1.evil.example", "null"]) {
    const { client, hello } = await connect(running.url, {}, { origin });
    assert.equal(hello.error?.code, "INVALID_REQUEST");
    assert.equal(hello.error?.details["code"], "CONTROL_UI_ORIGIN_NOT_ALLOWED");
    assert.equal(hello.error?.details["reason"], origin === "null" ? "origin missing or invalid" : "origin not allowed");
    assert.equal((await client.closed).code, 1008);
  }
  for (const origin of ["http://localhost:3000", "https://allowed.example"]) {
    const { client, hello } = await connect(running.url, {}, { origin });
    assert.equal(hello.ok, true);
    assert.deepEqual((hello.payload?.["auth"] as { scopes: string[] }).scopes, [], "a page is not one of the owner's own programs");
    await client.end();
  }
  const noOrigin = await connect(running.url, { clientId: "openclaw-control-ui", mode: "webchat", device: makeDevice() });
  assert.equal(noOrigin.hello.error?.details["reason"], "origin missing or invalid");
});

test("a page from this machine that is not the gateway's own is not paired silently", async () => {
  await using running = await startGateway();
  const { hello } = await connect(running.url, { device: makeDevice() }, { origin: "http://localhost:3000" });
  assert.equal(hello.error?.details["code"], "PAIRING_REQUIRED");
  const own = await connect(
    running.url, { device: makeDevice(), clientId: "openclaw-control-ui", mode: "webchat" }, { origin: running.url.replace("ws", "http") },
  );
  assert.equal(own.hello.ok, true);
  await own.client.end();
});

test("failures from a page lock its origin out, and wrong tokens of own programs are answered later and later (W.3.32)", async () => {
  const clock = new VirtualClock();
  await using running = await startGateway({ clock });
  const origin = "http://localhost:3000";
  for (let attempt = 0; attempt < 10; attempt += 1) {
    const { hello } = await connect(running.url, { token: "guess" }, { origin });
    assert.equal(hello.error?.details["code"], "AUTH_TOKEN_MISMATCH");
  }
  const locked = await connect(running.url, { token: TOKEN }, { origin });
  assert.equal(locked.hello.error?.details["code"], "AUTH_RATE_LIMITED");
  assert.equal(locked.hello.error?.retryable, true);
  assert.equal(locked.hello.error?.retryAfterMs, 300_000);
  const own = await connectOk(running.url);
  await own.end();

  const slow = await openSocket(running.url);
  slow.send(connectFrame((await slow.event("connect.challenge")).payload as never, { token: "guess" }));
  await new Promise((resolve) => setTimeout(resolve, 30));
  await clock.advance(249);
  assert.equal(slow.frames.length, 1, "nothing yet but the challenge");
  await clock.advance(1);
  assert.equal((await slow.until((frame) => frame.id === "hello")).ok, false);
  await clock.advance(300_000);
  const open = await connect(running.url, { token: TOKEN }, { origin });
  assert.equal(open.hello.ok, true);
});

test("a rotated shared token ends the connections of the old one at their next frame, and lets nobody in with it (W.1.33)", async () => {
  await using running = await startGateway();
  const client = await connectOk(running.url);
  const device = await connectOk(running.url, { device: makeDevice() });
  running.token = new Secret("another-token");
  client.send({ type: "req", id: "x", method: "health" });
  assert.deepEqual(await client.closed, { code: 4001, reason: "gateway auth changed" });
  running.gateway.authChanged();
  assert.deepEqual(await device.closed, { code: 4001, reason: "gateway auth changed" });
  const late = await connect(running.url, { token: TOKEN });
  assert.equal(late.hello.error?.details["code"], "AUTH_TOKEN_MISMATCH");
});

test("whoever does not say hello in time is closed with 1000, and whoever floods the handshake with 1008 (W.1.14, W.1.17)", async () => {
  const clock = new VirtualClock();
  await using running = await startGateway({ clock });
  const silent = await openSocket(running.url);
  await clock.advance(16_000);
  assert.deepEqual(await silent.closed, { code: 1000, reason: "" });
  const flood = await openSocket(running.url);
  const frame = JSON.stringify({ type: "req", id: "f", method: "health" });
  const challenge = (await flood.event("connect.challenge")).payload as { nonce: string; ts: number };
  flood.socket.send(JSON.stringify(connectFrame(challenge, { token: "guess" })));
  for (let sent = 0; sent < 16; sent += 1) flood.socket.send(frame);
  assert.deepEqual(await flood.closed, { code: 1008, reason: "too many pending handshake frames" });
});

test("frames sent behind connect are answered after hello (W.1.17)", async () => {
  await using running = await startGateway();
  const client = await openSocket(running.url);
  client.send(connectFrame((await client.event("connect.challenge")).payload as never, { device: makeDevice() }));
  client.send({ type: "req", id: "after", method: "health" });
  await client.until((frame) => frame.id === "after");
  assert.deepEqual(client.frames.filter((frame) => frame.type === "res").map((frame) => frame.id), ["hello", "after"]);
  await client.end();
});
