import { openScriptedMessages } from "@openclaw/testkit/scripted-messages-server";
import { providerContract } from "@openclaw/testkit/provider-contract";
import provider from "./index.ts";

const tools = [{ name: "exec", summary: "Runs a program.", args: { type: "object" } }] as const;

providerContract("anthropic", async () => {
  const server = await openScriptedMessages();
  const config = { baseUrl: server.url, models: [{ id: "scripted" }], attemptsMax: 2 };
  const broken = { ...config, baseUrl: "http://127.0.0.1:1" };
  return { provider, config, broken, model: "scripted", tools, ask: "say several words please",
    askTool: '[[call exec {"argv":["uptime"]}]]', close: server.close };
});
