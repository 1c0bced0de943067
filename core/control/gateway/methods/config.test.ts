import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import type { JsonSchema } from "@openclaw/protocol";
import { checkSchema } from "../../../base/schema.ts";
import { systemClock } from "../../../base/clock.ts";
import { openConfig, REDACTED, redactConfig, redactText } from "../../../fabric/config.ts";
import { connect, connectOk, makeDevice, startGateway, type RawClient } from "../test-gateway.ts";
import { methodSpec } from "@openclaw/protocol/methods";
import { configMethods } from "./config.ts";

const CANARY = "canary-0123456789abcdef";
const STALE = "config changed since last load; re-run config.get and retry";

const schema: JsonSchema = {
  type: "object", additionalProperties: false,
  properties: {
    gateway: {
      type: "object", additionalProperties: false, properties: {
        port: { type: "integer", minimum: 1, maximum: 65_535, default: 18_789 },
        auth: { type: "object", additionalProperties: false, properties: { token: { type: "string", secret: true } } },
        controlUi: {
          type: "object", additionalProperties: false, properties: { allowedOrigins: { type: "array", items: { type: "string" } } },
        },
      },
    },
    session: { type: "object", additionalProperties: false, properties: { turnsWaitingMax: { type: "integer" } } },
    blob: { type: "object", additionalProperties: { type: "string" } },
  },
};

const TEXT = `{
  // where it listens
  gateway: { port: 3000, auth: { token: "${CANARY}" }, controlUi: { allowedOrigins: ["a", "b"] } },
}
`;

async function setUp(t: TestContext, text: string | undefined = TEXT) {
  const dir = await mkdtemp(join(tmpdir(), "openclaw-wire-config-"));
  t.after(() => rm(dir, { recursive: true, force: true }));
  const path = join(dir, "openclaw.json");
  if (text !== "") await writeFile(path, text, { mode: 0o600 });
  const config = await openConfig({ path, stateDir: dir, schema, clock: systemClock, watch: false });
  const restarts: string[] = [];
  const hash = (content: string): string => `hmac-sha256:v1:${Buffer.from(content).toString("base64url").slice(-40)}${content.length}`;
  const running = await startGateway({
    methods: configMethods({
      now: () => 1, running: config, schema, hash,
      show: async () => ({
        path, hash: hash(config.file.text), raw: await redactText(config.file.text, schema), config: redactConfig(config.values, schema),
      }),
      describe: async () => ({ schema, uiHints: {}, version: "1", generatedAt: "" }),
      lookUp: async (at) => (
        at === "gateway.port" ? { path: at, schema: {}, reloadKind: "restart", hint: {}, hintPath: at, children: [] } : undefined
      ),
      needsRestart: async (at) => at.startsWith("gateway.port"), restart: (delayMs, reason) => void restarts.push(`${reason} ${delayMs}`),
      keepSecret: async (at) => at.replaceAll(".", "-"),
    }),
  });
  config.onTaken((file) => running.gateway.broadcast("config.changed", { path: file.path, hash: hash(file.text), ts: 1 }));
  t.after(async () => {
    await running[Symbol.asyncDispose]();
    await config[Symbol.asyncDispose]();
  });
  const client = await connectOk(running.url, { scopes: ["operator.admin"] });
  return { path, config, running, client, restarts, read: () => readFile(path, "utf8") };
}

async function ok(client: RawClient, method: string, params: unknown = {}): Promise<Record<string, unknown>> {
  const answer = await client.call(method, params);
  assert.equal(answer.ok, true, `${method}: ${JSON.stringify(answer.error)}`);
  if (method !== "config.get") {
    const fits = checkSchema(methodSpec(method)?.result ?? {}, answer.payload);
    assert.ok(fits.ok, `${method}: ${fits.ok ? "" : fits.text}`);
  }
  return answer.payload as Record<string, unknown>;
}

type Refused = readonly [code: string, message: string, details: unknown];

async function refused(client: RawClient, method: string, params: unknown): Promise<Refused> {
  const { ok: fine, error } = await client.call(method, params);
  assert.equal(fine, false, `${method} ${JSON.stringify(params)}`);
  return [error?.code ?? "", error?.message ?? "", error?.details];
}

async function hashOf(client: RawClient): Promise<string> {
  return String((await ok(client, "config.get"))["hash"]);
}

test("a patch changes what it names, keeps comments and secrets, is in force at once, and every client hears of it "
  + "(S4.2, S4.31, W.7.10)", { timeout: 20_000 }, async (t) => {
  const { client, config, read, restarts } = await setUp(t);
  const raw = "{ session: { turnsWaitingMax: 7 }, /* why */ }";
  const answer = await ok(client, "config.patch", { raw, baseHash: await hashOf(client), note: "n" });
  assert.deepEqual(answer["changedPaths"], ["session"]);
  assert.deepEqual((answer["sentinel"] as { payload: unknown }).payload, {
    kind: "config-patch", status: "ok", ts: 1, message: "n", stats: { mode: "config.patch", root: answer["path"], requiresRestart: false },
  });
  assert.equal(JSON.stringify(answer).includes(CANARY), false);
  assert.equal((config.values["session"] as { turnsWaitingMax: number }).turnsWaitingMax, 7);
  const text = await read();
  assert.ok(text.includes("// where it listens") && text.includes(CANARY), text);
  const event = await client.until(({ event: name }) => name === "config.changed");
  assert.deepEqual(event.payload, { path: answer["path"], hash: answer["hash"], ts: 1 });
  assert.equal(answer["hash"], await hashOf(client), "what was written is what the next one builds on");
  assert.deepEqual(restarts, []);
});

test("two writers with the same hash: one wins, the other is told to read again, and nothing of it is written "
  + "(S4.2, W.6.10)", async (t) => {
  const { client, running, read } = await setUp(t);
  const other = await connectOk(running.url, { scopes: ["operator.admin"] });
  const baseHash = await hashOf(client);
  const answers = await Promise.all([
    client.call("config.patch", { raw: "{ session: { turnsWaitingMax: 1 } }", baseHash }),
    other.call("config.patch", { raw: "{ session: { turnsWaitingMax: 2 } }", baseHash }),
  ]);
  const [won, lost] = answers[0].ok === true ? [1, answers[1]] : [2, answers[0]];
  assert.deepEqual([lost.ok, lost.error?.code, lost.error?.message], [false, "INVALID_REQUEST", STALE]);
  assert.match(await read(), new RegExp(`"?turnsWaitingMax"?: ${won}\\b`));
  for (const method of ["config.set", "config.patch", "config.apply"]) {
    assert.equal((await refused(other, method, { raw: "{ session: {} }", baseHash }))[1], STALE, method);
  }
});

test("a file that somebody edited meanwhile is not written over, though no watcher told of it", async (t) => {
  const { client, path, read } = await setUp(t);
  const baseHash = await hashOf(client);
  await writeFile(path, "{ session: { turnsWaitingMax: 99 } }");
  assert.equal((await refused(client, "config.patch", { raw: "{ gateway: { port: 5 } }", baseHash }))[1], STALE);
  assert.equal(await read(), "{ session: { turnsWaitingMax: 99 } }");
});

test("what cannot be written is refused in the documented words, and nothing is written", async (t) => {
  const { client, path, read } = await setUp(t);
  const baseHash = await hashOf(client);
  const invalid = "INVALID_REQUEST";
  const missing = "config base hash required; re-run config.get and retry";
  for (const [method, params, message] of [
    ["config.patch", {}, "invalid config.patch params: must have required property 'raw'"],
    ["config.patch", { raw: "{}", zz: 1 }, "invalid config.patch params: at root: unexpected property 'zz'"],
    ["config.patch", { raw: "{ session: {} }" }, `config base hash required for ${path}; re-run config.get and retry`],
    ["config.set", { raw: "{}" }, missing], ["config.apply", { raw: "{}" }, missing],
    ["config.patch", { raw: "{}", baseHash: "x" }, STALE],
    ["config.patch", { raw: "[]", baseHash }, "config.patch raw must be an object"],
    ["config.patch", { raw: "{ gateway: { port: 'x' } }", baseHash }, "invalid config: gateway.port: must be a whole number; it is text"],
    ["config.patch", { raw: "{ gateway: { prot: 1 } }", baseHash }, "invalid config: gateway.prot: is not a key; did you mean \"port\"?"],
    ["config.set", { raw: "[]", baseHash }, "invalid config: <root>: must be an object"],
    ["config.schema.lookup", { path: "nope" }, "config schema path not found"],
  ] as const) assert.deepEqual((await refused(client, method, params)).slice(0, 2), [invalid, message], method);
  for (const method of ["config.patch", "config.set", "config.apply"]) {
    const [code, message] = await refused(client, method, { raw: "{ nope", baseHash });
    assert.deepEqual([code, /^SyntaxError: JSON5: .+ at 1:\d+$/.test(message)], [invalid, true], message);
  }
  const [, , details] = await refused(client, "config.patch", { raw: "{ gateway: { port: 0 } }", baseHash });
  assert.deepEqual((details as { issues: unknown }).issues, [{ path: "gateway.port", message: "must be at least 1; it is 0" }]);
  const losing = { raw: "{ gateway: { controlUi: { allowedOrigins: ['a'] } } }", baseHash };
  assert.match((await refused(client, "config.patch", losing))[1], /would remove array entries at gateway\.controlUi\.allowedOrigins/);
  assert.equal(await read(), TEXT);
  await ok(client, "config.patch", { ...losing, replacePaths: ["gateway.controlUi.allowedOrigins"] });
});

test("nothing to do is no write: no hash is needed, and nobody is told", async (t) => {
  const { client, read } = await setUp(t);
  const answer = await ok(client, "config.patch", { raw: `{ gateway: { port: 3000, auth: { token: "${REDACTED}" } } }` });
  assert.deepEqual([answer["noop"], answer["changedPaths"]], [true, []]);
  assert.equal(await read(), TEXT);
  assert.equal(client.frames.some(({ event }) => event === "config.changed"), false);
});

test("the whole file comes back with the marker in place of the secret, and keeps it; a first write needs no hash "
  + "(S0.4, W.6.11)", async (t) => {
  const { client, read } = await setUp(t);
  const { raw, hash } = await ok(client, "config.get");
  assert.equal(String(raw).includes(CANARY), false);
  await ok(client, "config.set", { raw: String(raw).replace("3000", "3001"), baseHash: hash });
  assert.equal(await read(), TEXT.replace("3000", "3001"));
  const wrong = await refused(client, "config.set", { raw: `{ blob: { x: "${REDACTED}" } }`, baseHash: await hashOf(client) });
  assert.match(wrong[1], /holds __OPENCLAW_REDACTED__, and no secret is stored there/);
  const fresh = await setUp(t, "");
  await ok(fresh.client, "config.set", { raw: "{ gateway: { port: 5 } }" });
  assert.equal(await fresh.read(), "{ gateway: { port: 5 } }");
});

test("apply restarts where a key takes it, set never does, and the answer says so", async (t) => {
  const { client, restarts } = await setUp(t);
  const set = await ok(client, "config.set", { raw: TEXT.replace("3000", "3001"), baseHash: await hashOf(client) });
  const { payload } = set["sentinel"] as { payload: { stats: { requiresRestart: boolean } } };
  assert.deepEqual([restarts, payload.stats.requiresRestart], [[], true]);
  const raw = TEXT.replace("3000", "3002");
  const applied = await ok(client, "config.apply", { raw, baseHash: await hashOf(client), restartDelayMs: 5 });
  assert.deepEqual([restarts, applied["restart"]], [["config.apply 5"], { ok: true, delayMs: 5, reason: "config.apply" }]);
});

test("nobody without admin writes, nobody without a scope reads, and no frame before connect is heard: config.apply without auth "
  + "(GHSA-g55j-c2v4-pjcg, S0.4)", async (t) => {
  const { running, read } = await setUp(t);
  const reader = await connectOk(running.url, { scopes: ["operator.read", "operator.write"] });
  const pairing = await connectOk(running.url, { scopes: ["operator.pairing"] });
  const node = await connectOk(running.url, { device: makeDevice(), role: "node", clientId: "node-host", mode: "node" });
  await ok(reader, "config.get");
  for (const method of ["config.set", "config.patch", "config.apply"]) {
    for (const client of [reader, pairing]) {
      const [code, message] = await refused(client, method, { raw: "{}", baseHash: await hashOf(reader) });
      assert.deepEqual([code, message], ["FORBIDDEN", "missing scope: operator.admin"], method);
    }
    assert.equal((await refused(node, method, { raw: "{}" }))[1], "unauthorized role: node");
  }
  for (const method of ["config.get", "config.schema"]) assert.equal((await refused(pairing, method, {}))[0], "FORBIDDEN");
  const { client: stranger, hello } = await connect(running.url, { auth: { token: "wrong" } });
  assert.equal(hello.ok, false);
  assert.equal((await stranger.closed).code, 1008);
  assert.equal(await read(), TEXT);
});

test("at most 30 writes of a kind in a minute", async (t) => {
  const { client } = await setUp(t);
  const answers = await Promise.all(Array.from({ length: 31 }, () => client.call("config.patch", { raw: "{}" })));
  const over = answers.filter(({ ok: fine }) => fine === false);
  assert.equal(over.length, 1);
  const [error] = over.map((answer) => answer.error);
  assert.deepEqual([error?.code, error?.retryable, error?.details["limit"]], ["UNAVAILABLE", true, "30 per 60s"]);
});

test("a configuration of a megabyte is patched and read back whole; more than that is refused", async (t) => {
  const blob = Object.fromEntries(Array.from({ length: 1_000 }, (_, at) => [`k${at}`, "x".repeat(1_000)]));
  const { client, read } = await setUp(t, JSON.stringify({ gateway: { port: 3000 }, blob }));
  await ok(client, "config.patch", { raw: "{ gateway: { port: 4 } }", baseHash: await hashOf(client) });
  assert.deepEqual(JSON.parse(await read()), { gateway: { port: 4 }, blob });
  const raw = JSON.stringify({ blob: { x: "y".repeat(1_100_000) } });
  const tooMuch = await refused(client, "config.set", { raw, baseHash: await hashOf(client) });
  assert.match(tooMuch[1], /is larger than 1048576 characters/);
});
