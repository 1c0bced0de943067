/** Who is let in, and what a stranger costs. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { test } from "node:test";
import { Secret } from "../../../base/secret.ts";
import { connect as connectSocket, startGateway, TOKEN } from "../test-gateway.ts";
import { createNetworkMatch } from "../networks.ts";
import { ask, chat, makeDoor } from "./http-bench.testing.ts";

test("without the secret nothing is read or told; a secret in an address is refused, whatever it is "
  + "(S4.31, S4.42, W.9.3, W.9.8)", async () => {
  const { door, received } = makeDoor();
  await using running = await startGateway({ http: door });
  for (const [path, body] of [
    ["/v1/chat/completions", chat("x")], ["/v1/responses", { model: "openclaw", input: "x" }], ["/v1/models", undefined],
    ["/tools/invoke", { tool: "t" }], ["/sessions/main/history", undefined], ["/control-ui-config.json", undefined],
  ] as const) {
    // A wrong one is answered later and later: one route shows it.
    for (const token of path === "/v1/models" ? [null, "", "wrong"] : [null, ""]) {
      const answer = await ask(running, path, { body, token });
      assert.equal(answer.status, 401, path);
      assert.equal(answer.json["error"].message, "Unauthorized");
      assert.equal(answer.json["error"].type, "unauthorized");
    }
    const inQuery = await ask(running, `${path}?token=${TOKEN}`, { body });
    assert.equal(inQuery.status, 400, "a right secret at the wrong place");
    assert.ok(!inQuery.text.includes(TOKEN));
  }
  assert.deepEqual(received, []);
});

test("a page of another origin, and a name that is not this machine, get nothing from any route (S4.42)", async () => {
  const { door } = makeDoor();
  await using running = await startGateway({ http: door });
  for (const path of ["/v1/models", "/sessions/main/history", "/control-ui-config.json"]) {
    assert.equal((await ask(running, path, { headers: { origin: "https://evil.example" } })).status, 403, path);
    assert.equal((await ask(running, path, { headers: { host: "evil.example" } })).status, 403, path);
    const preflight = await ask(running, path, { method: "OPTIONS", headers: { origin: `http://127.0.0.1:${running.gateway.port}` } });
    assert.equal(preflight.status, 405);
    assert.ok(Object.keys(preflight.headers).every((name) => !name.startsWith("access-control-")), "no leave for other origins");
  }
});

test("who declares a body and dawdles loses the connection, with or without the secret (C33)", async () => {
  const { door } = makeDoor();
  await using running = await startGateway({ http: door, limits: { httpHeadersTimeoutMs: 300 } });
  for (const secret of [TOKEN, "wrong"]) {
    const socket = connect(running.gateway.port, "127.0.0.1");
    socket.on("error", () => {});
    const closed = once(socket, "close");
    const head = ["POST /v1/chat/completions HTTP/1.1", "Host: localhost", `Authorization: Bearer ${secret}`, "Content-Length: 1000"];
    socket.write(`${head.join("\r\n")}\r\n\r\n{`);
    socket.resume();
    await closed;
  }
});

test("why a gateway is not ready is told on this machine only (S4.43, W.9.1)", async () => {
  await using running = await startGateway({ failing: () => ["recovery"], eventLoop: () => ({ utilization: 0 }) });
  const here = await ask(running, "/readyz");
  assert.deepEqual([here.status, here.json["failing"], here.json["eventLoop"]], [503, ["recovery"], { utilization: 0 }]);
  const passedOn = await ask(running, "/readyz", { headers: { "x-forwarded-for": "203.0.113.9" } });
  assert.deepEqual([passedOn.status, passedOn.json], [503, { ready: false }]);
});

test("without a secret this machine is let in where the owner says so, and a proxy's person with what it grants (S4.41)", async () => {
  const { door, end } = makeDoor();
  end();
  const rules = { isTrustedProxy: () => false, userHeader: "x-user", allowUsers: ["ada"] };
  const token = (): Secret => new Secret(TOKEN);
  await using open = await startGateway({ http: door, auth: { token, access: () => ({ ...rules, mode: "none" }) } });
  assert.equal((await ask(open, "/v1/models", { token: null })).status, 200);
  const passedOn = { "x-forwarded-for": "203.0.113.9" };
  assert.equal((await ask(open, "/v1/models", { token: null, headers: passedOn })).status, 401, "passed on is not this machine");
  const access = () => ({ ...rules, mode: "trusted-proxy" as const, isTrustedProxy: (address: string) => address === "127.0.0.1" });
  await using behind = await startGateway({ http: door, auth: { token, access } });
  const as = (user: string, scopes?: string): Record<string, string> =>
    ({ ...passedOn, "x-user": user, ...(scopes === undefined ? {} : { "x-openclaw-scopes": scopes }) });
  const statusOf = async (headers: Record<string, string>, body?: unknown, bearer: string | null = null): Promise<number> => {
    const path = body === undefined ? "/v1/models" : "/v1/chat/completions";
    return (await ask(behind, path, { headers, token: bearer, ...(body === undefined ? {} : { body }) })).status;
  };
  assert.deepEqual([await statusOf(as("ada")), await statusOf(as("eve")), await statusOf({ "x-user": "ada" })], [200, 401, 401]);
  assert.deepEqual([await statusOf(as("ada", "operator.read")), await statusOf(as("ada", "operator.read"), chat("x"))], [200, 403]);
  assert.equal(await statusOf(as("ada", "operator.write"), chat("x")), 200);
  assert.equal(await statusOf(passedOn, undefined, TOKEN), 401, "the secret is for this machine's own programs there");
});

test("a page of this network's own gateway may ask; one of the visitor's own machine may not, from elsewhere (S4.42)", async () => {
  const { door } = makeDoor();
  await using running = await startGateway({ http: door });
  const elsewhere = { "x-forwarded-for": "192.168.1.9", "origin": `http://127.0.0.1:${running.gateway.port}` };
  assert.equal((await ask(running, "/v1/models", { headers: elsewhere })).status, 403);
  assert.equal((await ask(running, "/v1/models", { headers: { origin: elsewhere.origin } })).status, 200);
});

/** What somebody in between, or somebody who pretends to be, may say of where a request comes from. */
const CLAIMS: readonly Readonly<Record<string, string>>[] = [
  { "x-forwarded-for": "203.0.113.9" }, { "x-forwarded-for": "127.0.0.1" }, { "x-forwarded-for": "::1" },
  { "x-forwarded-for": "203.0.113.9, 127.0.0.1" }, { "x-forwarded-for": "127.0.0.1, 203.0.113.9" }, { "x-forwarded-for": "" },
  { "forwarded": "for=127.0.0.1" }, { "x-real-ip": "127.0.0.1" }, { "x-forwarded-host": "localhost" }, { "cf-connecting-ip": "127.0.0.1" },
  { "x-forwarded-for": "203.0.113.9", "x-user": "eve" }, { "x-forwarded-for": "203.0.113.9", "x-openclaw-scopes": "operator.admin" },
];

test("the shared secret counts over plain HTTP exactly where it counts over WebSocket, whatever the headers claim "
  + "(S4.31, S4.41, W.3.14, W.3.15)", async () => {
  const { door, end } = makeDoor();
  end();
  for (const mode of ["token", "password", "none", "trusted-proxy"] as const) for (const proxies of [[], ["127.0.0.1"]]) {
    const access = () => ({ mode, isTrustedProxy: createNetworkMatch(proxies), userHeader: "x-user", allowUsers: ["ada"] });
    const rate = { failuresMax: 1_000, windowMs: 60_000, lockoutMs: 1_000, exemptLoopback: false };
    await using running = await startGateway({ http: door, auth: { token: () => new Secret(TOKEN), access, rate } });
    for (const headers of [{}, ...CLAIMS]) {
      const overHttp = (await ask(running, "/v1/models", { headers })).status === 200;
      const overSocket = await connectSocket(running.url, { token: TOKEN }, { headers }).then(
        async ({ client, hello }) => {
          await client.end();
          return hello.ok === true;
        }, () => false, // not even upgraded
      );
      const what = `${mode}, proxies [${proxies.join()}], ${JSON.stringify(headers)}`;
      assert.equal(overHttp, overSocket, what);
      const isOwn = Object.keys(headers).length === 0;
      if (mode === "none" || mode === "trusted-proxy") assert.equal(overHttp, isOwn, what);
      else if (proxies.length === 0) assert.equal(overHttp, true, what);
    }
  }
});
