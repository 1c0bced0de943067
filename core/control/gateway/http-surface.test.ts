import test from "node:test";
import assert from "node:assert/strict";
import { request } from "node:http";
import { once } from "node:events";
import { hasCode } from "@openclaw/protocol";
import { RawClient, startGateway } from "./test-gateway.ts";

async function get(
  port: number, path: string, headers: Record<string, string> = {}, method = "GET",
): Promise<{ status: number; headers: Record<string, unknown>; body: string }> {
  const sent = request({ host: "127.0.0.1", port, path, method, headers, agent: false });
  sent.end();
  const [response] = (await once(sent, "response")) as [import("node:http").IncomingMessage];
  let body = "";
  for await (const chunk of response) body += String(chunk);
  return { status: response.statusCode ?? 0, headers: response.headers, body };
}

test("probes answer as the wire says, also for names that are not loopback (W.9.1)", async () => {
  let failing: string[] = [];
  await using running = await startGateway({ failing: () => failing });
  const { port } = running.gateway;
  for (const path of ["/health", "/healthz?x=1"]) assert.deepEqual(
    JSON.parse((await get(port, path, { host: "monitor.example" })).body), { ok: true, status: "live" },
  );
  const ready = JSON.parse((await get(port, "/readyz")).body) as Record<string, unknown>;
  assert.deepEqual([ready["ready"], ready["failing"], typeof ready["uptimeMs"]], [true, [], "number"]);
  failing = ["local-node"];
  const not = await get(port, "/ready");
  assert.equal(not.status, 503);
  assert.deepEqual((JSON.parse(not.body) as { failing: string[] }).failing, ["local-node"]);
  assert.equal((JSON.parse((await get(port, "/startupz")).body) as { status: string }).status, "started");
  await running.gateway.drain();
  assert.equal((await get(port, "/startupz")).status, 503);
  assert.deepEqual((JSON.parse((await get(port, "/readyz")).body) as { failing: string[] }).failing, ["draining", "local-node"]);
  assert.equal((await get(port, "/healthz")).status, 200);
});

test("where the page was not built a browser is told so, in plain text and under a strict policy (W.9.2)", async () => {
  await using running = await startGateway();
  const page = await get(running.gateway.port, "/");
  assert.deepEqual([page.status, page.headers["content-type"]], [503, "text/plain; charset=utf-8"]);
  assert.match(String(page.headers["content-security-policy"]), /default-src 'none'/);
  assert.equal(page.headers["x-frame-options"], "DENY");
  assert.match(page.body, /openclaw status/);
});

test("everything else is a 404 in JSON, and only GET is for the page", async () => {
  await using running = await startGateway();
  const missing = await get(running.gateway.port, "/v1/chat/completions", {}, "POST");
  assert.equal(missing.status, 404);
  assert.deepEqual(JSON.parse(missing.body), { error: { message: "Not found", type: "not_found" } });
  assert.equal((await get(running.gateway.port, "/../../etc/passwd")).status, 404);
  assert.equal((await get(running.gateway.port, "/", {}, "POST")).status, 405);
});

test("a Host that is not this machine is refused on pages and upgrades: a rebound name gets nothing (S0.36)", async () => {
  await using running = await startGateway({ hosts: ["tunnel.example:28789"] });
  const { port } = running.gateway;
  for (const host of [
    "evil.example", `evil.example:${port}`, `127.0.0.1.evil.example`, "10.1.2.3", "desk.local", `localhost:${port}@evil`,
  ]) {
    assert.equal((await get(port, "/", { host })).status, 403, host);
    const client = new RawClient(running.url, { headers: { host } });
    const [, response] = (await once(client.socket, "unexpected-response")) as [unknown, { statusCode: number }];
    assert.equal(response.statusCode, 403, host);
    client.socket.terminate();
  }
  // The near end of a tunnel has a port of its own; a page of another port is not it.
  const page = { host: `127.0.0.1:${port + 1}`, origin: "http://127.0.0.1:9999" };
  assert.equal((await get(port, "/", page)).status, 403);
  assert.notEqual((await get(port, "/", { ...page, origin: `http://127.0.0.1:${port + 1}` })).status, 403);
  for (const host of ["localhost", `127.0.0.1:${port + 1}`, `localhost:${port}`, `[::1]:${port}`, "127.0.0.1", "tunnel.example:28789"]) {
    const client = new RawClient(running.url, { headers: { host } });
    await client.event("connect.challenge");
    await client.end();
  }
});

test("a bind beyond loopback that nobody made safe is refused, and a port in use is named (S0.35)", async () => {
  await assert.rejects(startGateway({ listen: { host: "0.0.0.0", port: 0 } }), (error) => hasCode(error, "BIND_REFUSED"));
  await using running = await startGateway();
  await assert.rejects(
    startGateway({ listen: { host: "127.0.0.1", port: running.gateway.port } }), (error) => hasCode(error, "PORT_TAKEN"),
  );
});
