/** A durable turn with the messages API behind it: the fake is as strict as the vendor's documents. */
import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { isOutput, say, send, settled, textOf, toolResults } from "@openclaw/testkit/conversation";
import { openRealGateway } from "@openclaw/testkit/real-gateway";
import { callMark } from "@openclaw/testkit/scripted-config";
import { openScriptedMessages } from "@openclaw/testkit/scripted-messages-server";

const KEY = "sk-ant-canary-0123456789";

/** As the well-known program writes it. */
const configOf = (url: string): object => ({
  agents: { defaults: { model: "claude/fake-large", thinking: "low" } },
  tools: { exec: { yesLocal: true } },
  models: {
    providers: {
      claude: {
        baseUrl: url, api: "anthropic-messages", apiKey: "${FAKE_ANTHROPIC_KEY}",
        models: [{
          id: "fake-large", name: "Large", contextWindow: 200_000, maxTokens: 8_192, reasoning: true, input: ["text", "image"],
          cost: { input: 3, output: 15, cacheRead: 0.3, cacheWrite: 3.75 },
        }],
      },
    },
  },
});

test("a configuration of the well-known program finds the drop-in by its interface; a turn with a call outlives its gateway "
  + "(S0.5, S0.16, S0.19)", async (t) => {
  const server = await openScriptedMessages();
  t.after(() => server.close());
  const gateway = await openRealGateway({ config: configOf(server.url), env: { FAKE_ANTHROPIC_KEY: KEY } });
  t.after(() => gateway.dispose());
  const first = await gateway.connect();
  const slow = "for i in 1 2 3 4 5 6; do echo line-$i; echo $i >> witness; "
    + "if [ $i = 3 ]; then until [ -e go-on ]; do sleep 0.05; done; fi; done";
  await send(first, `go ${callMark("exec", { command: slow })}`, { key: "turn-1" });
  await first.until(isOutput("line-2"));
  await gateway.kill();
  await gateway.start();
  const second = await gateway.connect();
  await writeFile(join(gateway.stateDir, "workspace", "go-on"), "");
  const turn = await settled(second, "turn-1");
  assert.equal(turn.status, "ok", turn.error);
  assert.match(turn.reply, /^done: line-1/);
  assert.equal(toolResults(turn).length, 1);
  assert.equal(await readFile(join(gateway.stateDir, "workspace", "witness"), "utf8"), "1\n2\n3\n4\n5\n6\n");

  assert.deepEqual(server.requests.map(({ headers }) => headers["x-api-key"]), [KEY, KEY]);
  assert.deepEqual(server.requests.map(({ body }) => body.thinking), [{ type: "enabled", budget_tokens: 4_096 }, undefined]);
  assert.equal(server.requests[1]?.body.max_tokens, 8_192);
  const again = await say(second, "and [[tokens 3 10]]");
  assert.equal(again.reply, "word0 word1 word2 ");
  const assistant = again.messages.findLast(({ role }) => role === "assistant");
  assert.equal(textOf(assistant), again.reply);

  server.script({ status: 401, error: { type: "authentication_error", message: `invalid x-api-key: ${KEY}` } });
  const refused = await say(second, "once more");
  assert.equal(refused.status, "error");
  assert.ok(!JSON.stringify(refused).includes(KEY), "the key is told to nobody");
  const { lines } = (await second.client.request("logs.tail", { limit: 1_000 })) as { readonly lines: readonly string[] };
  assert.ok(lines.some((line) => line.includes("model.failed")), "the log is the one that counts");
  assert.ok(!JSON.stringify(lines).includes(KEY) && !gateway.output().includes(KEY));
});
