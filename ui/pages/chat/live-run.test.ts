import assert from "node:assert/strict";
import { test } from "node:test";
import { foldAgent, type AgentData, type LiveRun } from "./live-run.ts";

const fold = (run: LiveRun | undefined, stream: string, data: AgentData): LiveRun | undefined =>
  foldAgent(run, { runId: "r", sessionKey: "s", stream, ts: 5, data });
const news = (text: string, offset: number): AgentData => ({
  phase: "update", toolCallId: "c", name: "exec", partialResult: { content: [{ type: "text", text }], details: { stream: "stdout",
    offset } },
});

test("text goes on within its item and begins anew with the next; a run that is taken up shows none of what is void (S0.16)", () => {
  let run = fold(undefined, "assistant", { delta: "one ", itemId: "r:0" });
  run = fold(run, "assistant", { delta: "two", itemId: "r:0" });
  assert.deepEqual([run?.text, run?.pieces], ["one two", 2]);
  run = fold(run, "assistant", { delta: "one two three", itemId: "r:0", replace: true });
  assert.equal(run?.text, "one two three", "a piece that holds all of it takes the place of what is there");
  run = fold(run, "lifecycle", { phase: "resumed" });
  assert.deepEqual([run?.text, run?.resumed], ["", true]);
  run = fold(run, "assistant", { delta: "anew", itemId: "r:1" });
  assert.equal(run?.text, "anew");
  assert.equal(fold(run, "lifecycle", { phase: "end" }), undefined);
});

test("output that is told again after a restart stands once, to the byte (S0.16, S4.29)", () => {
  let run = fold(undefined, "tool", { phase: "start", toolCallId: "c", name: "exec", args: { argv: ["x"] } });
  for (const [text, offset] of [["ärger\n", 0], ["two\n", 7], ["ärger\ntwo\nthree\n", 0], ["four\n", 17]] as const) {
    run = fold(run, "tool", news(text, offset));
  }
  assert.equal(run?.calls[0]?.output.text(), "ärger\ntwo\nthree\nfour");
  run = fold(run, "tool", { phase: "start", toolCallId: "c", name: "exec" });
  assert.equal(run?.calls.length, 1);
});

test("of output that is too much to be told while it runs, the end comes with the result; a mark is none of its bytes (S4.25)", () => {
  let run = fold(undefined, "tool", news("one\n", 0));
  const marked = news("\n[… 2 bytes are missing here …]\n", 4);
  const details = { stream: "stdout", offset: 4, marked: true };
  run = fold(run, "tool", { ...marked, partialResult: { ...marked.partialResult, details } });
  run = fold(run, "tool", news("three\n", 6));
  const result = "one\n[… 99 characters left out …]\nthe end\n[exit code 3]";
  run = fold(run, "tool", { phase: "result", toolCallId: "c", isError: true, result: { content: [{ type: "text", text: result }],
    details: { exitCode: 3 } } });
  assert.equal(run?.calls[0]?.output.text(), "one\n\n[… 2 bytes are missing here …]\nthree\nthe end\n[exit code 3]");
});

test("what a slow way lost is said where it lies, whichever stream it was of; a byte that is no text takes nothing from what follows "
  + "(S4.29, W.1.24)", () => {
  const piece = (text: string, offset: number, stream: string, bytes?: number): AgentData => ({
    ...news(text, offset), partialResult: { content: [{ type: "text", text }], details: { stream, offset, bytes } },
  });
  let run = fold(undefined, "tool", piece("one\n", 0, "stdout"));
  run = fold(run, "tool", piece("wrong\n", 4, "stderr"));
  run = fold(run, "tool", piece("\ufffdx\n", 10, "stdout", 3));
  run = fold(run, "tool", piece("two\n", 13, "stdout"));
  run = fold(run, "tool", piece("far\n", 1_017, "stderr"));
  assert.equal(run?.calls[0]?.output.text(), "one\nwrong\n\ufffdx\ntwo\n\n[… 1,000 bytes did not come here …]\nfar");
  assert.equal(run?.calls[0]?.isCut, true);
});

test("a page that comes in the middle of a command begins with what the next news hold", () => {
  let run = fold(undefined, "tool", news("late\n", 500));
  run = fold(run, "command_output", { phase: "delta", toolCallId: "c", output: "before\nlate\n" });
  run = fold(run, "tool", news("later\n", 505));
  assert.equal(run?.calls[0]?.output.text(), "before\nlate\nlater");
});
