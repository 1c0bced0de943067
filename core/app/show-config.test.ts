import assert from "node:assert/strict";
import { test } from "node:test";
import type { RunningConfig } from "../fabric/config.ts";
import { REDACTED, showConfig } from "./show-config.ts";

const CANARY = "canary-0123456789abcdef";

function shown(
  values: unknown,
  more: { readonly isLastGood?: boolean; readonly issues?: readonly unknown[] } = {},
): Readonly<Record<string, unknown>> {
  const { isLastGood = false, issues = [] } = more;
  const file = {
    path: "/state/openclaw.json",
    exists: true,
    hash: "h",
    issues,
    warnings: [],
    text: JSON.stringify(values),
    source: values,
  };
  return showConfig({ file, values, isLastGood } as unknown as RunningConfig) as Readonly<Record<string, unknown>>;
}

test("the configuration is shown as it is in force, its secrets are not", () => {
  const values = {
    gateway: { port: 1, auth: { mode: "token", token: CANARY } },
    agents: { entries: { main: { name: "Ada" } }, list: [{ id: "b" }] },
  };
  const answer = shown(values);
  assert.equal(JSON.stringify(answer).includes(CANARY), false);
  assert.deepEqual(answer["config"], { ...values, gateway: { port: 1, auth: { mode: "token", token: REDACTED } } });
  for (const name of ["parsed", "sourceConfig", "resolved", "runtimeConfig"]) assert.deepEqual(answer[name], answer["config"], name);
  assert.equal(answer["raw"], null);
});

test("a key that stands in a provider's section, where it must not, is not shown either, however deep", () => {
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
  const answer = shown({ models: { providers: { openai: { ...provider, ...wrong } } } });
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

test("a file that is wrong is said to be, with what is wrong in it and that an older one is in force", () => {
  const issues = [{ line: 3, column: 1, path: "x", message: "is not known", code: "CONFIG_INVALID" }];
  const answer = shown({}, { isLastGood: true, issues });
  assert.deepEqual([answer["valid"], answer["issues"], answer["hash"], answer["appliedConfigHash"]], [false, issues, "h", null]);
  assert.deepEqual([shown({})["valid"], shown({})["appliedConfigHash"]], [true, "h"]);
});
