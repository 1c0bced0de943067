import assert from "node:assert/strict";
import { chmod, mkdtemp, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { spawnSync } from "node:child_process";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import test, { type TestContext } from "node:test";
import { inspect } from "node:util";
import { hasCode, type ErrorCode, type JsonSchema, type OpenClawError } from "@openclaw/protocol";
import { systemClock } from "../../base/clock.ts";
import { Secret } from "../../base/secret.ts";
import { VirtualClock } from "../../../testkit/virtual-clock.ts";
import { checkConfig } from "./check-config.ts";
import { getConfigValue, parseKey } from "./config-key.ts";
import { loadConfig } from "./load-config.ts";
import { mergeSchemas } from "./merge-schemas.ts";
import { openConfig } from "./open-config.ts";
import { setConfigValue } from "./set-config-value.ts";

const schema = mergeSchemas({
  gateway: {
    type: "object",
    properties: {
      port: { type: "integer", minimum: 1, maximum: 65_535, default: 18_789 },
      bind: { enum: ["loopback"], default: "loopback" },
    },
  },
  "gateway.auth": {
    type: "object",
    properties: {
      token: { type: "string", secret: true },
      mode: { anyOf: [{ const: "token" }, { type: "object", required: ["key"], properties: { key: { type: "string" } } }] },
    },
  },
  sessions: { type: "object", properties: { turnsWaitingMax: { type: "integer", minimum: 1, default: 20 } } },
  agents: {
    type: "object",
    properties: {
      list: {
        type: "array",
        items: {
          type: "object", required: ["id"],
          properties: { id: { type: "string", minLength: 1 }, model: { type: "string", default: "demo/demo" } },
        },
      },
    },
  },
  models: {
    type: "object",
    additionalProperties: { type: "object", properties: { apiKey: { type: "string" }, keyFile: { type: "string" } } },
  },
});

async function makeDir(t: TestContext, text?: string): Promise<{ dir: string; path: string }> {
  const dir = await mkdtemp(join(tmpdir(), "openclaw-config-"));
  t.after(() => rm(dir, { recursive: true, force: true }));
  const path = join(dir, "openclaw.json");
  if (text !== undefined) await writeFile(path, text, { mode: 0o600 });
  return { dir, path };
}

async function issuesOf(t: TestContext, text: string): Promise<string[]> {
  const { path } = await makeDir(t, text);
  const loaded = await loadConfig({ path, schema });
  assert.equal(loaded.config === undefined, loaded.issues.length > 0);
  return loaded.issues.map(({ line, column, path: key, message }) => `${line}:${column} ${key} ${message}`);
}

test("without a file the defaults of every slice are the configuration", async (t) => {
  const { path } = await makeDir(t);
  const loaded = await loadConfig({ path, schema });
  assert.equal(loaded.exists, false);
  const gateway = { port: 18_789, bind: "loopback", auth: {} };
  assert.deepEqual(loaded.config, { gateway, sessions: { turnsWaitingMax: 20 }, agents: {}, models: {} });
});

test("without a file the parser is not loaded", async (t) => {
  const { path } = await makeDir(t);
  const doors = ["../config.ts", "../../base/clock.ts"].map((door) => JSON.stringify(new URL(door, import.meta.url).href));
  const script = `import { registerHooks } from "node:module";
    const seen = [];
    registerHooks({ load: (url, context, next) => (seen.push(url), next(url, context)) });
    const [{ openConfig }, { systemClock }] = await Promise.all([${doors.map((door) => `import(${door})`).join(", ")}]);
    const path = ${JSON.stringify(path)}, stateDir = ${JSON.stringify(join(path, ".."))};
    await using config = await openConfig({ path, stateDir, schema: {}, clock: systemClock });
    console.log(seen.length > 5, seen.filter((url) => /momoa/.test(url)).length);`;
  const { stdout, stderr } = spawnSync(process.execPath, ["--input-type=module-typescript", "-e", script], { encoding: "utf8" });
  assert.equal(stdout.trim(), "true 0", stderr);
});

test("what the file says is merged with defaults, in lists too, and JSON5 is understood", async (t) => {
  const { path } = await makeDir(t, "// mine\n{ gateway: { port: 3000, }, agents: { list: [{ id: 'main' }] } }\n");
  const { config, source, hash } = await loadConfig({ path, schema });
  assert.deepEqual(source, { gateway: { port: 3_000 }, agents: { list: [{ id: "main" }] } });
  assert.deepEqual(config?.["agents"], { list: [{ id: "main", model: "demo/demo" }] });
  assert.equal((config?.["gateway"] as { bind: string }).bind, "loopback");
  assert.match(hash, /^[0-9a-f]{64}$/);
});

test("broken JSON5 and wrong types each name line and key (S3.13)", async (t) => {
  assert.match((await issuesOf(t, "{\n  gateway: { port: 3000,\n  sessions }\n"))[0] ?? "", /^3:\d+ {2}is not JSON5: /);
  assert.deepEqual(await issuesOf(t, "[]"), ["1:1  must be an object"]);
  const many = "{\n  gateway: {\n    prot: 1,\n    port: 'x',\n  },\n  sessions: { turnsWaitingMax: 0.5 },\n  other: 1\n}";
  assert.deepEqual(await issuesOf(t, many), [
    "4:5 gateway.port must be a whole number; it is text",
    "6:15 sessions.turnsWaitingMax must be a whole number; it is 0.5",
  ]);
  assert.deepEqual(await issuesOf(t, "{\n agents: { list: [\n  { id: '' },\n  { model: 'x' } ] } }"), [
    "3:5 agents.list[0].id must not be empty",
    '4:3 agents.list[1] needs the key "id"',
  ]);
  assert.deepEqual(await issuesOf(t, "{ gateway: { port: 1, port: 2, bind: 'lan' } }"), [
    '1:32 gateway.bind must be one of "loopback"; it is text',
  ]);
  const { path } = await makeDir(t, "{ gateway: { port: 1, port: 2 } }");
  const { config, warnings } = await loadConfig({ path, schema });
  assert.equal(getConfigValue(config, "gateway.port"), 2);
  assert.deepEqual(warnings.map(({ column, message }) => [column, message]), [[23, "is there twice; the last one holds"]]);
  assert.deepEqual(await issuesOf(t, "{ gateway: { auth: { mode: { kez: 1 } } } }"), ['1:22 gateway.auth.mode needs the key "key"']);
});

test("a key that nobody knows is a warning with the nearest one that is known, and the file is taken (S4.31)", async (t) => {
  const text = "{\n  gateway: {\n    prot: 1,\n    auth: { mode: { key: 'k', kez: 1 } },\n  },\n  other: { deep: 1 }\n}";
  const { path } = await makeDir(t, text);
  const { config, issues, warnings } = await loadConfig({ path, schema });
  assert.deepEqual(issues, []);
  assert.equal(getConfigValue(config, "gateway.port"), 18_789, "what is known holds");
  assert.deepEqual(warnings.map(({ line, column, path: key, message, code }) => `${line}:${column} ${key} ${message} ${code}`), [
    '3:5 gateway.prot is not a key; did you mean "port"? CONFIG_KEY_UNKNOWN',
    '4:31 gateway.auth.mode.kez is not a key; did you mean "key"? CONFIG_KEY_UNKNOWN',
    "6:3 other is not a key; known here: agents, gateway, models, sessions CONFIG_KEY_UNKNOWN",
  ]);
});

test("many unknown keys do not hide what is wrong", async (t) => {
  const odd = Array.from({ length: 100 }, (_, at) => `x${at}: 1`).join(", ");
  assert.deepEqual(await issuesOf(t, `{ ${odd}, gateway: { port: 'x' } }`).then((found) => found.length), 1);
});

test("a key that nothing acts on is taken whatever it holds, and named", async (t) => {
  const { path } = await makeDir(t, "{ channels: { any: [1] }, gateway: { port: 5 } }");
  const inert: JsonSchema = { ...schema, properties: { ...schema.properties, channels: { type: "string", inert: true } } };
  const { config, warnings } = await loadConfig({ path, schema: inert });
  assert.equal(getConfigValue(config, "gateway.port"), 5);
  assert.deepEqual(warnings.map(({ path: key, code }) => [key, code]), [["channels", "CONFIG_KEY_INERT"]]);
});

test("the name of a time zone is one that this machine knows", () => {
  const zone = { type: "object", properties: { zone: { type: "string", timeZone: true } } } as const;
  const said = (name: string): unknown => checkConfig(zone, { zone: name }).wrong.map(({ message }) => message);
  for (const known of ["Europe/Berlin", "UTC", "Asia/Kathmandu"]) assert.deepEqual(said(known), [], known);
  for (const unknown of ["Nowhere/Land", "", "../../etc"]) {
    assert.deepEqual(said(unknown), ["must be a time zone this machine knows, such as Europe/Berlin"], unknown);
  }
});

test("hostile files are answers, not crashes", async (t) => {
  assert.equal((await issuesOf(t, "[".repeat(200_000))).length, 1);
  assert.match((await issuesOf(t, `{ "__proto__": { gateway: 1 } }`))[0] ?? "", /__proto__ is not a key/);
  assert.match((await issuesOf(t, `{ models: { x: { "__proto__": 1 } } }`))[0] ?? "", /__proto__.* is not a key/);
  assert.match((await issuesOf(t, " ".repeat(2_000_000)))[0] ?? "", /larger than/);
  assert.equal((await issuesOf(t, "{ gateway: { port: NaN } }")).length, 1);
  assert.equal((await issuesOf(t, "")).length, 1);
});

test("a secret in the file works: it is typed, told of with the command that moves it, and never repeated (S0.4, S0.34)", async (t) => {
  const text = "{ models: {\n openai: { apiKey: 'sk-canary', deep: { token: 'canary-2' } } }, gateway: { auth: { token: 'canary-3' } } }";
  const secret = await loadConfig({ path: (await makeDir(t, text)).path, schema });
  assert.deepEqual(secret.issues, []);
  for (const [key, value] of [
    ["models.openai.apiKey", "sk-canary"], ["models.openai.deep.token", "canary-2"], ["gateway.auth.token", "canary-3"],
  ] as const) {
    const typed = getConfigValue(secret.config, key);
    assert.ok(typed instanceof Secret, key);
    assert.equal(typed.reveal(), value);
  }
  assert.doesNotMatch(JSON.stringify([secret.config, secret.issues, secret.warnings]) + inspect(secret.config, { depth: 9 }), /canary/);
  assert.deepEqual(secret.warnings.map(({ line, column, path: key, code }) => `${line}:${column} ${key} ${code}`), [
    "2:12 models.openai.apiKey CONFIG_SECRET_INLINE", "2:33 models.openai.deep CONFIG_KEY_UNKNOWN",
    "2:41 models.openai.deep.token CONFIG_SECRET_INLINE",
    "2:85 gateway.auth.token CONFIG_SECRET_INLINE",
  ]);
  assert.match(secret.warnings[0]?.message ?? "", /^is a secret in the clear; "openclaw secrets move" puts it into the vault$/);
  const { path: named } = await makeDir(t, "{ models: { openai: { apiKey: '${OPENAI_API_KEY}', keyFile: '/x' } } }");
  const reference = await loadConfig({ path: named, schema, environment: { OPENAI_API_KEY: "canary" } });
  assert.deepEqual([reference.issues, reference.warnings], [[], []]);

  const { path } = await makeDir(t, "{ gatewayToken: 'abc' }");
  await chmod(path, 0o644);
  const loaded = await loadConfig({ path, schema });
  assert.equal(getConfigValue(loaded.source, "gatewayToken"), "abc");
  assert.equal(getConfigValue(loaded.source, "gateway.auth.token"), "abc");
  assert.match(loaded.warnings[0]?.message ?? "", /chmod 600/);
  await writeFile(path, "{ gatewayToken: 'a', gateway: { auth: { token: 'b' } } }");
  const both = await loadConfig({ path, schema });
  assert.equal(getConfigValue(both.source, "gateway.auth.token"), "b", "the key's own name wins");
  assert.ok(both.warnings.some(({ path: key, code }) => key === "gatewayToken" && code === "CONFIG_KEY_UNKNOWN"));
});

test("keys are written with dots, places in lists and quoted names", () => {
  assert.deepEqual(parseKey('a.b[0].c["d.e"]'), ["a", "b", 0, "c", "d.e"]);
  for (const bad of ["a..b", "a[", "[x]", 'a["'] ) assert.throws(() => parseKey(bad), (error) => hasCode(error, "CONFIG_KEY_UNKNOWN"), bad);
  const config = { a: { b: [{ c: 1 }] } };
  assert.equal(getConfigValue(config, "a.b[0].c"), 1);
  assert.throws(() => getConfigValue(config, "a.constructor"), (error) => hasCode(error, "CONFIG_KEY_UNKNOWN"));
  assert.equal(getConfigValue({}, "agents.list[3].model", schema), undefined);
  assert.throws(() => getConfigValue({}, "agents.lst", schema), (error) => hasCode(error, "CONFIG_KEY_UNKNOWN"));
});

test("setting a key keeps comments and layout, and writes a private file", async (t) => {
  const { path } = await makeDir(t, "// top\n{\n  gateway: {\n    port: 3000, // mine\n  },\n  agents: { list: [ { id: 'main' } ] },\n}\n");
  const set = (key: string, value: unknown): ReturnType<typeof setConfigValue> => setConfigValue({ path, schema, key, value });
  await set("gateway.port", 4_000);
  await set("gateway.bind", "loopback");
  await set("sessions.turnsWaitingMax", 5);
  await set("agents.list[1]", { id: "second" });
  const loaded = await set("agents.list[0].model", "x/y");
  const text = await readFile(path, "utf8");
  assert.match(text, /^\/\/ top\n/);
  assert.match(text, /port: 4000,\n {4}bind: "loopback", \/\/ mine\n/);
  await assert.rejects(set("agents.list[5]", { id: "far" }), /the next is \[2\]/);
  assert.deepEqual(loaded.source, {
    gateway: { port: 4_000, bind: "loopback" },
    agents: { list: [{ id: "main", model: "x/y" }, { id: "second" }] },
    sessions: { turnsWaitingMax: 5 },
  });
  assert.equal((await stat(path)).mode & 0o777, 0o600);
});

test("setting makes a file, follows a link, and goes through an empty object", async (t) => {
  const { dir, path } = await makeDir(t);
  assert.deepEqual((await setConfigValue({ path, schema, key: "gateway.port", value: 5 })).source, { gateway: { port: 5 } });
  await symlink(path, join(dir, "link.json"));
  await setConfigValue({ path: join(dir, "link.json"), schema, key: "gatewayToken", value: "t" });
  assert.deepEqual((await loadConfig({ path, schema })).source, { gateway: { port: 5, auth: { token: "t" } } });
  await writeFile(path, "{\n  gateway: { /* none yet */ },\n}");
  await setConfigValue({ path, schema, key: "gateway.port", value: 6 });
  assert.match(await readFile(path, "utf8"), /none yet/);
  const early = join(dir, "state", "openclaw.json");
  await setConfigValue({ path: early, schema, key: "gateway.port", value: 7 });
  assert.equal((await stat(dirname(early))).mode & 0o777, 0o700);
  assert.deepEqual((await loadConfig({ path: early, schema })).source, { gateway: { port: 7 } });
});

test("a value that does not fit is refused with its key, and the file stays as it was", async (t) => {
  const { path } = await makeDir(t, "{ gateway: { port: 1 } }");
  const set = (key: string, value: unknown, code: ErrorCode, pattern: RegExp): Promise<void> =>
    assert.rejects(setConfigValue({ path, schema, key, value }), (error) => hasCode(error, code) && pattern.test(String(error)));
  await set("gateway.port", 0, "CONFIG_INVALID", /"gateway\.port" must be at least 1/);
  await set("gateway.prt", 1, "CONFIG_KEY_UNKNOWN", /did you mean "port"/);
  await set("nowhere.at.all", 1, "CONFIG_KEY_UNKNOWN", /"nowhere" is not a key/);
  assert.equal(await readFile(path, "utf8"), "{ gateway: { port: 1 } }");
  await writeFile(path, "{ gateway: ");
  await set("gateway.port", 2, "CONFIG_INVALID", /:1:\d+ The file is not JSON5/);
});

test("a file that became wrong leaves the last good configuration in force, and says why (S3.13)", async (t) => {
  const { dir, path } = await makeDir(t, "{ gateway: { port: 1 } }");
  await using config = await openConfig({ path, stateDir: dir, schema, clock: systemClock, watch: false });
  const seen: unknown[] = [];
  config.onChange((values) => seen.push(getConfigValue(values, "gateway.port")));
  config.onRefused((issues) => seen.push(issues[0]?.path));
  await writeFile(path, "{ gateway: { port: 2 } }");
  await config.reload();
  await writeFile(path, "{ gateway: { port: 'x' } }");
  await config.reload();
  assert.deepEqual(seen, [2, "gateway.port"]);
  assert.equal(getConfigValue(config.values, "gateway.port"), 2);
  assert.equal(config.isLastGood, true);
  assert.equal(config.file.issues[0]?.line, 1);

  await using again = await openConfig({ path, stateDir: dir, schema, clock: systemClock, watch: false });
  assert.equal(getConfigValue(again.values, "gateway.port"), 2);
  assert.equal((await stat(join(dir, "openclaw.last-good.json"))).mode & 0o777, 0o600);
  await writeFile(path, "{ gateway: { port: 3 } }");
  await again.reload();
  assert.deepEqual([again.isLastGood, getConfigValue(again.values, "gateway.port")], [false, 3]);
  await again.set("gateway.port", 4);
  assert.equal(getConfigValue(again.values, "gateway.port"), 4);
});

test("a file that is broken at the first start names line and key", async (t) => {
  const { dir, path } = await makeDir(t, "{\n  gateway: { port: 'x' } }");
  await assert.rejects(openConfig({ path, stateDir: dir, schema, clock: systemClock }), (error: OpenClawError) =>
    error.code === "CONFIG_INVALID" && error.message.includes(`${path}:2:14 "gateway.port" must be a whole number`));
});

test("where there never was a good one, what fits is in force if its owner's guard allows, and nothing of an unreadable one (S3.13)",
  async (t) => {
    const { dir, path } = await makeDir(t, "{ gateway: { port: 'x', bind: 'loopback' }, sessions: { turnsWaitingMax: 7 } }");
    const asked: unknown[] = [];
    const open = () => openConfig({
      path, stateDir: dir, schema, clock: systemClock, watch: false,
      salvage: async (kept, leftOut) => {
        asked.push(leftOut);
        return leftOut.includes("sessions") ? undefined : kept;
      },
    });
    await using config = await open();
    assert.deepEqual(asked, [["gateway.port"]]);
    const found = ["gateway.port", "sessions.turnsWaitingMax"].map((key) => getConfigValue(config.values, key));
    assert.deepEqual(found, [18_789, 7]);
    assert.deepEqual([config.isLastGood, config.leftOut], [true, ["gateway.port"]]);
    await assert.rejects(stat(join(dir, "openclaw.last-good.json")), "a part is not kept as good");
    await writeFile(path, "{ sessions: 5 }");
    await assert.rejects(open(), (error) => hasCode(error, "CONFIG_INVALID"));
    await writeFile(path, "{ gateway: { port: 1 ");
    await assert.rejects(open(), (error) => hasCode(error, "CONFIG_INVALID"));
    assert.equal(asked.length, 2, "of a text that is not JSON5 nothing is left to ask about");
    await writeFile(path, "{ gateway: { port: 5 } }");
    await config.reload();
    assert.deepEqual([config.isLastGood, config.leftOut, getConfigValue(config.values, "gateway.port")], [false, [], 5]);
  });

test("an edit may wait: what is in force stays, the file is known, and a write through the gateway takes it along", async (t) => {
  const { dir, path } = await makeDir(t, "{ gateway: { port: 1 } }");
  const clock = new VirtualClock();
  await using config = await openConfig({ path, stateDir: dir, schema, clock, takesEdits: () => false });
  const told = new Promise<unknown>((resolve) => config.onTaken((_file, { edited, inForce }) => resolve([edited, inForce])));
  await writeFile(path, "{ gateway: { port: 2 } }");
  const advance = setInterval(() => void clock.advance(100), 5);
  t.after(() => clearInterval(advance));
  assert.deepEqual(await told, [true, false]);
  assert.deepEqual([getConfigValue(config.values, "gateway.port"), config.file.text], [1, "{ gateway: { port: 2 } }"]);
  await config.set("sessions.turnsWaitingMax", 5);
  assert.deepEqual([getConfigValue(config.values, "gateway.port"), getConfigValue(config.values, "sessions.turnsWaitingMax")], [2, 5]);
});

test("a change on disk is noticed once it has settled", async (t) => {
  const { dir, path } = await makeDir(t, "{}");
  const clock = new VirtualClock();
  await using config = await openConfig({ path, stateDir: dir, schema, clock });
  const changed = new Promise((resolve) => config.onChange((values) => resolve(getConfigValue(values, "gateway.port"))));
  await writeFile(path, "{ gateway: { po");
  await writeFile(path, "{ gateway: { port: 7 } }");
  const advance = setInterval(() => void clock.advance(100), 5); // the kernel tells in its own time
  t.after(() => clearInterval(advance));
  assert.equal(await changed, 7);
  clearInterval(advance);
});

test("two modules cannot claim one key", () => {
  const slice: JsonSchema = { type: "object", properties: { x: { type: "string" } } };
  assert.throws(() => mergeSchemas({ "a.b": slice, a: { type: "object", properties: { b: slice } } }), /two modules claim/);
});
