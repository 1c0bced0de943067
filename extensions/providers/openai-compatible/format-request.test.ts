import assert from "node:assert/strict";
import { test } from "node:test";
import type { ModelMessage } from "@openclaw/sdk";
import { formatRequest } from "./format-request.ts";

const result = (callId: string, base64?: string): ModelMessage => ({
  role: "tool", callId, name: "snap", text: callId, isError: false,
  ...(base64 === undefined ? {} : { images: [{ id: callId, mimeType: "image/png", base64 }] }),
});

test("pictures that calls brought are shown once all their results are there, for a result holds words alone (S4.27)", () => {
  const calls = ["a", "b"].map((id) => ({ id, name: "snap", arguments: "{}" }));
  const asked: ModelMessage = { role: "assistant", text: "", calls };
  const messages: readonly ModelMessage[] = [
    { role: "user", text: "look" }, asked, result("a", "QQ=="), result("b", "Qg=="), asked, result("a"), result("b"),
  ];
  const body = JSON.parse(formatRequest({ model: "m", messages, tools: [], idempotencyKey: "k" }, { baseUrl: "http://x" })) as
    { readonly messages: readonly { readonly role: string; readonly content: unknown }[] };
  assert.deepEqual(body.messages.map(({ role }) => role), ["user", "assistant", "tool", "tool", "user", "assistant", "tool", "tool"]);
  assert.deepEqual(body.messages[4]?.content, [
    { type: "image_url", image_url: { url: "data:image/png;base64,QQ==" } },
    { type: "image_url", image_url: { url: "data:image/png;base64,Qg==" } },
    { type: "text", text: "[Pictures that the calls above brought, as data.]" },
  ]);
});
