import assert from "node:assert/strict";
import { test } from "node:test";
import tool from "./index.ts";

test("adding a job is an intent that says exactly what will be said when (S4.44)", () => {
  const args = { action: "add", message: "Brief me", cron: "0 9 * * 1-5", tz: "Europe/Berlin" };
  assert.deepEqual(tool.propose(args), {
    actuator: "schedule", effect: "idempotent", action: "add", params: args,
    summary: "add a job, at 0 9 * * 1-5 Europe/Berlin, in a session of its own: Brief me",
  });
  const rhythm = tool.propose({ action: "add", message: "x", everyMinutes: 5, session: "main" });
  assert.match(rhythm.summary, /every 5 min, in the main session: x$/);
});

test("looking is reading; the other actions name their job, and bring nothing else along", () => {
  assert.deepEqual(tool.propose({ action: "list", message: "x" }), {
    actuator: "schedule", effect: "read", action: "list", params: { action: "list" }, summary: "list jobs",
  });
  const removed = tool.propose({ action: "remove", job: "j1", message: "x" });
  assert.deepEqual([removed.effect, "params" in removed ? removed.params : {}], ["idempotent", { action: "remove", job: "j1" }]);
});

test("what is missing, or said twice, is an error the model reads", () => {
  const incomplete = [{ action: "add" }, { action: "add", message: "x" }, { action: "run" }];
  for (const args of [...incomplete, { action: "add", message: "x", at: "t", cron: "c" }]) {
    assert.throws(() => tool.propose(args), /^Error: Give /);
  }
});
