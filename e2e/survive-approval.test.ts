/** A question to a person is a durable wait: the gateway may die before, while and after it is answered. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { approvalOf, history, send, settled, toolResults } from "@openclaw/testkit/conversation";
import { openRealGateway, type RealGateway } from "@openclaw/testkit/real-gateway";
import { callMark, scriptedConfig } from "@openclaw/testkit/scripted-config";
import { openScriptedModel } from "@openclaw/testkit/scripted-model-server";

const COMMAND = "echo ran; echo ran >> witness";

interface Waiting {
  readonly gateway: RealGateway;
  readonly approvalId: string;
}

/** A gateway with one turn, `asked`, that waits for a person. */
async function openWaiting(t: TestContext): Promise<Waiting> {
  const model = await openScriptedModel();
  t.after(() => model.close());
  const gateway = await openRealGateway({ config: scriptedConfig(model.url) });
  t.after(() => gateway.dispose());
  const operator = await gateway.connect();
  await send(operator, `please ${callMark("exec", { command: COMMAND })}`, { key: "asked" });
  return { gateway, approvalId: await approvalOf(operator) };
}

async function restart(gateway: RealGateway): Promise<void> {
  await gateway.kill();
  await gateway.start();
}

async function witnessOf(gateway: RealGateway): Promise<string> {
  return readFile(join(gateway.stateDir, "workspace", "witness"), "utf8").catch(() => "");
}

test("an approval waits through kill and restart, and the answer given then lets exactly that command run once "
  + "(S0.2, S0.19, S0.27)", async (t) => {
  const { gateway, approvalId } = await openWaiting(t);
  await restart(gateway);
  const operator = await gateway.connect();
  const waiting = (await operator.client.request("exec.approval.list", {})) as { id: string; request: { command: string } }[];
  assert.deepEqual(waiting.map(({ id }) => id), [approvalId]);
  assert.equal(await witnessOf(gateway), "", "nothing ran while nobody had answered");
  const said = await gateway.cli(["approvals", "allow", approvalId, "--json"]);
  assert.equal(said.code, 0, said.stdout);
  const turn = await settled(operator, "asked");
  assert.equal(turn.status, "ok", turn.error);
  assert.deepEqual(toolResults(turn), ["ran"]);
  assert.equal(await witnessOf(gateway), "ran\n");
});

test("a denial given after the restart reaches the agent as a result, and nothing runs (S0.2, S0.27)", async (t) => {
  const { gateway, approvalId } = await openWaiting(t);
  await restart(gateway);
  const operator = await gateway.connect();
  await operator.client.request("exec.approval.resolve", { id: approvalId, decision: "deny" });
  const turn = await settled(operator, "asked");
  assert.equal(turn.status, "ok", "a denied call is a result, not the end of the conversation");
  assert.match(toolResults(turn)[0] ?? "", /^APPROVAL_DENIED: /);
  assert.equal(await witnessOf(gateway), "");
});

test("an answer that was acknowledged holds although the gateway died at that moment, and it is used once (S0.2, S0.19)", async (t) => {
  const { gateway, approvalId } = await openWaiting(t);
  const operator = await gateway.connect();
  await operator.client.request("exec.approval.resolve", { id: approvalId, decision: "allow-once" });
  await restart(gateway);
  const again = await gateway.connect();
  const turn = await settled(again, "asked");
  assert.equal(turn.status, "ok", turn.error);
  assert.deepEqual(toolResults(turn), ["ran"]);
  assert.equal(await witnessOf(gateway), "ran\n");
  await assert.rejects(again.client.request("exec.approval.resolve", { id: approvalId, decision: "deny" }), /already resolved/);
  assert.deepEqual(await again.client.request("exec.approval.list", {}), []);
});

test("a waiting turn can still be stopped after a restart, and its question goes with it (S0.2, S3.2)", async (t) => {
  const { gateway, approvalId } = await openWaiting(t);
  await restart(gateway);
  const operator = await gateway.connect();
  const stopped = (await operator.client.request("chat.abort", { sessionKey: "main" })) as { aborted: boolean };
  assert.equal(stopped.aborted, true);
  await settled(operator, "asked");
  await assert.rejects(operator.client.request("exec.approval.resolve", { id: approvalId, decision: "allow-once" }));
  assert.equal(await witnessOf(gateway), "");
  const next = await settled(operator, await send(operator, "still there?"));
  assert.equal(next.reply, "echo: still there?");
  assert.equal((await history(operator)).at(-1)?.role, "assistant");
});
