import assert from "node:assert/strict";
import { test } from "node:test";
import remember from "./index.ts";

test("keeping a fact is a change of memory that may be done again under the same id", () => {
  assert.deepEqual(remember.propose({ text: "Tea, not coffee" }), {
    actuator: "memory", effect: "idempotent", action: "remember", params: { text: "Tea, not coffee" }, summary: "remember a fact",
  });
});
