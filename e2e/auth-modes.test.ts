// The ways of proving oneself, each on the real program: who comes in, what a wrong or missing secret hears, and what guessing costs.
import test, { type TestContext } from "node:test";
import assert from "node:assert/strict";
import { networkInterfaces } from "node:os";
import {
  connectPlain, formatHello, makeDevice, openPlainClient, type PlainClient, type PlainFrame, type PlainHello,
} from "../testkit/plain-client.ts";
import { openRealGateway, type RealGateway } from "../testkit/real-gateway.ts";
import { needs } from "../testkit/skip.ts";

type Mode = "token" | "password" | "none" | "trusted-proxy";
type Headers = Readonly<Record<string, string>>;

const ATTEMPTS_MAX = 5;
const LOCKOUT_MS = 60_000;
const PASSWORD = "a password of some length";
const HTTP = { endpoints: { chatCompletions: { enabled: true } } };

async function open(t: TestContext, mode: Mode, further: object = {}): Promise<RealGateway> {
  const rateLimit = { maxAttempts: ATTEMPTS_MAX, lockoutMs: LOCKOUT_MS, exemptLoopback: false };
  const trusted = mode === "trusted-proxy" ? { trustedProxies: ["127.0.0.1"] } : {};
  const gateway = await openRealGateway({
    config: { gateway: { auth: { mode, rateLimit }, ...trusted, ...further } }, ...(mode === "password" ? { password: PASSWORD } : {}),
  });
  t.after(() => gateway.dispose());
  return gateway;
}

interface Refusal {
  readonly wire: string;
  readonly code: unknown;
  readonly reason: unknown;
  readonly next: unknown;
  readonly frame: PlainFrame;
}

/** What it is told, once it was closed as documented: 1008, with the message as the reason. */
async function refusalOf(gateway: RealGateway, hello: PlainHello, headers: Headers = {}): Promise<Refusal> {
  const client = await openPlainClient(gateway.port, headers);
  const frame = await client.ask("connect", formatHello(client.challenge, hello));
  assert.equal(frame.ok, false, "it was let in");
  assert.deepEqual(await client.closed, { code: 1008, reason: frame.error?.message });
  const { code, authReason, recommendedNextStep } = frame.error?.details ?? {};
  return { wire: frame.error?.code ?? "", code, reason: authReason, next: recommendedNextStep, frame };
}

const shown = ({ wire, code, reason, next }: Refusal): readonly unknown[] => [wire, code, reason, next];
const authOf = (client: PlainClient & { readonly hello: unknown }) =>
  (client.hello as { readonly auth: { readonly method: string; readonly scopes: readonly string[]; readonly deviceToken?: string } }).auth;

/** Guesses until it is locked out; the right secret is then no better. */
async function isLockedOut(gateway: RealGateway, wrong: PlainHello, right: PlainHello, headers: Headers = {}): Promise<void> {
  let last: Refusal | undefined;
  for (let guess = 0; guess <= ATTEMPTS_MAX && last?.code !== "AUTH_RATE_LIMITED"; guess += 1) {
    last = await refusalOf(gateway, wrong, headers);
  }
  assert.deepEqual(shown(last as Refusal), ["INVALID_REQUEST", "AUTH_RATE_LIMITED", "rate_limited", "wait_then_retry"]);
  const error = last?.frame.error as { readonly retryable?: boolean; readonly retryAfterMs?: number };
  assert.equal(error.retryable, true);
  assert.ok((error.retryAfterMs ?? 0) > 0 && (error.retryAfterMs ?? 0) <= LOCKOUT_MS);
  assert.equal((await refusalOf(gateway, right, headers)).code, "AUTH_RATE_LIMITED");
}

for (const mode of ["token", "password"] as const) {
  const word = mode.toUpperCase();
  test(`mode ${mode}: our command line, our node and a foreign client come in with the secret in either field, and hear what to mend `
    + "without it (S4.31, S4.32, W.1.29, W.3.10, W.3.14, W.3.30, W.3.32)", async (t) => {
    const gateway = await open(t, mode);
    const secret = gateway.token;
    assert.equal((await gateway.cli(["health"])).code, 0);
    assert.match((await gateway.cli(["nodes", "list", "--json"])).stdout, /"connected": true/, "the local node needs no secret");
    const device = makeDevice();
    const paired = await connectPlain(gateway.port, { [mode]: secret, device });
    assert.equal(authOf(paired).method, mode);
    paired.close();
    const other = await connectPlain(gateway.port, mode === "token" ? { password: secret } : { token: secret });
    assert.equal(authOf(other).method, mode, "either field");
    other.close();

    const wrong = await refusalOf(gateway, { [mode]: "wrong" });
    assert.deepEqual(shown(wrong), ["INVALID_REQUEST", `AUTH_${word}_MISMATCH`, `${mode}_mismatch`, "update_auth_credentials"]);
    const missing = await refusalOf(gateway, { device });
    assert.deepEqual(shown(missing), ["INVALID_REQUEST", `AUTH_${word}_MISSING`, `${mode}_missing`, "update_auth_configuration"]);
    assert.deepEqual(shown(await refusalOf(gateway, {})).slice(0, 2), ["NOT_PAIRED", "DEVICE_IDENTITY_REQUIRED"]);
    if (mode === "token") {
      const hinted = await refusalOf(gateway, { token: "wrong", device });
      assert.equal(hinted.next, "retry_with_device_token");
      assert.equal(hinted.frame.error?.details?.["canRetryWithDeviceToken"], true);
    }
    (await connectPlain(gateway.port, { token: secret })).close(); // whoever comes in has not guessed
    const said = await gateway.cli(["health", "--token", "wrong", "--json"]);
    assert.equal(said.code, 77);
    assert.match(said.stdout, new RegExp(`AUTH_${word}_MISMATCH`));

    await isLockedOut(gateway, { [mode]: "wrong" }, { [mode]: secret });
    assert.match((await gateway.cli(["health", "--json"])).stdout, /AUTH_RATE_LIMITED/, "the owner asked for it: exemptLoopback is off");
    const { deviceToken = "" } = authOf(paired);
    const back = await connectPlain(gateway.port, { deviceToken, device });
    assert.equal(authOf(back).method, "device-token", "kinds of credentials are counted apart");
    back.close();
  });
}

test("mode none: this machine's programs need nothing, a wrong secret harms nobody, and who was passed on is a stranger "
  + "(S4.41, W.3.14)", async (t) => {
  const gateway = await open(t, "none");
  assert.equal((await gateway.cli(["health"])).code, 0);
  for (const hello of [{}, { token: "wrong" }]) {
    const client = await connectPlain(gateway.port, { ...hello, client: { id: "cli", mode: "cli" }, scopes: ["operator.read"] });
    assert.deepEqual([authOf(client).method, authOf(client).scopes], ["none", ["operator.read"]]);
    client.close();
  }
  const passedOn = { "x-forwarded-for": "127.0.0.1" };
  assert.equal((await refusalOf(gateway, { device: makeDevice() }, passedOn)).code, "AUTH_TOKEN_MISSING");
  assert.equal((await refusalOf(gateway, { token: gateway.token }, passedOn)).code, "AUTH_TOKEN_MISMATCH");
  await isLockedOut(gateway, { token: "wrong" }, { token: gateway.token }, passedOn);
  assert.equal((await gateway.cli(["health"])).code, 0, "and locks out nobody but itself");
});

test("mode trusted-proxy: whom the proxy names comes in with what it grants; the secret is for this machine's own programs, over HTTP too "
  + "(S4.41, W.3.14, W.3.15)", async (t) => {
  const gateway = await open(t, "trusted-proxy", { http: HTTP });
  assert.equal((await gateway.cli(["health"])).code, 0);
  const proxied = { "x-forwarded-for": "198.51.100.7" };
  const ada = { ...proxied, "x-forwarded-user": "ada", "x-openclaw-scopes": "operator.read" };
  const client = await connectPlain(gateway.port, { scopes: ["operator.read", "operator.write"] }, ada);
  assert.deepEqual([authOf(client).method, authOf(client).scopes], ["trusted-proxy", ["operator.read"]]);
  client.close();
  const unnamed = await refusalOf(gateway, { device: makeDevice() }, proxied);
  assert.deepEqual(shown(unnamed), [
    "INVALID_REQUEST", "AUTH_IDENTITY_HEADER_REQUIRED", "identity_header_required", "review_auth_configuration",
  ]);
  assert.equal((await refusalOf(gateway, { token: gateway.token }, proxied)).code, "AUTH_TOKEN_MISMATCH");
  const models = async (headers: Headers): Promise<number> =>
    (await fetch(`http://127.0.0.1:${gateway.port}/v1/models`, { headers })).status;
  const bearer = { authorization: `Bearer ${gateway.token}` };
  assert.deepEqual([await models(bearer), await models({ ...bearer, ...proxied }), await models(ada)], [200, 401, 200]);
  await isLockedOut(gateway, { token: "wrong" }, { token: gateway.token }, proxied);
  assert.equal((await models({ ...bearer, ...proxied })), 429, "guesses over WebSocket count over HTTP");
});

const outside = Object.values(networkInterfaces()).flatMap((faces) => faces ?? []).find(
  ({ family, internal }) => family === "IPv4" && !internal,
)?.address ?? "";

test("mode trusted-proxy, from an address that is no proxy: the right secret opens neither WebSocket nor HTTP, whatever the headers claim "
  + "(S4.41, W.3.15)", needs("address-beside-loopback"), async (t) => {
  const plain = { enabled: false, plainBeyondLoopback: true };
  const gateway = await open(t, "trusted-proxy", { bind: "custom", customBindHost: outside, tls: plain, http: HTTP });
  for (const claim of [{}, { "x-forwarded-for": "127.0.0.1", "x-forwarded-user": "ada" }]) {
    const headers = { authorization: `Bearer ${gateway.token}`, ...claim };
    assert.equal((await fetch(`http://${outside}:${gateway.port}/v1/models`, { headers })).status, 401);
    const client = await openPlainClient({ url: `ws://${outside}:${gateway.port}` }, claim);
    const answer = await client.ask("connect", formatHello(client.challenge, { token: gateway.token, device: makeDevice() }));
    assert.equal(answer.error?.details?.["code"], "AUTH_TOKEN_MISMATCH");
    client.close();
  }
});
