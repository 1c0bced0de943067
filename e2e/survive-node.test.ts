/** Nodes die too: the agent is told in a typed form, the turn still ends with a reply, and the next command finds its way. */
import assert from "node:assert/strict";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { approvalOf, isOutput, say, sayAllowing, send, settled, toolResults } from "@openclaw/testkit/conversation";
import { processesIn } from "@openclaw/testkit/processes-in";
import { openRealGateway, type RealGateway, type Watched } from "@openclaw/testkit/real-gateway";
import { openRealNode, type RealNode } from "@openclaw/testkit/real-node";
import { callMark, scriptedConfig } from "@openclaw/testkit/scripted-config";
import { openScriptedModel } from "@openclaw/testkit/scripted-model-server";

const ENDLESS = "echo begun; sleep 20.417";

interface Setting {
  readonly gateway: RealGateway;
  readonly node: RealNode;
  readonly operator: Watched;
}

/** A node called `far` that works on an endless command of the turn `lost`. */
async function openBusyNode(t: TestContext, reattachWaitMs: number): Promise<Setting> {
  const model = await openScriptedModel();
  t.after(() => model.close());
  const media = { transcription: { node: "far", command: ["/bin/sh", "-c", "sleep 20.418; cat \"$0\"", "{file}"] } };
  const gateway = await openRealGateway({ config: { ...scriptedConfig(model.url, { reattachWaitMs }), media } });
  t.after(() => gateway.dispose());
  const node = await openRealNode(gateway, { name: "far", tags: ["gpu"] });
  t.after(() => node.dispose());
  const operator = await gateway.connect();
  await send(operator, `go ${callMark("exec", { tag: "gpu", command: ENDLESS })}`, { key: "lost" });
  await operator.client.request("exec.approval.resolve", { id: await approvalOf(operator), decision: "allow-once" });
  await operator.until(isOutput("begun"));
  return { gateway, node, operator };
}

test("a node that dies in mid-command and stays away is a typed failure that the agent reads and answers "
  + "(S0.19, S0.20, S0.40)", async (t) => {
  const { node, operator } = await openBusyNode(t, 300);
  await node.kill();
  const turn = await settled(operator, "lost");
  assert.equal(turn.status, "ok", turn.error);
  assert.match(toolResults(turn)[0] ?? "", /^OUTCOME_UNKNOWN: /);
  assert.equal(turn.messages.find(({ role }) => role === "toolResult")?.isError, true);
  assert.match(turn.reply, /^done: Error: OUTCOME_UNKNOWN/, "the model saw the failure and ended the turn with a reply");
  const next = await say(operator, `again ${callMark("exec", { tag: "gpu", argv: ["uptime"] })}`);
  assert.match(toolResults(next)[0] ?? "", /^NODE_OFFLINE: /, "and it is told that nobody with the tag is there");
  const elsewhere = await say(operator, `here ${callMark("exec", { argv: ["echo", "another way"] })}`);
  assert.deepEqual(toolResults(elsewhere), ["another way"], "and it can choose another strategy");
});

test("a node that comes back after its death says that the command ended with it, and works again (S0.19, S0.20, S0.37, S4.27)",
async (t) => {
  const { node, operator } = await openBusyNode(t, 30_000);
  await node.kill();
  await node.start();
  const turn = await settled(operator, "lost");
  assert.equal(turn.status, "ok", turn.error);
  assert.match(toolResults(turn)[0] ?? "", /^OUTCOME_UNKNOWN: /, "a typed failure");
  assert.deepEqual(processesIn(node.workspace), [], "what it had started was ended: nobody follows it any more");
  const next = await say(operator, `again ${callMark("exec", { node: "far", argv: ["echo", "back"] })}`);
  assert.deepEqual(toolResults(next), ["back"]);

  // A file that it was lent is gone with what it was lent to: whatever ended the node, it goes at the next start (S4.27).
  const lent = join(node.nodeDir, "lent");
  const attachments = [{ fileName: "note.ogg", content: Buffer.from("OggS sound").toString("base64") }];
  const voice = { sessionKey: "voice", message: "listen", idempotencyKey: "voice", attachments };
  await operator.client.request("chat.send", voice);
  const files = async (): Promise<readonly string[]> => (await readdir(lent, { recursive: true }).catch(() => [])).filter((name) =>
    name.endsWith("note.ogg"));
  for (let tries = 0; tries < 20_000 && (await files()).length === 0; tries += 1) await operator.client.request("health");
  await node.kill();
  assert.equal((await files()).length, 1);
  await node.start();
  assert.equal((await settled(operator, "voice", { session: "voice" })).status, "ok");
  assert.deepEqual(await files(), []);
});

test("a command that is not done in its time is ended with everything it started, and the agent is told (S0.16, S0.20)", async (t) => {
  const model = await openScriptedModel();
  t.after(() => model.close());
  const gateway = await openRealGateway({ config: scriptedConfig(model.url, { yesLocal: true }) });
  t.after(() => gateway.dispose());
  const operator = await gateway.connect();
  const turn = await say(
    operator, `go ${callMark("exec", { command: "echo begun; sleep 30.731 & sleep 30.731; echo never", timeoutMs: 2_000 })}`,
  );
  assert.equal(turn.status, "ok", turn.error);
  assert.match(toolResults(turn)[0] ?? "", /begun[^]*took longer than allowed/);
  const left = await say(operator, `look ${callMark("exec", { argv: ["ps", "-A", "-o", "args"] })}`);
  assert.doesNotMatch(toolResults(left)[0] ?? "", /sleep 30.731/);
});

test("the local node is started again when it dies, and the session goes on (S0.19, S0.20, S3.2, S3.13)", async (t) => {
  const model = await openScriptedModel();
  t.after(() => model.close());
  const gateway = await openRealGateway({ config: scriptedConfig(model.url, { yesLocal: true, reattachWaitMs: 30_000 }) });
  t.after(() => gateway.dispose());
  const operator = await gateway.connect();
  const first = await say(operator, `go ${callMark("exec", { command: "echo one" })}`);
  assert.deepEqual(toolResults(first), ["one"]);
  const before = await localNodePid(gateway);
  await send(operator, `wait ${callMark("exec", { command: "echo begun; sleep 20" })}`, { key: "cut" });
  await operator.until(isOutput("begun"));
  process.kill(-before, "SIGKILL");
  const cut = await settled(operator, "cut");
  assert.equal(cut.status, "ok", cut.error);
  assert.match(toolResults(cut)[0] ?? "", /^OUTCOME_UNKNOWN: /);
  const again = await say(operator, `go ${callMark("exec", { command: "echo two" })}`);
  assert.deepEqual(toolResults(again), ["two"]);
  assert.notEqual(await localNodePid(gateway), before);
  assert.equal((await operator.client.request("health", {}) as { ok: boolean }).ok, true);
});

test("a node's own limits hold whatever the gateway asks: its programs, its directories, its time (S0.44, S0.41)", async (t) => {
  const model = await openScriptedModel();
  t.after(() => model.close());
  const gateway = await openRealGateway({ config: scriptedConfig(model.url) });
  t.after(() => gateway.dispose());
  const node = await openRealNode(gateway, { name: "strict", args: ["--allow-bin", "echo,sleep", "--command-timeout", "3"] });
  t.after(() => node.dispose());
  const outside = join(gateway.home, "outside.txt");
  await writeFile(outside, "not for nodes");
  const operator = await gateway.connect();
  const ask = async (tool: string, args: Readonly<Record<string, unknown>>): Promise<string> =>
    toolResults(await sayAllowing(operator, `do ${callMark(tool, { ...args, node: "strict" })}`))[0] ?? "";
  assert.equal(await ask("exec", { argv: ["echo", "fine"] }), "fine");
  assert.match(await ask("exec", { argv: ["ls"] }), /^NODE_BINARY_FORBIDDEN: /);
  assert.match(await ask("exec", { argv: ["sleep", "9"] }), /longer than allowed/);
  assert.match(await ask("read_file", { path: outside }), /^NODE_PATH_FORBIDDEN: /);
  assert.match(await ask("write_file", { path: join(gateway.home, "new.txt"), content: "x" }), /^NODE_PATH_FORBIDDEN: /);
  assert.match(await ask("write_file", { path: "report.txt", content: "written on the node" }), /bytes/);
  assert.equal(await readFile(join(node.workspace, "report.txt"), "utf8"), "written on the node");
  assert.match(await ask("read_file", { path: "report.txt" }), /written on the node/);
});

async function localNodePid(gateway: RealGateway): Promise<number> {
  return (JSON.parse(await readFile(join(gateway.stateDir, "local-node.json"), "utf8")) as { readonly pid: number }).pid;
}
