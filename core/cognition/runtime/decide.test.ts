import assert from "node:assert/strict";
import { test } from "node:test";
import type { ToolCall } from "@openclaw/sdk";
import {
  emptyState, type QueuedMessage, type QueueMode, type SessionState, type StepStarted, type TurnState,
} from "../../fabric/journal.ts";
import { decide, joining, steering, takeInputs, TURN_LIMITS, type Next } from "./decide.ts";

const call: ToolCall = { id: "c1", name: "exec", arguments: "{}" };
const other: ToolCall = { ...call, id: "c2" };
const open: StepStarted = { stepId: "s", kind: "model", model: "m" };

const turn = (more: Partial<TurnState> = {}): TurnState => ({
  runId: "r",
  startedAtMs: 0,
  model: "m",
  principal: "owner",
  inputs: [],
  modelSteps: 1,
  toolSteps: 0,
  jobs: [],
  asked: [],
  open: null,
  waitedMs: 0,
  openSinceMs: 0,
  answer: null,
  calls: [],
  text: "so far",
  granted: null,
  failed: null,
  abort: null,
  thinking: null,
  profile: null,
  profilesFailed: [],
  resumes: 0, cuts: 0, tokens: 0, costMicros: 0, warned: null,
  acts: [],
  answered: false,
  ...more,
});
const stateOf = (more: Partial<TurnState> | null, queue: readonly QueuedMessage[] = []): SessionState => ({
  ...emptyState(),
  queue: [...queue],
  turn: more === null ? null : turn(more),
});
const queued = (id: string, queueMode?: QueueMode): QueuedMessage => {
  const mode = queueMode === undefined ? {} : { queueMode };
  const message = { sessionKey: "k", agentId: "main", runId: id, text: id, channel: "cli", ...mode };
  return { offerId: id, position: 1, principal: "owner", label: "owner", timeMs: 0, message };
};
const waiting = [queued("w")];
const running = { stepId: "s", kind: "tool" } as unknown as StepStarted;
const failed = { code: "MODEL_TIMEOUT", why: "late" } as const;
const exceeded = { do: "end", status: "halted", text: "so far", code: "TURN_STEPS_EXCEEDED" } as const;

const CASES: readonly (readonly [when: string, state: SessionState, next: Next])[] = [
  ["nothing waits", stateOf(null), { do: "nothing" }],
  ["a message waits", stateOf(null, waiting), { do: "start" }],
  ["a turn has begun", stateOf({}), { do: "model" }],
  ["a turn has begun and messages wait", stateOf({}, waiting), { do: "model" }],
  ["a step is open", stateOf({ open }), { do: "resume", open }],
  ["the model answered", stateOf({ answered: true }), { do: "end", status: "ok", text: "so far" }],
  ["the model called tools", stateOf({ calls: [call, other] }), { do: "call", call }],
  ["every call has its result", stateOf({ calls: [], toolSteps: 2 }), { do: "model" }],
  ["the model failed", stateOf({ failed }), { do: "end", status: "error", text: "", ...failed }],
  ["a person stopped it", stateOf({ abort: "owner" }), { do: "end", status: "aborted", text: "so far", why: "Stopped by owner." }],
  [
    "a person stopped it while a step is open",
    stateOf({ abort: "owner", open }),
    { do: "end", status: "aborted", text: "so far", why: "Stopped by owner." },
  ],
  ["a person stopped it while a tool runs", stateOf({ abort: "owner", open: running }), { do: "resume", open: running }],
  [
    "a message that does not wait has come",
    stateOf({}, [queued("a"), queued("b", "interrupt")]),
    { do: "end", status: "aborted", text: "so far", why: "Interrupted by a newer message." },
  ],
  [
    "a message that does not wait has come after the answer",
    stateOf({ answered: true }, [queued("b", "interrupt")]),
    { do: "end", status: "ok", text: "so far" },
  ],
  ["messages that steer wait", stateOf({ calls: [call] }, [queued("s", "steer")]), { do: "call", call }],
  [
    "a person stopped it before its calls",
    stateOf({ abort: "owner", calls: [call] }),
    { do: "end", status: "aborted", text: "so far", why: "Stopped by owner." },
  ],
  [
    "the last model step is taken",
    stateOf({ modelSteps: TURN_LIMITS.modelSteps }),
    { ...exceeded, why: `It asked the model ${TURN_LIMITS.modelSteps} times.` },
  ],
  ["one model step is left", stateOf({ modelSteps: TURN_LIMITS.modelSteps - 1 }), { do: "model" }],
  [
    "the last tool step is taken",
    stateOf({ calls: [call], toolSteps: TURN_LIMITS.toolSteps }),
    { ...exceeded, why: `It called tools ${TURN_LIMITS.toolSteps} times.` },
  ],
  ["one tool step is left", stateOf({ calls: [call], toolSteps: TURN_LIMITS.toolSteps - 1 }), { do: "call", call }],
  [
    "the last model step answered",
    stateOf({ modelSteps: TURN_LIMITS.modelSteps, answered: true }),
    { do: "end", status: "ok", text: "so far" },
  ],
  ["the last model step called a tool", stateOf({ modelSteps: TURN_LIMITS.modelSteps, calls: [call] }), { do: "call", call }],
  ["an open step is beyond every limit", stateOf({ open, modelSteps: 1_000, toolSteps: 1_000 }), { do: "resume", open }],
];

for (const [when, state, next] of CASES) {
  test(`what comes next when ${when}`, () => {
    const before = structuredClone({ ...state, seen: [...state.seen.ids()] });
    assert.deepEqual(decide(state), next);
    assert.deepEqual(decide(state), next, "the same state, the same answer");
    assert.deepEqual({ ...state, seen: [...state.seen.ids()] }, before, "deciding changes nothing");
  });
}

test("the limits of a turn are whoever calls it may set", () => {
  assert.equal(decide(stateOf({ modelSteps: 1 }), { modelSteps: 1, toolSteps: 1 }).do, "end");
  assert.equal(decide(stateOf({ modelSteps: 1 }), { modelSteps: 2, toolSteps: 1 }).do, "model");
});

const line = (...said: readonly string[]): QueuedMessage[] => said.map((one) => {
  const [id = "", mode] = one.split(":");
  return queued(id, mode as QueueMode | undefined);
});
const ids = (messages: readonly QueuedMessage[]): string => messages.map(({ offerId }) => offerId).join(" ");

test("what one turn takes from the line keeps its order in every mode (S4.26, S1.10)", () => {
  assert.equal(ids(takeInputs(line("a", "b"))), "a");
  assert.equal(ids(takeInputs(line("a:steer", "b:steer", "c"))), "a b");
  assert.equal(ids(takeInputs(line("a", "b:steer"))), "a b", "nothing waits behind what it may join");
  assert.equal(ids(takeInputs(line("a:collect", "b:collect", "c"))), "a b");
  assert.equal(ids(takeInputs(line("a:collect", "b", "c:collect"))), "a", "no message overtakes another");
  assert.equal(ids(takeInputs(line("a", "b:collect"))), "a");
  assert.equal(ids(takeInputs(line("a", "b:collect", "c:interrupt", "d"))), "a b c", "what insists takes what waited before it");
  assert.equal(ids(steering(line("a:steer", "b", "c:steer"))), "a");
  assert.equal(ids(steering(line("a", "b:steer"))), "");
  assert.equal(ids(joining(stateOf(null, line("a:steer")))), "", "there is nothing to join");
  const full = { inputs: Array.from({ length: 255 }, (_, at) => queued(`i${at}`)) };
  assert.equal(ids(joining(stateOf(full, line("a:steer", "b:steer")))), "a", "a turn has room for so many");
  const [first, second] = line("a:collect", "b:collect");
  assert.ok(first !== undefined && second !== undefined);
  assert.equal(ids(takeInputs([first, { ...second, message: { ...second.message, model: "x/y" } }])), "a", "wishes are not mixed");
});
