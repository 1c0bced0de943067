import assert from "node:assert/strict";
import { test } from "node:test";
import type { ModelMessage, ModelRequest } from "@openclaw/sdk";
import { formatRequest } from "./format-request.ts";

test("pictures stand before the words about them, as the server wants them (S4.27)", () => {
  const message: ModelMessage = { role: "user", text: "what?", images: [{ id: "i", mimeType: "image/webp", base64: "QQ==" }] };
  const request: ModelRequest = { model: "m", messages: [message], tools: [], idempotencyKey: "k" };
  const { messages } = JSON.parse(formatRequest(request, { promptCache: "off" })) as { readonly messages: readonly object[] };
  assert.deepEqual(messages, [{ role: "user", content: [
    { type: "image", source: { type: "base64", media_type: "image/webp", data: "QQ==" } }, { type: "text", text: "what?" },
  ] }]);
});

test("a picture that a call brought is part of its result (S4.27)", () => {
  const request: ModelRequest = { model: "m", tools: [], idempotencyKey: "k", messages: [
    { role: "user", text: "look" }, { role: "assistant", text: "", calls: [{ id: "c", name: "snap", arguments: "{}" }] },
    { role: "tool", callId: "c", name: "snap", text: "It brought a file.", isError: false,
      images: [{ id: "i", mimeType: "image/png", base64: "QQ==" }] },
  ] };
  const { messages } = JSON.parse(formatRequest(request, { promptCache: "off" })) as { readonly messages: readonly object[] };
  assert.deepEqual(messages.at(-1), { role: "user", content: [{ type: "tool_result", tool_use_id: "c", content: [
    { type: "text", text: "It brought a file." }, { type: "image", source: { type: "base64", media_type: "image/png", data: "QQ==" } },
  ] }] });
});
