import assert from "node:assert/strict";
import { test } from "node:test";
import spawn from "./index.ts";

test("a task becomes an intent that may be carried out again under the same id, named by its label or its first words (S4.6)", () => {
  assert.deepEqual(spawn.propose({ task: "Count the words\nin notes.txt", timeoutSeconds: 60 }), {
    actuator: "sessions", effect: "idempotent", action: "spawn", params: { task: "Count the words\nin notes.txt", timeoutSeconds: 60 },
    summary: "start a sub-agent: Count the words in notes.txt",
  });
  assert.match(spawn.propose({ task: "x", label: "Words" }).summary, /: Words$/);
});

test("an accepted task says where it runs; an outcome shows how it ended and what was said", () => {
  const sessionKey = "agent:main:subagent:1";
  assert.deepEqual(spawn.present({ status: "accepted", sessionKey }).isError, false);
  assert.deepEqual(spawn.present({ status: "ok", sessionKey, text: "seven" }), { text: `${sessionKey}: ok\nseven`, isError: false });
  assert.deepEqual(spawn.present({ status: "timeout", sessionKey, why: "Too slow." }), {
    text: `${sessionKey}: timeout\nToo slow.\n`, isError: true,
  });
});
