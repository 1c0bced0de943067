import assert from "node:assert/strict";
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { hasCode } from "@openclaw/protocol";
import { systemIds } from "../base/ids.ts";
import { Secret } from "../base/secret.ts";
import { gatewayTokenPath, loadGatewayToken } from "./gateway-token.ts";

async function setUp(t: TestContext) {
  const credentialsDir = await mkdtemp(join(tmpdir(), "token-"));
  t.after(() => rm(credentialsDir, { recursive: true }));
  return {
    credentialsDir,
    path: gatewayTokenPath(credentialsDir),
    load: (configured?: string) => loadGatewayToken({
      credentialsDir, configured: configured === undefined ? undefined : new Secret(configured), ids: systemIds,
    }),
  };
}

test("the first start makes a token only its owner can read; later starts have the same one", async (t) => {
  const { credentialsDir, path, load } = await setUp(t);
  const made = await load();
  assert.match(made.reveal(), /^[A-Za-z0-9_-]{43}$/);
  assert.equal((await stat(path)).mode & 0o777, 0o600);
  assert.equal(await readFile(path, "utf8"), `${made.reveal()}\n`);
  assert.equal((await load()).reveal(), made.reveal());
  assert.deepEqual(await readdir(credentialsDir), ["gateway-token"]);
});

test("starts at the same moment share one token", async (t) => {
  const { load } = await setUp(t);
  const tokens = await Promise.all(Array.from({ length: 8 }, () => load()));
  assert.equal(new Set(tokens.map((token) => token.reveal())).size, 1);
});

test("a configured token wins, and makes no file", async (t) => {
  const { credentialsDir, load } = await setUp(t);
  assert.equal((await load("configured-by-a-person")).reveal(), "configured-by-a-person");
  assert.deepEqual(await readdir(credentialsDir), []);
});

test("a token others can read is no secret any more: it is refused, with the command that mends it", async (t) => {
  const { path, load } = await setUp(t);
  await load();
  await chmod(path, 0o644);
  await assert.rejects(
    load(),
    (error) => hasCode(error, "STATE_UNSAFE") && (error as { readonly next: string }).next === `Run: chmod 600 ${path}`,
  );
});

test("an empty file is said to be empty, with the command that mends it", async (t) => {
  const { path, load } = await setUp(t);
  await writeFile(path, "\n", { mode: 0o600 });
  await assert.rejects(
    load(),
    (error) => hasCode(error, "STATE_DAMAGED") && (error as { readonly next: string }).next.endsWith(`rm ${path}`),
  );
});
