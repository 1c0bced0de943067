// Who is let in by what: modes, proxies, the tailnet, setup codes. A device proves its key in all of them.
import test from "node:test";
import assert from "node:assert/strict";
import { once } from "node:events";
import { setupMethods } from "./methods/setup.ts";
import { createNetworkMatch } from "./networks.ts";
import {
  ALL_SCOPES, connect, connectOk, makeDevice, openSocket, RawClient, startGateway, TOKEN, type Device, type Frame, type TestGateway,
} from "./test-gateway.ts";
import type { AccessRules } from "./vouch.ts";

const rules = (extra: Partial<AccessRules>): AccessRules => ({
  mode: "token", isTrustedProxy: () => false, userHeader: "x-forwarded-user", allowUsers: [], ...extra,
});
const withRules = (extra: Partial<AccessRules>, more: object = {}): Promise<TestGateway> => startGateway({
  auth: { token: () => running.token, access: () => rules(extra), ...more },
}).then((gateway) => Object.assign(running, gateway) && gateway);
const running = {} as TestGateway;
const codeOf = (frame: Frame): unknown => frame.error?.details["code"];
const forwarded = (headers: Record<string, string>) => ({ headers: { "x-forwarded-for": "198.51.100.7", ...headers } });

test("the secret is taken in either field; in mode password it is called one, and refusals say so "
  + "(S4.31, S4.32, W.3.10, W.3.14)", async () => {
  await using gateway = await withRules({ mode: "password" });
  for (const auth of [{ token: TOKEN }, { password: TOKEN }]) {
    const { client, hello } = await connect(gateway.url, { auth });
    assert.equal((hello.payload as { auth: { method: string } }).auth.method, "password");
    await client.end();
  }
  for (const auth of [{ token: "wrong-wrong-wrong" }, { password: "wrong-wrong-wrong" }]) {
    assert.equal(codeOf((await connect(gateway.url, { auth })).hello), "AUTH_PASSWORD_MISMATCH");
  }
  assert.equal(codeOf((await connect(gateway.url, { auth: {}, device: makeDevice() })).hello), "AUTH_PASSWORD_MISSING");
});

test("mode none lets in this machine's own programs and nobody who was passed on (S4.41, CVE-2026-28472, W.3.14)", async () => {
  await using gateway = await withRules({ mode: "none" });
  const { client, hello } = await connect(gateway.url, { auth: {} });
  assert.deepEqual([hello.ok, (hello.payload as { auth: { method: string } }).auth.method], [true, "none"]);
  await client.end();
  const passedOn = await connect(gateway.url, { auth: {} }, forwarded({}));
  assert.equal(codeOf(passedOn.hello), "DEVICE_IDENTITY_REQUIRED");
  assert.equal(codeOf((await connect(gateway.url, { auth: {}, device: makeDevice() }, forwarded({}))).hello), "AUTH_TOKEN_MISSING");
});

test("a trusted proxy that does not say for whom gets 403 instead of an upgrade (S4.41, W.1.37)", async () => {
  await using gateway = await withRules({ isTrustedProxy: createNetworkMatch(["127.0.0.1"]) });
  for (const header of ["somebody", "", "127.0.0.1"]) {
    const client = new RawClient(gateway.url, { headers: { "x-forwarded-for": header } });
    const [, response] = (await once(client.socket, "unexpected-response")) as [unknown, { statusCode: number }];
    assert.equal(response.statusCode, 403, header);
    client.socket.terminate();
  }
});

test("the limits of guessing are the configured ones, and no longer spare this machine where it is said (S4.31)", async () => {
  await using gateway = await withRules({}, { rate: { failuresMax: 2, windowMs: 60_000, lockoutMs: 1_000, exemptLoopback: false } });
  for (let guess = 0; guess < 2; guess += 1) await connect(gateway.url, { token: `guess-${guess}` });
  const { hello } = await connect(gateway.url);
  assert.equal(codeOf(hello), "AUTH_RATE_LIMITED");
  assert.ok((hello.error?.retryAfterMs ?? 0) <= 1_000);
});

test("a trusted proxy names the person and the most they may have; without a name nobody comes in (S4.41, W.3.14, W.3.15)", async () => {
  await using gateway = await withRules({ mode: "trusted-proxy", isTrustedProxy: createNetworkMatch(["127.0.0.1"]), allowUsers: ["ada"] });
  const ada = { "x-forwarded-user": "ada", "x-openclaw-scopes": "operator.read operator.write" };
  const { client, hello } = await connect(gateway.url, { auth: {} }, forwarded(ada));
  const { auth } = hello.payload as { auth: { method: string; scopes: string[] } };
  assert.deepEqual([auth.method, auth.scopes], ["trusted-proxy", ["operator.read", "operator.write"]]);
  await client.end();
  const unnamed = await connect(gateway.url, { auth: {}, device: makeDevice() }, forwarded({}));
  assert.equal(codeOf(unnamed.hello), "AUTH_IDENTITY_HEADER_REQUIRED");
  const stranger = await connect(gateway.url, { auth: {}, device: makeDevice() }, forwarded({ "x-forwarded-user": "eve" }));
  assert.equal(codeOf(stranger.hello), "AUTH_IDENTITY_HEADER_REQUIRED");
  const secret = await connect(gateway.url, {}, forwarded({}));
  assert.equal(secret.hello.ok, false, "the shared secret is for this machine's own programs");
  const wide = await connect(gateway.url, { auth: {} }, forwarded({ "x-forwarded-user": "ada" }));
  assert.deepEqual((wide.hello.payload as { auth: { scopes: string[] } }).auth.scopes, [], "no word of the proxy about scopes: none");
});

test("a proxied device is not local: its pairing waits for a person, and its guesses lock out itself only "
  + "(S4.18, S4.41, W.1.37)", async () => {
  await using gateway = await withRules({ isTrustedProxy: createNetworkMatch(["127.0.0.1"]) });
  const waiting = await connect(gateway.url, { device: makeDevice() }, forwarded({}));
  assert.equal(codeOf(waiting.hello), "PAIRING_REQUIRED");
  assert.equal(gateway.identity.requests()[0]?.face.remoteIp, "198.51.100.7");
  for (let guess = 0; guess < 10; guess += 1) await connect(gateway.url, { token: `guess-${guess}` }, forwarded({}));
  const locked = await connect(gateway.url, {}, forwarded({}));
  assert.equal(codeOf(locked.hello), "AUTH_RATE_LIMITED");
  assert.equal((await connect(gateway.url, {}, { headers: { "x-forwarded-for": "198.51.100.8" } })).hello.ok, true, "somebody else may");
  assert.equal((await connect(gateway.url)).hello.ok, true, "this machine may");
});

test("Tailscale's headers count when the daemon of this machine confirms them, and never alone (S4.33, W.3.15)", async () => {
  const asked: string[] = [];
  const whois = async (address: string): Promise<string | undefined> => {
    asked.push(address);
    return address === "100.64.0.5" ? "Ada@example.com" : undefined;
  };
  await using gateway = await withRules({ whois });
  const from = (address: string, login: string): object => ({ headers: { "x-forwarded-for": address, "tailscale-user-login": login } });
  const { client, hello } = await connect(gateway.url, { auth: {} }, from("100.64.0.5", "ada@example.com"));
  assert.equal((hello.payload as { auth: { method: string } }).auth.method, "tailscale");
  assert.deepEqual((hello.payload as { auth: { scopes: string[] } }).auth.scopes, [], "a name without a device has no scopes");
  await client.end();
  const device = await connect(gateway.url, { auth: {}, device: makeDevice() }, from("100.64.0.5", "ada@example.com"));
  assert.equal(codeOf(device.hello), "PAIRING_REQUIRED", "browser control is paired deliberately (S4.42)");
  for (const headers of [
    from("100.64.0.5", "eve@example.com"), from("100.64.0.6", "ada@example.com"), from("127.0.0.1, 100.64.0.5", "ada@example.com"),
  ]) {
    assert.equal((await connect(gateway.url, { auth: {} }, headers)).hello.ok, false);
  }
  await using deaf = await withRules({});
  assert.equal((await connect(deaf.url, { auth: {} }, from("100.64.0.5", "ada@example.com"))).hello.ok, false, "off unless configured");
  assert.ok(asked.length >= 3);
});

test("first-time nodes of a named network come in unasked, without scopes, and only first-time nodes (S4.18, W.5.11)", async () => {
  await using gateway = await withRules(
    { isTrustedProxy: createNetworkMatch(["127.0.0.1"]) }, { isNodeNetwork: createNetworkMatch(["198.51.100.0/24"]) },
  );
  const node = makeDevice();
  const first = await connect(gateway.url, { role: "node", device: node, clientId: "node-host", mode: "node" }, forwarded({}));
  assert.equal(first.hello.ok, true);
  assert.equal(gateway.identity.device(node.id)?.approvedVia, "network");
  assert.equal(
    codeOf((await connect(gateway.url, { device: node }, forwarded({}))).hello), "PAIRING_REQUIRED", "an operator is asked about",
  );
  await gateway.identity.revoke(node.id, "node");
  const again = await connect(gateway.url, { role: "node", device: node, clientId: "node-host", mode: "node" }, forwarded({}));
  assert.equal(codeOf(again.hello), "PAIRING_REQUIRED", "what was revoked does not come back by itself");
});

test("when who may come in changes, everybody comes in anew: 4001 (S4.41)", async () => {
  await using gateway = await startGateway();
  const client = await connectOk(gateway.url);
  gateway.gateway.policyChanged();
  assert.deepEqual(await client.closed, { code: 4001, reason: "gateway policy changed" });
});

// ── setup codes ──────────────────────────────────────────────────────────────────────────────────────────────────────

interface MadeCode { setupId: string; setupCode: string; access: string; accessDowngraded?: boolean; qrDataUrl?: string; joinUrl?: string }

async function startSetup(urls = [{ url: "wss://192.168.1.2:18789", source: "lan" }]): Promise<TestGateway> {
  const late: { gateway?: TestGateway } = {};
  const lazy = {
    get identity() {
      return (late.gateway as TestGateway).identity;
    },
    addresses: () => ({ urls, tlsFingerprint: "ab".repeat(32) }), authMode: () => "token" as const,
  };
  return (late.gateway = await startGateway({
    autoApproveLocal: false,
    methods: {
      "device.pair.setupCode": (params, context) => setupMethods(lazy)["device.pair.setupCode"]?.(params, context),
      "device.pair.setupStatus": (params, context) => setupMethods(lazy)["device.pair.setupStatus"]?.(params, context),
    },
  }));
}

async function makeCode(gateway: TestGateway, params: object): Promise<{
  made: MadeCode; content: { url: string; bootstrapToken: string; tlsFingerprint?: string },
}> {
  const owner = await connectOk(gateway.url, { clientId: "cli", mode: "cli" });
  const made = (await owner.call("device.pair.setupCode", params)).payload as unknown as MadeCode;
  await owner.end();
  return { made, content: JSON.parse(Buffer.from(made.setupCode, "base64url").toString("utf8")) as never };
}

const asNode = (bootstrapToken: string, device: Device) => ({
  role: "node", clientId: "node-host", mode: "node", device, auth: { bootstrapToken }, extra: {
    caps: ["system"], commands: ["system.run"],
  },
});

test("a setup code lets one node in, once, approves what it declares, and is told to people (S4.18, W.3.13, W.5.17)", async () => {
  await using gateway = await startSetup();
  const watcher = await connectOk(gateway.url, { clientId: "cli", mode: "cli" });
  const { made, content } = await makeCode(gateway, { bootstrapProfile: "node", includeQr: true, joinUrl: true });
  assert.deepEqual([made.access, content.url, content.tlsFingerprint], ["node", "wss://192.168.1.2:18789", "ab".repeat(32)]);
  assert.match(made.qrDataUrl ?? "", /^data:image\/png;base64,/);
  assert.equal(made.joinUrl, `oc-pair://${made.setupCode}`);

  const node = makeDevice();
  const { client, hello } = await connect(gateway.url, asNode(content.bootstrapToken, node));
  assert.equal(hello.ok, true, JSON.stringify(hello.error));
  const { auth } = hello.payload as { auth: { method: string; deviceToken: string; deviceTokens?: unknown } };
  assert.deepEqual([auth.method, auth.deviceTokens], ["bootstrap-token", undefined]);
  assert.equal(gateway.attached[0]?.hello.setUp, true);
  const told = (await watcher.event("device.pair.setup.completed")).payload as { setupId: string; deviceId: string; access: string };
  assert.deepEqual([told.setupId, told.deviceId, told.access], [made.setupId, node.id, "node"]);
  const status = (
    await watcher.call("device.pair.setupStatus", { setupId: made.setupId })
  ).payload as { completion?: { deviceId: string } };
  assert.equal(status.completion?.deviceId, node.id);
  await client.end();

  for (const device of [node, makeDevice()]) {
    const again = await connect(gateway.url, asNode(content.bootstrapToken, device));
    assert.equal(codeOf(again.hello), "AUTH_BOOTSTRAP_TOKEN_INVALID", "single use");
  }
  const back = await connect(gateway.url, { ...asNode("", node), auth: { deviceToken: auth.deviceToken } });
  assert.equal(back.hello.ok, true);
  assert.equal(gateway.attached.at(-1)?.hello.setUp, false, "later it declares like any node");
});

test("what a client declares never goes beyond the code's profile (GHSA-rqpp-rjj8-7wv8)", async () => {
  await using gateway = await startSetup();
  const { content } = await makeCode(gateway, { bootstrapProfile: "limited" });
  const phone = makeDevice();
  const asked = (scopes: readonly string[]) => connect(
    gateway.url, { device: phone, auth: { bootstrapToken: content.bootstrapToken }, scopes },
  );
  assert.equal(codeOf((await asked(ALL_SCOPES)).hello), "AUTH_SCOPE_MISMATCH");
  const { hello } = await asked(["operator.read", "operator.write"]);
  const { auth } = hello.payload as { auth: { scopes: string[]; deviceTokens: { role: string; scopes: string[]; deviceToken: string }[] } };
  assert.deepEqual(auth.scopes, ["operator.read", "operator.write"]);
  assert.deepEqual(auth.deviceTokens.map(({ role, scopes }) => [role, scopes]), [["node", []]]);
  assert.equal(gateway.identity.device(phone.id)?.roles.operator?.scopes.includes("operator.admin"), false);
  assert.equal(gateway.identity.checkToken(phone.id, "node", auth.deviceTokens[0]?.deviceToken ?? ""), true);
  const { content: forNode } = await makeCode(gateway, { bootstrapProfile: "node" });
  const operator = await connect(gateway.url, { device: makeDevice(), auth: { bootstrapToken: forNode.bootstrapToken }, scopes: [] });
  assert.equal(codeOf(operator.hello), "AUTH_SCOPE_MISMATCH", "a node's code is no operator's");
});

test("a phone that comes as a node gets its operator token beside it (S4.18)", async () => {
  await using gateway = await startSetup();
  const { content } = await makeCode(gateway, { bootstrapProfile: "limited" });
  const { hello } = await connect(gateway.url, asNode(content.bootstrapToken, makeDevice()));
  const { deviceTokens } = (hello.payload as { auth: { deviceTokens: { role: string; scopes: string[] }[] } }).auth;
  assert.deepEqual(deviceTokens.map(({ role, scopes }) => [role, [...scopes].sort()]), [
    ["operator", ["operator.approvals", "operator.read", "operator.talk.secrets", "operator.write"]],
  ]);
});

test("a code for everything is not given to an address on the way to which it can be read (S4.42)", async () => {
  await using plain = await startSetup([{ url: "ws://192.168.1.2:18789", source: "lan" }]);
  const { made } = await makeCode(plain, {});
  assert.deepEqual([made.access, made.accessDowngraded], ["limited", true]);
  assert.equal((await makeCode(plain, { publicUrl: "https://gw.example" })).made.access, "full");
  await using loopback = await startSetup([{ url: "ws://127.0.0.1:18789", source: "loopback" }]);
  assert.equal((await makeCode(loopback, {})).made.access, "full");
});

test("of two devices with one code at the same moment one is let in (S4.18)", async () => {
  await using gateway = await startSetup();
  const { content } = await makeCode(gateway, { bootstrapProfile: "node" });
  const both = await Promise.all(
    [makeDevice(), makeDevice()].map((device) => connect(gateway.url, asNode(content.bootstrapToken, device))),
  );
  assert.deepEqual(both.map(({ hello }) => hello.ok).sort(), [false, true]);
  assert.equal(gateway.identity.devices().length, 1);
});

test("a setup code needs operator.admin, and a bootstrap token needs a device (CVE-2026-28472)", async () => {
  await using gateway = await startSetup();
  const small = await connectOk(gateway.url, { clientId: "cli", mode: "cli", scopes: ["operator.pairing"] });
  assert.equal((await small.call("device.pair.setupCode", {})).error?.code, "FORBIDDEN");
  const { content } = await makeCode(gateway, { bootstrapProfile: "limited" });
  const bare = await connect(gateway.url, { auth: { bootstrapToken: content.bootstrapToken } });
  assert.equal(bare.hello.ok, false);
});

test("a removed device starts nothing more: its next frame is not read (GHSA-m8wm-r5vq-qjpg)", async () => {
  await using gateway = await startGateway();
  const device = makeDevice();
  const client = await connectOk(gateway.url, { device });
  const frames = client.frames.length;
  const removed = gateway.identity.remove(device.id);
  client.send({ type: "req", id: "late", method: "health" });
  await removed;
  client.send({ type: "req", id: "later", method: "health" });
  assert.deepEqual(await client.closed, { code: 4001, reason: "device removed" });
  assert.equal(client.frames.slice(frames).some((frame) => frame.id === "later"), false);
  assert.equal(gateway.identity.device(device.id), undefined);
  await (await openSocket(gateway.url)).end();
});

test("a device that rotated its own token keeps its connection, and loses it when it is removed: 4001, and both tokens are wrong "
  + "(W.1.33, W.5.7, W.5.8)", async () => {
  await using gateway = await startGateway();
  const device = makeDevice();
  const { client, hello } = await connect(gateway.url, { device });
  const old = (hello.payload as { auth: { deviceToken: string } }).auth.deviceToken;
  const rotated = await client.call("device.token.rotate", { deviceId: device.id, role: "operator" });
  const fresh = rotated.payload?.["token"] as string;
  assert.equal(rotated.payload?.["tokenDelivery"], "in-band");
  assert.equal((await client.call("health")).ok, true, "whoever asked stays");
  await gateway.identity.remove(device.id);
  client.send({ type: "req", id: "late", method: "health" });
  assert.deepEqual(await client.closed, { code: 4001, reason: "device removed" });
  assert.equal(client.frames.some((frame) => frame.id === "late"), false);
  for (const deviceToken of [old, fresh]) {
    assert.equal(codeOf((await connect(gateway.url, { device, auth: { deviceToken } })).hello), "AUTH_DEVICE_TOKEN_MISMATCH");
  }
});
