import assert from "node:assert/strict";
import { test } from "node:test";
import recall from "./index.ts";

test("finding facts only reads", () => {
  assert.deepEqual(recall.propose({ query: "tea" }), {
    actuator: "memory", effect: "read", action: "recall", params: { query: "tea" }, summary: "recall facts",
  });
});
