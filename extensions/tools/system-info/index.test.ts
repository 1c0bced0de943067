import assert from "node:assert/strict";
import { test } from "node:test";
import systemInfo from "./index.ts";

test("asking a node about itself needs no parameter, and goes where a name or tag says", () => {
  assert.deepEqual(systemInfo.propose({ tag: "heavy-compute" }), {
    actuator: "node", effect: "read", command: "system.info", target: { command: "system.info", tag: "heavy-compute" }, params: {},
    summary: "read system information",
  });
  const named = systemInfo.propose({ node: "box" });
  assert.deepEqual("target" in named ? named.target : null, { command: "system.info", node: "box" });
});
