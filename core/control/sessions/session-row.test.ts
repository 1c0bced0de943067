import assert from "node:assert/strict";
import { test } from "node:test";
import { emptyState, type QueuedMessage, type RunOutcome, type SessionState } from "../../fabric/journal.ts";
import { rowOf, showRow } from "./session-row.ts";

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
    lifecycleRevision: "s.0",
    hasActiveRun: false,
    activeRunIds: [],
    modelProvider: "demo",
    model: "demo",
    inputTokens: 3,
    outputTokens: 4,
    totalTokens: 0,
    totalTokensFresh: true,
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

test("how full the window is comes from the last call, and is no longer fresh once what came before was condensed (W.6.51)", () => {
  const said = (timeMs: number, inputTokens: number): SessionState["messages"][number] => ({
    position: timeMs, seq: timeMs, timeMs, runId: "r", label: "agent",
    content: { role: "assistant", text: "x", calls: [], model: "a/b", finish: "stop", usage: { inputTokens, outputTokens: 1 } },
  });
  const messages = [said(1, 90), said(2, 120), said(3, -1)];
  const of = (more: Partial<SessionState> = {}): unknown[] => {
    const { totalTokens, totalTokensFresh } = rowOf(stateOf({ messages, messageCount: 3, ...more }), "a/b");
    return [totalTokens, totalTokensFresh];
  };
  assert.deepEqual(of(), [121, true]);
  assert.deepEqual(of({ summary: { timeMs: 5 } as NonNullable<SessionState["summary"]> }), [121, false]);
});

test("clients are told what kind of conversation it is, and no flag is left out (W.6.51)", () => {
  const shown = (key: string, more: Partial<SessionState> = {}): unknown[] => {
    const { chatType, channel, isBackground, archived, pinned, displayName, parentSessionKey, abortedLastRun } = showRow(
      rowOf(stateOf({ key, ...more }), "a/b"),
    );
    return [chatType, channel, isBackground, archived, pinned, displayName, parentSessionKey, abortedLastRun];
  };
  const none = undefined;
  assert.deepEqual(shown(KEY), ["group", "telegram", false, false, false, none, none, false]);
  assert.deepEqual(shown("agent:main:discord:channel:5"), ["channel", "discord", false, false, false, none, none, false]);
  for (const key of ["agent:main:telegram:direct:42", "agent:main:telegram:work:direct:42", "agent:main:telegram:direct:group"]) {
    assert.deepEqual(shown(key).slice(0, 2), ["direct", "telegram"], key);
  }
  for (const key of ["agent:main:direct:42", "agent:main:explicit:a:direct:b"]) assert.deepEqual(shown(key).slice(0, 2), ["direct", none]);
  assert.deepEqual(shown("agent:main:main", { settings: { pinned: true, archived: true, label: "Work" } }), [
    "direct", none, false, true, true, "Work", none, false,
  ]);
  assert.deepEqual(shown("agent:main:cron:j"), ["direct", none, true, false, false, none, none, false]);
  assert.deepEqual(shown("agent:main:subagent:x", { spawnedBy: "agent:main:main", ...ended("aborted") }), [
    "direct", none, true, false, false, none, "agent:main:main", true,
  ]);
});
