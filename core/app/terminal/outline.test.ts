import assert from "node:assert/strict";
import { test } from "node:test";
import { formatOutline } from "./outline.ts";

test("a structured value is shown as names and values that align, with units instead of their names", () => {
  const info = { hostname: "vm", memoryTotalBytes: 25_276_514_304, loadAverage: [0.5, 1], uptimeMs: 7_200_000, gpus: [] };
  assert.deepEqual(formatOutline(info), [
    "hostname      vm",
    "memory total  25.3 GB",
    "load average  0.5, 1",
    "uptime        2 h",
  ]);
});

test("a list of things is rows below its name, whatever one of them lacks", () => {
  const entries = [
    { name: "docs", kind: "dir", modifiedAtMs: 0 },
    { name: "hello.txt", kind: "file", modifiedAtMs: 86_400_000, bytes: 12 },
  ];
  assert.deepEqual(formatOutline({ path: "/w", entries }), [
    "path  /w",
    "entries",
    "  docs       dir   1970-01-01T00:00:00Z",
    "  hello.txt  file  1970-01-02T00:00:00Z  12 B",
  ]);
});

test("what comes from elsewhere cannot obey, break a line or be taken for a part of the outline", () => {
  assert.deepEqual(formatOutline({ "a\u001b[2J": "one\ntwo\u202e", deep: { more: [1] } }), [
    "a\\x1b[2J  one\\ntwo\\u202e",
    "deep      {\"more\":[1]}",
  ]);
});

test("what has no parts has no outline", () => {
  for (const value of ["text", 7, null, [], {}, { gone: null }]) assert.equal(formatOutline(value), undefined);
});
