/** `kill -9` of the gateway at every stage of a turn: nothing is lost, doubled or reordered, and no command runs twice. */
import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { approvalOf, history, isOutput, say, send, settled, textOf, toolResults } from "@openclaw/testkit/conversation";
import { openRealGateway, type Watched } from "@openclaw/testkit/real-gateway";
import { openRealNode } from "@openclaw/testkit/real-node";
import { callMark, scriptedConfig } from "@openclaw/testkit/scripted-config";
import { openScriptedModel } from "@openclaw/testkit/scripted-model-server";

const LINES = [1, 2, 3, 4, 5, 6, 7, 8];
const SHOWN = LINES.map((line) => `line-${line}`).join("\n");
const WITNESS = LINES.map((line) => `${line}\n`).join("");
/** Says where it is, leaves a trace of each time it ran, and in the middle waits to be told to go on: it is never over too early. */
const SLOW = `for i in ${LINES.join(" ")}; do echo line-$i; echo $i >> witness; sleep 0.05; `
  + "if [ $i = 4 ]; then until [ -e go-on ]; do sleep 0.05; done; fi; done";

const goOn = (workspace: string): Promise<void> => writeFile(join(workspace, "go-on"), "");

test("a command outlives its gateway: its output and the reply arrive complete, and it ran once "
  + "(S0.16, S0.19, S0.20, S0.40)", async (t) => {
  const model = await openScriptedModel();
  t.after(() => model.close());
  const gateway = await openRealGateway({ config: scriptedConfig(model.url, { yesLocal: true }) });
  t.after(() => gateway.dispose());
  const first = await gateway.connect();
  await send(first, `go ${callMark("exec", { command: SLOW })}`, { key: "long-1" });
  await first.until(isOutput("line-3"));
  await gateway.kill();
  await gateway.start();
  const second = await gateway.connect();
  await goOn(join(gateway.stateDir, "workspace"));
  const turn = await settled(second, "long-1");
  assert.equal(turn.status, "ok", turn.error);
  assert.deepEqual(turn.messages.map(({ role }) => role), ["user", "assistant", "toolResult", "assistant"]);
  assert.deepEqual(toolResults(turn), [SHOWN]);
  assert.match(turn.reply, /^done: line-1/);
  assert.equal(await readFile(join(gateway.stateDir, "workspace", "witness"), "utf8"), WITNESS);
});

test("a command on a remote node outlives two gateways, and its output is neither lost nor doubled (S0.16, S0.19, S0.40)", async (t) => {
  const model = await openScriptedModel();
  t.after(() => model.close());
  const gateway = await openRealGateway({ config: scriptedConfig(model.url) });
  t.after(() => gateway.dispose());
  const node = await openRealNode(gateway, { name: "far" });
  t.after(() => node.dispose());
  const first = await gateway.connect();
  await send(first, `go ${callMark("exec", { node: "far", command: SLOW })}`, { key: "far-1" });
  await first.client.request("exec.approval.resolve", { id: await approvalOf(first), decision: "allow-once" });
  await first.until(isOutput("line-2"));
  await gateway.kill();
  await gateway.start();
  const second = await gateway.connect();
  await watch(second);
  await goOn(node.workspace);
  await second.until(isOutput("line-5"));
  await gateway.kill();
  await gateway.start();
  const turn = await settled(await gateway.connect(), "far-1");
  assert.equal(turn.status, "ok", turn.error);
  assert.deepEqual(toolResults(turn), [SHOWN]);
  assert.equal(await readFile(join(node.workspace, "witness"), "utf8"), WITNESS);
});

test("whoever waits at the command line sees the gateway go and come back, and gets the whole reply (S0.16, S0.19, S4.25)", async (t) => {
  const model = await openScriptedModel();
  t.after(() => model.close());
  const gateway = await openRealGateway({ config: scriptedConfig(model.url, { yesLocal: true }) });
  t.after(() => gateway.dispose());
  const watching = await gateway.connect();
  await history(watching);
  const waiting = gateway.cli(["agent", "--message", `go ${callMark("exec", { command: SLOW })}`]);
  await watching.until(isOutput("line-3"));
  await gateway.kill();
  await gateway.start();
  await goOn(join(gateway.stateDir, "workspace"));
  const said = await waiting;
  assert.equal(said.code, 0, said.stderr);
  assert.match(said.stdout, /line-1[^]*line-2[^]*line-8/, "its output streamed to the terminal");
  assert.match(said.stdout, /done: line-1/);
  assert.match(said.stderr, /connection is lost[^]*gateway is back/);
  assert.equal(await readFile(join(gateway.stateDir, "workspace", "witness"), "utf8"), WITNESS);
});

test("messages accepted before the kill are each answered once and in order, in every session (S0.2, S1.10, S3.11)", async (t) => {
  const model = await openScriptedModel();
  t.after(() => model.close());
  const gateway = await openRealGateway({ config: scriptedConfig(model.url) });
  t.after(() => gateway.dispose());
  const sessions = ["main", "agent:main:second", "agent:main:third", "agent:main:fourth"];
  const texts = Array.from({ length: 10 }, (_, at) => `message-${at} [[tokens 3 5]]`);
  const before = await gateway.connect();
  for (const text of texts) await Promise.all(sessions.map((session) => send(before, text, { session, key: `${session}/${text}` })));
  await gateway.kill();
  await gateway.start();
  const after = await gateway.connect();
  for (const session of sessions) {
    const last = await settled(after, `${session}/${texts.at(-1) ?? ""}`, { session });
    assert.equal(last.status, "ok", last.error);
    const all = await history(after, session);
    assert.deepEqual(all.map(textOf), texts.flatMap((text) => [text, "word0 word1 word2 "]), session);
  }
});

test("whoever repeats an idempotency key after the kill starts nothing twice, acknowledged or not (S0.19, S1.10)", async (t) => {
  const model = await openScriptedModel();
  t.after(() => model.close());
  const gateway = await openRealGateway({ config: scriptedConfig(model.url, { yesLocal: true }) });
  t.after(() => gateway.dispose());
  const before = await gateway.connect();
  const texts = Array.from({ length: 12 }, (_, at) => `once-${at} ${callMark("exec", { command: `echo ${at} >> witness` })}`);
  const acknowledged: string[] = [];
  const sending = texts.map((text) => send(before, text, { key: text.slice(0, 7) }).then((key) => acknowledged.push(key), () => undefined));
  await sending[3];
  await gateway.kill();
  await Promise.all(sending);
  await gateway.start();
  const after = await gateway.connect();
  // the sender does not know which of them arrived, so it sends all of them again
  for (const text of texts) await send(after, text, { key: text.slice(0, 7) });
  for (const text of texts) assert.equal((await settled(after, text.slice(0, 7))).status, "ok");
  const asked = (await history(after)).filter(({ role }) => role === "user").map(textOf);
  assert.deepEqual(asked.toSorted(), texts.toSorted(), "each message stands in the transcript once");
  const known = asked.map((text) => text.slice(0, 7)).filter((key) => acknowledged.includes(key));
  assert.deepEqual(known, acknowledged, "those that were acknowledged kept their order");
  const witness = (await readFile(join(gateway.stateDir, "workspace", "witness"), "utf8")).trim().split("\n");
  assert.deepEqual(witness.map(Number).toSorted((a, b) => a - b), texts.map((_, at) => at), "each command ran once");
  const again = await after.client.request("chat.send", { sessionKey: "main", message: "other words", idempotencyKey: "once-0 " });
  assert.equal((again as { status: string }).status, "ok", "an old key gets its old outcome");
  assert.equal((await history(after)).some((message) => textOf(message) === "other words"), false);
});

test("a turn whose model was speaking when the gateway died asks it again, and the half sentence is withdrawn (S0.2, S0.19)", async (t) => {
  const model = await openScriptedModel();
  t.after(() => model.close());
  const gateway = await openRealGateway({ config: scriptedConfig(model.url) });
  t.after(() => gateway.dispose());
  const first = await gateway.connect();
  await send(first, "count [[tokens 20 40]]", { key: "spoken" });
  await first.until(({ event, payload }) => event === "chat" && JSON.stringify(payload).includes("word3"));
  await gateway.kill();
  await gateway.start();
  const second = await gateway.connect();
  await watch(second);
  const turn = await settled(second, "spoken");
  assert.equal(turn.reply, Array.from({ length: 20 }, (_, at) => `word${at} `).join(""));
  assert.equal(turn.messages.length, 2);
  assert.equal((await say(second, "and now?")).reply, "echo: and now?");
});

/** Asking for a session's history subscribes the connection to what happens in it. */
async function watch(watched: Watched): Promise<void> {
  await history(watched);
}
