import { providerContract } from "@openclaw/testkit/provider-contract";
import provider from "./index.ts";

const tools = [{ name: "exec", summary: "exec", args: { type: "object" } }] as const;

providerContract("scripted", async () => ({
  provider, config: { answer: "one two three four" }, model: "scripted", tools, ask: "hello", askTool: 'do [[call exec {"argv":["true"]}]]',
  usesKey: false,
}));
