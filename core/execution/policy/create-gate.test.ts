import assert from "node:assert/strict";
import { test } from "node:test";
import { EFFECTS, LABELS } from "@openclaw/protocol";
import type { Landing } from "@openclaw/sdk";
import { createGate, type GateFacts } from "./create-gate.ts";
import { GATE_TABLE } from "./gate-table.ts";

const LANDINGS: readonly Landing[] = ["memory", "local-node", "node", "outside"];

function gate(confined = true, yesLocal = false) {
  return createGate({ localNodeConfined: () => confined, yesLocal: () => yesLocal });
}

function facts(some: Partial<GateFacts>): GateFacts {
  return { effect: "unsafe", label: "owner", landing: "local-node", intentHash: "h1", remembered: () => false, ...some };
}

test("every combination of effect, label and landing has an answer with a rule and a sentence", () => {
  for (const effect of EFFECTS) for (const label of LABELS) for (const landing of LANDINGS) {
    const decision = gate().decide(facts({ effect, label, landing }));
    assert.notEqual(decision.rule, "unknown", `${effect} ${label} ${landing}`);
    assert.match(decision.reason, /^[A-Z].*\.$/);
  }
  assert.equal(new Set(GATE_TABLE.map(({ id }) => id)).size, GATE_TABLE.length);
});

test("what has no effect, and what only reads on a node, is allowed for every label", () => {
  for (const label of LABELS) {
    assert.equal(gate().decide(facts({ effect: "none", label, landing: "outside" })).answer, "allow");
    assert.equal(gate(false).decide(facts({ effect: "read", label, landing: "node" })).answer, "allow");
    assert.equal(gate(false).decide(facts({ label, readOnly: true })).answer, "allow");
  }
});

test("a documented read-only command is no excuse for reaching the world outside", () => {
  assert.equal(gate().decide(facts({ readOnly: true, landing: "outside", label: "outside" })).answer, "refuse");
});

test("outside text never chooses a side effect outside, whatever was remembered", () => {
  for (const effect of ["read", "idempotent", "unsafe"] as const) {
    assert.equal(gate().decide(facts({ effect, label: "outside", landing: "outside", remembered: () => true })).answer, "refuse");
  }
});

test("the owner is asked once per session and node for running programs", () => {
  const first = gate().decide(facts({ nodeId: "n1" }));
  assert.deepEqual([first.answer, first.remember], ["ask", "session"]);
  const remembered: GateFacts["remembered"] = (kind, hash) => kind === "session" && hash === first.rememberHash;
  assert.equal(gate().decide(facts({ nodeId: "n1", intentHash: "another", remembered })).answer, "allow");
  assert.equal(gate().decide(facts({ nodeId: "n2", remembered })).answer, "ask", "another node is another question");
  assert.equal(gate().decide(facts({ nodeId: "n1", label: "agent", remembered })).answer, "ask", "other words are another question");
});

test("an answer to outside text holds for the exact intent and nothing else", () => {
  const first = gate().decide(facts({ label: "outside" }));
  assert.deepEqual([first.answer, first.remember, first.rememberHash], ["ask", "exact", "h1"]);
  const remembered: GateFacts["remembered"] = (kind, hash) => kind === "exact" && hash === "h1";
  assert.equal(gate().decide(facts({ label: "outside", remembered })).answer, "allow");
  assert.equal(gate().decide(facts({ label: "outside", intentHash: "h2", remembered })).answer, "ask");
});

test("--yes-local allows the owner's and the agent's words on the confined local node, and nothing more", () => {
  const answer = (some: Partial<GateFacts>, confined = true) => gate(confined, true).decide(facts(some));
  assert.deepEqual([answer({}).answer, answer({}).rule], ["allow", "yes-local"]);
  assert.equal(answer({ label: "agent" }).answer, "allow");
  assert.equal(answer({ label: "member" }).answer, "ask");
  assert.equal(answer({ label: "outside" }).answer, "ask");
  assert.equal(answer({ landing: "node" }).answer, "ask");
  assert.equal(answer({}, false).answer, "ask", "not confined: the setting has no effect");
});

test("the owner's words inside the workspace are written unasked only on the confined local node", () => {
  const write = (some: Partial<GateFacts>, confined = true) => gate(confined).decide(
    facts({ effect: "idempotent", insideWorkspace: true, ...some })
  ).answer;
  assert.equal(write({}), "allow");
  assert.equal(write({}, false), "ask");
  assert.equal(write({ landing: "node" }), "ask");
  assert.equal(write({ label: "agent" }), "ask");
  assert.equal(write({ insideWorkspace: false }), "ask");
});

test("memory is changed freely by owner and agent, and asked for otherwise", () => {
  const answers = LABELS.map((label) => gate().decide(facts({ effect: "idempotent", landing: "memory", label })).answer);
  assert.deepEqual(answers, ["allow", "ask", "allow", "ask"]);
});

test("a job that goes on by itself is set unasked by the owner's words in this turn only, and no setting waves it through (S4.44)", () => {
  const answer = (label: GateFacts["label"]) => gate(true, true).decide(facts({ effect: "idempotent", landing: "schedule", label }));
  assert.equal(answer("owner").answer, "allow");
  for (const label of ["member", "agent", "outside"] as const) {
    assert.deepEqual([answer(label).answer, answer(label).remember], ["ask", "exact"], label);
  }
  assert.equal(gate().decide(facts({ effect: "read", landing: "schedule", label: "outside" })).answer, "allow");
});
