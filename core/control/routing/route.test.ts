import assert from "node:assert/strict";
import { test } from "node:test";
import { hasCode } from "@openclaw/protocol";
import { createAgents } from "../agents.ts";
import { routeInbound, type RouteWish } from "./route.ts";

const agents = createAgents(() => ({ entries: { helper: {} } }), "/w");
const route = (wish: RouteWish): string => {
  const { agentId, session } = routeInbound(wish, agents);
  return `${agentId} ${session.key}`;
};

test("without a wish a message goes to the default agent's main session (S4.7, S4.11)", () => {
  assert.equal(route({}), "main agent:main:main");
});

test("an agent's main session is its own; a short key belongs to the agent that was named", () => {
  assert.equal(route({ agentId: "helper" }), "helper agent:helper:main");
  assert.equal(route({ agentId: "helper", sessionKey: "work" }), "helper agent:helper:work");
  assert.equal(route({ sessionKey: "work" }), "main agent:main:work");
});

test("a whole key names its agent", () => {
  assert.equal(route({ sessionKey: "agent:helper:telegram:group:5" }), "helper agent:helper:telegram:group:5");
  assert.equal(route({ sessionKey: "AGENT:Helper:main", agentId: "helper" }), "helper agent:helper:main");
});

test("a key and an agent that contradict each other are refused, and so is an agent nobody defined", () => {
  assert.throws(() => route({ sessionKey: "agent:helper:main", agentId: "main" }), (error) =>
    hasCode(error, "PARAMS_INVALID") && /belongs to the agent helper, not to main/.test(String(error)));
  for (const wish of [{ agentId: "nobody" }, { sessionKey: "agent:nobody:main" }]) {
    assert.throws(() => route(wish), (error) => hasCode(error, "UNKNOWN_AGENT_ID"));
  }
  assert.throws(() => route({ sessionKey: "a b" }), (error) => hasCode(error, "SESSION_KEY_INVALID"));
});
