import assert from "node:assert/strict";
import { test } from "node:test";
import { openConversation } from "./conversation.testing.ts";

test("each message of a turn is told once, as the transcript has it; a new window counts anew (S4.2, S4.25)", async (t) => {
  const { settled, world } = await openConversation(t);
  const told = (): unknown[] => world.events.filter(({ stream }) => stream === "message").map(({ data }) => {
    const { message, messageSeq } = data as { message: { role: string; content: { text?: string }[] }; messageSeq: number };
    return [messageSeq, message.role, message.content[0]?.text];
  });
  await settled("sessions.send", { key: "a", message: "hi", idempotencyKey: "one" });
  await settled("agent.wait", { runId: "one" });
  assert.deepEqual(told(), [[1, "user", "hi"], [2, "assistant", "echo: hi"]]);
  const { messages } = (await settled("chat.history", { sessionKey: "a" })) as { readonly messages: readonly unknown[] };
  assert.deepEqual(messages, world.events.filter(({ stream }) => stream === "message").map(({ data }) => data["message"]));
  await settled("sessions.reset", { key: "a" });
  await settled("sessions.send", { key: "a", message: "new", idempotencyKey: "two" });
  await settled("agent.wait", { runId: "two" });
  assert.deepEqual(told().slice(2), [[1, "user", "new"], [2, "assistant", "echo: new"]]);
});
