/** What a hostile or broken client may send: each gets its answer or its end, the gateway stays up, and others are served. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { request as httpRequest } from "node:http";
import { connect as connectTcp } from "node:net";
import { test, type TestContext } from "node:test";
import {
  ALL_SCOPES, connectPlain, formatHello, makeDevice, openPlainClient, type PlainFrame, type PlainHello,
} from "@openclaw/testkit/plain-client";
import { openRealGateway, type RealGateway } from "@openclaw/testkit/real-gateway";

async function open(t: TestContext): Promise<RealGateway> {
  const gateway = await openRealGateway({ config: { logging: { level: "debug" } }, bare: true });
  t.after(() => gateway.dispose());
  return gateway;
}

/** Another client, connected before, is answered after: in the same process, on the same connection. */
async function isServed(gateway: RealGateway, attack: () => Promise<void>): Promise<void> {
  const bystander = await connectPlain(gateway.port, { token: gateway.token });
  const { pid } = gateway;
  await attack();
  assert.equal((await bystander.call("health") as { ok: boolean }).ok, true);
  bystander.close();
  const fresh = await connectPlain(gateway.port, { token: gateway.token });
  fresh.close();
  assert.equal(gateway.pid, pid);
}

/** Says hello in a way that must not work; gives the refusal's code. */
async function refusedHello(
  gateway: RealGateway, change: PlainHello, params?: (hello: Readonly<Record<string, unknown>>) => unknown,
): Promise<string> {
  const client = await openPlainClient(gateway.port);
  const hello = formatHello(client.challenge, { token: gateway.token, ...change });
  const answer = await client.ask("connect", params === undefined ? hello : params(hello));
  assert.equal(answer.ok, false, JSON.stringify(answer.payload));
  await client.closed;
  return codeOf(answer);
}

function codeOf(answer: PlainFrame): string {
  return String(answer.error?.details?.["code"] ?? answer.error?.code);
}

test("frames that are no requests, methods that do not exist and parameters that do not fit are refused one by one "
  + "(S0.19, S4.2)", async (t) => {
  const gateway = await open(t);
  await isServed(gateway, async () => {
    const client = await connectPlain(gateway.port, { token: gateway.token });
    const wrong: readonly (readonly [string, unknown, string])[] = [
      ["no.such.method", {}, "METHOD_UNKNOWN"],
      ["__proto__", {}, "METHOD_UNKNOWN"],
      ["constructor", {}, "METHOD_UNKNOWN"],
      ["connect", {}, "FRAME_INVALID"],
      ["chat.send", { sessionKey: 7, message: "x", idempotencyKey: "k" }, "PARAMS_INVALID"],
      ["chat.send", { sessionKey: "main", message: "x" }, "PARAMS_INVALID"],
      ["chat.send", { sessionKey: "main", message: "x", idempotencyKey: "k", unknown: 1 }, "PARAMS_INVALID"],
      ["chat.send", "not an object", "PARAMS_INVALID"],
      ["chat.send", { sessionKey: "agent:../../etc:x", message: "x", idempotencyKey: "k" }, "SESSION_KEY_INVALID"],
      ["chat.send", { sessionKey: "main", message: "x".repeat(300_000), idempotencyKey: "k" }, "MESSAGE_TOO_LARGE"],
      ["chat.history", { sessionKey: "main", limit: -1 }, "PARAMS_INVALID"],
      ["node.invoke", { nodeId: "nobody", command: "system.run", idempotencyKey: "k" }, "PAIRING_CHANGED"],
      ["exec.approval.resolve", { id: "none", decision: "allow-once" }, "APPROVAL_NOT_FOUND"],
      ["node.invoke.result", { id: "x", nodeId: "y", ok: true }, "ROLE_UNAUTHORIZED"],
    ];
    for (const [method, params, code] of wrong) {
      assert.equal(codeOf(await client.ask(method, params)), code, `${method} ${JSON.stringify(params).slice(0, 80)}`);
    }
    const noRequests = [
      "[]", "null", "7", '"text"', "{}", '{"type":"req"}', '{"type":"req","id":"","method":"health"}', '{"type":"event","event":"tick"}',
      '{"type":"req","id":"a","method":"health","more":1}',
    ];
    for (const raw of noRequests) {
      const before = client.frames.length;
      client.sendRaw(raw);
      await client.until((frame) => client.frames.indexOf(frame) >= before && frame.type === "res" && codeOf(frame) === "FRAME_INVALID");
    }
    for (const raw of ["{ not json", new Uint8Array([0, 1, 2, 255]), "[".repeat(1_000_000)]) client.sendRaw(raw);
    assert.equal(
      (await client.call("health") as { ok: boolean }).ok, true, "what cannot be parsed at all is left out; the connection goes on",
    );
    const { lines } = await client.call("logs.tail", {}) as { lines: string[] };
    assert.ok(lines.some((line) => line.includes("frame.ignored")), "and stands in the log");
    client.close();
  });
});

test("a frame that is too large, binary, or comes before hello ends its connection only (S0.19)", async (t) => {
  const gateway = await open(t);
  await isServed(gateway, async () => {
    const early = await openPlainClient(gateway.port);
    early.sendRaw(JSON.stringify({ type: "req", id: "1", method: "health" }));
    assert.equal((await early.closed).code, 1008);
    const large = await openPlainClient(gateway.port);
    large.sendRaw("x".repeat(100_000));
    assert.equal((await large.closed).code, 1009, "before hello a frame has 64 KiB");
    const huge = await connectPlain(gateway.port, { token: gateway.token });
    huge.sendRaw(`{"type":"req","id":"1","method":"health","params":{"x":"${"y".repeat(27_000_000)}"}}`);
    assert.equal((await huge.closed).code, 1009, "after it, what the policy says");
    const garbled = await openPlainClient(gateway.port);
    garbled.sendRaw("{ not json");
    assert.equal((await garbled.closed).code, 1000, "before hello there is nobody to answer");
    const cut = connectTcp(gateway.port, "127.0.0.1");
    const upgrade = [
      "GET / HTTP/1.1", "Host: 127.0.0.1", "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13",
      "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==", "", "\xff\xff\xff\xff\xff",
    ];
    cut.write(upgrade.join("\r\n"), "latin1");
    await new Promise((resolve) => cut.once("close", resolve).on("error", () => undefined).resume());
  });
});

test("whoever claims another role, an old proof, another clock or more than was approved is refused with the reason "
  + "(S0.4, S0.43, S0.48, S3.3)", async (t) => {
  const gateway = await open(t);
  await isServed(gateway, async () => {
    const device = makeDevice();
    assert.equal(await refusedHello(gateway, { role: "emperor" }), "ROLE_UNAUTHORIZED");
    assert.equal(await refusedHello(gateway, { token: "wrong".repeat(10) }), "AUTH_TOKEN_MISMATCH");
    assert.equal(await refusedHello(gateway, {}, (hello) => ({ ...hello, minProtocol: 98, maxProtocol: 99 })), "PROTOCOL_MISMATCH");
    assert.equal(await refusedHello(gateway, {}, (hello) => ({ ...hello, isAdmin: true })), "PARAMS_INVALID");
    assert.equal(await refusedHello(gateway, { role: "node" }), "DEVICE_IDENTITY_REQUIRED", "the shared token alone makes no node");
    assert.equal(await refusedHello(gateway, { device, signedAt: Date.now() - 3_600_000 }), "DEVICE_AUTH_SIGNATURE_EXPIRED");
    assert.equal(await refusedHello(gateway, { device, signedAt: Date.now() + 3_600_000 }), "DEVICE_AUTH_SIGNATURE_EXPIRED");
    const first = await openPlainClient(gateway.port);
    const heard = first.challenge.nonce;
    first.close();
    assert.equal(
      await refusedHello(gateway, { device, nonce: heard }), "DEVICE_AUTH_NONCE_MISMATCH", "a proof heard elsewhere opens nothing",
    );
    const other = makeDevice();
    assert.equal(await refusedHello(gateway, { device: { ...device, id: other.id } }), "DEVICE_AUTH_DEVICE_ID_MISMATCH");
    assert.equal(await refusedHello(gateway, { device: { ...device, key: other.key } }), "DEVICE_AUTH_SIGNATURE_INVALID");
    const tampered = (hello: Readonly<Record<string, unknown>>): unknown => ({ ...hello, scopes: [...ALL_SCOPES] });
    assert.equal(
      await refusedHello(gateway, { device, scopes: ["operator.read"] }, tampered), "DEVICE_AUTH_SIGNATURE_INVALID",
      "scopes are part of what was signed",
    );

    const narrow = await connectPlain(gateway.port, { token: gateway.token, device, scopes: ["operator.read"] });
    const { deviceToken } = (narrow.hello as { auth: { deviceToken: string } }).auth;
    narrow.close();
    await narrow.closed;
    assert.match(
      await refusedHello(gateway, { device, token: undefined as never, deviceToken, scopes: [...ALL_SCOPES] }, withoutToken),
      /^(AUTH_SCOPE_MISMATCH|PAIRING_REQUIRED)$/, "its own token buys no more than was approved",
    );
    assert.match(
      await refusedHello(gateway, { device: other, token: undefined as never, deviceToken }, withoutToken), /^AUTH_/,
      "and is of no use to another device",
    );
  });
});

function withoutToken(hello: Readonly<Record<string, unknown>>): unknown {
  const { auth, ...rest } = hello as { readonly auth: { readonly deviceToken: string } };
  return { ...rest, auth: { deviceToken: auth.deviceToken } };
}

test("pages of other sites and rebound names are turned away at the upgrade, on loopback too (S4.2, S4.40)", async (t) => {
  const gateway = await open(t);
  await isServed(gateway, async () => {
    const hosts = [
      "evil.example", `evil.example:${gateway.port}`, "127.0.0.1.evil.example", `localhost.evil.example:${gateway.port}`, "0.0.0.0",
      "[::ffff:8.8.8.8]",
    ];
    for (const host of hosts) {
      await assert.rejects(openPlainClient(gateway.port, { Host: host }), /40[03]|421/, host);
      assert.notEqual(await statusOf(gateway.port, "/", host), 200, `the page itself is not served under ${host}`);
    }
    for (const origin of ["https://evil.example", "null", "http://127.0.0.1.evil.example", "file://", "chrome-extension://abc"]) {
      const refused = await connectPlain(gateway.port, { token: gateway.token }, { Origin: origin })
        .then(() => "connected", (error: Error) => error.message);
      assert.match(refused, /origin|40[03]/i, origin);
    }
    const own = await connectPlain(gateway.port, { token: gateway.token }, { Host: `localhost:${gateway.port}` });
    own.close();
  });
});

test("two thousand calls at once are answered or refused one by one, and another client is served meanwhile (S0.19)", async (t) => {
  const gateway = await open(t);
  const flood = await connectPlain(gateway.port, { token: gateway.token });
  const bystander = await connectPlain(gateway.port, { token: gateway.token });
  t.after(() => [flood, bystander].forEach((client) => client.close()));
  const ask = (): readonly Promise<PlainFrame>[] => Array.from({ length: 1_000 }, () => flood.ask("sessions.list"));
  // In the middle: whoever is slow here, half of them come behind it.
  const [first, asking, rest] = [ask(), bystander.call("health"), ask()];
  const asked = [...first, ...rest];
  const health = await asking as { readonly ok: boolean; readonly ts: number };
  assert.equal(health.ok, true);
  const answers = await Promise.all(asked);
  const refused = answers.filter(({ ok }) => ok !== true);
  assert.equal(answers.length, 2_000);
  assert.ok(refused.every((answer) => codeOf(answer) === "BACKPRESSURE" && answer.error?.retryable === true), JSON.stringify(refused[0]));
  assert.ok(answers.length - refused.length >= 256);
  // By the gateway's own clock: when what it said is read here says nothing of it.
  const lastMs = Math.max(...answers.map(({ payload }) => (payload as { readonly ts?: number } | undefined)?.ts ?? 0));
  assert.ok(health.ts <= lastMs, "the other client's call did not wait for all two thousand");
});

test("a client that never reads is let go before it costs much memory, however much it asks for, and whoever reads goes on "
  + "(S0.7, S0.19)", async (t) => {
  const gateway = await open(t);
  const deaf = await connectPlain(gateway.port, { token: gateway.token });
  const bystander = await connectPlain(gateway.port, { token: gateway.token });
  t.after(() => [deaf, bystander].forEach((client) => client.close()));
  for (let sent = 0; sent < 5; sent += 1) {
    await bystander.call("chat.send", { sessionKey: "main", message: `hi ${"long ".repeat(40_000)}`, idempotencyKey: `long-${sent}` });
  }
  await bystander.call("agent.wait", { runId: "long-4", timeoutMs: 20_000 });
  const before = await residentBytes(gateway.pid);
  deaf.stopReading();
  // Each answer has a megabyte, so half a gigabyte is asked for.
  for (let sent = 0; sent < 500; sent += 1) {
    deaf.sendRaw(JSON.stringify({ type: "req", id: `d${sent}`, method: "chat.history", params: { sessionKey: "main", limit: 1_000 } }));
  }
  for (let turn = 0; turn < 200; turn += 1) assert.equal((await bystander.call("health") as { ok: boolean }).ok, true);
  const isLetGo = async (): Promise<boolean> =>
    (await bystander.call("logs.tail", {}) as { lines: string[] }).lines.some((line) => line.includes("connection.slow"));
  while (!(await isLetGo()));
  const grown = (await residentBytes(gateway.pid)) - before;
  assert.ok(grown < 160 * MIB, `${Math.round(grown / MIB)} MiB for one client that does not read`);
});

test("wrong tokens are slowed down and locked out, and whoever has the right one is not (S0.4, S0.48)", async (t) => {
  const gateway = await open(t);
  await isServed(gateway, async () => {
    const codes = await Promise.all(
      Array.from(
        { length: 16 }, (_, at) => refusedHello(gateway, { token: `guess-${at}`.repeat(6) }).catch((error: Error) => error.message),
      ),
    );
    assert.ok(codes.includes("AUTH_TOKEN_MISMATCH"));
    assert.ok(
      codes.every((code) => ["AUTH_TOKEN_MISMATCH", "AUTH_RATE_LIMITED"].includes(code) || /closed|socket/.test(code)), codes.join(),
    );
  });
});

const MIB = 1_048_576;

async function residentBytes(pid: number): Promise<number> {
  return Number(/VmRSS:\s+(\d+) kB/.exec(await readFile(`/proc/${pid}/status`, "utf8"))?.[1] ?? Number.NaN) * 1_024;
}

function statusOf(port: number, path: string, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    httpRequest({ port, host: "127.0.0.1", path, headers: { Host: host } }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    }).on("error", reject).end();
  });
}
