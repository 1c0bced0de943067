/** `kill -9` of the gateway at every stage of a turn: nothing is lost, doubled or reordered, and no command runs twice. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { openRealGateway } from "@openclaw/testkit/real-gateway";
import { openScriptedModel } from "@openclaw/testkit/scripted-model-server";

const scripted = (url: string): unknown => ({
  agents: { defaults: { model: "scripted/test" } },
  models: { providers: { scripted: { use: "openai-compatible", baseUrl: `${url}/v1`, models: [{ id: "test" }] } } },
  tools: { exec: { yesLocal: true } },
});

test("a command outlives its gateway: its output and the reply arrive complete, and it ran once (S0.16, S0.19, S0.20, S0.40)", async (t) => {
  const model = await openScriptedModel();
  t.after(() => model.close());
  const gateway = await openRealGateway({ config: scripted(model.url) });
  t.after(() => gateway.dispose());
  const first = await gateway.connect();
  const witness = "for i in 1 2 3 4 5 6 7 8; do echo line-$i; echo $i >> witness; sleep 0.25; done";
  const ack = await first.client.request("chat.send", { sessionKey: "main", message: `go [[call exec ${JSON.stringify({ command: witness })}]]`, idempotencyKey: "long-1" });
  assert.equal((ack as { status: string }).status, "started");
  await first.until(({ event, payload }) => event === "agent" && JSON.stringify(payload).includes("line-3"));
  await gateway.kill();
  await gateway.start();
  const second = await gateway.connect();
  const outcome = (await second.client.request("agent.wait", { runId: "long-1", timeoutMs: 30_000 }, { timeoutMs: 40_000 })) as { status: string };
  assert.equal(outcome.status, "ok");
  const { messages } = (await second.client.request("chat.history", { sessionKey: "main" })) as { messages: { role: string; content: { text?: string }[] }[] };
  assert.deepEqual(messages.map((message) => message.role), ["user", "assistant", "toolResult", "assistant"]);
  const lines = [1, 2, 3, 4, 5, 6, 7, 8];
  assert.equal(messages[2]?.content[0]?.text, lines.map((line) => `line-${line}`).join("\n"));
  assert.match(messages[3]?.content[0]?.text ?? "", /^done: line-1/);
  assert.equal(await readFile(join(gateway.stateDir, "workspace", "witness"), "utf8"), lines.map((line) => `${line}\n`).join(""));
});

test("messages accepted before the kill are each answered once and in order (S1.10)", async (t) => {
  const model = await openScriptedModel();
  t.after(() => model.close());
  const gateway = await openRealGateway({ config: scripted(model.url) });
  t.after(() => gateway.dispose());
  const before = await gateway.connect();
  const sent = Array.from({ length: 20 }, (_, at) => `message-${at}`);
  await Promise.all(sent.map((text) => before.client.request("chat.send", { sessionKey: "main", message: text, idempotencyKey: text })));
  await gateway.kill();
  await gateway.start();
  const after = await gateway.connect();
  const again = (await after.client.request("chat.send", { sessionKey: "main", message: sent[19], idempotencyKey: sent[19] })) as { status: string };
  assert.notEqual(again.status, "started", "a repeated key starts nothing");
  await after.client.request("agent.wait", { runId: sent[19], timeoutMs: 30_000 }, { timeoutMs: 40_000 });
  const { messages } = (await after.client.request("chat.history", { sessionKey: "main", limit: 100 })) as { messages: { role: string; content: { text?: string }[] }[] };
  assert.deepEqual(messages.map((message) => message.content[0]?.text), sent.flatMap((text) => [text, `echo: ${text}`]));
});
