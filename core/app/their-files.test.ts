/** Files as people have them of the well-known program (10.2): each is taken, or what of it does not fit is told of, and nothing stops. */
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { inspect } from "node:util";
import { VirtualClock } from "@openclaw/testkit/virtual-clock";
import { openConfig, redactConfig } from "../fabric/config.ts";
import { configRevision } from "./config-revision.ts";
import { configSchema } from "./config-schema.ts";
import { guardConfig } from "./guard-config.ts";

interface TheirFile {
  readonly what: string;
  readonly text: string;
  /** Keys that are told of as odd; those that are known and not acted on here apart. */
  readonly odd?: readonly string[];
  /** Keys that are left out. */
  readonly leftOut?: readonly string[];
  /** What holds, by key. */
  readonly holds?: Readonly<Record<string, unknown>>;
  readonly others?: Readonly<Record<string, string>>;
}

const CANARY = "canary-0123456789abcdef";

const FILES: readonly TheirFile[] = [
  { what: "the smallest", text: "{ gateway: { mode: 'local' } }", holds: { "gateway.mode": "local" } },
  {
    what: "comments, hex, signs, commas, strings over lines, a mark at the beginning", odd: [],
    text: `\uFEFF// mine\n/* and\n more */ { 'gateway': { port: 0x4965, }, logging: { level: 'info', },
      session: { turnsWaitingMax: +9, }, }\n`,
    holds: { "gateway.port": 18_789, "session.turnsWaitingMax": 9 },
  },
  {
    what: "what its own setup writes",
    text: `{ meta: { lastTouchedVersion: "2026.9.6", lastTouchedAt: "2026-11-01T00:00:00Z" }, wizard: { lastRunAt: "2026-11-01",
      lastRunMode: "local" },
      auth: { profiles: { "anthropic:default": { provider: "anthropic", mode: "api_key" } }, order: { anthropic: ["anthropic:default"] } },
      agents: { defaults: { workspace: "~/.openclaw/workspace", model: { primary: "anthropic/claude-opus-4-6", fallbacks: [] },
        models: { "anthropic/claude-opus-4-6": { alias: "opus" } }, maxConcurrent: 4, subagents: { maxConcurrent: 8 } } },
      messages: { ackReactionScope: "group-mentions" }, commands: { native: "auto", nativeSkills: "auto" },
      gateway: { port: 18789, mode: "local", bind: "loopback", auth: { mode: "token", token: "${CANARY}" },
        tailscale: { mode: "off", resetOnExit: false } }, skills: { install: { nodeManager: "npm" } } }`,
    odd: ["gateway.auth.token"],
    holds: { "agents.defaults.model": { primary: "anthropic/claude-opus-4-6", fallbacks: [] } },
  },
  {
    what: "a provider's key in the clear", odd: ["models.providers.acme.apiKey"],
    text: `{ models: { mode: "merge", providers: { acme: { baseUrl: "https://api.acme.test/v1", apiKey: "${CANARY}",
      api: "openai-completions",
      models: [{ id: "large", name: "Large", reasoning: false, input: ["text"], contextWindow: 128000, maxTokens: 8192,
        cost: { input: 1, output: 2, cacheRead: 0, cacheWrite: 0 } }] } } } }`,
  },
  {
    what: "references of every source", odd: [],
    text: `{ secrets: { providers: { default: { source: "env" }, filemain: { source: "file", path: "~/.openclaw/secrets.json",
      mode: "json", timeoutMs: 5000 },
        vault: { source: "exec", command: "/usr/local/bin/resolver", args: ["--x"], passEnv: ["PATH"], env: { A: "b" }, timeoutMs: 5000,
          noOutputTimeoutMs: 2000, maxOutputBytes: 262144, jsonOnly: true, allowSymlinkCommand: true, trustedDirs: ["/opt/homebrew"],
          allowInsecurePath: false } },
        defaults: { env: "default", file: "filemain", exec: "vault" } },
      models: { providers: { a: { baseUrl: "https://a.test", apiKey: { source: "env", provider: "default", id: "A_KEY" } },
        b: { baseUrl: "https://b.test", apiKey: { source: "file", provider: "filemain", id: "/providers/b/apiKey" } },
        c: { baseUrl: "https://c.test", apiKey: { source: "exec", provider: "vault", id: "providers/c/apiKey" } } } } }`,
  },
  {
    what: "variables, with fallbacks, and one that is not set", odd: ["agents.defaults.workspace"],
    text: `{ gateway: { remote: { url: "wss://\${HOST_NAME:-gateway.test}:18789" } }, agents: { defaults: { workspace: "\${NOT_SET}/ws" } },
      env: { vars: { HOST_NAME: "elsewhere.test", OPENROUTER_API_KEY: "${CANARY}" }, shellEnv: { enabled: true, timeoutMs: 15000 } } }`,
    holds: { "gateway.remote.url": "wss://elsewhere.test:18789" },
  },
  {
    what: "included files", odd: [],
    text: "{ gateway: { port: 18789 }, agents: { $include: './agents.json5' }, bindings: { $include: ['./bindings.json5'] } }",
    others: {
      "agents.json5": "{ defaults: { model: 'demo/demo' }, entries: { main: {}, work: { name: 'Work' } } }",
      "bindings.json5": "[{ agentId: 'work', match: { channel: 'telegram', peer: { kind: 'direct', id: '42' } } }]",
    },
    holds: { "agents.entries.work.name": "Work", "bindings[0].agentId": "work" },
  },
  {
    what: "an included file that is not there", leftOut: ["agents"],
    text: "{ session: { turnsWaitingMax: 9 }, agents: { $include: './agents.json5' } }",
    holds: { "session.turnsWaitingMax": 9, "tools.exec.mode": "deny" },
  },
  {
    what: "channels with their tokens",
    odd: ["channels.discord.token", "channels.slack.botToken", "channels.telegram.accounts.work.botToken", "channels.telegram.botToken"],
    text: `{ channels: { telegram: { enabled: true, botToken: "${CANARY}", dmPolicy: "pairing", allowFrom: ["tg:123", 456],
      groupPolicy: "allowlist",
        groups: { "*": { requireMention: true } }, accounts: { work: { botToken: "${CANARY}" } } },
      discord: { token: "${CANARY}", guilds: { "1": { slug: "x", channels: { general: { allow: true } } } } },
      whatsapp: { dmPolicy: "allowlist", allowFrom: ["+15555550123"] }, slack: { botToken: "${CANARY}", appToken: "${CANARY}" } } }`,
  },
  {
    what: "agents as a list, with identities and sandboxes", odd: [],
    text: `{ agents: { defaults: { heartbeat: { every: "30m", target: "last", activeHours: { start: "08:00", end: "24:00" } },
      timeoutSeconds: 600,
        compaction: { mode: "safeguard", reserveTokensFloor: 20000 }, sandbox: { mode: "non-main", scope: "agent" },
      thinkingDefault: "low" },
      list: [{ id: "main", default: true, name: "Main", workspace: "~/ws", identity: { name: "Clawd", emoji: "🦞", theme: "space" } },
        { id: "family", model: "anthropic/claude-sonnet-4-6", tools: { profile: "messaging", deny: ["exec"] },
      groupChat: { mentionPatterns: ["@fam"] },
          sandbox: { mode: "all" }, subagents: { allowAgents: ["main"] } }] } }`,
    holds: { "agents.list[1].tools.deny": ["exec"] },
  },
  {
    what: "agents as a map", text: `{ agents: { defaults: { model: "a/b", skipBootstrap: true, cwd: "~/x" },
      entries: { main: { model: { primary: "a/c", fallbacks: ["a/b"] } } } } }`,
    holds: { "agents.entries.main.model": { primary: "a/c", fallbacks: ["a/b"] } },
  },
  {
    what: "bindings of every form", odd: [],
    text: `{ agents: { list: [{ id: "a" }, { id: "b" }] }, bindings: [{ agentId: "a", match: { channel: "whatsapp", accountId: "biz" } },
      { agentId: "b", match: { channel: "discord", guildId: "1", teamId: "2", peer: { kind: "channel", id: "3" } },
      session: { dmScope: "main" } }] }`,
  },
  {
    what: "hooks with a token in the clear", odd: ["hooks.token"],
    text: `{ hooks: { enabled: true, token: "${CANARY}", path: "/hooks", maxBodyBytes: 262144, defaultSessionKey: "hook:ingress",
      allowRequestSessionKey: false,
      allowedSessionKeyPrefixes: ["hook:"], allowedAgentIds: ["main"], presets: ["gmail"], transformsDir: "~/.openclaw/hooks",
      mappings: [{ match: { path: "gmail" }, action: "agent", wakeMode: "now", name: "Gmail", sessionKey: "hook:gmail:{{messages[0].id}}",
        messageTemplate: "New from {{messages[0].from}}", deliver: true, channel: "last", model: "a/b" }] } }`,
  },
  {
    what: "jobs, sessions, messages, commands, logging",
    text: `{ cron: { enabled: true, maxConcurrentRuns: 2, sessionRetention: "24h", webhookToken: "${CANARY}",
      runLog: { maxBytes: "2mb", keepLines: 2000 } },
      session: { scope: "per-sender", dmScope: "per-channel-peer", identityLinks: { alice: ["telegram:1"] }, reset: { mode: "daily",
      atHour: 4, idleMinutes: 60 },
        resetByType: { group: { mode: "idle", idleMinutes: 120 } }, resetTriggers: ["/new", "/reset"],
      maintenance: { mode: "enforce", pruneAfter: "30d" },
        sendPolicy: { default: "allow", rules: [] } },
      messages: { queue: { mode: "collect" }, responsePrefix: "auto" }, commands: { native: "auto", text: true, ownerAllowFrom: ["tg:1"] },
      logging: { level: "trace", consoleLevel: "warn", file: "/tmp/x.log", redactSensitive: "tools" } }`,
    holds: { "session.dmScope": "per-channel-peer" },
  },
  {
    what: "the gateway in every respect", odd: ["gateway.auth.password", "gateway.remote.token"],
    text: `{ gateway: { mode: "local", port: 18789, bind: "loopback", auth: { mode: "password", password: "pw", allowTailscale: true,
        rateLimit: { maxAttempts: 10, windowMs: 60000, lockoutMs: 300000, exemptLoopback: true } },
      trustedProxies: ["10.0.0.1"], allowRealIpFallback: false, controlUi: { enabled: true, basePath: "/openclaw",
      allowedOrigins: ["http://localhost:5173"],
        root: "dist/control-ui" }, remote: { url: "ws://gateway.tailnet:18789", transport: "ssh", token: "${CANARY}" },
      tailscale: { mode: "off" }, nodes: { pairing: { autoApproveLocal: true, sshVerify: true },
      commands: { allow: ["canvas.navigate"], deny: ["sms.send"] },
        browser: { mode: "auto" }, pluginTools: { enabled: true }, allowSkills: true },
      http: { endpoints: { chatCompletions: { enabled: true, maxBodyBytes: 20971520 }, responses: { enabled: true,
      files: { allowUrl: true } } } },
      tools: { allow: ["gateway"], deny: ["browser"] }, reload: { mode: "hybrid", debounceMs: 300, deferralTimeoutMs: 300000 } } }`,
    holds: { "gateway.reload.mode": "hybrid", "gateway.http.endpoints.responses.enabled": true },
  },
  {
    what: "a short token", text: "{ gateway: { auth: { token: 'mytoken' } } }", odd: ["gateway.auth.token"],
  },
  {
    what: "tools in every respect",
    text: `{ tools: { profile: "coding", allow: ["group:fs", "exec"], deny: ["browser"],
      byProvider: { "openai/gpt-5": { profile: "minimal" } },
      exec: { host: "auto", mode: "full", security: "full", ask: "off", node: "mac", timeoutSec: 1800, backgroundMs: 10000,
      applyPatch: { enabled: false } },
      elevated: { enabled: true, allowFrom: { whatsapp: ["+1555"] } }, web: { search: { enabled: true, apiKey: "${CANARY}",
      maxResults: 5 }, fetch: { enabled: true } },
      media: { audio: { enabled: true } }, agentToAgent: { enabled: false, allow: ["main"] }, sandbox: { tools: { allow: ["exec"] } } } }`,
    holds: { "tools.profile": "coding" },
  },
  {
    what: "skills and plug-ins",
    text: `{ skills: { allowBundled: ["gemini"], load: { extraDirs: ["~/skills"], watch: true, watchDebounceMs: 250 },
      install: { preferBrew: true, nodeManager: "npm" },
      entries: { nano: { enabled: true, apiKey: "${CANARY}", env: { GEMINI_API_KEY: "${CANARY}" }, config: { endpoint: "x" } },
      sag: { enabled: false },
        ref: { apiKey: { source: "env", provider: "default", id: "X" } } } },
      plugins: { enabled: true, allow: ["voice-call"], deny: [], load: { paths: ["~/p"] }, entries: { "voice-call": { enabled: true,
      config: { provider: "twilio" } } } },
      browser: { enabled: true, defaultProfile: "chrome", profiles: { openclaw: { cdpPort: 18800, color: "#FF4500" } } },
      talk: { voiceId: "x", apiKey: "${CANARY}" }, discovery: { mdns: { mode: "minimal" }, wideArea: { enabled: false } },
      ui: { seamColor: "#FF4500" } }`,
  },
  {
    what: "keys of a plug-in, of a newer program, and mistyped ones", odd: ["gateway.prot", "somethingNew", "session.turnWaitingMax"],
    text: `{ gateway: { prot: 1, port: 7 }, somethingNew: { deep: [1, { x: NaN, y: -Infinity }] }, session: { turnWaitingMax: 3 } }`,
      holds: { "gateway.port": 7 },
  },
  {
    what: "wrong types, and values of another program", leftOut: ["gateway.bind", "gateway.port", "logging.level", "tools.deny"],
    text: "{ gateway: { port: '18789', bind: 'moon' }, logging: { level: 7 }, tools: { deny: 'exec' }, session: { turnsWaitingMax: 9 } }",
    holds: {
      "gateway.port": 18_789, "gateway.bind": "loopback", "logging.level": "info", "session.turnsWaitingMax": 9,
      "tools.profile": "minimal", "tools.exec.mode": "deny",
    },
  },
  {
    what: "a wrong type where nothing is at stake", leftOut: ["logging.level"], text: `{ logging: { level: "loud" },
      tools: { profile: "coding" } }`,
    holds: { "tools.profile": "coding", "tools.exec.mode": undefined },
  },
  {
    what: "whole sections of the wrong kind", leftOut: ["agents", "gateway", "tools"], text: `{ gateway: "local", agents: [],
      tools: 5, session: {} }`,
    holds: { "gateway.bind": "loopback", "tools.exec.mode": "deny" },
  },
  { what: "keys that are there twice", odd: ["gateway.port"], text: "{ gateway: { port: 1, port: 2 } }", holds: { "gateway.port": 2 } },
  {
    what: "an empty text where a secret stands", text: `{ gateway: { auth: { mode: "token", token: "" } },
      models: { providers: { x: { apiKey: "" } } } }`,
  },
];

for (const { what, text, odd = [], leftOut = [], holds = {}, others = {} } of FILES) {
  test(`a file of theirs stops nothing: ${what} (S4.31, W.10.2)`, async (t) => {
    const dir = await mkdtemp(join(tmpdir(), "openclaw-theirs-"));
    t.after(() => rm(dir, { recursive: true }));
    const path = join(dir, "openclaw.json");
    await writeFile(path, text, { mode: 0o600 });
    for (const [name, other] of Object.entries(others)) await writeFile(join(dir, name), other);
    await using config = await openConfig({
      path, stateDir: dir, schema: configSchema, clock: new VirtualClock(), environment: {}, watch: false,
      salvage: async (kept, without) => guardConfig(kept, without),
    });
    const told = config.file.warnings.filter(({ code }) => code !== "CONFIG_KEY_INERT").map((warning) => warning.path);
    assert.deepEqual([told.sort(), [...config.leftOut].sort()], [[...odd].sort(), [...leftOut].sort()], inspect(config.file.issues));
    for (const [key, value] of Object.entries(holds)) {
      const found = key.split(/[.[\]]+/).filter((part) => part !== "").reduce<unknown>(
        (at, part) => (at as Readonly<Record<string, unknown>> | undefined)?.[part], config.values,
      );
      assert.deepEqual(found, value, key);
    }
    const shown = JSON.stringify([redactConfig(config.written, configSchema), config.file.issues, config.file.warnings]);
    assert.equal(shown.includes(CANARY), false, "no secret is shown");
    assert.match(configRevision(config.values, false), /^[A-Za-z0-9_-]{43}$/);
  });
}
