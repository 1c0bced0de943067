import assert from "node:assert/strict";
import { test } from "node:test";
import { OpenClawError, hasCode, type ErrorCode } from "@openclaw/protocol";
import { SeenIds, emptyState, type QueuedMessage, type SessionState } from "../../fabric/journal.ts";
import { admitMessage } from "./admit.ts";

const limits = { turnsWaitingMax: 3, messageBytesMax: 10 };
const message = { offerId: "new", text: "hello", bytes: 5, offersInFlight: 0 };
const stateOf = (waiting: number, more: Partial<SessionState> = {}): SessionState =>
  ({ ...emptyState(), key: "k", queue: Array.from({ length: waiting }, () => ({}) as QueuedMessage), ...more });
const refusal = (state: SessionState, more: Partial<typeof message> = {}): ErrorCode | undefined => {
  try {
    admitMessage(state, { ...message, ...more }, limits);
    return undefined;
  } catch (error) {
    return error instanceof OpenClawError ? error.code : undefined;
  }
};

test("a message enters as long as there is room, counting those on their way", () => {
  assert.equal(refusal(stateOf(0)), undefined);
  assert.equal(refusal(stateOf(2)), undefined);
  assert.equal(refusal(stateOf(3)), "SESSION_QUEUE_FULL");
  assert.equal(refusal(stateOf(1), { offersInFlight: 1 }), undefined);
  assert.equal(refusal(stateOf(1), { offersInFlight: 2 }), "SESSION_QUEUE_FULL");
});

test("the turn that runs takes no place in the line", () => {
  assert.equal(refusal(stateOf(2, { turn: {} as NonNullable<SessionState["turn"]> })), undefined);
});

test("an empty message and one too large are refused; as many bytes as allowed are not", () => {
  for (const text of ["", " ", "\n\t "]) assert.equal(refusal(stateOf(0), { text, bytes: text.length }), "MESSAGE_EMPTY");
  assert.equal(refusal(stateOf(0), { bytes: 10 }), undefined);
  assert.equal(refusal(stateOf(0), { bytes: 11 }), "MESSAGE_TOO_LARGE");
});

test("a repeat is never refused: it takes no place, whatever it looks like now", () => {
  const state = stateOf(3, { seen: new SeenIds([["new", 1]]) });
  assert.equal(refusal(state, { bytes: 1_000_000 }), undefined);
});

test("a deleted session takes nothing, not even a repeat", () => {
  assert.equal(refusal(stateOf(0, { deleted: true, seen: new SeenIds([["new", 1]]) })), "KEY_DESTROYED");
});

test("a refusal says the limit, and a full line when to come back", () => {
  assert.throws(() => admitMessage(stateOf(3), message, limits), (error) =>
    hasCode(error, "SESSION_QUEUE_FULL") && error instanceof OpenClawError && error.retryAfterMs === 1_000 && error.detail["max"] === 3);
  assert.throws(() => admitMessage(stateOf(0), { ...message, bytes: 11 }, limits), /It has 11 bytes; 10 are allowed\./);
});

test("where the oldest are dropped the line may be longer for a moment, and twice as long at most (S4.26)", () => {
  const room = { turnsWaitingMax: 200, messageBytesMax: 10, queue: { cap: 3, drop: "oldest" as const } };
  const enter = (offersInFlight: number): void => admitMessage(emptyState(), { offerId: "x", text: "hi", bytes: 2, offersInFlight }, room);
  enter(3);
  enter(21);
  assert.throws(() => enter(22), (error) => hasCode(error, "SESSION_QUEUE_FULL"));
});
