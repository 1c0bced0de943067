import assert from "node:assert/strict";
import { test } from "node:test";
import { hasCode } from "@openclaw/protocol";
import type { HistoryItem } from "../../sessions.ts";
import { openConversation } from "./conversation.testing.ts";

test("each message of a turn is told once, as the transcript has it; a new window counts anew (S4.2, S4.25, W.7.8)", async (t) => {
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

test("a note is added between turns as the assistant's, told at once and shown to the next prompt; no model runs "
  + "(S4.25, W.6.18)", async (t) => {
  const { call, settled, world } = await openConversation(t);
  await assert.rejects(call("chat.inject", { sessionKey: "a", message: "x" }), (error) => hasCode(error, "NOT_FOUND"));
  await settled("sessions.create", { key: "a" });
  const { messageId } = await settled("chat.inject", { sessionKey: "a", message: "The disk was changed.", label: "ops" });
  const { messages } = (await call("sessions.get", { key: "a" })) as { readonly messages: readonly HistoryItem[] };
  assert.deepEqual(messages.map(({ role, content, __openclaw: { id } }) => [role, content[0]?.["text"], id]), [
    ["assistant", "[ops]\n\nThe disk was changed.", messageId],
  ]);
  assert.deepEqual(world.events.map(({ stream, data }) => [stream, data["messageId"]]), [["message", messageId]]);
  await settled("sessions.send", { key: "a", message: "hi", idempotencyKey: "one" });
  await settled("agent.wait", { runId: "one" });
  const shown = (await call("sessions.get", { key: "a", limit: 3 })) as { readonly messages: readonly HistoryItem[] };
  assert.deepEqual(shown.messages.map(({ role }) => role), ["assistant", "user", "assistant"]);
});
