/**
 * What the gateway keeps is unreadable without its keys: after a crash and after a delete, canaries are searched for in
 * every file of the state directory, in whatever form they might have been written.
 *
 * Three kinds of files may hold a secret, and no other: the gateway's token, the key-encryption key, and the key and token of
 * the local node, each in a file of its own under `credentials/` that only its owner can read.
 */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { approvalOf, history, say, sayAllowing, send, textOf } from "@openclaw/testkit/conversation";
import { openRealGateway } from "@openclaw/testkit/real-gateway";
import { callMark, scriptedConfig } from "@openclaw/testkit/scripted-config";
import { openScriptedModel } from "@openclaw/testkit/scripted-model-server";
import { filesWith } from "@openclaw/testkit/search-files";
import { readKeys } from "./read-keys.ts";

const TOKEN_FILE = "credentials/gateway-token";
const KEY_FILE = "credentials/key-encryption-key";

function canary(what: string): string {
  return `canary-${what}-${randomBytes(8).toString("hex")}`;
}

test("after kill -9 no message, answer, fact, command, question or key stands readable in any file "
  + "(S0.4, S0.21, S0.48, S1.26)", async (t) => {
  const model = await openScriptedModel();
  t.after(() => model.close());
  const apiKey = canary("api-key");
  const gateway = await openRealGateway(
    { config: scriptedConfig(model.url, { provider: { apiKeyEnv: "CANARY_API_KEY" } }), env: { CANARY_API_KEY: apiKey } },
  );
  t.after(() => gateway.dispose());
  const operator = await gateway.connect();
  const said = {
    message: canary("message"), fact: canary("fact"), command: canary("command"), output: canary("output"), asked: canary("asked"),
    refused: canary("refused"), session: canary("session"), run: canary("run"), label: canary("label"),
  };
  await say(operator, said.message, { key: said.run });
  assert.equal(model.requests.at(-1)?.headers["authorization"], `Bearer ${apiKey}`, "the key is used");
  await say(operator, `keep ${callMark("remember", { text: said.fact })}`);
  await say(operator, `show ${callMark("exec", { argv: ["echo", said.command] })}`);
  const [one, two] = [said.output.slice(0, 12), said.output.slice(12)];
  const ran = await sayAllowing(operator, `join ${callMark("exec", { command: `printf %s%s ${one} ${two}` })}`);
  assert.match(textOf(ran.messages[2]), new RegExp(said.output), "it was really put together by the command");
  await operator.client.request("sessions.patch", { key: "main", label: said.label });
  await say(operator, `[[fault malformed]] ${said.message}`);
  await operator.client.request("chat.send", { sessionKey: "main", message: said.refused }).catch(() => undefined);
  await send(operator, `touch ${callMark("exec", { argv: ["touch", said.asked] })}`, { session: `agent:main:${said.session}` });
  await approvalOf(operator);
  await gateway.kill();

  for (const [what, text] of Object.entries({ ...said, apiKey })) assert.deepEqual(await filesWith(gateway.stateDir, text), [], what);
  assert.deepEqual(await filesWith(gateway.stateDir, gateway.token), [TOKEN_FILE], "the token stands in its own file");
  assert.deepEqual(await filesWith(gateway.stateDir, await readFile(join(gateway.stateDir, KEY_FILE))), [KEY_FILE]);
  const keys = await readKeys(gateway.stateDir);
  assert.ok(keys.length >= 3, "a tenant's key and those of two sessions");
  for (const { bucket, key, raw } of keys) {
    assert.equal(raw?.length, 32);
    assert.deepEqual(await filesWith(gateway.stateDir, raw ?? ""), [], `${bucket}/${key}`);
  }
  for (const file of [TOKEN_FILE, KEY_FILE]) assert.equal((await stat(join(gateway.stateDir, file))).mode & 0o777, 0o600, file);

  await gateway.start();
  assert.match(JSON.stringify(await history(await gateway.connect())), new RegExp(said.message), "with its keys it reads everything again");
});

test("a deleted session's key is destroyed: not even its wrapped form is left in any file (S0.4, S0.21, S1.26)", async (t) => {
  const model = await openScriptedModel();
  t.after(() => model.close());
  const gateway = await openRealGateway({ config: scriptedConfig(model.url) });
  t.after(() => gateway.dispose());
  const session = "agent:main:private";
  const secret = canary("deleted");
  const before = await gateway.connect();
  await say(before, "this one stays");
  await say(before, secret, { session });
  await gateway.kill();
  const keys = await readKeys(gateway.stateDir);
  await gateway.start();
  const operator = await gateway.connect();
  assert.match(JSON.stringify(await history(operator, session)), new RegExp(secret));
  const answer = (await operator.client.request("sessions.delete", { key: session })) as { readonly deleted: boolean };
  assert.equal(answer.deleted, true);
  await gateway.kill();

  const after = await readKeys(gateway.stateDir);
  const destroyed = after.filter(({ raw }) => raw === undefined);
  assert.equal(destroyed.length, 1, "a tombstone stands in its place");
  const gone = keys.find(({ key }) => key === destroyed[0]?.key);
  assert.ok(gone?.raw !== undefined);
  for (const [what, bytes] of Object.entries({ key: gone.raw, wrapped: gone.wrapped, "wrapped, cut": gone.wrapped.subarray(13) })) {
    assert.deepEqual(await filesWith(gateway.stateDir, bytes), [], what);
  }
  assert.deepEqual(await filesWith(gateway.stateDir, secret), []);
  await gateway.start();
  const again = await gateway.connect();
  assert.deepEqual(await history(again, session), []);
  assert.equal(textOf((await history(again))[0]), "this one stays");
});

test("a key written into the configuration works, is shown nowhere, and one command moves it into the vault's store (S0.4)", async (t) => {
  const secret = canary("inline");
  const model = await openScriptedModel();
  t.after(() => model.close());
  const gateway = await openRealGateway({ config: scriptedConfig(model.url, { provider: { apiKey: secret } }) });
  t.after(() => gateway.dispose());
  const operator = await gateway.connect();
  const isUsed = async (): Promise<void> => {
    await say(operator, "hi");
    assert.equal(model.requests.at(-1)?.headers["authorization"], `Bearer ${secret}`);
  };
  await isUsed();
  assert.match(gateway.output(), /A secret stands in the clear: openclaw secrets move/);
  const answers = await Promise.all(["config.get", "config.schema", "logs.tail", "models.list"].map(
    async (method) => JSON.stringify(await operator.client.request(method, {})),
  ));
  assert.equal([...answers, gateway.output()].some((said) => said.includes(secret)), false);
  assert.match(answers[0] ?? "", /models\.providers\.[^"]+\.apiKey","message":"is a secret in the clear; \\"openclaw secrets move\\"/);
  assert.deepEqual((await filesWith(gateway.stateDir, secret)).toSorted(), ["openclaw.json", "openclaw.last-good.json"]);
  const changed = operator.until(({ event }) => event === "config.changed");
  const moved = await gateway.cli(["secrets", "move", "--json"]);
  assert.deepEqual([moved.code, moved.stdout.includes(secret)], [0, false], moved.stdout + moved.stderr);
  await changed;
  const [stored = "", ...others] = await filesWith(gateway.stateDir, secret);
  assert.deepEqual([others, /^credentials\/store\/models\.providers\..+\.apiKey$/.test(stored)], [[], true], stored);
  assert.equal((await stat(join(gateway.stateDir, stored))).mode & 0o777, 0o600);
  await isUsed();
  assert.deepEqual(JSON.parse((await gateway.cli(["secrets", "move", "--json"])).stdout), { ok: true, moved: [], left: [] });
});
