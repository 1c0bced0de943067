import assert from "node:assert/strict";
import { chmod, mkdir, mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { hasCode, type ErrorCode } from "@openclaw/protocol";
import type { SecretRef, SecretsConfig } from "./config.ts";
import { resolveSecret, storedNameOf } from "./resolve-secret.ts";

const CANARY = "canary-0123456789abcdef";

async function setUp(t: TestContext) {
  const dir = await mkdtemp(join(tmpdir(), "openclaw-secrets-"));
  t.after(() => rm(dir, { recursive: true }));
  await mkdir(join(dir, "store"), { mode: 0o700 });
  const environment = { THE_KEY: ` ${CANARY}\n`, EMPTY: " " };
  const resolve = async (ref: SecretRef, config?: SecretsConfig): Promise<string> =>
    (await resolveSecret(ref, { config, environment, credentialsDir: dir, home: dir }, "models.x.apiKey")).reveal();
  const refused = async (
    ref: SecretRef, config: SecretsConfig | undefined, words: RegExp, code: ErrorCode = "SECRET_UNRESOLVED",
  ): Promise<void> => assert.rejects(
    resolve(ref, config), (error: Error) => hasCode(error, code) && words.test(error.message) && !error.message.includes(CANARY),
  );
  return { dir, resolve, refused };
}

test("env: the variable, of those that may be read; one that is not set or empty is said with the key that names it (S4.31)", async (t) => {
  const { resolve, refused } = await setUp(t);
  assert.equal(await resolve({ source: "env", provider: "default", id: "THE_KEY" }), CANARY);
  await refused({ source: "env", id: "UNSET" }, undefined, /models\.x\.apiKey: the variable UNSET is not there, or is empty/);
  await refused({ source: "env", id: "EMPTY" }, undefined, /EMPTY/);
  const config: SecretsConfig = { providers: { mine: { source: "env", allowlist: ["OTHER"] } }, defaults: { env: "mine" } };
  await refused({ source: "env", id: "THE_KEY" }, config, /not in the allowlist/);
});

test("file: one value or a place in JSON, only where nobody else can read it", async (t) => {
  const { dir, resolve, refused } = await setUp(t);
  const path = join(dir, "keys.json");
  await writeFile(path, JSON.stringify({ a: { "b/c": CANARY }, n: 1 }), { mode: 0o600 });
  await writeFile(join(dir, "one"), `${CANARY}\n`, { mode: 0o600 });
  const one = { source: "file", path: "~/one", mode: "singleValue" } as const;
  const config: SecretsConfig = { providers: { all: { source: "file", path }, one } };
  assert.equal(await resolve({ source: "file", provider: "all", id: "/a/b~1c" }, config), CANARY);
  assert.equal(await resolve({ source: "file", provider: "one", id: "value" }, config), CANARY);
  for (const id of ["/a", "/n", "/constructor", "/a/none"]) {
    await refused({ source: "file", provider: "all", id }, config, /is not there, or is empty/);
  }
  await refused({ source: "file", provider: "none", id: "/a" }, config, /no such file/);
  await chmod(path, 0o644);
  await refused({ source: "file", provider: "all", id: "/a/b~1c" }, config, /Others can read/, "STATE_UNSAFE");
});

test("store: the gateway's own directory, by a plain name and no other path", async (t) => {
  const { dir, resolve, refused } = await setUp(t);
  await writeFile(join(dir, "store", "OPENAI"), CANARY, { mode: 0o600 });
  assert.equal(await resolve({ source: "store", id: "OPENAI" }), CANARY);
  await writeFile(join(dir, "outside"), CANARY, { mode: 0o600 });
  for (const id of ["../outside", "/etc/passwd", ".hidden", "a/b"]) await refused({ source: "store", id }, undefined, /not a name/);
  await refused({ source: "store", id: "NONE" }, undefined, /is not there/);
});

test("exec: a configuration starts no program, whatever it names; what a person had fetched is used (S0.1)", async (t) => {
  const { dir, refused, resolve } = await setUp(t);
  const command = join(dir, "resolver");
  const ran = join(dir, "ran");
  await writeFile(command, `#!/bin/sh\ntouch ${ran}\n`);
  await chmod(command, 0o700);
  const config: SecretsConfig = { providers: { vault: { source: "exec", command } } };
  const wanted = { source: "exec", provider: "vault", id: "wanted" } as const;
  await refused(wanted, config, /wanted of "vault" was not fetched; the gateway runs no program/);
  await assert.rejects(stat(ran));
  await writeFile(join(dir, "store", storedNameOf("vault", "wanted")), `${CANARY}\n`, { mode: 0o600 });
  assert.equal(await resolve({ source: "exec", provider: "vault", id: "wanted" }, config), CANARY);
  assert.equal(await resolve({ source: "exec", id: "wanted" }, { ...config, defaults: { exec: "vault" } }), CANARY);
  await refused({ source: "exec", provider: "other", id: "wanted" }, config, /was not fetched/);
  await assert.rejects(stat(ran));
});
