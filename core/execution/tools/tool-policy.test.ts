import assert from "node:assert/strict";
import { test } from "node:test";
import type { ToolChoice } from "./config.ts";
import { createToolPolicy, groupOf, profilesOf } from "./tool-policy.ts";

const NAMES = [
  "cron", "exec", "job", "list_files", "read_file", "read_output", "read_skill", "recall", "remember", "sessions_history", "sessions_list",
  "sessions_send", "sessions_spawn", "system_info", "tell_team", "write_file",
];

const left = (general: ToolChoice, own: ToolChoice = {}, model = "p/m", hidden: readonly string[] = []): string => {
  const policy = createToolPolicy(general, own, model, hidden);
  return NAMES.filter((name) => policy.permits(name)).join(" ");
};

test("without a word about it an agent has every tool (S4.14)", () => {
  assert.equal(left({}), NAMES.join(" "));
  assert.equal(createToolPolicy({}, {}, "p/m").profile, "full");
});

test("a profile is where it begins; allow narrows, alsoAllow adds, deny always wins (S4.14, W.6.35)", () => {
  assert.equal(left({ profile: "minimal" }), "read_output read_skill");
  assert.equal(left({ profile: "minimal", alsoAllow: ["exec"] }), "exec read_output read_skill");
  assert.equal(left({ allow: ["group:fs", "cron"], deny: ["write"] }), "cron list_files read_file read_output read_skill");
  const coding = "cron job list_files read_file read_skill recall remember system_info write_file";
  assert.equal(left({ profile: "coding", deny: ["group:sessions", "exec"] }), coding);
  assert.equal(left({ allow: ["sessions_*"], deny: ["*spawn"] }), "read_output read_skill sessions_history sessions_list sessions_send");
  assert.equal(left({ deny: ["group:openclaw"] }), "tell_team");
  assert.equal(left({ deny: ["*"] }), "");
});

test("an agent's profile stands in place of the general one, and nothing denied for all comes back (S4.14)", () => {
  assert.equal(left({ profile: "minimal" }, { profile: "full", allow: ["exec", "cron"] }), "cron exec read_output read_skill");
  assert.equal(left({ deny: ["exec"] }, { profile: "coding", alsoAllow: ["exec"], allow: ["exec", "job"] }), "job read_output read_skill");
});

test("a provider or one of its models has its own rules (S4.14)", () => {
  const general: ToolChoice = { byProvider: { p: { deny: ["cron"] }, "p/small": { profile: "minimal" } } };
  assert.ok(!left(general).includes("cron"));
  assert.ok(left(general, {}, "q/m").includes("cron"));
  assert.equal(left(general, {}, "p/small"), "read_output read_skill");
});

test("the same choices have the same key, and what is hidden is not there (S4.14)", () => {
  assert.equal(createToolPolicy({ allow: ["exec"] }, {}, "p/a").key, createToolPolicy({ allow: ["exec"] }, {}, "p/b").key);
  assert.notEqual(createToolPolicy({ allow: ["exec"] }, {}, "p/a").key, createToolPolicy({ deny: ["exec"] }, {}, "p/a").key);
  assert.ok(!left({}, {}, "p/m", ["read_skill"]).includes("read_skill"));
  assert.deepEqual([groupOf("exec"), groupOf("tell_team")], ["runtime", "plugins"]);
  assert.deepEqual([profilesOf("exec"), profilesOf("sessions_send")], [["coding"], ["coding", "messaging"]]);
});
