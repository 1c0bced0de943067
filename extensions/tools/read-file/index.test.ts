import assert from "node:assert/strict";
import { test } from "node:test";
import readFile from "./index.ts";

test("reading a file is proposed with its path, on the node that was asked for", () => {
  assert.deepEqual(readFile.propose({ path: "notes/a.txt", node: "box", tag: "gpu" }), {
    actuator: "node",
    effect: "read",
    command: "file.read",
    target: { command: "file.read", node: "box", tag: "gpu" },
    params: { path: "notes/a.txt" },
    summary: "read notes/a.txt",
  });
});

test("a model reads the text itself; what is not text, or not all of it, is said", () => {
  const whole = { path: "a", content: "hello\n", encoding: "utf8", bytes: 6, totalBytes: 6 };
  assert.deepEqual(readFile.present(whole), { text: "hello\n", isError: false });
  assert.equal(readFile.present({ ...whole, totalBytes: 10 }).text, "hello\n\n[the first 6 of 10 bytes]");
  assert.equal(
    readFile.present({ ...whole, content: "AAE=", encoding: "base64", bytes: 2, totalBytes: 2 }).text,
    "[not text: 2 bytes as base64]\nAAE=",
  );
});
