import assert from "node:assert/strict";
import { test } from "node:test";
import type { Intent } from "@openclaw/sdk";
import job from "./index.ts";

const propose = (args: unknown): Extract<Intent, { actuator: "node" }> => {
  const intent = job.propose(args) as Intent;
  assert.ok(intent.actuator === "node");
  return intent;
};

test("each action is one command of the node, with only the parameters that command takes", () => {
  const all = { jobId: "j", offset: 7, timeoutMs: 60_000 };
  const cases: readonly (readonly [string, unknown, unknown])[] = [
    ["list", {}, "read"], ["poll", { jobId: "j", offset: 7 }, "read"], ["wait", { jobId: "j", timeoutMs: 60_000 }, "read"],
    ["kill", { jobId: "j" }, "idempotent"],
  ];
  for (const [action, params, effect] of cases) {
    const intent = propose({ action, ...all });
    assert.equal(intent.command, `job.${action}`);
    assert.deepEqual(intent.target, { command: `job.${action}` });
    assert.deepEqual(intent.params, params);
    assert.equal(intent.effect, effect);
    assert.equal(intent.summary, action === "list" ? "list jobs" : `${action} j`);
  }
});

test("a wait's invocation outlives the wait, so that the node can still answer", () => {
  assert.equal(propose({ action: "wait", jobId: "j", timeoutMs: 60_000 }).timeoutMs, 65_000);
  assert.equal(propose({ action: "wait", jobId: "j" }).timeoutMs, undefined);
  assert.equal(propose({ action: "poll", jobId: "j", timeoutMs: 60_000 }).timeoutMs, undefined);
});

test("an action on a job needs to know which", () => {
  for (const action of ["poll", "wait", "kill"]) assert.throws(() => propose({ action }), new RegExp(`the jobId of the job to ${action}`));
  assert.deepEqual(propose({ action: "list", node: "box", tag: "gpu" }).target, { command: "job.list", node: "box", tag: "gpu" });
});
