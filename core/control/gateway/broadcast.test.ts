import assert from "node:assert/strict";
import { test } from "node:test";
import type { LiveEvent, LiveStream } from "../../cognition/runtime.ts";
import { showRow, type SessionRow } from "../sessions.ts";
import { VirtualClock } from "../../../testkit/virtual-clock.ts";
import { createBroadcaster } from "./broadcast.ts";
import type { EventHead } from "./event-head.ts";

interface Sent {
  readonly event: string;
  readonly payload: Readonly<Record<string, unknown>>;
  readonly dropIfSlow: boolean;
}

function setUp() {
  const sent: Sent[] = [];
  const clock = new VirtualClock();
  const world: { watched: boolean; readonly clock: VirtualClock; row: SessionRow | null } = { watched: true, clock, row: null };
  let seq = 0;
  const take = ({ text }: EventHead, dropIfSlow: boolean): boolean => sent.push({ ...(JSON.parse(`${text}}`) as Sent), dropIfSlow }) > 0;
  const state = { connId: "c", increments: false, isGone: false, isBehind: false as boolean };
  const reader = { ...state, sendSequenced: take, whenDrained: () => undefined };
  const broadcaster = createBroadcaster({
    broadcast: (event, payload, { dropIfSlow = false }) => void sent.push({ event, payload: payload as Sent["payload"], dropIfSlow }),
    isWatched: (event) => world.watched && event !== "session.tool",
    rowOf: () => world.row,
    eachReader: (_, visit) => {
      if (world.watched) visit(reader);
    },
    clock,
  });
  const live = (stream: LiveStream, data: LiveEvent["data"], runId = "r"): void =>
    broadcaster.live({ runId, sessionKey: "k", agentId: "main", stream, seq: ++seq, ts: clock.now(), data });
  return {
    world,
    reader,
    sent,
    live,
    broadcaster,
    text: (delta: string, runId?: string) => live("assistant", { delta }, runId),
    end: (more: LiveEvent["data"]) => live("lifecycle", { phase: more["status"] === "ok" ? "end" : "error", ...more }),
    chats: () => sent.filter(({ event }) => event === "chat").map(({ payload }) => payload),
  };
}

const textOf = (payload: Sent["payload"] | undefined): string | undefined =>
  (payload?.["message"] as { readonly content: readonly { readonly text: string }[] } | undefined)?.content[0]?.text;

test("every live event becomes an agent event as it is; text also becomes a chat delta of the same number (W.7.12, W.7.15)", () => {
  const { live, text, sent } = setUp();
  live("run_status", { phase: "starting_model" });
  text("Hel");
  live("tool", { phase: "start", name: "exec" });
  live("usage", { inputTokens: 1 });
  assert.deepEqual(
    sent.map(({ event, payload }) => `${event} ${String(payload["seq"])} ${String(payload["state"] ?? payload["stream"])}`),
    ["agent 1 run_status", "chat 1 status", "agent 2 assistant", "chat 2 delta", "agent 3 tool", "agent 4 usage"],
  );
  assert.deepEqual(sent[3]?.payload["deltaText"], "Hel");
  assert.deepEqual(
    ["runId", "sessionKey", "agentId"].map((name) => sent[3]?.payload[name]),
    ["r", "k", "main"],
  );
});

test("the end says how it ended, with the text that counts (W.7.21)", () => {
  const cases: readonly (readonly [data: LiveEvent["data"], shown: Readonly<Record<string, unknown>>])[] = [
    [
      { status: "ok", text: "Hello" },
      { state: "final", stopReason: "stop" },
    ],
    [
      { status: "aborted", text: "Hel" },
      { state: "aborted", stopReason: "aborted" },
    ],
    [
      { status: "error", text: "", code: "MODEL_RATE_LIMITED", error: "Slow down." },
      {
        state: "error",
        errorMessage: "Slow down.",
        errorKind: "rate_limit",
        errorDetail: { code: "MODEL_RATE_LIMITED" },
        stopReason: "error",
      },
    ],
    [
      { status: "halted", text: "so far", code: "TURN_TIMEOUT", error: "Too long." },
      {
        state: "error",
        errorMessage: "Too long.",
        errorKind: "timeout",
        errorDetail: { code: "TURN_TIMEOUT" },
        stopReason: "halted",
      },
    ],
    [
      { status: "error", text: "" },
      {
        state: "error",
        errorMessage: "The turn failed.",
        errorKind: "unknown",
        errorDetail: { code: undefined },
        stopReason: "error",
      },
    ],
  ];
  for (const [data, shown] of cases) {
    const { end, chats } = setUp();
    end(data);
    const { message: _, runId: __, sessionKey: ___, agentId: ____, seq: _____, ...rest } = chats()[0] ?? {};
    assert.deepEqual(rest, shown);
    assert.equal(textOf(chats()[0]), data["text"] === "" ? undefined : data["text"]);
  }
});

test("a run taken up again withdraws what was shown of its unfinished answer", () => {
  const { text, live, chats } = setUp();
  text("half an ans");
  live("lifecycle", { phase: "resumed" });
  text("The answer");
  assert.deepEqual(
    chats()
      .slice(1)
      .map((payload) => [payload["deltaText"], payload["replace"], textOf(payload)]),
    [
      ["", true, ""],
      ["The answer", true, "The answer"],
    ],
  );
});

test("whoever begins to watch in the middle of an answer is shown all of it", () => {
  const { world, text, live, chats, sent } = setUp();
  world.watched = false;
  live("lifecycle", { phase: "start" });
  text("Hel");
  text("lo ");
  assert.equal(sent.length, 0);
  world.watched = true;
  text("there");
  assert.deepEqual(
    chats().map((payload) => [payload["deltaText"], textOf(payload)]),
    [["Hello there", "Hello there"]],
  );
});

test("runs are kept apart, and nothing of an ended one is kept", async () => {
  const { text, end, chats, world } = setUp();
  text("a", "one");
  text("b", "two");
  await world.clock.advance(1_000);
  text("c", "one");
  assert.equal(textOf(chats().at(-1)), "ac");
  for (const watched of [true, false]) {
    text("before");
    world.watched = watched;
    end({ status: "ok", text: "done" });
    world.watched = true;
    text("again");
    assert.equal(textOf(chats().at(-1)), "again");
    end({ status: "ok", text: "done" });
  }
});

test("a status of the run is a status of the chat, with what is tried again and why (W.7.25)", () => {
  const { live, chats } = setUp();
  live("run_status", { phase: "preparing_context" });
  const retry = { attempt: 2, maxAttempts: 3, reason: "MODEL_UNAVAILABLE" };
  live("run_status", { phase: "starting_model", retry, waitMs: 500 });
  const common = { runId: "r", sessionKey: "k", agentId: "main", state: "status" };
  assert.deepEqual(chats(), [
    { ...common, seq: 1, phase: "preparing_context" }, { ...common, seq: 2, phase: "starting_model", retry },
  ]);
});

test("only what can be missed may be dropped for a slow client: deltas, and what lies far in much output, never "
  + "an end or a tool's result", () => {
  const { text, live, end, sent, broadcaster } = setUp();
  text("a");
  live("thinking", { delta: "hm" });
  live("command_output", { phase: "delta" });
  live("command_output", { phase: "end" });
  live("item", { phase: "end" });
  live("tool", { phase: "update", partialResult: { details: { offset: 199_999 } } });
  live("tool", { phase: "update", partialResult: { details: { offset: 200_000 } } });
  live("tool", { phase: "result" });
  end({ status: "ok", text: "a" });
  broadcaster.changed({ key: "k", activeRunIds: [] as readonly string[] } as SessionRow);
  assert.deepEqual(
    sent.map(({ event, payload, dropIfSlow }) => [event, payload["stream"] ?? payload["state"], dropIfSlow]),
    [
      ["agent", "assistant", true],
      ["chat", "delta", true],
      ["agent", "thinking", true],
      ["agent", "command_output", true],
      ["agent", "command_output", false],
      ["agent", "item", false],
      ["agent", "tool", false],
      ["agent", "tool", true],
      ["agent", "tool", false],
      ["agent", "lifecycle", false],
      ["chat", "final", false],
      ["sessions.changed", undefined, true],
    ],
  );
});

test("a changed session is told to whoever watches lists, with its row at hand", () => {
  const { broadcaster, sent, world } = setUp();
  const row = { key: "agent:main:main", label: "x", activeRunIds: [] as readonly string[] } as SessionRow;
  broadcaster.changed(row);
  const session = showRow(row);
  assert.deepEqual(sent[0]?.payload, { ...session, sessionKey: "agent:main:main", reason: "create", ts: world.clock.now(), session });
  world.watched = false;
  broadcaster.changed(row);
  assert.equal(sent.length, 1);
});

test("why a session's row changed is said: reset, archived, branched, condensed; and that it is gone, once (W.7.7)", () => {
  const { broadcaster, sent } = setUp();
  const row = (more: Partial<SessionRow> = {}): SessionRow =>
    ({ key: "agent:main:main", activeRunIds: [] as readonly string[], lifecycleRevision: "s.0", ...more }) as SessionRow;
  broadcaster.changed(row());
  broadcaster.changed(row({ label: "x" }));
  broadcaster.changed(row({ archived: true }));
  broadcaster.changed(row({ lifecycleRevision: "s.1" }));
  broadcaster.changed(row({ key: "agent:main:branch", parentSessionKey: "agent:main:main" }));
  broadcaster.changed(row(), "compact");
  for (let times = 0; times < 2; times++) broadcaster.deleted("agent:main:main");
  assert.deepEqual(sent.map(({ payload }) => payload["reason"]), ["create", "patch", "archive", "reset", "fork", "compact", "delete"]);
});

test("of tools as much is shown as the session is set to, and the text that follows is drawn anew all the same (S4.9)", () => {
  const { broadcaster, sent, text, chats } = setUp();
  let seq = 100;
  const tool = (data: LiveEvent["data"], verbose?: "on" | "off", stream: LiveStream = "tool"): void => {
    const event = { runId: "r", sessionKey: "k", agentId: "main", stream, seq: ++seq, ts: 0, data } as const;
    broadcaster.live(verbose === undefined ? event : { ...event, verbose });
  };
  const shown = (verbose?: "on" | "off"): unknown[] => {
    sent.length = 0;
    tool({ phase: "start", name: "exec" }, verbose);
    tool({ phase: "update", partialResult: "secret" }, verbose);
    tool({ phase: "delta", output: "secret" }, verbose, "command_output");
    tool({ phase: "result", isError: false, result: "secret" }, verbose);
    tool({ phase: "end", status: "completed" }, verbose, "item");
    return sent.filter(({ event }) => event === "agent").map(({ payload }) => payload["data"]);
  };
  assert.equal(shown().length, 5);
  assert.deepEqual(shown("on"), [
    { phase: "start", name: "exec" }, { phase: "result", isError: false }, { phase: "end", status: "completed" },
  ]);
  text("before");
  assert.deepEqual(shown("off"), []);
  text("after");
  assert.equal(chats().at(-1)?.["replace"], true);
});

test("a change says what it was: a message, a run's start, its end, or a setting (S4.2, W.7.7)", () => {
  const { broadcaster, sent } = setUp();
  const row = (more: Partial<SessionRow>): void => broadcaster.changed({ key: "k", activeRunIds: [], ...more } as unknown as SessionRow);
  row({ status: "queued", activeRunIds: ["one"] });
  row({ status: "running", activeRunIds: ["one"] });
  row({ status: "running", activeRunIds: ["one", "two"] });
  row({ status: "done", lastRunId: "one", activeRunIds: ["two"] });
  row({ status: "running", lastRunId: "one", activeRunIds: ["two"] });
  row({ status: "failed", lastRunId: "two" });
  row({ status: "failed", lastRunId: "two", label: "x" });
  assert.deepEqual(sent.map(({ payload: { reason, phase, runId } }) => [reason ?? phase, runId]), [
    ["send", "one"], ["start", "one"], ["send", "two"], ["end", "one"], ["start", "two"], ["error", "two"], ["patch", undefined],
  ]);
});

test("lists are told of a run between its start and its model, and of its end as the end of that run (W.7.7, W.7.26)", () => {
  const { live, world, sent, broadcaster } = setUp();
  world.row = { key: "k", status: "running", activeRunIds: ["r"] } as unknown as SessionRow;
  live("lifecycle", { phase: "start" });
  live("lifecycle", { phase: "model" });
  broadcaster.changed({ key: "k", status: "done", activeRunIds: [], lastRunId: "r" } as unknown as SessionRow);
  const phaseOf = ({ data, phase }: Sent["payload"]): unknown => (data as LiveEvent["data"] | undefined)?.["phase"] ?? phase;
  assert.deepEqual(sent.map(({ event, payload }) => [event, phaseOf(payload)]), [
    ["agent", "start"], ["sessions.changed", "start"], ["agent", "model"], ["sessions.changed", "end"],
  ]);
  world.row = null;
  live("lifecycle", { phase: "start" });
  assert.equal(sent.length, 5, "of a session that is elsewhere nothing is said");
});

test("a message that was added is told as session.message, beside the run's own events (S4.2, W.7.8)", () => {
  const { sent, live } = setUp();
  live("message", { message: { role: "user", content: [{ type: "text", text: "hi" }] }, messageId: "4-1", messageSeq: 1 });
  assert.deepEqual(sent.map(({ event, payload }) => [event, payload]), [["session.message", {
    sessionKey: "k", agentId: "main", runId: "r", message: { role: "user", content: [{ type: "text", text: "hi" }] }, messageId: "4-1",
    messageSeq: 1,
  }]]);
});

test("whoever lags is brought up to date before anything else of the run is told, so that numbers never go back (W.7.12, W.7.20)", () => {
  const { reader, sent, text, live, end } = setUp();
  reader.isBehind = true;
  text("a");
  live("usage", { outputTokens: 1 });
  text("b");
  live("tool", { phase: "start", name: "exec" });
  text("c");
  end({ status: "ok", text: "c" });
  const told = sent.filter(({ event }) => event === "agent").map(({ payload: { stream, seq } }) => `${String(seq)} ${String(stream)}`);
  assert.deepEqual(told, ["1 assistant", "2 usage", "3 assistant", "4 tool", "5 assistant", "6 lifecycle"]);
});

test("a text that a message of the transcript holds is not told as being said, and what follows it is a text of its own (W.6.48)", () => {
  const { broadcaster, live, text, chats } = setUp();
  text("Hello.");
  assert.equal(broadcaster.textSoFar("r", "c"), "Hello.");
  live("message", { message: { role: "user", content: [] } });
  assert.equal(broadcaster.textSoFar("r", "c"), "Hello.");
  live("message", { message: { role: "assistant", content: [] } });
  assert.equal(broadcaster.textSoFar("r", "c"), "");
  text("And ");
  assert.equal(broadcaster.textSoFar("r", "c"), "And ");
  assert.deepEqual([chats().at(-1)?.["deltaText"], chats().at(-1)?.["replace"]], ["And ", true]);
});
