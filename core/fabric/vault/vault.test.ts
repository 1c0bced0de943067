import assert from "node:assert/strict";
import { chmod, mkdtemp, readFile, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { hasCode, type ErrorCode } from "@openclaw/protocol";
import type { Records } from "@openclaw/sdk";
import { systemClock } from "../../base/clock.ts";
import { systemIds } from "../../base/ids.ts";
import { openMemoryEngine } from "../engine.ts";
import { openVault, type Vault } from "./open-vault.ts";
import { makePrivate, readPrivate } from "./private-file.ts";

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString("utf8");
const bytes = (plain: string): Uint8Array => Buffer.from(plain);
const coded = (code: ErrorCode) => (error: unknown): boolean => hasCode(error, code);

async function setUp(t: TestContext) {
  const dir = await mkdtemp(join(tmpdir(), "vault-"));
  const engine = await openMemoryEngine({ clock: systemClock });
  t.after(async () => {
    await engine[Symbol.asyncDispose]();
    await rm(dir, { recursive: true });
  });
  const keyFile = join(dir, "credentials", "key");
  const open = (records: Records = engine.records): Promise<Vault> => openVault({ records, keyFile, ids: systemIds });
  return { dir, keyFile, records: engine.records, open };
}

test("the key file is made once, 32 bytes that only the owner can read, in a directory of the same kind", async (t) => {
  const { dir, keyFile, open } = await setUp(t);
  await open();
  const made = await readFile(keyFile);
  assert.equal(made.length, 32);
  assert.equal((await stat(keyFile)).mode & 0o777, 0o600);
  assert.equal((await stat(join(dir, "credentials"))).mode & 0o777, 0o700);
  await open();
  assert.deepEqual(await readFile(keyFile), made);
  assert.deepEqual(await readdir(join(dir, "credentials")), ["key"], "nothing unfinished is left behind");
});

test("a key file that others can read, or that is no key, is refused and left as it is", async (t) => {
  const { keyFile, open } = await setUp(t);
  await open();
  for (const mode of [0o640, 0o604, 0o660]) {
    await chmod(keyFile, mode);
    await assert.rejects(open(), coded("STATE_UNSAFE"), mode.toString(8));
  }
  await chmod(keyFile, 0o600);
  await writeFile(keyFile, "too short");
  await assert.rejects(open(), coded("STATE_DAMAGED"));
  assert.equal(await readFile(keyFile, "utf8"), "too short");
});

test("vaults opened at the same moment use one key", async (t) => {
  const { open } = await setUp(t);
  const vaults = await Promise.all(Array.from({ length: 16 }, () => open()));
  assert.equal(new Set(vaults.map((vault) => vault.derive("x").toString("hex"))).size, 1);
});

test("a private file is never seen half made, and the first of many stays", async (t) => {
  const { dir } = await setUp(t);
  const path = join(dir, "secret");
  let looking = true;
  const seen = new Set<number>();
  const watch = (async () => {
    while (looking) seen.add((await readPrivate(path))?.length ?? -1);
  })();
  const made = await Promise.all(Array.from({ length: 20 }, (_, at) => makePrivate(path, Buffer.alloc(4_096, at), systemIds)));
  looking = false;
  await watch;
  assert.equal(made.filter((first) => first).length, 1);
  assert.ok([...seen].every((length) => length === -1 || length === 4_096), [...seen].join());
  assert.deepEqual(new Set(await readPrivate(path)), new Set([made.indexOf(true)]));
});

test("what is sealed opens only for the session and the thing it belongs to", async (t) => {
  const { open } = await setUp(t);
  const vault = await open();
  const key = await vault.sessionKey("home", "a");
  const sealed = key.seal("row/1", bytes("hello"));
  assert.equal(text(key.unseal("row/1", sealed)), "hello");
  assert.throws(() => key.unseal("row/2", sealed), coded("STATE_DAMAGED"));
  const others = [await vault.sessionKey("home", "b"), await vault.sessionKey("other", "a"), await vault.tenantKey("home")];
  for (const other of others) assert.throws(() => other.unseal("row/1", sealed), coded("STATE_DAMAGED"));
});

test("sealed bytes show nothing, differ each time, and do not open when any of them was changed or is missing", async (t) => {
  const { open } = await setUp(t);
  const key = await (await open()).sessionKey("home", "a");
  const sealed = key.seal("x", bytes("canary"));
  assert.equal(Buffer.from(sealed).includes("canary"), false);
  assert.notDeepEqual(key.seal("x", bytes("canary")), sealed);
  for (let at = 0; at < sealed.length; at++) {
    const changed = Buffer.from(sealed);
    changed[at] = (changed[at] ?? 0) ^ 1;
    assert.throws(() => key.unseal("x", changed), coded("STATE_DAMAGED"), `byte ${at}`);
    assert.throws(() => key.unseal("x", sealed.subarray(0, at)), coded("STATE_DAMAGED"), `cut at ${at}`);
  }
  assert.equal(key.unseal("x", key.seal("x", new Uint8Array(0))).length, 0);
});

test("a session's key is the same at every start, and made once however many ask first", async (t) => {
  const { open, records } = await setUp(t);
  const first = await open();
  const sealed = (await first.sessionKey("home", "a")).seal("x", bytes("kept"));
  assert.equal(text((await (await open()).sessionKey("home", "a")).unseal("x", sealed)), "kept");
  const vaults = await Promise.all([open(), open()]);
  const keys = await Promise.all(vaults.flatMap((vault) => Array.from({ length: 8 }, () => vault.sessionKey("home", "new"))));
  const one = keys[0]?.seal("x", bytes("shared")) ?? new Uint8Array(0);
  for (const key of keys) assert.equal(text(key.unseal("x", one)), "shared");
  assert.equal((await records.list("session-keys", "home.new")).length, 1);
});

test("keys stand wrapped in the store: without the key file, or in another's place, they do not open", async (t) => {
  const { keyFile, open, records } = await setUp(t);
  const vault = await open();
  await vault.sessionKey("home", "a");
  await vault.sessionKey("home", "b");
  const stored = await records.get("session-keys", "home.a");
  const other = await records.get("session-keys", "home.b");
  assert.ok(stored !== null && other !== null);
  await records.write("session-keys", "home.b", stored.value, other.revision);
  await assert.rejects(vault.sessionKey("home", "b"), coded("STATE_DAMAGED"));
  await rm(keyFile);
  await assert.rejects(open(), coded("STATE_DAMAGED"));
  await assert.rejects(stat(keyFile), "no other key was made in its place");
  await writeFile(keyFile, Buffer.alloc(32, 7), { mode: 0o600 });
  const stranger = await open();
  await assert.rejects(stranger.sessionKey("home", "a"), coded("STATE_DAMAGED"));
});

test("destroying is final: the key never comes back, not for this vault nor a later one", async (t) => {
  const { open, records } = await setUp(t);
  const vault = await open();
  await vault.sessionKey("home", "a");
  const before = await records.get("session-keys", "home.a");
  await vault.destroy("home", "a");
  await assert.rejects(vault.sessionKey("home", "a"), coded("KEY_DESTROYED"));
  await assert.rejects((await open()).sessionKey("home", "a"), coded("KEY_DESTROYED"));
  const after = await records.get("session-keys", "home.a");
  assert.equal(after?.value.length, 1, "nothing of the key is left");
  await assert.rejects(records.write("session-keys", "home.a", before?.value ?? null, before?.revision ?? 0), coded("CONFLICT"));
});

test("destroying again, before the first use, or while the key is being made ends the same", async (t) => {
  const { open, records } = await setUp(t);
  const vault = await open();
  await vault.destroy("home", "never-used");
  const tombstone = await records.get("session-keys", "home.never-used");
  await vault.destroy("home", "never-used");
  assert.deepEqual(await records.get("session-keys", "home.never-used"), tombstone, "the second time nothing is written");
  await assert.rejects(vault.sessionKey("home", "never-used"), coded("KEY_DESTROYED"));
  const racing = [vault.sessionKey, vault.destroy, vault.sessionKey, vault.destroy].map((call) => call("home", "racing"));
  await Promise.allSettled<unknown>(racing);
  await assert.rejects(vault.sessionKey("home", "racing"), coded("KEY_DESTROYED"));
  await vault.sessionKey("home", "unharmed");
});

test("a key made by another in between is the one destroyed", async (t) => {
  const { open, records } = await setUp(t);
  const other = await open();
  let raced = false;
  const slow: Records = {
    list: (...args) => records.list(...args), watch: (...args) => records.watch(...args), write: (...args) => records.write(...args),
    get: async (bucket, key) => {
      const present = await records.get(bucket, key);
      if (bucket === "session-keys" && !raced) {
        raced = true;
        await other.sessionKey("home", "a");
      }
      return present;
    },
  };
  await (await open(slow)).destroy("home", "a");
  assert.equal(raced, true);
  await assert.rejects(other.sessionKey("home", "a"), coded("KEY_DESTROYED"));
});

test("tokens are the same at every start, tell nothing of the name, and differ by tenant and name", async (t) => {
  const { open } = await setUp(t);
  const [vault, later] = [await open(), await open()];
  const token = vault.token("home", "session/agent:main:main");
  assert.match(token, /^[A-Za-z0-9_-]{22}$/);
  assert.equal(later.token("home", "session/agent:main:main"), token);
  const others = [["other", "session/agent:main:main"], ["home", "session/agent:main:mai"], ["home\0session", "agent:main:main"]] as const;
  assert.equal(new Set([token, ...others.map(([tenant, name]) => vault.token(tenant, name))]).size, 4);
  const elsewhere = await (await setUp(t)).open();
  assert.notEqual(elsewhere.token("home", "session/agent:main:main"), token, "another installation has other tokens");
});

test("keys for different purposes are different, and the same at every start", async (t) => {
  const { open } = await setUp(t);
  const [vault, later] = [await open(), await open()];
  assert.deepEqual(vault.derive("device-tokens"), later.derive("device-tokens"));
  assert.notDeepEqual(vault.derive("device-tokens"), vault.derive("session-token"));
  assert.equal(vault.derive("device-tokens").length, 32);
});
