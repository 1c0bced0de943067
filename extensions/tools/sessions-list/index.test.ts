import assert from "node:assert/strict";
import { test } from "node:test";
import list from "./index.ts";

test("listing sessions only reads (S4.6)", () => {
  assert.deepEqual(list.propose({ limit: 5 }), {
    actuator: "sessions", effect: "read", action: "list", params: { limit: 5 }, summary: "list sessions",
  });
});
