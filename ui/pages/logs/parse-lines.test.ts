import assert from "node:assert/strict";
import { test } from "node:test";
import { createFilter, gapLine, parseLine, parseTail, summarize } from "./parse-lines.ts";

const RAW = JSON.stringify({
  ts: "2026-11-21T12:00:00.000Z", level: "warn", event: "node.lost", nodeId: "attic", error: { code: "NODE_OFFLINE", message: "gone" },
});

test("a line has its time, level, module and fields; what is no line is shown as it came (S4.28)", () => {
  const line = parseLine(RAW, 7);
  assert.deepEqual([line.number, line.atMs, line.level, line.event, line.module],
    [7, Date.UTC(2026, 10, 21, 12), "warn", "node.lost", "node"]);
  assert.equal(summarize(line.fields), "nodeId=attic  error=NODE_OFFLINE: gone");
  const { ts, ...rest } = JSON.parse(RAW) as Readonly<Record<string, unknown>>;
  const doubled = parseLine(JSON.stringify({ ts, ...rest, time: ts, message: "node.lost {\"nodeId\":\"attic\"}" }), 8);
  assert.deepEqual([doubled.fields, doubled.raw], [line.fields, RAW], "what the wire says twice is told once");
  assert.equal(parseLine(JSON.stringify({ ts, event: "x", message: "own words" }), 9).fields["message"], "own words");
  for (const raw of ["Segmentation fault", "[1]", "\"x\"", "null"]) {
    const other = parseLine(raw, 1);
    assert.deepEqual([other.raw, other.event, other.level, other.atMs], [raw, "", "info", undefined]);
  }
});

test("a filter lets through a level and all above it, one module, and lines with all words; a gap is always told (S4.28)", () => {
  const line = parseLine(RAW, 1);
  const fits = (level: "debug" | "info" | "warn" | "error", module: string, text: string): boolean =>
    createFilter({ level, module, text })(line);
  assert.ok(fits("debug", "", "") && fits("warn", "node", "ATTIC offline"));
  assert.ok(!fits("error", "", "") && !fits("debug", "session", "") && !fits("debug", "", "attic cellar"));
  assert.ok(createFilter({ level: "error", module: "x", text: "y" })(gapLine(2)));
});

test("a tail that is not one is empty, and asks from the beginning", () => {
  assert.deepEqual(parseTail({ lines: [1, "a"], cursor: "9", reset: true }),
    { file: "", cursor: 0, lines: ["a"], isReset: true, isTruncated: false });
});
