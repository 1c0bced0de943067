import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { DEFAULT_PORT, type JsonSchema } from "@openclaw/protocol";
import { checkSchema } from "../base/schema.ts";
import { MODELS_DEFAULTS } from "../cognition/models.ts";
import { createAgents } from "../control/agents.ts";
import { SESSIONS_DEFAULTS } from "../control/sessions.ts";
import { loadConfig } from "../fabric/config.ts";
import { configSchema, type Config } from "./config-schema.ts";

/** Every schema below, with its path. */
function* walk(schema: JsonSchema, path = ""): Generator<readonly [path: string, schema: JsonSchema]> {
  yield [path, schema];
  for (const [name, inner] of Object.entries(schema.properties ?? {})) yield* walk(inner, path === "" ? name : `${path}.${name}`);
  if (typeof schema.additionalProperties === "object") yield* walk(schema.additionalProperties, `${path}.*`);
  if (schema.items !== undefined) yield* walk(schema.items, `${path}[]`);
}

/** Without a file, as at the first start. */
async function defaults(): Promise<Config> {
  const { config, issues } = await loadConfig({ path: "/nonexistent/openclaw.json", schema: configSchema });
  assert.deepEqual(issues, []);
  return config as Config;
}

test("every value that can be set says what it is", () => {
  const silent = [...walk(configSchema)].filter(
    ([path, schema]) => schema.properties === undefined && !/[\]*]$/.test(path) && schema.description === undefined,
  );
  assert.deepEqual(
    silent.map(([path]) => path),
    [],
  );
});

test("every default fits its own schema, and the whole of them fits the whole", async () => {
  for (const [path, schema] of walk(configSchema)) {
    if (schema.default !== undefined) assert.equal(checkSchema(schema, schema.default).ok, true, path);
  }
  assert.equal(checkSchema(configSchema, await defaults()).ok, true);
});

test("everything has a limit: texts, lists, numbers and maps", () => {
  for (const [path, schema] of walk(configSchema)) {
    if (schema.type === "string") assert.ok(schema.maxLength !== undefined || schema.pattern !== undefined, path);
    if (schema.type === "array") assert.ok(schema.maxItems !== undefined, path);
    if (schema.type === "integer" || schema.type === "number")
      assert.ok(schema.minimum !== undefined && schema.maximum !== undefined, path);
    if (schema.type === "object" && schema.additionalProperties !== false && path !== "models.providers.*")
      assert.ok(schema.maxProperties !== undefined, path);
  }
});

test("what the schema gives by default is what the rooms assume without it", async () => {
  const config = await defaults();
  assert.deepEqual(config.session, SESSIONS_DEFAULTS);
  assert.deepEqual({ callTimeoutMs: config.models?.callTimeoutMs, outputBytesMax: config.models?.outputBytesMax }, MODELS_DEFAULTS);
  assert.deepEqual(createAgents(() => config.agents ?? {}, "/w").list(), createAgents(() => ({}), "/w").list());
  assert.equal(config.gateway?.port, DEFAULT_PORT);
  assert.equal(config.gateway?.nodes?.reattachWaitMs, 60_000);
  assert.equal(config.tools?.exec?.yesLocal, false, "nothing runs unasked until somebody says so");
});

test("of running programs each key is acted on or said to be inert, an agent's own too (S4.22)", async (t) => {
  const dir = mkdtempSync(join(tmpdir(), "config-"));
  t.after(() => rmSync(dir, { recursive: true }));
  const path = join(dir, "openclaw.json");
  const exec = { mode: "allowlist", security: "full", ask: "off", strictInlineEval: true, host: "node", node: "lab", timeoutSeconds: 60 };
  const agent = { sandbox: { mode: "all" }, tools: { exec } };
  const agents = { defaults: { sandbox: {} }, list: [{ id: "work", ...agent }], entries: { lab: agent } };
  writeFileSync(path, JSON.stringify({ tools: { exec }, agents }));
  const { issues, warnings, config } = await loadConfig({ path, schema: configSchema });
  assert.deepEqual(issues, []);
  const inert = warnings.filter(({ code }) => code === "CONFIG_KEY_INERT").map(({ path: key }) => key).sort();
  const ofExec = ["host", "node", "timeoutSeconds"];
  const owners = ["tools.exec", "agents.list[0].tools.exec", "agents.entries.lab.tools.exec"];
  const expected = [...owners.flatMap((owner) => ofExec.map((key) => `${owner}.${key}`)),
    "agents.defaults.sandbox", "agents.list[0].sandbox", "agents.entries.lab.sandbox"];
  assert.deepEqual(inert, expected.sort());
  assert.equal(warnings.length, expected.length);
  const made = createAgents(() => (config as Config).agents ?? {}, "/w");
  for (const id of ["work", "lab"]) assert.equal(made.get(id).tools.exec?.mode, "allowlist");
});

test("what nobody knows is outside the schema wherever it stands", () => {
  for (const wrong of [
    { x: 1 },
    { gateway: { x: 1 } },
    { gateway: { auth: { x: 1 } } },
    { agents: { defaults: { x: 1 } } },
    { session: { x: 1 } },
    { tools: { exec: { x: 1 } } },
  ]) {
    assert.equal(checkSchema(configSchema, wrong).ok, false, JSON.stringify(wrong));
  }
  assert.equal(checkSchema(configSchema, { gateway: { bind: "wherever" } }).ok, false);
});

test("what is a secret is marked as one", () => {
  assert.deepEqual(
    [...walk(configSchema)].filter(([, schema]) => schema.secret === true).map(([path]) => path),
    [
      "gateway.remote.token", "gateway.remote.password", "gateway.auth.password", "gateway.auth.token", "hooks.token", "backup.passphrase",
      "channels.*.botToken", "channels.*.token", "channels.*.accounts.*.botToken", "channels.*.accounts.*.token",
    ],
  );
});
