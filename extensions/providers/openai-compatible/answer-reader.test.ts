/** The liberties servers take with the wire, one by one. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { hasCode } from "@openclaw/protocol";
import type { ModelEvent, ToolCall } from "@openclaw/sdk";
import { AnswerReader } from "./answer-reader.ts";

function read(chunks: readonly object[],
  outputCharsMax = 1_000): { readonly events: readonly ModelEvent[]; readonly end: Extract<ModelEvent, { type: "end" }> } {
  const reader = new AnswerReader({ outputCharsMax }, () => 0.5);
  for (const chunk of chunks) reader.push(Buffer.from(`data: ${JSON.stringify(chunk)}\n\n`));
  if (!reader.complete) reader.push(Buffer.from("data: [DONE]\n\n"));
  reader.end();
  const end = reader.finalEvent(40);
  assert.ok(end.type === "end");
  return { events: reader.take(), end };
}

const delta = (value: object, rest: object = {}): object => ({ choices: [{ index: 0, delta: value, ...rest }] });
const called = (...calls: readonly object[]): object => delta({ tool_calls: calls });
const finish = (reason: string): object => delta({}, { finish_reason: reason });
const calls = (...chunks: readonly object[]): readonly ToolCall[] => read([...chunks, finish("tool_calls")]).end.calls;

test("every finish reason has a meaning; stop with calls means calls, tools without calls means stop", () => {
  for (const [reason, meaning] of [["stop", "stop"], ["length", "length"], ["content_filter", "refusal"], ["tool_calls", "stop"],
    ["eos", "stop"]] as const) {
    assert.equal(read([delta({ content: "x" }), finish(reason)]).end.finish, meaning, reason);
  }
  assert.equal(read([called({ index: 0, id: "a", function: { name: "exec", arguments: "{}" } }), finish("stop")]).end.finish, "tools");
});

test("a refusal is text and the reason of the end", () => {
  const { events, end } = read([delta({ refusal: "I would rather not." }), finish("stop")]);
  assert.deepEqual(events, [{ type: "text", delta: "I would rather not." }]);
  assert.equal(end.finish, "refusal");
});

test("a name in pieces is joined, a name repeated whole is not", () => {
  assert.deepEqual(calls(called({ index: 0, id: "a", function: { name: "read_" } }), called({ index: 0, function: { name: "file" } }),
    called({ index: 0, function: { arguments: "{}" } })).map((call) => call.name), ["read_file"]);
  assert.deepEqual(calls(called({ index: 0, id: "a", function: { name: "exec", arguments: "{" } }),
    called({ index: 0, id: "a", function: { name: "exec", arguments: "}" } })), [{ id: "a", name: "exec", arguments: "{}" }]);
});

test("calls without index are told apart by id, or by a name after arguments", () => {
  const byId = calls(called({ id: "a", function: { name: "exec", arguments: "{}" } }),
    called({ id: "b", function: { name: "exec", arguments: "{\"n\":2}" } }));
  assert.deepEqual(byId.map((call) => call.id), ["a", "b"]);
  const byName = calls(called({ function: { name: "exec", arguments: "{}" } }),
    called({ function: { name: "exec", arguments: "{\"n\":2}" } }));
  assert.deepEqual(byName.map((call) => call.arguments), ["{}", "{\"n\":2}"]);
  assert.equal(new Set(byName.map((call) => call.id)).size, 2);
});

test("whole parallel calls that all say index 0 are still two, and a repeated id is replaced", () => {
  const made = calls(called({ index: 0, id: "a", function: { name: "exec", arguments: "{}" } }),
    called({ index: 0, id: "b", function: { name: "exec", arguments: "{}" } }));
  assert.equal(made.length, 2);
  const same = calls(called({ index: 0, id: "a", function: { name: "x", arguments: "{}" } }),
    called({ index: 1, id: "a", function: { name: "y", arguments: "{}" } }));
  assert.equal(same[0]?.id, "a");
  assert.notEqual(same[1]?.id, "a");
});

test("arguments may be an object, or nothing", () => {
  assert.deepEqual(calls(called({ index: 0, id: "a", function: { name: "exec", arguments: { n: 1 } } }),
    called({ index: 1, id: "b", function: { name: "exec" } })).map((call) => call.arguments), ["{\"n\":1}", "{}"]);
});

test("calls and arguments have a limit", () => {
  assert.throws(() => read(Array.from({ length: 200 }, (_, index) => called({ index, id: `c${index}`, function: { name: "exec" } })),
    1_000_000), (error) => hasCode(error, "MODEL_OUTPUT_INVALID"));
  const piece = called({ index: 0, function: { arguments: "x".repeat(1_000_000) } });
  const { end } = read([called({ index: 0, id: "a", function: { name: "exec" } }), piece, piece, piece, finish("tool_calls")], 10_000_000);
  assert.equal(end.calls[0]?.arguments.length, 2_097_152);
});

test("text beyond the limit ends the answer with length", () => {
  const { end, events } = read([delta({ content: "x".repeat(600) }), delta({ content: "x".repeat(600) }), delta({ content: "never" }),
    finish("stop")]);
  assert.equal(end.finish, "length");
  assert.equal(events.length, 2);
});

test("several tokens in one delta come one by one where they spell it, else with the sum", () => {
  const tokens = [{ token: "a", logprob: -1 }, { token: "b", logprob: -0.5 }];
  assert.deepEqual(read([delta({ content: "ab" }, { logprobs: { content: tokens } }), finish("stop")]).events,
    [{ type: "text", delta: "a", logprob: -1 }, { type: "text", delta: "b", logprob: -0.5 }]);
  assert.deepEqual(read([delta({ content: "é" }, { logprobs: { content: tokens } }), finish("stop")]).events,
    [{ type: "text", delta: "é", logprob: -1.5 }]);
});

test("junk inside well-formed JSON is passed over", () => {
  const { events } = read([delta({ content: 7, tool_calls: "no" }), { choices: [{ delta: null }] }, { choices: [null] },
    called(null as unknown as object), { choices: "no" }, { usage: { prompt_tokens: -1, completion_tokens: "x" } },
    delta({ content: "fine" }), finish("stop")]);
  assert.deepEqual(events, [{ type: "text", delta: "fine" }]);
});
