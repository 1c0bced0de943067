/** A state directory of each release, opened by today's program; and every format in it recognised. */
import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test, type TestContext } from "node:test";
import { history, say, settled, textOf } from "@openclaw/testkit/conversation";
import { readPackedState, unpackState } from "@openclaw/testkit/packed-state";
import { openRealGateway, PROGRAM_ROOT, type RealGateway } from "@openclaw/testkit/real-gateway";
import { FORMATS, type Format } from "../fabric/formats.ts";

interface Expected {
  readonly transcripts: Readonly<Record<string, readonly { readonly role: string; readonly text: string }[]>>;
  readonly archived: string;
  readonly deleted: string;
  readonly waiting: string;
  readonly nodeId: string;
  readonly fact: string;
}

const STATES = join(PROGRAM_ROOT, "e2e", "states");
const KNOWN: readonly Format[] = Object.values(FORMATS);

async function opened(t: TestContext, file: string): Promise<{ readonly gateway: RealGateway; readonly expected: Expected }> {
  const packed = await readPackedState(join(STATES, file));
  const gateway = await openRealGateway({ prepare: (dir) => unpackState(packed, dir) });
  t.after(() => gateway.dispose());
  return { gateway, expected: packed.expected as Expected };
}

test("the state of every release opens: transcripts are read, sessions go on, what waited ends (S1.6)", { timeout: 60_000 }, async (t) => {
  const files = (await readdir(STATES)).filter((name) => name.endsWith(".state.br"));
  assert.ok(files.length > 0);
  for (const file of files) {
    const { gateway, expected } = await opened(t, file);
    const operator = await gateway.connect();
    for (const [key, messages] of Object.entries(expected.transcripts)) {
      const now = (await history(operator, key)).map((message) => ({ role: message.role, text: textOf(message) }));
      assert.deepEqual(now, messages, `${file} ${key}`);
      if (key !== expected.archived) assert.equal((await say(operator, "hello again", { session: key })).status, "ok", key);
      const replayed = await operator.client.request("sessions.replay", { key }) as { readonly turns: number };
      assert.ok(replayed.turns > 0, "it can be decided again, whatever the program makes of it now");
    }
    await settled(operator, "waiting-2", { session: expected.waiting });
    assert.ok((await history(operator, expected.waiting)).length >= 4, "the question was given up, and the message behind it answered");
    assert.match((await say(operator, "what do you remember about boiler?")).reply, new RegExp(expected.fact));
    const nodes = JSON.stringify(await operator.client.request("node.list", {}));
    assert.ok(nodes.includes(expected.nodeId), "the paired node is known");
    await assert.rejects(operator.client.request("chat.send", { sessionKey: expected.deleted, message: "hi", idempotencyKey: "x" }));
    await gateway.stop();
    const kept = (await readdir(join(gateway.stateDir, "state"))).filter((name) => name.includes(".before-"));
    assert.equal(kept.length, 1, "the database as the release left it is beside the new one");
    await recognise(gateway.stateDir);
  }
});

/** Every file, table and bucket is one of the table of formats. */
async function recognise(dir: string): Promise<void> {
  const unknown: string[] = [];
  for (const entry of await readdir(dir, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name).slice(dir.length + 1);
    if (!entry.isDirectory() && !KNOWN.some(({ files }) => files?.test(path) === true)) unknown.push(path);
  }
  const database = new DatabaseSync(join(dir, "state", "openclaw.sqlite"), { readOnly: true });
  const [tables, buckets] = [
    "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'", "SELECT DISTINCT bucket AS name FROM records",
  ].map((query) => database.prepare(query).all().map(({ name }) => String(name)));
  database.close();
  const [knownTables, knownBuckets] = [KNOWN.flatMap((format) => format.tables ?? []), KNOWN.flatMap((format) => format.buckets ?? [])];
  unknown.push(...(tables ?? []).filter((name) => !knownTables.includes(name)).map((name) => `table ${name}`));
  unknown.push(...(buckets ?? []).filter((name) => !knownBuckets.includes(name)).map((name) => `bucket ${name}`));
  assert.deepEqual(unknown, [], "core/fabric/formats/formats.ts lists every format");
}
