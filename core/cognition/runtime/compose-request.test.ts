import assert from "node:assert/strict";
import { test } from "node:test";
import type { ModelMessage, ToolFace } from "@openclaw/sdk";
import { digestFaces, digestPrompt } from "./digest.ts";

const PROMPT: readonly ModelMessage[] = [
  { role: "system", text: "You are OpenClaw." },
  { role: "user", text: "look" },
  { role: "assistant", text: "", calls: [{ id: "c1", name: "list_files", arguments: "{}" }] },
  { role: "tool", callId: "c1", name: "list_files", text: "a.txt", isError: false },
];

test("a prompt's digest says what was shown, not how the objects that held it were made (S2.10)", () => {
  const digest = digestPrompt(PROMPT);
  assert.match(digest, /^[A-Za-z0-9_-]{43}$/);
  const rebuilt = PROMPT.map((message) => Object.fromEntries(Object.entries(message).reverse())) as unknown as readonly ModelMessage[];
  assert.equal(digestPrompt(rebuilt), digest);
  const changes = [[0, { text: "You are somebody." }], [2, { calls: [] }], [3, { isError: true }], [3, { name: "x" }]] as const;
  for (const [at, change] of changes) {
    const changed = PROMPT.map((message, index) => (index === at ? { ...message, ...change } : message)) as readonly ModelMessage[];
    assert.notEqual(digestPrompt(changed), digest, JSON.stringify(change));
  }
  assert.notEqual(digestPrompt([{ role: "user", text: "ab" }, { role: "user", text: "c" }]),
    digestPrompt([{ role: "user", text: "a" }, { role: "user", text: "bc" }]), "where one message ends is part of it");
});

test("the digest of the tools shown changes with a name, a summary or an argument's schema (S2.10)", () => {
  const face: ToolFace = { name: "exec", summary: "Runs a program.", args: { type: "object" } };
  const digest = digestFaces([face]);
  assert.equal(digestFaces([{ args: { type: "object" }, summary: "Runs a program.", name: "exec" }]), digest);
  for (const other of [{ ...face, name: "run" }, { ...face, summary: "" }, { ...face, args: { type: "string" } }] as const) {
    assert.notEqual(digestFaces([other as ToolFace]), digest);
  }
});
