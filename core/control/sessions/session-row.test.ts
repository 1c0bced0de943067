import assert from "node:assert/strict";
import { test } from "node:test";
import { emptyState, type QueuedMessage, type RunOutcome, type SessionState } from "../../fabric/journal.ts";
import { rowOf } from "./session-row.ts";

const KEY = "agent:main:telegram:group:5";
const stateOf = (more: Partial<SessionState> = {}): SessionState => ({
  ...emptyState(),
  key: KEY,
  agentId: "main",
  sessionId: "s",
  ...more,
});
const turn = { runId: "now", model: "openai/gpt/4", startedAtMs: 9 } as NonNullable<SessionState["turn"]>;
const queued = (runId: string): QueuedMessage => ({ message: { runId } }) as QueuedMessage;
const ended = (status: RunOutcome["status"], more: Partial<RunOutcome> = {}): Partial<SessionState> => ({
  lastRunId: "r",
  runs: new Map([["r", { status, endedAtMs: 7, ...more }]]),
});

test("a session that never ran has a row without a status", () => {
  const row = rowOf(stateOf({ createdAtMs: 1, updatedAtMs: 2, usage: { inputTokens: 3, outputTokens: 4 } }), "demo/demo");
  assert.deepEqual(row, {
    key: KEY,
    sessionId: "s",
    kind: "group",
    agentId: "main",
    isMain: false,
    createdAt: 1,
    updatedAt: 2,
    lastActivityAt: 2,
    hasActiveRun: false,
    activeRunIds: [],
    modelProvider: "demo",
    model: "demo",
    inputTokens: 3,
    outputTokens: 4,
    totalTokens: 7,
  });
});

test("the status is of what runs, else of what waits, else of how the last run ended", () => {
  const statusOf = (more: Partial<SessionState>): unknown => rowOf(stateOf(more), "a/b").status;
  assert.equal(statusOf({ turn, queue: [queued("next")], ...ended("error") }), "running");
  assert.equal(statusOf({ queue: [queued("next")], ...ended("error") }), "queued");
  for (const [status, shown] of [
    ["ok", "done"],
    ["error", "failed"],
    ["aborted", "killed"],
    ["halted", "timeout"],
  ] as const) {
    assert.equal(statusOf(ended(status)), shown);
  }
});

test("active runs are the one that runs and those that wait, in this order", () => {
  const row = rowOf(stateOf({ turn, queue: [queued("a"), queued("b")] }), "a/b");
  assert.deepEqual([row.hasActiveRun, row.activeRunIds, row.startedAt], [true, ["now", "a", "b"], 9]);
});

test("why the last run ended badly is shown", () => {
  const row = rowOf(stateOf(ended("error", { code: "MODEL_TIMEOUT", why: "Late." })), "a/b");
  assert.deepEqual([row.endedAt, row.error, row.errorCode, row.lastRunId], [7, "Late.", "MODEL_TIMEOUT", "r"]);
});

test("the model is the running turn's, else the session's own, else the agent's; settings that were cleared are left out", () => {
  assert.deepEqual([rowOf(stateOf({ turn }), "a/b").modelProvider, rowOf(stateOf({ turn }), "a/b").model], ["openai", "gpt/4"]);
  const row = rowOf(stateOf({ settings: { model: "x/y", label: "Work", thinkingLevel: null, pinned: true } }), "a/b");
  assert.deepEqual([row.modelProvider, row.model, row.label, row.pinned], ["x", "y", "Work", true]);
  assert.equal("thinkingLevel" in row, false);
});
