// Settings from the command line: through a gateway, which is scripted here, and at one elsewhere.
import assert from "node:assert/strict";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { EXIT, OpenClawError } from "@openclaw/protocol";
import { openclaw } from "./run-openclaw.testing.ts";
import { openScriptedGateway } from "./scripted-gateway.testing.ts";

const TOKEN = "the-token-of-the-other-gateway";

async function makeDir(t: TestContext, config?: unknown): Promise<{ dir: string; path: string; at: Record<string, string> }> {
  const dir = await mkdtemp(join(tmpdir(), "openclaw-settings-"));
  t.after(() => rm(dir, { recursive: true }));
  const path = join(dir, "openclaw.json");
  if (config !== undefined) await writeFile(path, JSON.stringify(config), { mode: 0o600 });
  return { dir, path, at: { OPENCLAW_STATE_DIR: dir } };
}

test("gateway.mode remote: commands talk to the gateway it names, with the token it says where to find; --url wins (S4.31)", async (t) => {
  await using elsewhere = await openScriptedGateway({ health: () => ({ ok: true, ts: 1, durationMs: 0 }) }, { token: TOKEN });
  await using other = await openScriptedGateway({ health: () => ({ ok: true, ts: 1, durationMs: 0 }) });
  const remote = { url: `ws://127.0.0.1:${elsewhere.port}`, token: { source: "store", id: "ELSEWHERE" } };
  const { dir, at } = await makeDir(t, { gateway: { mode: "remote", remote } });
  await mkdir(join(dir, "credentials", "store"), { recursive: true, mode: 0o700 });
  await writeFile(join(dir, "credentials", "store", "ELSEWHERE"), `${TOKEN}\n`, { mode: 0o600 });
  const said = await openclaw(["health", "--json"], at);
  assert.equal(said.code, EXIT.ok, said.stdout + said.stderr);
  assert.deepEqual(elsewhere.connects.map((connect) => connect["auth"]), [{ token: TOKEN }]);
  assert.equal((await openclaw(["health", "--json", "--url", `ws://127.0.0.1:${other.port}`, "--token", "x"], at)).code, EXIT.ok);
  assert.deepEqual([elsewhere.connects.length, other.connects.length], [1, 1]);

  await rm(join(dir, "credentials", "store", "ELSEWHERE"));
  const missing = await openclaw(["health", "--json"], at);
  assert.match(missing.stdout, /SECRET_UNRESOLVED[^]*gateway\.remote\.token: ELSEWHERE of store/);
  await writeFile(join(dir, "openclaw.json"), JSON.stringify({ gateway: { mode: "remote", remote: { url: "ws://gateway.example.org" } } }));
  assert.match((await openclaw(["health"], at)).stderr, /is another machine, and ws:\/\/ would send the token there unencrypted/);
});

test("config set builds on what the gateway has now: told that it changed meanwhile, it reads again and keeps both", async (t) => {
  const { path, at } = await makeDir(t);
  const state = { raw: "{\n  // theirs\n  session: { debounceMs: 1 },\n}\n", hash: "h1", meanwhile: true };
  await using gateway = await openScriptedGateway({
    "config.get": () => ({ path, hash: state.hash, raw: state.raw }),
    "config.set": ({ params }) => {
      if (state.meanwhile) {
        Object.assign(state, { meanwhile: false, hash: "h2", raw: state.raw.replace("debounceMs: 1", "debounceMs: 2") });
      }
      if (params["baseHash"] !== state.hash) {
        const error = new OpenClawError("PARAMS_INVALID", { detail: { reason: "base-hash-stale" } });
        error.message = "config changed since last load; re-run config.get and retry";
        throw error;
      }
      Object.assign(state, { raw: params["raw"], hash: "h3" });
      return { ok: true, path, config: {} };
    },
  });
  const port = ["--port", String(gateway.port), "--token", "x"];
  const said = await openclaw(["config", "set", "session.turnsWaitingMax", "5", "--json", ...port], at);
  assert.equal(said.code, EXIT.ok, said.stdout + said.stderr);
  assert.match(said.stdout, /"through":\s*"gateway"/);
  assert.match(state.raw, /\/\/ theirs\n {2}session: \{ debounceMs: 2, turnsWaitingMax: 5 \}/);
  await assert.rejects(readFile(path), "the file is the gateway's to write");
});

test("a gateway that runs on another file is not asked: the file here is what was meant", async (t) => {
  const { path, at } = await makeDir(t);
  await using gateway = await openScriptedGateway({ "config.get": () => ({ path: "/another/openclaw.json", hash: "h", raw: "{}" }) });
  const port = ["--port", String(gateway.port), "--token", "x"];
  const said = await openclaw(["config", "set", "session.turnsWaitingMax", "5", "--json", ...port], at);
  assert.match(said.stdout, /"through":\s*"file"/);
  assert.match(await readFile(path, "utf8"), /"turnsWaitingMax": 5/);
  assert.deepEqual(gateway.requests.map(({ method }) => method), ["config.get"]);
});

test("a patch from a file or from standard input; neither, or both, is a mistake of the line; lists lose nothing unasked; a dry run "
  + "changes nothing (S1.34)", async (t) => {
  const { dir, path, at } = await makeDir(t, { gateway: { controlUi: { allowedOrigins: ["https://a", "https://b"] } } });
  const file = join(dir, "change.json5");
  await writeFile(file, "{ gateway: { controlUi: { allowedOrigins: ['https://a'] } } }");
  const lost = await openclaw(["config", "patch", "--file", file], at);
  assert.match(lost.stderr, /gateway\.controlUi\.allowedOrigins would lose entries; say --replace-path/);
  const whole = ["config", "patch", "--file", file, "--replace-path", "gateway.controlUi.allowedOrigins"];
  const before = await readFile(path, "utf8");
  assert.match((await openclaw([...whole, "--dry-run"], at)).stdout, /would take it; nothing was changed/);
  assert.equal((await openclaw(["config", "patch", "{ gateway: { port: 0 } }", "--dry-run"], at)).code, EXIT.config);
  assert.equal(await readFile(path, "utf8"), before);
  const done = await openclaw(whole, at);
  assert.equal(done.code, EXIT.ok, done.stderr);
  assert.deepEqual(JSON.parse(await readFile(path, "utf8")), { gateway: { controlUi: { allowedOrigins: ["https://a"] } } });
  for (const args of [["config", "patch"], ["config", "patch", "{}", "--file", file]]) assert.equal((await openclaw(args, at)).code, 2);
  assert.match((await openclaw(["config", "patch", "{ nope"], at)).stderr, /The patch is not JSON5: line 1/);
});
