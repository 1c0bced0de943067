/**
 * Pages of other sites, opened in the owner's browser: what the incidents of this class did, tried on the real program.
 *
 * The invariant: origin, host and rate limits are checked on every upgrade and every request, loopback included.
 */
import assert from "node:assert/strict";
import { request } from "node:http";
import { test, type TestContext } from "node:test";
import { connectPlain, makeDevice, openPlainClient, formatHello } from "@openclaw/testkit/plain-client";
import { openRealGateway, type RealGateway } from "@openclaw/testkit/real-gateway";

async function open(t: TestContext): Promise<RealGateway> {
  const gateway = await openRealGateway({ bare: true });
  t.after(() => gateway.dispose());
  return gateway;
}

interface Refused { readonly code: unknown; readonly message: string }

/** What the gateway says to a connect from that page; `connected` where it lets it in. */
async function tryFrom(gateway: RealGateway, origin: string, hello: Parameters<typeof formatHello>[1]): Promise<Refused | "connected"> {
  return await connectPlain(gateway.port, hello, { Origin: origin }).then((client) => {
    client.close();
    return "connected" as const;
  }, (error: Error & { readonly code?: unknown }) => ({ code: error.code, message: error.message }));
}

test("CVE-2026-25253, a page that opens a socket: no page of another site gets in, and none is handed the token "
  + "(S4.2, S4.40, W.1.21)", async (t) => {
  const gateway = await open(t);
  const device = makeDevice();
  const pages = [
    "https://evil.example", "http://localhost.evil.example", "http://127.0.0.1.nip.example", "null", "https://[::1].evil.example",
  ];
  const clients = [{ id: "openclaw-control-ui", mode: "webchat" }, { id: "cli", mode: "cli" }, { id: "webchat-ui", mode: "webchat" }];
  for (const origin of pages) {
    for (const client of clients) {
      const answer = await tryFrom(gateway, origin, { token: gateway.token, client, device });
      assert.notEqual(answer, "connected", `${origin} as ${client.id}`);
      assert.equal((answer as Refused).code, "CONTROL_UI_ORIGIN_NOT_ALLOWED", `${origin} as ${client.id}`);
    }
    const silent = await openPlainClient(gateway.port, { Origin: origin });
    assert.equal(JSON.stringify(silent.frames).includes(gateway.token), false, "what comes unasked holds no secret");
    silent.close();
  }
});

test("CVE-2026-25253, what a page can read: no answer over HTTP holds the token or is for pages of other sites (S4.40)", async (t) => {
  const gateway = await open(t);
  for (const path of ["/", "/health", "/readyz", "/control-ui-config.json", "/hooks/agent", "/v1/models", "/api/token", "/config"]) {
    const { headers, body } = await get(gateway.port, path, { Origin: "https://evil.example" });
    assert.equal(headers["access-control-allow-origin"], undefined, path);
    assert.equal(body.includes(gateway.token), false, path);
  }
});

test("ClawJacked, a page that guesses the password: it is locked out after ten, by its origin, and the owner is not "
  + "(S0.48, S4.40, W.3.32)", async (t) => {
  const gateway = await open(t);
  const page = `http://localhost:${gateway.port}`;
  const codes: unknown[] = [];
  for (let guess = 0; guess < 14; guess += 1) {
    const client = { id: "openclaw-control-ui", mode: "webchat" };
    const answer = await tryFrom(gateway, page, { token: `guess-number-${guess}`.repeat(3), client, device: makeDevice() });
    assert.notEqual(answer, "connected");
    codes.push((answer as Refused).code);
  }
  assert.deepEqual(codes.slice(0, 9), Array.from({ length: 9 }, () => "AUTH_TOKEN_MISMATCH"));
  assert.equal(codes.at(-1), "AUTH_RATE_LIMITED");
  const right = await tryFrom(gateway, page, {
    token: gateway.token, client: { id: "openclaw-control-ui", mode: "webchat" }, device: makeDevice(),
  });
  assert.equal((right as Refused).code, "AUTH_RATE_LIMITED", "the right one does not help while it is locked out");
  const owner = await connectPlain(gateway.port, { token: gateway.token });
  assert.equal((await owner.call("health") as { readonly ok: boolean }).ok, true);
  owner.close();
});

test("DNS rebinding, a name that is turned to this machine: the host header is refused on sockets and pages (S4.40, W.1.45)", async (t) => {
  const gateway = await open(t);
  for (const host of ["rebound.example", `rebound.example:${gateway.port}`, "localhost.rebound.example"]) {
    await assert.rejects(openPlainClient(gateway.port, { Host: host }), /403/);
    const { status, body } = await get(gateway.port, "/", { Host: host });
    assert.equal(status, 403);
    assert.equal(body.includes(gateway.token), false);
  }
});

interface Answer { readonly status: number; readonly headers: Readonly<Record<string, unknown>>; readonly body: string }

function get(port: number, path: string, headers: Readonly<Record<string, string>>): Promise<Answer> {
  return new Promise((resolve, reject) => {
    request({ port, host: "127.0.0.1", path, headers }, (response) => {
      const parts: Buffer[] = [];
      response.on("data", (part: Buffer) => parts.push(part));
      response.on("end", () => resolve({
        status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(parts).toString(),
      }));
    }).on("error", reject).end();
  });
}
