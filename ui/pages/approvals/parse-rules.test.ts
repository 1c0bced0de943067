import assert from "node:assert/strict";
import { test } from "node:test";
import { exactArgPattern } from "@openclaw/protocol";
import { parseRules, showArgs, withoutRule, withRule } from "./parse-rules.ts";

const told = {
  path: "/x", hash: "h", resolvedDefaults: { security: "allowlist", ask: "on-miss" },
  file: {
    version: 1, agents: {
      main: { ask: "off", allowlist: [{ pattern: "/bin/a", argPattern: "^x$" }, { pattern: "/bin/b", id: "7" }] },
      "*": { allowlist: [{ pattern: "/bin/c" }] },
    },
  },
};

test("a rule that was taken away can be put back as it was, and nothing else in the file changes", () => {
  const { rows, file, security } = parseRules(told);
  assert.equal(security, "allowlist");
  assert.deepEqual(rows.map(({ agentId, pattern }) => `${agentId} ${pattern}`), ["main /bin/a", "main /bin/b", "* /bin/c"]);
  const row = rows[0] ?? assert.fail();
  const less = withoutRule(file, row) ?? assert.fail();
  const main = { ask: "off", allowlist: [{ pattern: "/bin/b", id: "7" }] };
  assert.deepEqual(less.file, { ...told.file, agents: { ...told.file.agents, main } });
  assert.deepEqual(withRule(less.file, row, less.rule), told.file);
  assert.equal(withoutRule(file, { ...row, at: 9 }), undefined);
  assert.deepEqual(parseRules(null).rows, []);
});

test("arguments are shown as a person writes them where the rule fits exactly one list, and as the pattern otherwise", () => {
  assert.equal(showArgs(undefined), undefined);
  assert.equal(showArgs(exactArgPattern(["-rf", "old file", "a.b*"])), '-rf "old file" "a.b*"');
  assert.equal(showArgs(exactArgPattern([])), "");
  assert.equal(showArgs("^a.*$"), "^a.*$");
  assert.equal(showArgs("x"), "x");
  assert.equal(showArgs(exactArgPattern(["\u202ex"])), '"⟨U+202E⟩x"');
});
