/** The control page of the real program: the link it prints lets one browser in, once, and as a device of its own. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ALL_SCOPES, connectPlain, makeDevice } from "@openclaw/testkit/plain-client";
import { openRealGateway } from "@openclaw/testkit/real-gateway";

const LINK = /http:\/\/127\.0\.0\.1:\d+\/#pair=[\w-]{16,}/;
const BROWSER = { id: "openclaw-control-ui", mode: "webchat" };

test("the printed link brings the page, and lets one browser in, once: it is a device then that the owner can end "
  + "(S0.36, S4.28, S4.29)", async (t) => {
  const gateway = await openRealGateway({ bare: true });
  t.after(() => gateway.dispose());
  for (let tries = 0; !LINK.test(gateway.output()) && tries < 500; tries += 1) await new Promise((resolve) => setTimeout(resolve, 20));
  const link = new URL(LINK.exec(gateway.output())?.[0] ?? "");
  const token = link.hash.slice("#pair=".length);
  const page = await fetch(new URL("/", link), { headers: { accept: "text/html" } });
  const html = await page.text();
  assert.equal(page.status, 200, "npm start and npm test build the page before");
  assert.deepEqual([html.includes(gateway.token), html.includes(token), html.includes('id="draft"')], [false, false, true]);

  const device = makeDevice();
  const origin = { origin: link.origin };
  const first = await connectPlain(gateway.port, { device, client: BROWSER, bootstrapToken: token, scopes: [...ALL_SCOPES] }, origin);
  const { deviceToken, scopes } = (first.hello as { auth: { deviceToken: string; scopes: readonly string[] } }).auth;
  assert.ok(scopes.includes("operator.admin"));
  const again = { device: makeDevice(), client: BROWSER, bootstrapToken: token, scopes: [...ALL_SCOPES] };
  await assert.rejects(connectPlain(gateway.port, again, origin), "a link is used once");
  await assert.rejects(connectPlain(gateway.port, { device: makeDevice(), client: BROWSER, deviceToken, scopes: [...ALL_SCOPES] }, origin),
    "the token without the key is worth nothing");

  await gateway.kill();
  await gateway.start();
  const back = await connectPlain(gateway.port, { device, client: BROWSER, deviceToken, scopes: [...ALL_SCOPES] }, origin);
  assert.equal((await gateway.cli(["devices", "remove", device.id, "--yes"])).code, 0);
  await back.closed;
  await assert.rejects(connectPlain(gateway.port, { device, client: BROWSER, deviceToken, scopes: [...ALL_SCOPES] }, origin));
});
