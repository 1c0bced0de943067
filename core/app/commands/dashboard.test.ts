import assert from "node:assert/strict";
import { test } from "node:test";
import { openclaw } from "./run-openclaw.testing.ts";
import { openScriptedGateway } from "./scripted-gateway.testing.ts";

const URL_ONCE = "http://127.0.0.1:18789/#pair=abcdefghijklmnop";

test("dashboard prints the link alone on stdout, asks for admin and nothing more, and says on the side how long it opens", async () => {
  await using gateway = await openScriptedGateway({ "dashboard.link": () => ({ url: URL_ONCE, expiresAtMs: Date.now() + 600_000 }) });
  const environment = { OPENCLAW_GATEWAY_PORT: String(gateway.port), OPENCLAW_STATE_DIR: "/nonexistent" };
  const said = await openclaw(["dashboard"], environment);
  assert.deepEqual([said.code, said.stdout], [0, `${URL_ONCE}\n`]);
  assert.match(said.stderr, /Opens once, within 10 min\./);
  assert.deepEqual(gateway.requests.map(({ method, scopes }) => [method, scopes]), [["dashboard.link", ["operator.admin"]]]);
  const json = await openclaw(["dashboard", "--json"], environment);
  assert.equal((JSON.parse(json.stdout) as { url: string }).url, URL_ONCE);
  assert.equal(json.stderr, "");
});
