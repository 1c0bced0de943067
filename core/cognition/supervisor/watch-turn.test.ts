/** The supervisor over labelled turns, played step by step as a session would fold them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { emptyState, type SessionState, type TranscriptMessage, type TurnState } from "../../fabric/journal.ts";
import { SUPERVISOR_DEFAULTS, type SupervisorConfig } from "./config.ts";
import { LABELLED_TRACES, type TraceCall } from "./labelled-traces.ts";
import { watchTurn, type Verdict } from "./watch-turn.ts";

interface Played {
  readonly warned: readonly string[];
  /** The rule, and after how many calls. */
  readonly halted: { readonly rule: string; readonly calls: number; readonly text: string } | undefined;
}

function stateOf(turn: Partial<TurnState>): SessionState {
  const state = emptyState();
  state.turn = {
    runId: "run", warned: null, tokens: 0, costMicros: 0, modelSteps: 0, toolSteps: 0, ...turn,
  } as unknown as TurnState;
  return state;
}

/** A model that makes these calls one by one and heeds no warning. */
function play(calls: readonly TraceCall[], config: SupervisorConfig = SUPERVISOR_DEFAULTS): Played {
  const state = stateOf({});
  const warned: string[] = [];
  let timeMs = 0;
  const push = (content: TranscriptMessage["content"]): void => {
    state.messages.push({ position: state.messages.length, seq: state.messages.length, timeMs, runId: "run", label: "agent", content });
  };
  for (const [at, [name, args, outcome, more = {}]] of calls.entries()) {
    const { turn } = state;
    assert.ok(turn !== null);
    const call = { id: `c${at}`, name, arguments: JSON.stringify(args) };
    turn.modelSteps += 1;
    push({ role: "assistant", text: "", calls: [call], model: "m", finish: "tools", usage: { inputTokens: 1, outputTokens: 1 } });
    timeMs += more.afterMs ?? 1_000;
    push({ role: "tool", callId: call.id, name, text: outcome, isError: more.isError ?? false });
    turn.toolSteps += 1;
    for (let verdict = watchTurn(state, config); verdict !== undefined; verdict = watchTurn(state, config)) {
      const { rule, text } = verdict;
      if (verdict.do === "halt") return { warned, halted: { rule, text, calls: at + 1 } };
      warned.push(rule);
      turn.warned = { rule, text, toolSteps: turn.toolSteps };
    }
  }
  return { warned, halted: undefined };
}

test("of the labelled turns none that goes in circles is missed, and no honest one is halted (C10, S2.11)", () => {
  const runaway = LABELLED_TRACES.filter(({ label }) => label !== "honest");
  const honest = LABELLED_TRACES.filter(({ label }) => label === "honest");
  assert.ok(runaway.length >= 12 && honest.length >= 12);
  const missed = runaway.filter(({ calls }) => play(calls).halted === undefined).map(({ name }) => name);
  const wronged = honest.filter(({ calls }) => play(calls).halted !== undefined).map(({ name }) => name);
  assert.deepEqual({ missed, wronged }, { missed: [], wronged: [] });
});

test("each circle is named for what it is, and halted well before the limit of steps (C10)", () => {
  for (const { name, label, calls } of LABELLED_TRACES) {
    if (label === "honest") continue;
    const { halted, warned } = play(calls);
    assert.equal(warned.length, 1, `${name}: told once`);
    assert.equal(halted?.rule, label, name);
    assert.ok((halted?.calls ?? 99) <= 34, `${name}: after ${halted?.calls} calls`);
  }
});

test("no honest turn is even warned (C10)", () => {
  const honest = LABELLED_TRACES.filter(({ label }) => label === "honest");
  const warned = honest.flatMap(({ name, calls }) => play(calls).warned.map((rule) => [name, rule]));
  assert.deepEqual(warned, []);
});

test("the report says what repeated, how often, what it took and what to try (C10)", () => {
  const warned = { rule: "repeat", text: "", toolSteps: 6 };
  const state = stateOf({ modelSteps: 7, toolSteps: 9, tokens: 12_345, costMicros: 12_300, warned });
  const calls: TraceCall[] = Array.from({ length: 9 }, () => ["exec", { argv: ["make"] }, "no rule"]);
  state.messages.push(...played(calls));
  const verdict = watchTurn(state, SUPERVISOR_DEFAULTS) as Verdict;
  assert.equal(verdict.text, 'It made the same call 9 times: exec {"argv":["make"]}, and the outcome was always "no rule". '
    + "It was told so, and went on. It had taken 7 model calls and 9 calls of tools, 12345 tokens, 0.0123 USD. "
    + "Tell it what to do with that outcome, or what to try instead.");
});

function played(calls: readonly TraceCall[]): TranscriptMessage[] {
  return calls.flatMap(([name, args, outcome], at): TranscriptMessage[] => {
    const call = { id: `c${at}`, name, arguments: JSON.stringify(args) };
    const facts = { position: at, seq: at, timeMs: at, runId: "run", label: "agent" } as const;
    const usage = { inputTokens: 1, outputTokens: 1 };
    return [
      { ...facts, content: { role: "assistant", text: "", calls: [call], model: "m", finish: "tools", usage } },
      { ...facts, content: { role: "tool", callId: call.id, name, text: outcome, isError: false } },
    ];
  });
}

test("the same state gives the same verdict, however often it is asked and whoever asks (C10, S0.16)", () => {
  const state = stateOf({ toolSteps: 6 });
  state.messages.push(...played(Array.from({ length: 6 }, () => ["exec", {}, "x"])));
  const first = watchTurn(state, SUPERVISOR_DEFAULTS);
  const copy = JSON.parse(JSON.stringify({ messages: state.messages, turn: state.turn })) as Pick<SessionState, "messages" | "turn">;
  assert.equal(first?.do, "warn");
  assert.deepEqual(watchTurn({ ...emptyState(), ...copy }, SUPERVISOR_DEFAULTS), first);
});

test("what another turn of the session did is not held against this one (C10)", () => {
  const state = stateOf({});
  state.messages.push(...played(Array.from({ length: 9 }, () => ["exec", {}, "x"])).map((message) => ({ ...message, runId: "before" })));
  assert.equal(watchTurn(state, SUPERVISOR_DEFAULTS), undefined);
});

test("a turn near its share of the day's budget is told, one beyond it halted; off means off (C9, C10)", () => {
  const config = { ...SUPERVISOR_DEFAULTS, budget: { tokens: 10_000 } };
  assert.equal(watchTurn(stateOf({ tokens: 3_000 }), config), undefined);
  assert.deepEqual(watchTurn(stateOf({ tokens: 4_000 }), config)?.do, "warn");
  assert.deepEqual(watchTurn(stateOf({ tokens: 5_000 }), config)?.do, "halt");
  assert.equal(watchTurn(stateOf({ tokens: 5_000 }), { ...config, enabled: false }), undefined);
});
