import assert from "node:assert/strict";
import { test } from "node:test";
import { REDACTED, type RunningConfig } from "../fabric/config.ts";
import { configSchema } from "./config-schema.ts";
import { createConfigHashes } from "./config-hashes.ts";
import { showConfig } from "./show-config.ts";

const CANARY = "canary-0123456789abcdef";

const hashes = createConfigHashes(Buffer.alloc(32, 1));

async function shown(
  values: unknown,
  more: { readonly isLastGood?: boolean; readonly issues?: readonly unknown[] } = {},
): Promise<Readonly<Record<string, unknown>>> {
  const { isLastGood = false, issues = [] } = more;
  const file = {
    path: "/state/openclaw.json",
    exists: true,
    hash: "h",
    issues,
    warnings: [],
    text: JSON.stringify(values),
    whole: JSON.stringify(values),
    included: [],
    source: values,
    own: values,
    written: values,
  };
  const running = { file, values, written: values, isLastGood } as unknown as RunningConfig;
  return (await showConfig(running, configSchema, hashes)) as Readonly<Record<string, unknown>>;
}

test("the configuration is shown as it is in force, its secrets are not", async () => {
  const values = {
    gateway: { port: 1, auth: { mode: "token", token: CANARY } },
    agents: { entries: { main: { name: "Ada" } }, list: [{ id: "b" }] },
  };
  const answer = await shown(values);
  assert.equal(JSON.stringify(answer).includes(CANARY), false);
  assert.deepEqual(answer["config"], { ...values, gateway: { port: 1, auth: { mode: "token", token: REDACTED } } });
  for (const name of ["parsed", "sourceConfig", "resolved", "runtimeConfig"]) assert.deepEqual(answer[name], answer["config"], name);
  assert.deepEqual(JSON.parse(String(answer["raw"])), answer["config"]);
  assert.match(String(answer["hash"]), /^hmac-sha256:v1:[A-Za-z0-9_-]{43}$/);
});

test("a key that stands in a provider's section, where it must not, is not shown either, however deep", async () => {
  const provider = {
    use: "openai-compatible",
    baseUrl: "https://api.example.org/v1",
    apiKeyEnv: "OPENAI_API_KEY",
    apiKeyFile: "/state/key",
    models: [{ id: "gpt", contextTokens: 1 }],
  };
  const wrong = {
    apiKey: CANARY,
    "api-key": CANARY,
    headers: { Authorization: CANARY, list: [{ token: CANARY }] },
    proxy: `https://user:${CANARY}@host/`,
  };
  const answer = await shown({ models: { providers: { openai: { ...provider, ...wrong } } } });
  assert.equal(JSON.stringify(answer).includes(CANARY), false);
  const { providers } = (answer["config"] as { readonly models: { readonly providers: Readonly<Record<string, unknown>> } }).models;
  assert.deepEqual(providers["openai"], {
    ...provider,
    apiKey: REDACTED,
    "api-key": REDACTED,
    headers: { Authorization: REDACTED, list: [{ token: REDACTED }] },
    proxy: REDACTED,
  });
});

test("a file that is wrong is said to be, with what is wrong in it and that an older one is in force", async () => {
  const issues = [{ line: 3, column: 1, path: "x", message: "is not known", code: "CONFIG_INVALID" }];
  const answer = await shown({}, { isLastGood: true, issues });
  assert.deepEqual([answer["valid"], answer["issues"]], [false, issues]);
  assert.notEqual(answer["appliedConfigHash"], answer["configRevisionHash"], "what is written is not what is in force");
  const good = await shown({});
  assert.deepEqual([good["valid"], good["appliedConfigHash"]], [true, good["configRevisionHash"]]);
  assert.equal(good["appliedConfigHash"], answer["appliedConfigHash"]);
});

test("the same text has the same hash, and nobody without the key can make it: a guessed secret is not confirmed by one", async () => {
  const other = createConfigHashes(Buffer.alloc(32, 2));
  assert.equal(hashes.text("{}"), hashes.text("{}"));
  assert.notEqual(hashes.text("{}"), other.text("{}"));
  assert.notEqual(hashes.text("{}"), hashes.values({}));
});

test("the older list of agents is named as such", async () => {
  assert.deepEqual((await shown({}))["legacyIssues"], []);
  assert.match(JSON.stringify((await shown({ agents: { list: [{ id: "a" }] } }))["legacyIssues"]), /agents\.list is the older form/);
});
