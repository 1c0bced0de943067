/** What a gateway keeps, damaged in every way we know of: what the doctor finds, what it mends, and what goes on. */
import assert from "node:assert/strict";
import { chmod, open, readdir, readFile, rename, rm, stat, truncate } from "node:fs/promises";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { EXIT } from "@openclaw/protocol";
import { history, say, send } from "@openclaw/testkit/conversation";
import { openRealGateway, type RealGateway, type Watched } from "@openclaw/testkit/real-gateway";
import { scriptedConfig } from "@openclaw/testkit/scripted-config";
import { openScriptedModel } from "@openclaw/testkit/scripted-model-server";

const PAGE_BYTES = 4_096;
const SESSIONS = 12;

interface Report {
  readonly well: boolean;
  readonly checks: readonly { readonly check: string; readonly skipped: boolean }[];
  readonly findings: readonly { readonly check: string; readonly code: string; readonly what: string; readonly mended?: string }[];
}

async function examine(gateway: RealGateway, ...args: readonly string[]): Promise<Report & { readonly code: number | null }> {
  const { code, stdout, stderr } = await gateway.cli(["doctor", "--json", ...args]);
  assert.ok(stdout.startsWith("{"), `${stdout}\n${stderr}`);
  const parsed = JSON.parse(stdout) as Report & { readonly data?: Report };
  return { ...(parsed.data ?? parsed), code };
}

/** A gateway that has talked in a dozen sessions, and was stopped. */
async function talked(t: TestContext): Promise<RealGateway> {
  const model = await openScriptedModel();
  t.after(() => model.close());
  const gateway = await openRealGateway({ config: scriptedConfig(model.url), bare: true });
  t.after(() => gateway.dispose());
  const watched = await gateway.connect();
  for (let at = 0; at < SESSIONS; at++) for (const word of ["one", "two", "three"]) await say(watched, word, { session: `talk-${at}` });
  await gateway.stop();
  return gateway;
}

/** A turn whose transcript is not read back. */
async function answered({ client }: Watched, session: string): Promise<string> {
  const runId = await send({ client } as Watched, "hello", { session });
  return ((await client.request("agent.wait", { runId, timeoutMs: 30_000 })) as { readonly status: string }).status;
}

const databaseOf = (gateway: RealGateway): string => join(gateway.stateDir, "state", "openclaw.sqlite");

async function overwritePage(path: string, page: number): Promise<void> {
  const file = await open(path, "r+");
  await file.write(Buffer.alloc(PAGE_BYTES, 0xa5), 0, PAGE_BYTES, page * PAGE_BYTES);
  await file.close();
}

test("nothing is wrong: every check says so, and a gateway that runs keeps what needs it to itself (C14, S3.13)", async (t) => {
  const gateway = await talked(t);
  const well = await gateway.cli(["doctor"]);
  assert.equal(well.code, EXIT.ok, well.stdout + well.stderr);
  for (const said of ["configuration", "permissions", "disk", "database", "every chain verifies", "clock", "Nothing is wrong"]) {
    assert.ok(well.stdout.includes(said), `${said} in:\n${well.stdout}`);
  }
  assert.match(well.stdout, /12 sessions, \d+ events/);
  await gateway.start();
  const beside = await examine(gateway);
  assert.deepEqual([beside.code, beside.well], [EXIT.ok, true]);
  assert.ok(beside.checks.some(({ check, skipped }) => check === "state" && skipped));
});

test("damaged pages: the doctor finds them, mends the file, and every conversation that was not on them goes on (C14)", async (t) => {
  const gateway = await talked(t);
  const path = databaseOf(gateway);
  const pages = (await stat(path)).size / PAGE_BYTES;
  for (const share of [0.35, 0.6, 0.85]) await overwritePage(path, Math.floor(pages * share));
  const found = await examine(gateway);
  assert.equal(found.code, 1);
  assert.deepEqual(found.findings.map(({ check, code }) => [check, code]), [["database", "STATE_DAMAGED"]]);
  assert.ok((await stat(path)).size === pages * PAGE_BYTES, "looking changed nothing");

  const mended = await examine(gateway, "--mend");
  assert.match(mended.findings[0]?.mended ?? "", /log entries.*The damaged one is kept as/s);
  assert.ok((await readdir(join(gateway.stateDir, "state"))).some((name) => name.includes(".damaged-")));
  await gateway.start();
  const watched = await gateway.connect();
  let whole = 0;
  for (let at = 0; at < SESSIONS; at++) {
    const session = `talk-${at}`;
    const texts = await history(watched, session).then((messages) => messages.map(({ content }) => content[0]?.text), () => []);
    if (texts.length !== 6) continue;
    whole += 1;
    assert.equal((await say(watched, "and on", { session })).reply, "echo: and on");
  }
  assert.ok(whole >= SESSIONS / 2, `${whole} of ${SESSIONS} sessions are whole`);
  assert.equal((await say(watched, "a new one", { session: "fresh" })).reply, "echo: a new one");
});

test("a database that was cut short does not start, says what to do, and is mended as far as it goes (C14)", async (t) => {
  const gateway = await talked(t);
  const path = databaseOf(gateway);
  await truncate(path, Math.floor(((await stat(path)).size * 0.7) / PAGE_BYTES) * PAGE_BYTES);
  const refused = await gateway.cli(["gateway", "run"], { timeoutMs: 20_000 });
  assert.notEqual(refused.code, 0);
  assert.match(refused.stderr, /STATE_DAMAGED|damaged|does not verify/i);
  assert.equal((await examine(gateway)).well, false);
  const mended = await examine(gateway, "--mend");
  assert.ok(mended.findings.some(({ check, mended: done }) => check === "database" && done !== undefined), JSON.stringify(mended));
  await gateway.start();
  assert.equal((await say(await gateway.connect(), "hello again", { session: "fresh" })).reply, "echo: hello again");
});

test("without its key file nothing can be opened: no other one is made, and the doctor names it (C14, S0.16)", async (t) => {
  const gateway = await talked(t);
  const key = join(gateway.stateDir, "credentials", "key-encryption-key");
  const content = await readFile(key);
  await rename(key, `${key}.away`);
  const refused = await gateway.cli(["gateway", "run"], { timeoutMs: 20_000 });
  assert.notEqual(refused.code, 0);
  assert.match(refused.stderr, /key-encryption-key is missing/);
  await assert.rejects(stat(key), "no new key in its place");
  const found = await examine(gateway);
  assert.match(found.findings.map(({ what }) => what).join(), /key-encryption-key is missing/);
  await rename(`${key}.away`, key);
  assert.deepEqual(await readFile(key), content);
  assert.equal((await examine(gateway)).well, true);
});

test("what others may read is found and mended (S3.13)", async (t) => {
  const gateway = await talked(t);
  const key = join(gateway.stateDir, "credentials", "key-encryption-key");
  await chmod(key, 0o644);
  const found = await examine(gateway);
  assert.ok(found.findings.some(({ check, code }) => check === "permissions" && code === "STATE_UNSAFE"));
  await examine(gateway, "--mend");
  assert.equal((await stat(key)).mode & 0o777, 0o600);
  assert.equal((await examine(gateway)).well, true);
});

test("a missing file of older history: its session is named, new turns and all other sessions go on (C14, S3.2)", async (t) => {
  const model = await openScriptedModel();
  t.after(() => model.close());
  const gateway = await openRealGateway({ config: scriptedConfig(model.url), bare: true });
  t.after(() => gateway.dispose());
  const watched = await gateway.connect();
  for (let at = 0; at < 280; at++) await answered(watched, "long");
  await say(watched, "short", { session: "short" });
  await gateway.stop();
  const blobs = join(gateway.stateDir, "blobs");
  const folders = (await readdir(blobs)).filter((name) => /^[0-9a-f]{2}$/.test(name));
  assert.ok(folders.length > 0, "a segment was made");
  for (const folder of folders) await rm(join(blobs, folder), { recursive: true });
  const found = await examine(gateway);
  assert.equal(found.code, 1);
  assert.match(found.findings.map(({ what }) => what).join(), /agent:main:long is damaged/);
  await gateway.start();
  const again = await gateway.connect();
  assert.equal(await answered(again, "long"), "ok");
  assert.equal((await say(again, "and you?", { session: "short" })).reply, "echo: and you?");
  await assert.rejects(
    again.client.request("chat.history", { sessionKey: "long", limit: 50, offset: 500 }), /A file of older history is missing/,
  );
});
