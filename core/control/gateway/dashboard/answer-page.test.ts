// The way in, over real HTTP: a link, its cookie, and what both refuse. Time is virtual.
import test from "node:test";
import assert from "node:assert/strict";
import { request, type IncomingHttpHeaders } from "node:http";
import { once } from "node:events";
import { VirtualClock } from "@openclaw/testkit/virtual-clock";
import { connectOk, QUIET, startGateway, TOKEN, type TestGateway } from "../test-gateway.ts";

interface Answer { readonly status: number; readonly headers: IncomingHttpHeaders; readonly body: string }

async function get(target: string, headers: Record<string, string> = {}, method = "GET"): Promise<Answer> {
  const sent = request(target, { method, headers, agent: false });
  sent.end();
  const [response] = (await once(sent, "response")) as [import("node:http").IncomingMessage];
  let body = "";
  for await (const chunk of response) body += String(chunk);
  return { status: response.statusCode ?? 0, headers: response.headers, body };
}

function addressOf({ gateway }: TestGateway): string {
  return `http://127.0.0.1:${gateway.port}/`;
}

function cookieOf(answer: Answer): string {
  return answer.headers["set-cookie"]?.[0]?.split(";", 1)[0] ?? "";
}

const NOW_PAGE = /Nothing waits for you/;
const SMALL_PAGE = /A gateway runs here/;

test("a link opens once: it buys a cookie, leaves the address bar, and the cookie shows what runs (S0.36)", async () => {
  await using running = await startGateway();
  const { url } = running.gateway.dashboardLink();
  assert.match(url, new RegExp(`^${addressOf(running)}\\?once=[\\w-]{32}$`));
  const opened = await get(url);
  assert.equal(opened.status, 303);
  assert.equal(opened.headers.location, "/");
  assert.equal(opened.headers["cache-control"], "no-store");
  assert.match(opened.headers["set-cookie"]?.[0] ?? "", /^openclaw-\d+=[\w-]{32}; Path=\/; HttpOnly; SameSite=Strict; Max-Age=43200$/);
  const cookie = cookieOf(opened);
  const page = await get(addressOf(running), { cookie: `other=1; ${cookie}` });
  assert.equal(page.status, 200);
  assert.match(page.body, NOW_PAGE);
  assert.match(String(page.headers["content-security-policy"]), /^default-src 'none'; style-src 'sha256-/);
  assert.equal(page.headers["cache-control"], "no-store");
  for (const secret of [TOKEN, url.slice(-32), cookie.slice(-32)]) assert.equal(page.body.includes(secret), false);

  const again = await get(url);
  assert.equal(again.status, 403);
  assert.match(again.body, /used before, or is older than ten minutes\. For a new one, in a terminal: <code>openclaw dashboard</);
  assert.equal(again.headers["set-cookie"], undefined);
  assert.equal((await get(url, { cookie })).status, 303, "the browser that used it goes on to what it may see");
});

test("without a cookie, or with a wrong one, nothing of a session is shown", async () => {
  await using running = await startGateway();
  const address = addressOf(running);
  const name = `openclaw-${running.gateway.port}`;
  for (const cookie of [undefined, `${name}=`, `${name}=${"a".repeat(32)}`, "openclaw-1=x", `${name}x=${TOKEN}`]) {
    const page = await get(address, cookie === undefined ? {} : { cookie });
    assert.equal(page.status, 200);
    assert.match(page.body, SMALL_PAGE);
    assert.doesNotMatch(page.body, /\/state|demo|http-equiv/);
  }
  const fromAfar = await get(address, { "sec-fetch-site": "cross-site" });
  assert.match(fromAfar.body, /http-equiv="refresh" content="1"/, "a strict cookie comes with the second request only");
  const { url } = running.gateway.dashboardLink();
  const cookie = cookieOf(await get(url));
  const both = await get(address, { cookie: `${name}=stranger; ${cookie}` });
  assert.match(both.body, NOW_PAGE, "a cookie of that name set by another port does not hide ours");
});

test("a link is over after ten minutes and a cookie after twelve hours", async () => {
  const clock = new VirtualClock();
  await using running = await startGateway({ clock });
  const [late, used] = [running.gateway.dashboardLink(), running.gateway.dashboardLink()];
  assert.equal(late.expiresAtMs - clock.now(), 600_000);
  await clock.advance(599_999);
  const cookie = cookieOf(await get(used.url));
  await clock.advance(1);
  assert.equal((await get(late.url)).status, 403);
  assert.match((await get(addressOf(running), { cookie })).body, NOW_PAGE);
  await clock.advance(43_200_000 - 1);
  assert.match((await get(addressOf(running), { cookie })).body, SMALL_PAGE);
});

test("links and views are bounded in number, and end when the gateway's token changes", async () => {
  await using running = await startGateway();
  const links = Array.from({ length: 33 }, () => running.gateway.dashboardLink().url);
  assert.equal((await get(links[0] ?? "")).status, 403, "the oldest made room");
  const oldest = cookieOf(await get(links[32] ?? ""));
  for (let count = 1; count < 65; count += 1) await get(running.gateway.dashboardLink().url);
  assert.match((await get(addressOf(running), { cookie: oldest })).body, SMALL_PAGE);
  const link = running.gateway.dashboardLink().url;
  const cookie = cookieOf(await get(running.gateway.dashboardLink().url));
  running.gateway.authChanged();
  assert.equal((await get(link)).status, 403);
  assert.match((await get(addressOf(running), { cookie })).body, SMALL_PAGE);
});

test("a foreign Host or Origin gets nothing and does not use the link up (S0.36)", async () => {
  await using running = await startGateway();
  const { url } = running.gateway.dashboardLink();
  for (const headers of [{ host: "evil.example" }, { origin: "https://evil.example" }, { origin: "null" }]) {
    const refused = await get(url, headers);
    assert.equal(refused.status, 403);
    assert.match(refused.body, /"type":"forbidden"/);
    assert.equal(refused.headers["set-cookie"], undefined);
  }
  assert.equal((await get(url)).status, 303);
});

test("HEAD answers as GET does but for the body, and does not use a link up", async () => {
  await using running = await startGateway();
  const { url } = running.gateway.dashboardLink();
  const peeked = await get(url, {}, "HEAD");
  assert.deepEqual([peeked.status, peeked.body, peeked.headers["set-cookie"]], [200, "", undefined]);
  const cookie = cookieOf(await get(url));
  const head = await get(addressOf(running), { cookie }, "HEAD");
  assert.deepEqual([head.status, head.body], [200, ""]);
  assert.ok(Number(head.headers["content-length"]) > 5_000);
  assert.equal((await get(running.gateway.dashboardLink().url, {}, "POST")).status, 405);
});

test("a page of this machine that guesses tokens is locked out, and a person with a link is not", async () => {
  const clock = new VirtualClock();
  await using running = await startGateway({ clock });
  const origin = "http://localhost:3000";
  for (let count = 0; count < 10; count += 1) assert.equal((await get(`${addressOf(running)}?once=guess${count}`, { origin })).status, 403);
  const { url } = running.gateway.dashboardLink();
  const locked = await get(url, { origin });
  assert.equal(locked.status, 429);
  assert.equal(locked.headers["retry-after"], "300");
  assert.equal((await get(url)).status, 303);
});

test("many who watch cause one reading a second; a room that fails or hangs is said, and the page goes on", async () => {
  const clock = new VirtualClock();
  let asked = 0;
  let answer = async () => QUIET;
  await using running = await startGateway({ clock, dashboard: () => {
    asked += 1;
    return answer();
  } });
  const address = addressOf(running);
  const cookie = cookieOf(await get(running.gateway.dashboardLink().url));
  for (const page of await Promise.all(Array.from({ length: 20 }, () => get(address, { cookie })))) assert.match(page.body, NOW_PAGE);
  assert.equal(asked, 1);
  await clock.advance(1_000);
  answer = () => Promise.reject(new Error("/secret/path is gone"));
  const failed = await get(address, { cookie });
  assert.match(failed.body, /What runs is not known/);
  assert.equal(failed.body.includes("/secret/path"), false);
  assert.ok(running.logged.some(({ event }) => event === "dashboard.failed"));
  await clock.advance(1_000);
  answer = () => new Promise(() => {});
  const hanging = get(address, { cookie });
  while (asked < 3) await new Promise(setImmediate);
  await clock.advance(5_000);
  assert.match((await hanging).body, /What runs is not known/);
});

test("dashboard.link gives an operator with admin a link that opens, and nobody else", async () => {
  await using running = await startGateway();
  const admin = await connectOk(running.url);
  const made = await admin.call("dashboard.link", {});
  assert.equal((await get(String(made.payload?.["url"]))).status, 303);
  const reader = await connectOk(running.url, { scopes: ["operator.read"] });
  assert.equal((await reader.call("dashboard.link", {})).error?.details["code"], "MISSING_SCOPE");
  for (const client of [admin, reader]) await client.end();
});
