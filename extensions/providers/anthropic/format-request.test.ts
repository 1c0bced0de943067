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
