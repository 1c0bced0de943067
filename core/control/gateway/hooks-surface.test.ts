import assert from "node:assert/strict";
import { once } from "node:events";
import { request, type IncomingHttpHeaders, type IncomingMessage } from "node:http";
import { test } from "node:test";
import { OpenClawError } from "@openclaw/protocol";
import { Secret } from "../../base/secret.ts";
import type { HookDoor, HookRules } from "./hooks-surface.ts";
import { connectOk, startGateway } from "./test-gateway.ts";

const TOKEN = "a-token-for-hooks-only";
const RULES: HookRules = { path: "/hooks", maxBodyBytes: 2_000, perSourcePerMinute: 10, perMinute: 15 };

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: { readonly ok?: boolean; readonly error?: { readonly code?: string; readonly message: string; readonly type: string } };
}

interface Call {
  readonly path?: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

async function post(port: number, { path = "/hooks/agent", method = "POST", headers = {}, body = "{}" }: Call = {}): Promise<Answer> {
  const sent = request({ host: "127.0.0.1", port, path, method, headers: { authorization: `Bearer ${TOKEN}`, ...headers }, agent: false });
  sent.on("error", () => undefined);
  sent.end(body);
  const [response] = (await once(sent, "response")) as [IncomingMessage];
  let text = "";
  for await (const chunk of response) text += String(chunk);
  return { status: response.statusCode ?? 0, headers: response.headers, body: JSON.parse(text) as Answer["body"] };
}

async function setUp(rules: HookRules | null = RULES, receive?: HookDoor["receive"]) {
  const calls: { name: string; text: string; idempotencyKey?: string | undefined }[] = [];
  const hooks: HookDoor = {
    rules: () => rules,
    token: async () => new Secret(TOKEN),
    receive: receive ?? (async ({ name, body, idempotencyKey }) => {
      calls.push({ name, text: Buffer.from(body).toString(), idempotencyKey });
      return { ok: true };
    }),
  };
  const running = await startGateway({ hooks });
  return { running, port: running.gateway.port, calls };
}

test("a hook with its token in either header comes in; the key of the header goes along (S4.44, W.9.7)", async () => {
  const { running, port, calls } = await setUp();
  await using _ = running;
  assert.deepEqual((await post(port, { body: '{"message":"x"}' })).body, { ok: true });
  const own = await post(port, { headers: { authorization: "", "x-openclaw-token": TOKEN, "idempotency-key": "k1" } });
  assert.equal(own.status, 200);
  assert.deepEqual(calls.map(({ name, idempotencyKey }) => [name, idempotencyKey]), [["agent", undefined], ["agent", "k1"]]);
});

test("hooks that are off do not exist; only POST is answered, and no page in a browser (W.9.7)", async () => {
  const off = await setUp(null);
  await using _ = off.running;
  assert.equal((await post(off.port)).status, 404);
  const { running, port, calls } = await setUp();
  await using __ = running;
  const read = await post(port, { method: "PUT" });
  assert.equal(read.status, 405);
  assert.equal((await post(port, { headers: { origin: `http://127.0.0.1:${port}` } })).status, 404);
  assert.equal((await post(port, { headers: { host: "evil.example" } })).status, 403);
  assert.equal((await post(port, { path: "/hooks/../secret" })).status, 404);
  assert.equal(calls.length, 0);
});

test("a wrong token, none, the gateway's own way of guessing, and one in the address are refused unread (W.9.8)", async () => {
  const { running, port, calls } = await setUp();
  await using _ = running;
  for (const authorization of ["", "Bearer wrong", TOKEN, `Basic ${TOKEN}`, `Bearer ${TOKEN}x`]) {
    const { status, body } = await post(port, { headers: { authorization } });
    assert.deepEqual([status, body.error?.code], [401, "HOOK_UNAUTHORIZED"], authorization);
    assert.equal(JSON.stringify(body).includes(TOKEN), false);
  }
  for (const query of [`token=${TOKEN}`, `access_token=${TOKEN}`, "a=1&key=x"]) {
    const { status, body } = await post(port, { path: `/hooks/agent?${query}` });
    assert.deepEqual([status, body.error?.code], [400, "HOOK_TOKEN_IN_QUERY"]);
  }
  let last = 0;
  for (let guess = 0; guess < 25; guess++) last = (await post(port, { headers: { authorization: `Bearer guess-${guess}` } })).status;
  assert.equal(last, 429, "guessing gets nowhere");
  assert.equal((await post(port)).status, 200, "and does not lock out who knows the token");
  assert.equal(calls.length, 1);
});

test("a body that is too large is refused by its length, and where it has none at its first byte too many", async () => {
  const { running, port, calls } = await setUp();
  await using _ = running;
  const said = await post(port, { body: "x".repeat(2_001), headers: { "content-length": "2001" } });
  assert.deepEqual([said.status, said.body.error?.code], [413, "HOOK_BODY_TOO_LARGE"]);
  const streamed = await post(port, { body: "x".repeat(100_000), headers: { "transfer-encoding": "chunked" } });
  assert.equal(streamed.status, 413);
  assert.equal(calls.length, 0);
  assert.equal((await post(port, { body: "x".repeat(2_000) })).status, 200);
});

test("a flood is refused with the time to come again, for each source and for all, and delays nobody else (C7)", async () => {
  const { running, port, calls } = await setUp();
  await using _ = running;
  const client = await connectOk(running.url, { scopes: ["operator.read"] });
  const flood = Array.from({ length: 200 }, (_unused, at) =>
    post(port, { body: `{"message":"${at}"}`, path: at % 2 === 0 ? "/hooks/agent" : "/hooks/wake" }));
  const others = Array.from({ length: 50 }, () => client.call("health"));
  const answers = await Promise.all(flood);
  for (const answer of await Promise.all(others)) assert.equal(answer.ok, true, "no other request was refused");
  const taken = answers.filter(({ status }) => status === 200);
  const refused = answers.filter(({ status }) => status === 429);
  assert.deepEqual([taken.length, refused.length, calls.length], [15, 185, 15]);
  for (const { headers, body } of refused) {
    assert.ok(Number(headers["retry-after"]) >= 1 && Number(headers["retry-after"]) <= 60);
    assert.equal(body.error?.code, "HOOK_RATE_LIMITED");
  }
  assert.equal((await client.call("health")).ok, true);
  await client.end();
});

test("one source has its own limit for each hook, below that of all", async () => {
  const { running, port, calls } = await setUp();
  await using _ = running;
  const answers = await Promise.all(Array.from({ length: 12 }, () => post(port)));
  assert.equal(answers.filter(({ status }) => status === 429).length, 2);
  assert.equal((await post(port, { path: "/hooks/wake" })).status, 200, "another hook is not full");
  assert.equal(calls.length, 11);
});

test("calls that are under way are bounded, and each is let go in the end", async () => {
  const gates: (() => void)[] = [];
  const wide: HookRules = { ...RULES, perSourcePerMinute: 1_000, perMinute: 1_000 };
  const { running, port } = await setUp(wide, () => new Promise((resolve) => gates.push(() => resolve({ ok: true }))));
  await using _ = running;
  const held = Array.from({ length: 32 }, () => post(port));
  while (gates.length < 32) await new Promise((resolve) => setTimeout(resolve, 5));
  assert.equal((await post(port)).status, 429);
  for (const open of gates.splice(0)) open();
  assert.ok((await Promise.all(held)).every(({ status }) => status === 200));
  const next = post(port);
  while (gates.length < 1) await new Promise((resolve) => setTimeout(resolve, 5));
  gates[0]?.();
  assert.equal((await next).status, 200);
});

test("what the intake refuses is the answer, with its code; a failure inside says nothing of itself", async () => {
  const { running, port } = await setUp(RULES, async ({ name }) => {
    if (name === "wake") throw new OpenClawError("SESSION_QUEUE_FULL", { retryAfterMs: 2_500 });
    throw new Error("secret inside");
  });
  await using _ = running;
  const full = await post(port, { path: "/hooks/wake" });
  assert.deepEqual([full.status, full.headers["retry-after"], full.body.error?.code], [429, "3", "SESSION_QUEUE_FULL"]);
  const failed = await post(port);
  assert.deepEqual([failed.status, failed.body.error?.code], [500, "INTERNAL"]);
  assert.doesNotMatch(JSON.stringify(failed.body), /secret inside/);
  assert.ok(running.logged.some(({ event }) => event === "hook.failed"));
});
