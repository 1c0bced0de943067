/** What a person pays for saying "hi": the whole request as it leaves the gateway, every real tool's face in it. */
import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { test } from "node:test";
import { say } from "@openclaw/testkit/conversation";
import { openRealGateway } from "@openclaw/testkit/real-gateway";
import { openScriptedModel } from "@openclaw/testkit/scripted-model-server";

const TOKENS_MAX = 1_500;
/** No tokenizer: a token of English and JSON is four bytes or more. */
const BYTES_PER_TOKEN = 4;

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
  const [request] = model.requests;
  assert.ok(request !== undefined);
  const { messages, tools = [] } = request.body;
  assert.deepEqual(messages.map(({ role }) => role), ["system", "user"]);
  const folders = await readdir(new URL("../extensions/tools/", import.meta.url));
  assert.equal(tools.length, folders.length, "every tool's face is part of it");
  const bytes = Buffer.byteLength(JSON.stringify({ messages, tools }));
  t.diagnostic(`${bytes} bytes, about ${Math.ceil(bytes / BYTES_PER_TOKEN)} tokens`);
  assert.ok(bytes / BYTES_PER_TOKEN < TOKENS_MAX, `${bytes} bytes`);
});
