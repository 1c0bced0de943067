import assert from "node:assert/strict";
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { hasCode } from "@openclaw/protocol";
import { systemIds } from "../base/ids.ts";
import { Secret } from "../base/secret.ts";
import { readSecret } from "../fabric/vault.ts";
import { hooksTokenPath, loadHooksToken } from "./hooks-token.ts";

async function setUp(t: TestContext) {
  const credentialsDir = await mkdtemp(join(tmpdir(), "hooks-token-"));
  t.after(() => rm(credentialsDir, { recursive: true }));
  const load = async (said?: unknown, environment: Readonly<Record<string, string>> = {}): Promise<string> => {
    const configured = () => readSecret(said, { config: undefined, environment, credentialsDir, home: credentialsDir }, "hooks.token");
    return (await loadHooksToken({ credentialsDir, configured, ids: systemIds })).reveal();
  };
  return { path: hooksTokenPath(credentialsDir), load };
}

test("a token is made once, in a file only its owner can read", async (t) => {
  const { path, load } = await setUp(t);
  const made = await load();
  assert.ok(made.length >= 32);
  assert.equal(await load(), made);
  assert.equal((await readFile(path, "utf8")).trim(), made);
  assert.equal((await stat(path)).mode & 0o777, 0o600);
});

test("what the configuration holds or names wins; one that is not set or too short is said, without its value", async (t) => {
  const { load } = await setUp(t);
  assert.equal(await load("${HOOKS}", { HOOKS: "sixteen-characters" }), "sixteen-characters");
  assert.equal(await load(new Secret("sixteen-characters")), "sixteen-characters");
  assert.equal(await load({ source: "env", id: "HOOKS" }, { HOOKS: "sixteen-characters" }), "sixteen-characters");
  await assert.rejects(load("${HOOKS}"), (error) => hasCode(error, "SECRET_UNRESOLVED"));
  const short = load("${HOOKS}", { HOOKS: "abcdefg" });
  await assert.rejects(short, (error) => hasCode(error, "CONFIG_INVALID") && !String(error).includes("abcdefg"));
});

test("a file others can read, or with next to nothing in it, is no token", async (t) => {
  const { path, load } = await setUp(t);
  await writeFile(path, "x\n", { mode: 0o600 });
  await assert.rejects(load(), (error) => hasCode(error, "STATE_DAMAGED"));
  await chmod(path, 0o644);
  await assert.rejects(load(), (error) => hasCode(error, "STATE_UNSAFE"));
});
