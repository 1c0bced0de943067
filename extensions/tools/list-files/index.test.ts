import assert from "node:assert/strict";
import { test } from "node:test";
import listFiles from "./index.ts";

test("listing a directory is proposed with its path; without one it is the workspace", () => {
  assert.deepEqual(listFiles.propose({ path: "notes", node: "box" }), {
    actuator: "node", effect: "read", command: "dir.list", target: { command: "dir.list", node: "box" }, params: { path: "notes" },
    summary: "list notes",
  });
  assert.deepEqual(listFiles.propose({}), {
    actuator: "node", effect: "read", command: "dir.list", target: { command: "dir.list" }, params: {}, summary: "list the workspace",
  });
});
