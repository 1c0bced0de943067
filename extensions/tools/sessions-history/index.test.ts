import assert from "node:assert/strict";
import { test } from "node:test";
import history from "./index.ts";

test("reading a session only reads, and names which (S4.6)", () => {
  assert.deepEqual(history.propose({ sessionKey: "work" }), {
    actuator: "sessions", effect: "read", action: "history", params: { sessionKey: "work" }, summary: "read work",
  });
});
