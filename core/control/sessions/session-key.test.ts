import assert from "node:assert/strict";
import { test } from "node:test";
import { hasCode } from "@openclaw/protocol";
import { formatMainKey, parseSessionKey } from "./session-key.ts";

test("every form of the grammar is told apart", () => {
  const cases: readonly (readonly [key: string, kind: string])[] = [
    ["agent:main:main", "direct"],
    ["agent:main:direct:alice", "direct"],
    ["agent:main:telegram:direct:1234", "direct"],
    ["agent:main:telegram:work:direct:1234", "direct"],
    ["agent:main:telegram:group:-100123", "group"],
    ["agent:main:discord:channel:42", "group"],
    ["agent:main:matrix:room:!abc.example.org", "group"],
    ["agent:main:slack:channel:c1:thread:99.5", "group"],
    ["agent:main:telegram:group:-100123:topic:5", "group"],
    ["agent:main:telegram:direct:1234:thread:7", "direct"],
    ["agent:main:dashboard:0c1f8a52-0000-4000-8000-000000000000", "direct"],
    ["agent:helper-2:subagent:0c1f8a52", "direct"],
    ["agent:main:acp:whatever", "direct"],
    ["agent:main:explicit:my-notes", "direct"],
    ["agent:main:cron:daily", "direct"],
    ["agent:main:hook:0c1f", "direct"],
    ["agent:main:global", "global"],
    ["agent:main:unknown", "unknown"],
  ];
  for (const [key, kind] of cases) {
    const parsed = parseSessionKey(key, "other");
    assert.deepEqual([parsed.key, parsed.kind, parsed.isMain], [key, kind, key === "agent:main:main"], key);
    assert.equal(parsed.agentId, key.split(":")[1]);
    assert.equal(`agent:${parsed.agentId}:${parsed.rest}`, key);
    assert.deepEqual(parseSessionKey(parsed.key, "another"), parsed, "a whole key is its own completion");
  }
});

test("a name that happens to be the word for a kind makes no group of a person or a program", () => {
  for (const key of [
    "agent:main:direct:group", "agent:main:telegram:direct:room", "agent:main:explicit:room", "agent:main:subagent:group:1",
    "agent:main:room", "agent:main:group", "agent:main:telegram:group",
  ]) assert.equal(parseSessionKey(key, "main").kind, "direct", key);
});

test("short keys belong to the agent they are asked of, and main is its direct chat (S4.7)", () => {
  assert.equal(parseSessionKey("main", "main").key, "agent:main:main");
  assert.equal(parseSessionKey("main", "helper").key, "agent:helper:main");
  assert.equal(parseSessionKey("cron:daily", "helper").key, "agent:helper:cron:daily");
  assert.equal(parseSessionKey("telegram:group:5", "main").kind, "group");
  assert.equal(parseSessionKey("global", "main").kind, "global");
  assert.equal(parseSessionKey(formatMainKey("helper"), "main").isMain, true);
});

test("case and surrounding space make no other session", () => {
  assert.equal(parseSessionKey("  Agent:Main:Telegram:Group:ABC ", "x").key, "agent:main:telegram:group:abc");
  assert.equal(parseSessionKey("MAIN", "main").isMain, true);
});

test("what does not fit the grammar is refused, and the refusal does not repeat all of it", () => {
  const wrong = [
    "", " ", ":", "a:", ":a", "a::b", "agent", "agent:", "agent:main", "agent:main:", "agent::main", "agent:main::x", "agent:main:x:",
    "agent:-x:main", "agent:a b:main", "agent:ä:main", `agent:${"a".repeat(65)}:main`, "a b", "a\tb", "a\u0000b", "a\nb", "a\u001b[2Jb",
    "a\u0085b", "a\u202eb", "a\u2067b", "a\ud800", "x".repeat(513),
  ];
  for (const key of wrong) {
    assert.throws(() => parseSessionKey(key, "main"), (error) => hasCode(error, "SESSION_KEY_INVALID"), JSON.stringify(key));
  }
  assert.throws(() => parseSessionKey(`${"x".repeat(600)}canary`, "main"), (error) => !String(error).includes("canary"));
});
