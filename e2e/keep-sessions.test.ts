/** Sessions put away, found again, saved, checked and deleted, from the command line; a deletion leaves nothing to be read. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { say, settled } from "@openclaw/testkit/conversation";
import { openRealGateway } from "@openclaw/testkit/real-gateway";
import { scriptedConfig } from "@openclaw/testkit/scripted-config";
import { openScriptedModel } from "@openclaw/testkit/scripted-model-server";
import { filesWith } from "@openclaw/testkit/search-files";

const KEY = "agent:main:diary";

test("a session is found, put away, saved in the open, checked and deleted; nothing of it stays readable "
  + "(S4.7, S0.21, S1.26)", async (t) => {
  const model = await openScriptedModel();
  t.after(() => model.close());
  const gateway = await openRealGateway({ bare: true, config: scriptedConfig(model.url) });
  t.after(() => gateway.dispose());
  const watched = await gateway.connect();
  const secret = `canary${randomBytes(8).toString("hex")}`;
  await say(watched, `remember ${secret} for me`, { session: KEY });
  await say(watched, "something else", { session: "agent:main:other" });
  const openclaw = async (...args: readonly string[]): Promise<string> => {
    const { code, stdout, stderr } = await gateway.cli(args);
    assert.equal(code, 0, `${args.join(" ")}: ${stderr}`);
    return stdout;
  };

  assert.match(await openclaw("sessions", "search", secret.toUpperCase()), new RegExp(`${KEY}.*user.*${secret}`));
  await openclaw("sessions", "archive", KEY);
  assert.doesNotMatch(await openclaw("sessions", "list"), /diary/);
  assert.match(await openclaw("sessions", "search", secret), /Nothing was found/);
  assert.match(await openclaw("sessions", "search", secret, "--archived"), new RegExp(secret));
  await openclaw("sessions", "unarchive", KEY);
  assert.match(await openclaw("sessions", "list"), /diary/);

  const file = join(gateway.home, "diary.jsonl");
  const exported = await gateway.cli(["sessions", "export", KEY, "--output", file]);
  assert.equal(exported.code, 0, exported.stderr);
  assert.match(exported.stderr, /in the open/);
  assert.equal((await stat(file)).mode & 0o777, 0o600);
  const lines = (await readFile(file, "utf8")).trim().split("\n").map((line) => JSON.parse(line) as Record<string, unknown>);
  assert.deepEqual(lines[0], { openclaw: "session", version: 1, key: KEY });
  const types = lines.slice(1).map((line) => (line["header"] as { readonly type: string }).type);
  assert.deepEqual(types.slice(0, 3), ["message.offered", "session.opened", "turn.started"]);
  assert.match(JSON.stringify(lines), new RegExp(`remember ${secret} for me`));
  assert.equal((await gateway.cli(["sessions", "export", KEY, "--output", file])).code, 5, "no file is written over");

  assert.match(await openclaw("sessions", "verify", KEY), /Nothing in the log of .* was changed or left out/);
  assert.equal((await gateway.cli(["sessions", "verify", "agent:main:never"])).code, 4);
  await openclaw("sessions", "delete", KEY, "--yes");
  assert.match(await openclaw("sessions", "verify", KEY), /was changed or left out/, "the chain still verifies");
  assert.match(await openclaw("sessions", "search", secret, "--archived"), /Nothing was found/);
  assert.equal((await gateway.cli(["sessions", "export", KEY])).code, 4);
  await gateway.kill();
  assert.deepEqual(await filesWith(gateway.stateDir, secret), [], "no file of the state directory holds the word");
  const database = new DatabaseSync(join(gateway.stateDir, "state", "openclaw.sqlite"), { readOnly: true });
  t.after(() => database.close());
  const left = database.prepare("SELECT count(*) AS rows FROM records WHERE bucket = 'search' AND value IS NOT NULL").get();
  assert.ok((left as { readonly rows: number }).rows <= 1, "only the other session's block is left");
});

test("a client without admin deletes archived sessions only, and a message steers by its own method", async (t) => {
  const model = await openScriptedModel();
  t.after(() => model.close());
  const gateway = await openRealGateway({ bare: true, config: scriptedConfig(model.url) });
  t.after(() => gateway.dispose());
  const owner = await gateway.connect();
  await say(owner, "hello", { session: KEY });
  const { client } = await gateway.connect({ scopes: ["operator.read", "operator.write"] });
  const deleting = (): Promise<unknown> => client.request("sessions.delete", { key: KEY, archivedOnly: true });
  assert.equal(((await deleting()) as { readonly deleted: boolean }).deleted, false);
  await client.request("sessions.patch", { key: KEY, archived: true });
  assert.equal(((await deleting()) as { readonly deleted: boolean }).deleted, true);
  const steered = (await client.request("sessions.steer", { key: "main", message: "on we go" })) as { readonly runId: string };
  assert.equal((await settled(owner, steered.runId)).status, "ok");
  await assert.rejects(client.request("sessions.export", { key: "main" }), /missing scope/);
});

test("a session made with a parent names it, and its task starts at once", async (t) => {
  const model = await openScriptedModel();
  t.after(() => model.close());
  const gateway = await openRealGateway({ bare: true, config: scriptedConfig(model.url) });
  t.after(() => gateway.dispose());
  const watched = await gateway.connect();
  const wish = { task: "look around", parentSessionKey: "main", label: "Scout", idempotencyKey: "c1" };
  const made = (await watched.client.request("sessions.create", wish)) as { readonly key: string; readonly runId: string };
  assert.equal((await settled(watched, made.runId, { session: made.key })).reply, "echo: look around");
  const listed = await watched.client.request("sessions.list", { spawnedBy: "agent:main:main" });
  assert.match(JSON.stringify(listed), /"label":"Scout"/);
});
