/**
 * The seed's own walk, command by command, on the real program: a gateway, its token, a node paired with it and started
 * with tags, and the sentence that runs a system check there. The model is the offline one that comes with the program.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { history, say, send, settled, streamed, textOf, toolResults } from "@openclaw/testkit/conversation";
import { openRealGateway } from "@openclaw/testkit/real-gateway";
import { openRealNode } from "@openclaw/testkit/real-node";

const SENTENCE = "Please run a system check on the 'heavy-compute' node";

test("a token is made at the first start, and whoever holds it joins a node that shows as Online with its tags "
  + "(S0.8, S0.33, S0.34, S0.35, S0.36, S0.37, S0.48, S4.15)", async (t) => {
  const gateway = await openRealGateway({ verb: "start" });
  t.after(() => gateway.dispose());
  const said = await gateway.cli(["config", "get", "gatewayToken"]);
  assert.equal(said.code, 0, said.stderr);
  assert.equal(said.stdout, `${gateway.token}\n`, "bare, so that a shell can use it");
  assert.ok(gateway.token.length >= 32, "too long to be guessed");

  const stranger = await gateway.cli(["node", "pair", "--url", `http://127.0.0.1:${gateway.port}`, "--token", "x".repeat(40), "--json"], {
    env: { OPENCLAW_NODE_DIR: join(gateway.home, "stranger") },
  });
  assert.equal(stranger.code, 77);
  assert.equal((JSON.parse(stranger.stdout) as { error: { code: string } }).error.code, "AUTH_TOKEN_MISMATCH");

  const node = await openRealNode(gateway, { name: "bench-machine", tags: ["gpu", "heavy-compute"] });
  t.after(() => node.dispose());
  assert.doesNotMatch(await contentOf(node.nodeDir), new RegExp(gateway.token), "the token was spent for a key of the node's own");
  assert.match(node.output(), /Online/);
  const shown = await gateway.cli(["nodes", "list"]);
  assert.match(shown.stdout, /online\s+bench-machine\s+gpu, heavy-compute/);
  const listed = JSON.parse((await gateway.cli(["nodes", "list", "--json"])).stdout) as { nodes: Record<string, unknown>[] };
  const row = listed.nodes.find(({ nodeId }) => nodeId === node.nodeId);
  assert.equal(row?.["connected"], true);
  assert.deepEqual(row?.["tags"], ["gpu", "heavy-compute"]);

  await node.stop();
  const after = JSON.parse((await gateway.cli(["nodes", "list", "--json"])).stdout) as { nodes: Record<string, unknown>[] };
  assert.equal(after.nodes.find(({ nodeId }) => nodeId === node.nodeId)?.["connected"], false);
  await node.start();
  const status = await gateway.cli(["node", "status", "--json"], { env: { OPENCLAW_NODE_DIR: node.nodeDir } });
  assert.equal((JSON.parse(status.stdout) as { connected?: boolean }).connected, true, "its own key brings it back, without the token");
});

test("the sentence runs a system check on the node its tag names: output streams live, the reply quotes it, and every step is kept "
  + "(S0.1, S0.6, S0.12, S0.13, S0.15, S0.18, S0.36, S0.38, S3.1, S3.5, S4.1, S4.2, S4.19, S4.22, S4.25)", async (t) => {
  const gateway = await openRealGateway();
  t.after(() => gateway.dispose());
  const node = await openRealNode(gateway, { name: "bench-machine", tags: ["gpu", "heavy-compute"] });
  t.after(() => node.dispose());
  const operator = await gateway.connect();
  const turn = await settled(operator, await send(operator, SENTENCE));
  assert.equal(turn.status, "ok", turn.error);

  // live: pieces of output reach the watching client before their result, and all of it before the final answer
  const live = streamed(operator, "tool", turn.runId);
  const update = live.findIndex(({ phase }) => phase === "update");
  const result = live.findIndex(({ phase, toolCallId }) => phase === "result" && toolCallId === live[update]?.["toolCallId"]);
  assert.ok(update !== -1 && update < result, "a piece of output was shown before the command's result");
  const kinds = operator.events.map(({ event, payload }) => (event === "chat" ? (payload as { state: string }).state : event));
  assert.ok(kinds.lastIndexOf("agent", kinds.indexOf("final")) !== -1);
  const details = (live[update]?.["partialResult"] as { details: { nodeId: string } }).details;
  assert.equal(details.nodeId, node.nodeId, "it came from the node with the tag");
  assert.ok(streamed(operator, "assistant", turn.runId).length > 1, "the answer's text streamed too");

  // the reply: it names the node, and what it quotes is what that machine really says
  const uname = spawnSync("uname", ["-a"], { encoding: "utf8" }).stdout.trim();
  assert.match(turn.reply, /heavy-compute/);
  assert.ok(turn.reply.includes(uname), turn.reply);
  for (const text of toolResults(turn).slice(1)) assert.ok(turn.reply.includes(text.trim()), `the reply quotes: ${text}`);

  // the record: every call with its result, in order, all on that node, and the same after a restart
  const calls = turn.messages.flatMap(({ content }) => content.filter(({ type }) => type === "toolCall").map(({ name }) => name));
  const results = turn.messages.filter(({ role }) => role === "toolResult");
  assert.deepEqual(calls, ["system_info", "exec", "exec", "exec"]);
  assert.deepEqual(results.map(({ toolName }) => toolName), calls);
  assert.ok(results.every(({ nodeId, isError }) => nodeId === node.nodeId && isError !== true));
  assert.deepEqual(
    turn.messages.map(({ role }) => role).filter((role, at, all) => role !== all[at - 1]),
    ["user", "assistant", "toolResult", "assistant", "toolResult", "assistant"],
  );
  const before = await history(operator);
  assert.equal(await gateway.stop(), 0);
  await gateway.start();
  assert.deepEqual(await history(await gateway.connect()), before);
});

test("without a name or a tag a command runs on the gateway's own machine, by its local node and never in the gateway itself "
  + "(S0.1, S3.6, S4.21)", async (t) => {
  const gateway = await openRealGateway();
  t.after(() => gateway.dispose());
  const node = await openRealNode(gateway, { name: "elsewhere", tags: ["gpu"] });
  t.after(() => node.dispose());
  const operator = await gateway.connect();
  const turn = await say(operator, "run `ps -o pid,ppid,args -e`");
  assert.equal(turn.status, "ok", turn.error);
  const { nodeId } = turn.messages.find(({ role }) => role === "toolResult") ?? {};
  const { nodes } = (await operator.client.request("node.list", {})) as {
    nodes: { nodeId: string; displayName: string; local?: boolean }[],
  };
  assert.equal(nodes.find((each) => each.nodeId === nodeId)?.displayName, "local");
  assert.notEqual(nodeId, node.nodeId);
  assert.deepEqual(await childrenOf(gateway.pid), await localNodeOf(gateway.stateDir), "the local node is the only process it starts");
});

test("messages of one session share its context, one after the other, and an agent that is asked again still knows (S0.2, S0.3, S3.2, "
  + "S3.11, S4.7, S4.11)", async (t) => {
  const gateway = await openRealGateway();
  t.after(() => gateway.dispose());
  const operator = await gateway.connect();
  await say(operator, "remember that the red server is called Vulcan");
  await gateway.kill();
  await gateway.start();
  const again = await gateway.connect();
  const turn = await say(again, "what do you remember?");
  assert.match(turn.reply, /the red server is called Vulcan/);
  const { sessions } = (await again.client.request("sessions.list", {})) as { sessions: { key: string }[] };
  assert.deepEqual(sessions.map(({ key }) => key), ["agent:main:main"], "main is the direct chat with the default agent, main");
  assert.match(textOf((await history(again, "agent:main:main"))[0]), /Vulcan/);
});

async function contentOf(dir: string): Promise<string> {
  let all = "";
  for (const entry of await readdir(dir, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) all += await readFile(join(entry.parentPath, entry.name), "latin1");
  }
  return all;
}

async function childrenOf(pid: number): Promise<readonly number[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, "utf8");
  return text.trim().split(" ").filter((word) => word !== "").map(Number);
}

async function localNodeOf(stateDir: string): Promise<readonly number[]> {
  const { pid } = JSON.parse(await readFile(join(stateDir, "local-node.json"), "utf8")) as { readonly pid: number };
  return [pid];
}
