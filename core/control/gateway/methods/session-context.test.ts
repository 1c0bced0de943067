import assert from "node:assert/strict";
import { test } from "node:test";
import { hasCode } from "@openclaw/protocol";
import { openConversation } from "./conversation.testing.ts";

test("facts are pinned, listed and taken away, and a session is condensed, over the wire (S3.2, W.6.30)", async (t) => {
  const { settled } = await openConversation(t);
  await assert.rejects(settled("sessions.pin", { key: "a", text: "x" }), (error) => hasCode(error, "NOT_FOUND"));
  await settled("sessions.send", { key: "a", message: "hello", idempotencyKey: "one" });
  const pinned = await settled("sessions.pin", { key: "a", text: "The key is under the mat" });
  assert.deepEqual([pinned["ok"], pinned["key"], pinned["label"]], [true, "agent:main:a", "owner"]);
  const { pins } = await settled("sessions.pins", { key: "a" });
  assert.deepEqual((pins as { readonly id: string; readonly text: string }[]).map(({ id, text }) => [id, text]),
    [[pinned["id"], "The key is under the mat"]]);
  assert.deepEqual(await settled("sessions.unpin", { key: "a", id: pinned["id"] }), { ok: true, key: "agent:main:a" });
  assert.deepEqual((await settled("sessions.pins", { key: "a" }))["pins"], []);

  assert.equal((await settled("sessions.compact", { key: "a" }))["compacted"], false);
  await settled("sessions.send", { key: "a", message: "what is new in the harbour today", idempotencyKey: "two" });
  assert.deepEqual(await settled("sessions.compact", { key: "a" }), { ok: true, key: "agent:main:a", compacted: true });
});
