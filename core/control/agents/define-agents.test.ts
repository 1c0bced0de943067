import assert from "node:assert/strict";
import { test } from "node:test";
import { hasCode } from "@openclaw/protocol";
import { checkSchema } from "../../base/schema.ts";
import { agentsConfig, type AgentsConfig } from "./config.ts";
import { createAgents } from "./define-agents.ts";

const agentsOf = (config: AgentsConfig) => createAgents(() => config, "/state/workspace");

test("without any configuration there is one agent, main, complete (S4.11)", () => {
  const agents = agentsOf({});
  assert.equal(agents.defaultId, "main");
  assert.deepEqual(agents.list(), [{
    id: "main", name: "OpenClaw", model: "demo/demo", workspace: "/state/workspace", instructions: "", timeoutMs: 3_600_000,
    heartbeat: null, skipBootstrap: false, identity: {}, tools: {},
  }]);
});

test("the defaults hold for every agent, an agent's own values win", () => {
  const agents = agentsOf({
    defaults: { name: "Clawd", model: "openai/gpt", timeoutSeconds: 60, instructions: "Be kind." },
    entries: { main: { name: "Ada" }, helper: { model: "demo/demo", workspace: "/elsewhere" } },
  });
  assert.deepEqual(agents.get("main"), {
    id: "main", name: "Ada", model: "openai/gpt", workspace: "/state/workspace", instructions: "Be kind.", timeoutMs: 60_000,
    heartbeat: null, skipBootstrap: false, identity: {}, tools: {},
  });
  const { name, model, workspace } = agents.get("helper");
  assert.deepEqual([name, model, workspace], ["Clawd", "demo/demo", "/elsewhere"]);
});

test("agents.list and agents.entries are both read; where both speak of one agent, entries win value by value", () => {
  const agents = agentsOf({
    list: [{ id: "a", name: "From list", model: "demo/list" }, { id: "b", name: "Only list" }],
    entries: { a: { name: "From entries" }, c: {} },
  });
  assert.deepEqual(agents.list().map(({ id }) => id), ["main", "a", "b", "c"]);
  assert.deepEqual([agents.get("a").name, agents.get("a").model, agents.get("b").name], ["From entries", "demo/list", "Only list"]);
});

test("an agent has a way with messages that come during a turn, and a thinking level, where somebody gave them (S4.26, S4.9)", () => {
  const agents = agentsOf({ defaults: { queueMode: "collect" }, entries: { helper: { queueMode: "steer", thinking: "high" } } });
  assert.deepEqual([agents.get("main").queueMode, agents.get("main").thinking], ["collect", undefined]);
  assert.deepEqual([agents.get("helper").queueMode, agents.get("helper").thinking], ["steer", "high"]);
  assert.equal(checkSchema(agentsConfig, { defaults: { queueMode: "now" } }).ok, false);
});

test("an agent nobody defined is unknown, and the refusal says who there is", () => {
  const agents = agentsOf({ entries: { helper: {} } });
  for (const id of ["nobody", "", "Main", "__proto__", "toString"]) {
    assert.throws(() => agents.get(id), (error) => hasCode(error, "UNKNOWN_AGENT_ID") && /Agents: main, helper\./.test(String(error)), id);
  }
});

test("a changed definition holds from the next use on", () => {
  let config: AgentsConfig = {};
  const agents = createAgents(() => config, "/w");
  assert.equal(agents.get("main").name, "OpenClaw");
  config = { defaults: { name: "Changed" } };
  assert.equal(agents.get("main").name, "Changed");
});

test("the schema takes what the documents show and nothing else", () => {
  const fits = (value: unknown): boolean => checkSchema(agentsConfig, value).ok;
  assert.equal(fits({ defaults: { model: "openai/gpt" }, entries: { main: { name: "Ada" } }, list: [{ id: "helper" }] }), true);
  for (const wrong of [
    { entries: { main: { colour: "red" } } }, { list: [{}] }, { list: [{ id: "Bad Id" }] }, { defaults: { timeoutSeconds: 0 } }, { agents: {} },
    { defaults: { model: "x" } }, { entries: { main: { instructions: "x".repeat(20_001) } } },
  ]) assert.equal(fits(wrong), false, JSON.stringify(wrong).slice(0, 80));
});

test("a heartbeat is off until it has a rhythm; an agent's own wins value by value (C8)", () => {
  const agents = createAgents(() => ({
    defaults: { heartbeat: { every: "30m", ackMaxChars: 5 } },
    entries: { quiet: { heartbeat: { every: "0m" } }, quick: { heartbeat: { every: "10s", prompt: "Look." } } },
  }), "/w");
  assert.equal(agents.get("main").heartbeat?.everyMs, 1_800_000);
  assert.equal(agents.get("quiet").heartbeat, null);
  assert.deepEqual(agents.get("quick").heartbeat, { everyMs: 10_000, prompt: "Look.", ackMaxChars: 5 });
});

test("a model may have fallbacks of its own; others have those of all models (C25, S4.11)", () => {
  const config = {
    defaults: { model: "a/one" },
    entries: { main: {}, own: { model: { primary: "b/two", fallbacks: ["c/three"] } }, bare: { model: { primary: "d/four" } } },
  };
  const agents = createAgents(() => config, "/w", () => ["x/any"]);
  const chain = (id: string): unknown => [agents.get(id).model, agents.get(id).fallbacks];
  assert.deepEqual([chain("main"), chain("own"), chain("bare")], [
    ["a/one", ["x/any"]], ["b/two", ["c/three"]], ["d/four", ["x/any"]],
  ]);
});
