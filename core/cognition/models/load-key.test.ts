import assert from "node:assert/strict";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { inspect } from "node:util";
import { hasCode } from "@openclaw/protocol";
import { loadKey } from "./load-key.ts";

const KEY = "sk-test-key-0123456789";
const directory = await mkdtemp(join(tmpdir(), "openclaw-keys-"));
after(() => rm(directory, { recursive: true }));

async function keyFile(name: string, content: string, mode: number): Promise<string> {
  const path = join(directory, name);
  await writeFile(path, content);
  await chmod(path, mode);
  return path;
}

test("a key comes from the environment variable or the 0600 file that the configuration names, and prints as [secret]", async () => {
  const fromEnvironment = await loadKey("p", { apiKeyEnv: "THE_KEY" }, { THE_KEY: ` ${KEY}\n` });
  assert.equal(fromEnvironment?.reveal(), KEY);
  const apiKeyFile = await keyFile("good", `${KEY}\n`, 0o600);
  const fromFile = await loadKey("p", { apiKeyFile }, {});
  assert.equal(fromFile?.reveal(), KEY);
  assert.equal(inspect(fromFile), "[secret]");
  assert.equal((await loadKey("p", { apiKeyEnv: "UNSET", apiKeyFile }, {}))?.reveal(), KEY, "the file stands in for an unset variable");
});

test("a configuration that names no key has none", async () => {
  assert.equal(await loadKey("p", { baseUrl: "http://127.0.0.1/v1" }, {}), null);
  assert.equal(await loadKey("p", undefined, {}), null);
});

test("a key file that the group or others can read is refused, with the command that mends it", async () => {
  for (const mode of [0o640, 0o604, 0o660, 0o644]) {
    const apiKeyFile = await keyFile(`open-${mode}`, KEY, mode);
    await assert.rejects(loadKey("p", { apiKeyFile }, {}), (error: Error & { next: string }) => {
      assert.ok(hasCode(error, "STATE_UNSAFE"));
      assert.equal(error.next, `Run: chmod 600 ${apiKeyFile}`);
      assert.ok(!error.message.includes(KEY));
      return true;
    });
  }
});

test("a key in the configuration itself is refused by the path it stands at, and not repeated", async () => {
  const address = { baseUrl: `https://user:${KEY}@example.com/v1` };
  for (const [config, name] of [[{ apiKey: KEY }, "apiKey"], [{ api_key: KEY }, "api_key"], [{ token: KEY }, "token"],
    [address, "baseUrl"]] as const) {
    await assert.rejects(loadKey("p", config, {}), (error: Error) => {
      assert.ok(hasCode(error, "CONFIG_SECRET_INLINE"));
      assert.ok(error.message.includes(`models.providers.p.${name}`) && !error.message.includes(KEY));
      return true;
    });
  }
});

test("a variable that is not set, a file that is missing or empty: each says which one", async () => {
  const empty = await keyFile("empty", "\n", 0o600);
  for (const [config, word] of [[{ apiKeyEnv: "UNSET" }, "UNSET"], [{ apiKeyFile: "/nowhere/key" }, "/nowhere/key"],
    [{ apiKeyFile: empty }, "is empty"]] as const) {
    await assert.rejects(loadKey("p", config, {}), (error: Error) => hasCode(error, "MODEL_NOT_CONFIGURED")
      && error.message.includes(word));
  }
});
