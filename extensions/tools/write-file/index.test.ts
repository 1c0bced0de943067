import assert from "node:assert/strict";
import { test } from "node:test";
import writeFile from "./index.ts";

test("writing a file is proposed with path and content, and may be done again under the same id", () => {
  assert.deepEqual(writeFile.propose({ path: "a.txt", content: "hello", tag: "gpu" }), {
    actuator: "node", effect: "idempotent", command: "file.write", target: { command: "file.write", tag: "gpu" },
    params: { path: "a.txt", content: "hello", makeDirs: true }, summary: "write a.txt",
  });
});
