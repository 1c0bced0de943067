/**
 * Who says what somebody may do: the incidents in which the client did, tried on the real program.
 *
 * The invariants: every method has a scope and denies by default; authority is the server's, tokens are narrowed and never widened; a
 * revocation holds from the next frame on.
 */
import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import {
  ALL_SCOPES, connectPlain, formatHello, makeDevice, openPlainClient, type PlainClient, type PlainDevice, type PlainHello,
} from "@openclaw/testkit/plain-client";
import { openRealGateway, type RealGateway } from "@openclaw/testkit/real-gateway";

type Fields = Readonly<Record<string, unknown>>;
type Joined = PlainClient & { readonly hello: unknown };

async function open(t: TestContext) {
  const gateway = await openRealGateway({ bare: true });
  t.after(() => gateway.dispose());
  return {
    gateway,
    join: async (hello: PlainHello): Promise<Joined> => {
      const client = await connectPlain(gateway.port, hello);
      t.after(() => client.close());
      return client;
    },
  };
}

const authOf = (client: Joined): { readonly scopes: readonly string[]; readonly deviceToken?: string } =>
  (client.hello as { readonly auth: { readonly scopes: readonly string[]; readonly deviceToken?: string } }).auth;

async function codeOf(gateway: RealGateway, hello: PlainHello): Promise<unknown> {
  return await connectPlain(gateway.port, hello).then((client) => {
    client.close();
    return "connected";
  }, (error: Error & { readonly code?: unknown }) => error.code);
}

test("CVE-2026-28472, a token that is merely there: whatever stands in any field of auth, only the right value lets in "
  + "(S0.4, S4.2, W.3.30)", async (t) => {
  const { gateway } = await open(t);
  const { token } = gateway;
  const wrong = [" ", "undefined", "null", "true", "{}", `${token} `, token.slice(0, -1), `${token}\0`, "x".repeat(token.length)];
  const fields = ["token", "password", "deviceToken", "bootstrapToken", "approvalRuntimeToken", "agentRuntimeIdentityToken"];
  const attempts = [
    ...wrong.flatMap((value) => fields.map((field) => ({ [field]: value }))),
    ...[true, 1, {}, [], null, ""].map((token) => ({ token })),
  ];
  // Many at once, as many as may be waiting: each refusal is held back the longer, the more there were.
  while (attempts.length > 0) await Promise.all(attempts.splice(0, 30).map(async (auth) => {
    const client = await openPlainClient(gateway.port);
    const answer = await client.ask("connect", { ...formatHello(client.challenge, {}), auth });
    assert.equal(answer.ok, false, JSON.stringify(auth));
    client.close();
  }));
});

test("CVE-2026-28472, a device that brings any token skips nothing: its proof is checked, and so is the token "
  + "(W.3.6, W.3.30)", async (t) => {
  const { gateway } = await open(t);
  const device = makeDevice();
  const code = await codeOf(gateway, { device, deviceToken: "x".repeat(43) });
  assert.ok(["AUTH_DEVICE_TOKEN_MISMATCH", "AUTH_RATE_LIMITED"].includes(String(code)), String(code));
  const forged: PlainDevice = { ...device, key: makeDevice().key };
  assert.equal(await codeOf(gateway, { device: forged, token: gateway.token }), "DEVICE_AUTH_SIGNATURE_INVALID");
});

test("GHSA-rqpp-rjj8-7wv8, scopes a client declares: with the shared secret and no device a foreign program has none, and may call "
  + "nothing that has a scope (S4.2, W.3.16, W.4.1)", async (t) => {
  const { gateway, join } = await open(t);
  for (const client of [{ id: "test", mode: "test" }, { id: "cli", mode: "probe" }, { id: "gateway-client", mode: "cli" }]) {
    const joined = await join({ token: gateway.token, client, scopes: ALL_SCOPES });
    assert.deepEqual(authOf(joined).scopes, [], `${client.id}/${client.mode}`);
  }
  const nobody = await join({ token: gateway.token, client: { id: "test", mode: "test" }, scopes: ALL_SCOPES });
  const { methods } = (nobody.hello as { readonly features: { readonly methods: readonly string[] } }).features;
  assert.ok(methods.length > 50);
  const hidden = ["chat.inject", "sessions.get", "sessions.resolve", "sessions.steer", "sessions.usage", "device.pair.setupCode"];
  for (const method of [...methods, ...hidden]) {
    const { ok, error } = await nobody.ask(method, {});
    if (method === "health") continue;
    assert.equal(ok, false, method);
    const isDenied = error?.code === "FORBIDDEN" || /^unauthorized role: operator$|^unknown method: /.test(error?.message ?? "");
    assert.ok(isDenied, `${method}: ${JSON.stringify(error)}`);
  }
});

test("GHSA-rqpp-rjj8-7wv8, scopes that are none: what is not a scope is not granted, to devices neither (S4.2, W.3.23)", async (t) => {
  const { gateway, join } = await open(t);
  const scopes = ["operator.read", "operator.root", "*", "operator.*", "OPERATOR.ADMIN", "operator.admin "];
  const plain = await join({ token: gateway.token, scopes });
  assert.deepEqual(authOf(plain).scopes, ["operator.read"]);
  const device = makeDevice();
  const answer = await connectPlain(gateway.port, { token: gateway.token, device, scopes }).catch(() => undefined);
  if (answer !== undefined) assert.deepEqual(authOf(answer).scopes, ["operator.read"]);
  answer?.close();
});

test("GHSA-4jpw-hj22-2xmc, widening at rotation: who may pair cannot make itself or another an admin (S4.2, S4.40, W.5.8)", async (t) => {
  const { gateway, join } = await open(t);
  const [device, other] = [makeDevice(), makeDevice()];
  const pairer = await join({ token: gateway.token, device, scopes: ["operator.pairing", "operator.read"] });
  await join({ token: gateway.token, device: other, scopes: [...ALL_SCOPES] });
  for (const scopes of [["operator.admin"], ["operator.pairing", "operator.admin"], ["operator.write"], ["*"]]) {
    const own = await pairer.ask("device.token.rotate", { deviceId: device.id, role: "operator", scopes });
    assert.equal(own.ok, false, scopes.join());
  }
  for (const role of ["node", "admin"]) {
    assert.equal((await pairer.ask("device.token.rotate", { deviceId: device.id, role })).ok, false, role);
  }
  const foreign = await pairer.ask("device.token.rotate", { deviceId: other.id, role: "operator" });
  assert.equal((foreign.payload as Fields | undefined)?.["token"], undefined, "another's token is shown to nobody");
  const wider = await codeOf(gateway, { device, deviceToken: authOf(pairer).deviceToken ?? "", scopes: ["operator.admin"] });
  assert.equal(wider, "AUTH_SCOPE_MISMATCH");
});

test("GHSA-m8wm-r5vq-qjpg, a revoked token that lives on: the next frame is not served, and no token comes back to life "
  + "(S0.4, S4.2, W.1.33, W.5.7, W.5.9)", async (t) => {
  const { gateway, join } = await open(t);
  const admin = await join({ token: gateway.token });
  const device = makeDevice();
  const first = await join({ token: gateway.token, device });
  const stolen: string[] = [authOf(first).deviceToken ?? ""];
  await admin.call("device.token.revoke", { deviceId: device.id, role: "operator" });
  const late = first.ask("status").then(({ ok }) => ok, () => "closed");
  assert.equal(await late, "closed", "what is sent behind the revocation is not answered");
  assert.equal((await first.closed).code, 4001);
  assert.equal(await codeOf(gateway, { device, deviceToken: stolen[0] ?? "" }), "AUTH_DEVICE_TOKEN_MISMATCH");
  const second = await join({ token: gateway.token, device });
  stolen.push(authOf(second).deviceToken ?? "");
  await admin.call("device.pair.remove", { deviceId: device.id });
  assert.deepEqual(await second.closed, { code: 4001, reason: "device removed" });
  const third = await join({ token: gateway.token, device });
  const fresh = authOf(third).deviceToken ?? "";
  assert.ok(fresh !== "" && !stolen.includes(fresh), "the device that comes back has another token");
  third.close();
  for (const token of stolen) {
    const code = await codeOf(gateway, { device, deviceToken: token });
    assert.ok(["AUTH_DEVICE_TOKEN_MISMATCH", "AUTH_RATE_LIMITED"].includes(String(code)), String(code));
  }
});

test("a node's key opens no operator's door: a device paired as a node is refused as operator with its token (S4.2, W.4.3)", async (t) => {
  const { gateway, join } = await open(t);
  const device = makeDevice();
  const node = await join({ token: gateway.token, role: "node", device, commands: ["system.which"] });
  const token = authOf(node).deviceToken ?? "";
  assert.equal(await codeOf(gateway, { device, deviceToken: token, scopes: ["operator.read"] }), "AUTH_DEVICE_TOKEN_MISMATCH");
  const answer = await node.ask("config.get");
  assert.equal(answer.error?.message, "unauthorized role: node");
});
