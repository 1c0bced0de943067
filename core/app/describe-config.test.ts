import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { JsonSchema } from "@openclaw/protocol";
import { loadConfig, getConfigValue } from "../fabric/config.ts";
import { withAccepted } from "./accepted-keys.ts";
import { configSchema } from "./config-schema.ts";
import { createConfigDescription, needsRestart } from "./describe-config.ts";

const described = createConfigDescription(configSchema, "1.2.3", () => 0);

test("the schema that clients get is plain JSON Schema, with a hint for every key (S4.31, W.6.12)", () => {
  const { schema, uiHints, version, generatedAt } = described.describe() as {
    schema: object; uiHints: Record<string, { label: string; sensitive?: boolean }>; version: string; generatedAt: string;
  };
  assert.deepEqual([version, generatedAt], ["1.2.3", "1970-01-01T00:00:00.000Z"]);
  assert.doesNotMatch(JSON.stringify(schema), /"(?:secret|inert)":true/, "no word that only this program knows");
  assert.equal(uiHints["gateway.auth.token"]?.sensitive, true);
  assert.equal(uiHints["models.callTimeoutMs"]?.label, "Call Timeout Ms");
  assert.ok(uiHints["agents.entries.*.model"]);
});

test("a key is looked up by its path, with what a change of it takes and what stands below it (W.6.12)", () => {
  assert.equal(described.lookUp("nope.x"), undefined);
  const port = described.lookUp("gateway.port") ?? {};
  assert.deepEqual([port["path"], port["reloadKind"], port["children"]], ["gateway.port", "restart", []]);
  assert.equal(described.lookUp("agents.entries.main.model")?.["hintPath"], "agents.entries.*.model");
  assert.equal(described.lookUp("agents.entries.main.model")?.["reloadKind"], "hot");
  assert.equal(described.lookUp("agents.list[0].model")?.["hintPath"], "agents.list[].model");
  assert.equal(described.lookUp("browser")?.["reloadKind"], "none");
  const children = described.lookUp("gateway")?.["children"] as readonly { key: string; path: string; reloadKind: string }[];
  assert.deepEqual(children.find(({ key }) => key === "port")?.path, "gateway.port");
  assert.deepEqual(["gateway", "gateway.port", "gateway.ports", "session"].map(needsRestart), [true, true, false, false]);
});

test("the keys that people use most are all taken: no complaint, and those nothing acts on are named (S4.12, S4.31)", async (t) => {
  const dir = await mkdtemp(join(tmpdir(), "openclaw-keys-"));
  t.after(() => rm(dir, { recursive: true }));
  const path = join(dir, "openclaw.json");
  await writeFile(path, WELL_KNOWN, { mode: 0o600 });
  const { config, issues, warnings } = await loadConfig({ path, schema: configSchema });
  assert.deepEqual(issues, []);
  assert.deepEqual(warnings.filter(({ code }) => code === "CONFIG_KEY_UNKNOWN"), []);
  assert.equal(getConfigValue(config, "gateway.port"), 19_000);
  assert.ok(warnings.some(({ path: key, code }) => key === "messages" && code === "CONFIG_KEY_INERT"));
});

test("a key that a room acts on is the room's, whatever the table of accepted keys says", () => {
  const own: JsonSchema = { type: "object", additionalProperties: false, properties: { a: { type: "integer", description: "own" } } };
  const accepted: JsonSchema = {
    type: "object", properties: { a: { type: "string", description: "theirs" }, b: { type: "string", description: "theirs" } },
  };
  assert.deepEqual(withAccepted(own, accepted).properties, {
    a: { type: "integer", description: "own" }, b: { type: "string", description: "theirs", inert: true },
  });
});

test("a list in a place where a room reads an object is taken, and not handed to the room", async (t) => {
  const dir = await mkdtemp(join(tmpdir(), "openclaw-keys-"));
  t.after(() => rm(dir, { recursive: true }));
  const path = join(dir, "openclaw.json");
  const own: JsonSchema = { type: "object", properties: { map: { type: "object", additionalProperties: { type: "string" } } } };
  const schema = withAccepted(own, { type: "object", properties: { map: { type: "array" } } });
  await writeFile(path, "{ map: [1] }");
  const listed = await loadConfig({ path, schema });
  assert.deepEqual([listed.issues, listed.config, listed.source], [[], {}, { map: [1] }]);
  await writeFile(path, "{ map: { a: 'b' } }");
  assert.deepEqual((await loadConfig({ path, schema })).config, { map: { a: "b" } });
});

/** Every key of the reference's table of keys used most, in a file as its owners write it. */
const WELL_KNOWN = `{
  meta: { lastTouchedVersion: "2026.9.6" }, wizard: { lastRunMode: "local" },
  gateway: {
    mode: "local", port: 19000, bind: "loopback", customBindHost: "10.0.0.1",
    auth: {
      mode: "token", token: { source: "env", provider: "default", id: "MY_TOKEN" }, password: "\${MY_PASSWORD}", allowTailscale: true,
      rateLimit: { maxAttempts: 10, windowMs: 60000, lockoutMs: 300000, exemptLoopback: true },
    },
    trustedProxies: [], controlUi: { enabled: true, basePath: "/", allowedOrigins: [] },
    remote: { url: "wss://host", token: "\${T}", password: { source: "store", id: "P" }, tlsFingerprint: "ab", transport: "ssh" },
    tls: { enabled: false }, tailscale: { mode: "off" },
    nodes: {
      pairing: { autoApproveLocal: true, autoApproveCidrs: ["10.0.0.0/8"], sshVerify: true }, commands: { allow: [], deny: [] },
      pluginTools: { enabled: true }, allowSkills: true,
    },
    http: { endpoints: { chatCompletions: { enabled: true }, responses: { enabled: false } } }, tools: { allow: [], deny: ["x"] },
    reload: { mode: "hybrid" },
  },
  agents: {
    defaults: {
      model: { primary: "a/b", fallbacks: [] }, workspace: "~/w", skills: ["x"], skipBootstrap: true, cwd: "/",
      heartbeat: { every: "30m", prompt: "p", model: "a/b", ackMaxChars: 300 }, thinkingDefault: "high", verboseDefault: "off",
      timeoutSeconds: 600, mediaMaxMb: 20, contextInjection: "always", compaction: { mode: "safeguard" }, sandbox: { mode: "off" },
      subagents: { maxConcurrent: 8, maxChildrenPerAgent: 5, maxSpawnDepth: 5 },
    },
    entries: {
      main: { name: "Main", identity: { name: "n", emoji: "e", theme: "t", avatar: "a" }, tools: { profile: "coding" }, sandbox: {} },
    },
    list: [{ id: "old", default: true, subagents: { allowAgents: ["*"] } }],
  },
  bindings: [{ agentId: "main", match: { channel: "telegram", peer: { kind: "group", id: "1" } } }],
  channels: { telegram: { enabled: true, botToken: { source: "env", provider: "default", id: "B" }, dmPolicy: "pairing", allowFrom: [] } },
  session: {
    scope: "per-sender", dmScope: "main", groupScope: "per-group", reset: { mode: "daily", atHour: 4, idleMinutes: 5 }, resetByType: {},
    resetByChannel: {}, resetTriggers: ["/new"], maintenance: { mode: "enforce" }, identityLinks: {}, sendPolicy: { default: "allow" },
  },
  tools: {
    profile: "full", allow: [], deny: [], byProvider: {}, exec: { host: "auto", mode: "full", node: "n", security: "full", ask: "off" },
  },
  models: {
    mode: "merge",
    providers: { mine: { baseUrl: "http://x/v1", apiKey: "\${K}", api: "openai-completions", models: [{ id: "m" }] } },
  },
  secrets: { providers: { default: { source: "env" } }, defaults: { env: "default" } },
  skills: { entries: { x: { enabled: true, env: {} } }, install: { nodeManager: "npm" }, load: { extraDirs: [] } },
  hooks: { enabled: false, path: "/hooks", mappings: [], presets: [] }, cron: { enabled: true, sessionRetention: "24h" },
  messages: { ackReactionScope: "all" }, commands: { native: "auto", text: true, ownerAllowFrom: [] },
  logging: { level: "trace", file: "/x" },
  plugins: { entries: {} }, discovery: { mdns: { mode: "minimal" } },
}
`;
