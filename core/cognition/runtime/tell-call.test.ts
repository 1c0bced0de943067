import assert from "node:assert/strict";
import { test } from "node:test";
import type { Intent, ToolCall } from "@openclaw/sdk";
import { VirtualClock } from "@openclaw/testkit/virtual-clock";
import { createTellCalls, OUTPUT_TOLD, type TellCalls } from "./tell-call.ts";

type Data = Readonly<Record<string, unknown>>;

const RUNS: Intent = {
  actuator: "node", effect: "unsafe", command: "system.run", target: { command: "system.run" }, params: { cwd: "/w" },
  summary: "echo  one\ntwo",
};
const READS: Intent = { ...RUNS, effect: "read", command: "file.read", summary: "read a.txt" };
const call: ToolCall = { id: "c1", name: "exec", arguments: '{"command":"echo"}' };

function setUp(): { readonly told: (readonly [stream: string, data: Data])[]; readonly calls: TellCalls; readonly clock: VirtualClock } {
  const told: (readonly [string, Data])[] = [];
  const clock = new VirtualClock();
  return { told, clock, calls: createTellCalls({ emit: (stream, data) => void told.push([stream, data]) }, clock) };
}

const order = (told: readonly (readonly [string, Data])[]): string[] => told.map(([stream, { phase }]) => `${stream} ${String(phase)}`);

test("a command is told in order: its item, the tool, what it writes, its end, the result, the item's end (W.7.15, W.7.16)", () => {
  const { told, calls, clock } = setUp();
  calls.start(call, RUNS);
  calls.news(call, { text: "one\n", details: { stream: "stdout", offset: 0 } });
  calls.end(call, { isError: false, text: "one\n", details: { exitCode: 0, durationMs: 7 } });
  assert.deepEqual(order(told), [
    "item start", "tool start", "tool update", "command_output delta", "command_output end", "tool result", "item end",
  ]);
  const item = { itemId: "command:c1", kind: "command", title: "exec: echo one two", name: "exec", toolCallId: "c1", meta: "echo one two" };
  const startedAt = clock.now();
  assert.deepEqual(told[0]?.[1], { ...item, phase: "start", status: "running", startedAt });
  assert.deepEqual(told[6]?.[1], { ...item, phase: "end", status: "completed", startedAt, endedAt: startedAt });
  const output = { itemId: "command:c1", title: "exec: echo one two", name: "exec", toolCallId: "c1", cwd: "/w", output: "one\n" };
  assert.deepEqual(told[3]?.[1], { ...output, phase: "delta", status: "running" });
  assert.deepEqual(told[4]?.[1], { ...output, phase: "end", status: "completed", exitCode: 0, durationMs: 7 });
});

test("what runs no program has an item and no output; a call that is nothing at all has its name as title (W.7.16)", () => {
  for (const intent of [READS, undefined]) {
    const { told, calls } = setUp();
    calls.start(call, intent);
    calls.news(call, { text: "x", details: {} });
    calls.end(call, { isError: true, text: "no", details: {} });
    assert.deepEqual(order(told), ["item start", "tool start", "tool update", "tool result", "item end"]);
    assert.deepEqual([told[0]?.[1]["kind"], told[0]?.[1]["itemId"], told[4]?.[1]["status"]], ["tool", "tool:c1", "failed"]);
    assert.equal(told[0]?.[1]["title"], intent === undefined ? "exec" : "exec: read a.txt");
  }
});

test("of much output the end so far is told, a few times in a second: a missed one is made up for by the next (W.7.16)", async () => {
  const { told, calls, clock } = setUp();
  calls.start(call, RUNS);
  const outputs = (phase: string): string[] =>
    told.flatMap(([stream, data]) => (stream === "command_output" && data["phase"] === phase ? [String(data["output"])] : []));
  for (let at = 0; at < 1_000; at += 1) {
    calls.news(call, { text: `${String(at).padStart(4, "0")}${"x".repeat(1_020)}`, details: {} });
    await clock.advance(1);
  }
  const pieces = outputs("delta");
  assert.ok(pieces.length >= 4 && pieces.length <= 1_000 / OUTPUT_TOLD.everyMs + 1, `${pieces.length} pieces`);
  assert.ok(pieces.every(({ length }) => length <= OUTPUT_TOLD.runningChars));
  calls.news(call, { text: "the last", details: {} });
  await clock.advance(OUTPUT_TOLD.everyMs);
  assert.ok(outputs("delta").at(-1)?.endsWith("the last"), "what came last is told without more to come");
  calls.news(call, { text: "too late", details: {} });
  calls.end(call, { isError: false, text: "y".repeat(1_000_000), details: {} });
  const count = told.length;
  await clock.advance(10_000);
  assert.equal(told.length, count, "nothing of it is told behind its end");
  assert.equal(outputs("end")[0]?.length, OUTPUT_TOLD.endChars);
});

test("a call that is begun twice, for a person was asked in between, is one item", () => {
  const { told, calls } = setUp();
  calls.start(call, RUNS);
  calls.start(call, RUNS);
  assert.deepEqual(order(told), ["item start", "tool start"]);
});

test("what a stopped turn leaves open is closed as failed; what its owner let go of is left to the next one", async () => {
  const { told, calls, clock } = setUp();
  calls.start(call, RUNS);
  calls.settle();
  assert.deepEqual([order(told).at(-1), told.at(-1)?.[1]["status"]], ["item end", "failed"]);
  calls.start(call, RUNS);
  calls.news(call, { text: "a", details: {} });
  calls.news(call, { text: "b", details: {} });
  const count = told.length;
  calls.close();
  await clock.advance(10_000);
  assert.equal(told.length, count);
});
