import assert from "node:assert/strict";
import { test } from "node:test";
import { OpenClawError, hasCode } from "@openclaw/protocol";
import { OWNER } from "../../fabric/identity.ts";
import { createAgents } from "../agents.ts";
import type { SentMessage, Sessions } from "../sessions.ts";
import { createIntake, type Inbound } from "./receive.ts";

const inbound: Inbound = { text: "hi", idempotencyKey: "key-1", principal: OWNER, channel: "web" };

function setUp(refuse?: OpenClawError) {
  const sent: SentMessage[] = [];
  const sessions = {
    send: async (message: SentMessage) => {
      if (refuse !== undefined) throw refuse;
      sent.push(message);
      return { status: "started" };
    },
  } as unknown as Sessions;
  const agents = createAgents(() => ({ defaults: { timeoutSeconds: 90 }, entries: { helper: {} } }), "/w");
  return { sent, intake: createIntake({ agents, sessions }) };
}

test("a message is routed, gets the idempotency key as its run id and its agent's time, and is handed on as it came", async () => {
  const { sent, intake } = setUp();
  assert.deepEqual(await intake.receiveInbound(inbound), {
    runId: "key-1",
    sessionKey: "agent:main:main",
    agentId: "main",
    outcome: { status: "started" },
  });
  assert.deepEqual(sent, [
    {
      sessionKey: "agent:main:main",
      agentId: "main",
      runId: "key-1",
      text: "hi",
      channel: "web",
      principal: OWNER,
      timeoutMs: 90_000,
    },
  ]);
});

test("what the caller wished is kept: session, agent, model, prompt and time", async () => {
  const { sent, intake } = setUp();
  await intake.receiveInbound({
    ...inbound,
    sessionKey: "work",
    agentId: "helper",
    model: "a/b",
    extraSystemPrompt: "Rhyme.",
    timeoutMs: 5,
  });
  const [message] = sent;
  assert.deepEqual(
    [message?.sessionKey, message?.agentId, message?.model, message?.extraSystemPrompt, message?.timeoutMs],
    ["agent:helper:work", "helper", "a/b", "Rhyme.", 5],
  );
});

test("what cannot be routed, or is refused, was never stored", async () => {
  const { sent, intake } = setUp();
  await assert.rejects(intake.receiveInbound({ ...inbound, idempotencyKey: " " }), (error) => hasCode(error, "PARAMS_INVALID"));
  await assert.rejects(intake.receiveInbound({ ...inbound, agentId: "nobody" }), (error) => hasCode(error, "UNKNOWN_AGENT_ID"));
  await assert.rejects(intake.receiveInbound({ ...inbound, sessionKey: "::" }), (error) => hasCode(error, "SESSION_KEY_INVALID"));
  assert.equal(sent.length, 0);
  const full = setUp(new OpenClawError("SESSION_QUEUE_FULL"));
  await assert.rejects(full.intake.receiveInbound(inbound), (error) => hasCode(error, "SESSION_QUEUE_FULL"));
});
