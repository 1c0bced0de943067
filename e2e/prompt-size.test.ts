/** What a person pays for saying "hi": the whole request as it leaves the gateway, every real tool's face in it. */
import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { test } from "node:test";
import { say } from "@openclaw/testkit/conversation";
import { openRealGateway } from "@openclaw/testkit/real-gateway";
import { realTokenizers } from "@openclaw/testkit/real-tokenizers";
import { openScriptedModel } from "@openclaw/testkit/scripted-model-server";

const TOKENS_MAX = 1_500;

test("the prompt for \"hi\", with every tool, stays below 1,500 tokens", async (t) => {
  const model = await openScriptedModel();
  t.after(() => model.close());
  const gateway = await openRealGateway({
    config: {
      agents: { defaults: { model: "scripted/test" } },
      models: { providers: { scripted: { use: "openai-compatible", baseUrl: model.url, models: [{ id: "test" }] } } },
    },
  });
  t.after(() => gateway.dispose());
  const turn = await say(await gateway.connect(), "hi");
  assert.equal(turn.reply, "echo: hi");
  const [sent] = model.requests;
  assert.ok(sent !== undefined);
  const { messages, tools = [] } = sent.body;
  assert.deepEqual(messages.map(({ role }) => role), ["system", "user"]);
  const folders = await readdir(new URL("../extensions/tools/", import.meta.url));
  const shown = tools.map(({ function: { name } }) => name.replaceAll("_", "-"));
  assert.deepEqual(folders.filter((name) => !shown.includes(name)), ["nodes"], "every tool's face is part of it, but where no node could");
  const request = JSON.stringify({ messages, tools });
  for (const { encoding, count } of await realTokenizers()) {
    const tokens = count(request);
    t.diagnostic(`${Buffer.byteLength(request)} bytes, ${tokens} tokens by ${encoding}`);
    assert.ok(tokens < TOKENS_MAX, `${tokens} tokens by ${encoding}`);
  }
});
