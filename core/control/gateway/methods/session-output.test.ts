import assert from "node:assert/strict";
import { test } from "node:test";
import { hasCode } from "@openclaw/protocol";
import type { Tool } from "@openclaw/sdk";
import { openConversation } from "./conversation.testing.ts";

const LONG = Array.from({ length: 60_000 }, (_, at) => `line ${at}`).join("\n");

const act: Tool = {
  name: "act", summary: "Says much.", effect: "none", args: { type: "object", properties: { what: { type: "string" } } },
  async *run() {
    yield { type: "result", text: LONG };
  },
};

interface Shown {
  readonly role: string; readonly output?: Readonly<Record<string, unknown>>; readonly content: readonly { readonly text: string }[];
}

test("a shortened result names its output, and whoever may read the session reads it page by page; what is not kept is "
  + "not found, and it is said what there is (S4.29, W.6.63)", async (t) => {
  const { settled, call } = await openConversation(t, { tools: [act] });
  await settled("sessions.send", { key: "a", message: "act much", idempotencyKey: "one" });
  await settled("agent.wait", { runId: "one" });
  const { messages } = (await settled("chat.history", { sessionKey: "a" })) as { readonly messages: readonly Shown[] };
  const result = messages.find(({ role }) => role === "toolResult");
  const id = /read_output with id (\w{12})/.exec(result?.content[0]?.text ?? "")?.[1];
  assert.deepEqual(result?.output, { id, bytes: LONG.length, chars: LONG.length });
  const pages: string[] = [];
  for (let offset = 0; offset < LONG.length;) {
    const page = await settled("sessions.output", { key: "a", id, offset, limit: 262_144 });
    pages.push(String(page["text"]));
    assert.deepEqual([page["id"], page["offset"], page["chars"]], [id, offset, LONG.length]);
    offset = Number(page["end"]);
  }
  assert.equal(pages.length, 3);
  assert.ok(pages.join("") === LONG);
  assert.equal((await settled("sessions.output", { key: "a", id, offset: 10, limit: 5 }))["text"], LONG.slice(10, 15));
  await assert.rejects(call("sessions.output", { key: "a", id: "else" }), (error: Error) =>
    hasCode(error, "NOT_FOUND") && error.message.includes(`there is ${id}`));
  await assert.rejects(call("sessions.output", { key: "nobody", id }), (error) => hasCode(error, "NOT_FOUND"));
  assert.equal((await settled("sessions.output", { key: "a", id }))["end"], 262_144, "never more at once");
});
