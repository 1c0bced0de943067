import { openScriptedModel } from "@openclaw/testkit/scripted-model-server";
import { providerContract } from "@openclaw/testkit/provider-contract";
import provider from "./index.ts";

const tools = [{ name: "exec", summary: "Runs a program.", args: { type: "object" } }] as const;

providerContract("openai-compatible", async () => {
  const model = await openScriptedModel();
  const config = { baseUrl: model.url, models: [{ id: "scripted" }], attemptsMax: 2 };
  const broken = { ...config, baseUrl: "http://127.0.0.1:1/v1" };
  return { provider, config, broken, model: "scripted", tools, ask: "say several words please",
    askTool: '[[call exec {"argv":["uptime"]}]]', close: model.close };
});
