import assert from "node:assert/strict";
import { test } from "node:test";
import { OpenClawError } from "@openclaw/protocol";
import type { Tool } from "@openclaw/sdk";
import type { IntentEvent, IntentOrder } from "../../execution/intents.ts";
import type { CallEvent } from "../models.ts";
import { SUPERVISOR_DEFAULTS } from "../supervisor.ts";
import { TURN_LIMITS } from "./decide.ts";
import { calls, openBench, says, settle, type Speech } from "./turn.testing.ts";

const noop: Tool = {
  name: "noop", summary: "Does nothing.", effect: "none", args: { type: "object" },
  async *run() {
    yield { type: "result", text: "nothing" };
  },
};

const exec: Tool = {
  name: "exec", summary: "Runs.", effect: "unsafe", args: { type: "object" },
  propose: (args) => {
    const { command } = args as { readonly command: string };
    return {
      actuator: "node", effect: "unsafe", command: "system.run", target: { command: "system.run" }, params: { command: [command] },
      summary: `run ${command}`,
    };
  },
};

const CANCELLED: IntentEvent = { type: "end", ok: true, payload: { exitCode: null, error: "Cancelled." } };

/** Ends at once, but for `hang`. */
const hangsUntilStopped = async ({ intent }: IntentOrder, signal: AbortSignal): Promise<IntentEvent> => {
  if (!intent.summary.includes("hang")) return { type: "end", ok: true, payload: { exitCode: 0 } };
  await new Promise((resolve) => signal.addEventListener("abort", resolve));
  return CANCELLED;
};

/** Streams this, then waits until it is stopped. */
const hangsAfter = (text: string): Speech => async function* (_request, signal) {
  yield { type: "text", delta: text };
  await new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason as Error)));
};

test("without a message or an open turn there is nothing to do", async (t) => {
  const bench = await openBench(t);
  assert.equal(await bench.run(), false);
  assert.equal((await bench.recorded()).length, 0);
});

test("one turn answers one message; the next one waits for its own", async (t) => {
  const bench = await openBench(t);
  await bench.offer("one");
  await bench.offer("two");
  await bench.run(says("first"));
  assert.equal(bench.state.queue.length, 1);
  await bench.run(says("second"));
  assert.deepEqual(bench.state.messages.map(({ content }) => content.text), ["one", "first", "two", "second"]);
});

test("the message's model wins over the session's, and that over the agent's", async (t) => {
  const models: string[] = [];
  const bench = await openBench(t, {
    deps: ({ models: inner }) => ({
      models: {
        ...inner, streamModel: (ref, request, signal) => {
          models.push(ref);
          return inner.streamModel(ref, request, signal);
        },
      },
    }),
  });
  await bench.say("one", says("1"));
  bench.state.settings = { model: "session/model" };
  await bench.say("two", says("2"));
  await bench.offer("three", { model: "message/model" });
  await bench.run(says("3"));
  assert.deepEqual(models, ["test/test", "session/model", "message/model"]);
});

test("a person's abort ends the step under way, and what was seen of the answer is kept", async (t) => {
  const bench = await openBench(t);
  await bench.offer("go");
  const running = bench.run(hangsAfter("part of it"));
  await settle();
  await bench.abort();
  await running;
  assert.equal(bench.state.runs.get("run-1")?.status, "aborted");
  assert.equal(bench.state.messages.at(-1)?.content.text, "part of it");
  const data = bench.live.at(-1)?.data ?? {};
  assert.deepEqual([data["phase"], data["status"], data["aborted"]], ["error", "aborted", true]);
});

test("an abort of a huge unfinished answer is recorded, its text bounded", async (t) => {
  const bench = await openBench(t);
  await bench.offer("go");
  const running = bench.run(hangsAfter("\u0001".repeat(900_000)));
  await settle();
  await bench.abort();
  await running;
  assert.equal(bench.state.runs.get("run-1")?.status, "aborted");
  assert.equal(bench.state.messages.at(-1)?.content.text.length, 100_000);
});

test("stopping the gateway ends nothing: the turn stays open for the next owner", async (t) => {
  const bench = await openBench(t);
  const stop = new AbortController();
  await bench.offer("go");
  const running = bench.runUntil(stop.signal, hangsAfter("part"));
  await settle();
  stop.abort(new OpenClawError("GATEWAY_STOPPING"));
  await assert.rejects(running);
  assert.equal(bench.state.turn?.open?.kind, "model");
  await bench.run(says("whole"));
  assert.deepEqual(bench.state.messages.map(({ content }) => content.text), ["go", "whole"]);
  assert.equal(bench.live.some(({ data }) => data["phase"] === "resumed"), true);
});

test("a turn that calls tools without end is halted, its transcript stays whole, and it is said why", async (t) => {
  const bench = await openBench(t, { tools: [noop], deps: () => ({ supervisor: () => ({ ...SUPERVISOR_DEFAULTS, enabled: false }) }) });
  await bench.say("go", calls(["noop", {}]));
  const ran = bench.state.runs.get("run-1");
  assert.deepEqual([ran?.status, ran?.code], ["halted", "TURN_STEPS_EXCEEDED"]);
  assert.equal(bench.requests.length, TURN_LIMITS.modelSteps);
  assert.equal(bench.results().length, TURN_LIMITS.modelSteps);
});

test("a turn that goes in circles is told so once, and halted when it goes on; both are recorded (C10, S0.20, S2.11)", async (t) => {
  const bench = await openBench(t, { tools: [noop] });
  await bench.say("go", calls(["noop", {}]));
  const ran = bench.state.runs.get("run-1");
  assert.deepEqual([ran?.status, ran?.code], ["halted", "TURN_RUNAWAY"]);
  assert.match(ran?.why ?? "", /same call 6 times: noop \{\}.*was told so, and went on.*6 model calls and 6 calls of tools/);
  const warned = (await bench.recorded()).filter(({ type }) => type === "turn.warned");
  assert.equal(warned.length, 1);
  const told = bench.requests.map(({ messages }) => messages.at(-1)?.text.startsWith("[Note from the gateway") ?? false);
  assert.deepEqual(told, [false, false, false, false, true, true], "the model hears it from the moment it was recorded");
  const shown = bench.state.messages.map(({ content }) => content.text).join();
  assert.doesNotMatch(shown, /Note from the gateway/, "no part of the transcript");
});

test("a turn that heeds the warning goes on, and ends as it should (C10, S0.20)", async (t) => {
  const bench = await openBench(t, { tools: [noop] });
  const again = calls(["noop", {}]);
  await bench.say("go", again, again, again, again, says("I cannot find it."));
  assert.equal(bench.state.runs.get("run-1")?.status, "ok");
  assert.equal((await bench.recorded()).filter(({ type }) => type === "turn.warned").length, 1);
});

test("a warning survives the death of the owner: the next one neither warns again nor forgets it (C10, S0.16)", async (t) => {
  const bench = await openBench(t, { tools: [noop] });
  const again = calls(["noop", {}]);
  await bench.offer("go");
  const dies = new AbortController();
  const dying = bench.runUntil(dies.signal, again, again, again, again, async function* () {
    dies.abort(new Error("killed"));
    yield* [];
  });
  await assert.rejects(dying);
  assert.equal(bench.state.turn?.warned?.rule, "repeat");
  await bench.run(again);
  assert.equal(bench.state.runs.get("run-1")?.code, "TURN_RUNAWAY");
  assert.equal((await bench.recorded()).filter(({ type }) => type === "turn.warned").length, 1);
});

test("a turn that takes more than its share of the day's budget is halted with the figures (C9, C10)", async (t) => {
  const spends = { attempts: [{ model: "test/test", inputTokens: 900, outputTokens: 100, costMicros: 3_000, basis: "usage" as const }] };
  const bench = await openBench(t, {
    tools: [noop],
    deps: () => ({ supervisor: () => ({ ...SUPERVISOR_DEFAULTS, budget: { costMicros: 16_000 } }) }),
  });
  let round = 0;
  await bench.say("go", async function* () {
    const [end] = calls(["noop", { round: ++round }]) as readonly [Extract<CallEvent, { type: "end" }>];
    yield { ...end, call: { model: "test/test", costMicros: 3_000, ...spends } } as never;
  });
  const ran = bench.state.runs.get("run-1");
  assert.deepEqual([ran?.status, ran?.code], ["halted", "TURN_RUNAWAY"]);
  assert.match(ran?.why ?? "", /share of a day's budget, 50 %.*3000 tokens, 0\.0090 USD/);
  assert.equal(bench.requests.length, 3);
});

test("a turn that took longer than its message allows is halted before its next step", async (t) => {
  const bench = await openBench(t, { tools: [noop] });
  await bench.offer("go", { timeoutMs: 5_000 });
  await bench.run(async function* () {
    await bench.clock.advance(6_000);
    const [end] = calls(["noop", {}]) as readonly { readonly type: "end" }[];
    yield end as never;
  });
  const ran = bench.state.runs.get("run-1");
  assert.deepEqual([ran?.status, ran?.code, ran?.why], ["halted", "TURN_TIMEOUT", "It ran for more than 5 s."]);
  assert.equal(bench.requests.length, 1);
});

test("a turn's time cuts a model call that runs, and what was seen of it is kept (S3.2)", async (t) => {
  const bench = await openBench(t);
  await bench.offer("go", { timeoutMs: 5_000 });
  const running = bench.run(hangsAfter("part of it"));
  await settle();
  await bench.clock.advance(4_999);
  assert.notEqual(bench.state.turn, null);
  await bench.clock.advance(1);
  await running;
  const ran = bench.state.runs.get("run-1");
  assert.deepEqual([ran?.status, ran?.code, ran?.why], ["halted", "TURN_TIMEOUT", "It ran for more than 5 s."]);
  assert.equal(bench.state.messages.at(-1)?.content.text, "part of it");
});

test("a turn's time cuts a tool that runs; its outcome is recorded, and what had been done is told (S3.2, S4.26)", async (t) => {
  const bench = await openBench(t, { tools: [exec], yesLocal: true, outcomes: hangsUntilStopped });
  await bench.offer("a, then hang", { timeoutMs: 5_000 });
  const running = bench.run(calls(["exec", { command: "a" }], ["exec", { command: "hang" }], ["noop", {}]));
  await settle();
  await bench.clock.advance(5_000);
  await running;
  const ran = bench.state.runs.get("run-1");
  assert.deepEqual([ran?.status, ran?.code], ["halted", "TURN_TIMEOUT"]);
  assert.equal(ran?.why, 'It ran for more than 5 s. By then: "run a" was done; "run hang" was ended while it ran. Not begun: noop.');
  assert.equal(bench.state.messages.at(-1)?.content.text, `[${ran?.why}]`);
  assert.equal(bench.results().length, 2);
});

test("a person who is asked is not hurried by the turn's time", async (t) => {
  const bench = await openBench(t, { tools: [exec] });
  await bench.offer("go", { timeoutMs: 5_000 });
  const running = bench.run(calls(["exec", { command: "a" }]), says("done"));
  await settle();
  await bench.clock.advance(60_000);
  assert.equal(bench.state.turn?.open?.kind, "wait");
  await bench.answer("allow-once");
  await running;
  assert.equal(bench.asked.length, 1, "the question stood all the time");
  assert.equal(bench.state.runs.get("run-1")?.status, "ok");
});

test("a tool that does not end when it is stopped has an unknown outcome, and the turn ends all the same (S4.26)", async (t) => {
  const bench = await openBench(t, { tools: [exec], yesLocal: true, outcomes: () => new Promise(() => undefined) });
  await bench.offer("go");
  const running = bench.run(calls(["exec", { command: "hang" }]));
  await settle();
  await bench.abort();
  await settle();
  assert.notEqual(bench.state.turn, null);
  await bench.clock.advance(15_000);
  await running;
  const [result] = bench.results();
  assert.match(result?.text ?? "", /^OUTCOME_UNKNOWN/);
  const why = 'Stopped by owner. By then: "run hang" may or may not have happened: its outcome is unknown.';
  assert.equal(bench.state.runs.get("run-1")?.why, why);
});

test("an abort between two calls loses nothing of the first one's outcome (S4.26)", async (t) => {
  const bench = await openBench(t, {
    tools: [exec, {
      ...noop,
      async *run(_args, _ctx, signal) {
        await new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason as Error)));
        yield { type: "result", text: "never" };
      },
    } as Tool],
    yesLocal: true,
  });
  await bench.offer("go");
  const running = bench.run(calls(["exec", { command: "a" }], ["noop", {}]));
  await settle();
  await bench.abort();
  await running;
  assert.equal(bench.results().length, 1, "it is recorded though the step after it was cut off");
  assert.equal(bench.state.runs.get("run-1")?.why, 'Stopped by owner. By then: "run a" was done. Not begun: noop.');
});

test("a message for an agent that is no longer configured ends with the reason, and the next one is taken", async (t) => {
  const agents = { gone: true };
  const bench = await openBench(t, {
    deps: (deps) => ({
      agentOf: (agentId) => {
        if (agents.gone) throw new OpenClawError("UNKNOWN_AGENT_ID", { why: "Agents: main." });
        return deps.agentOf(agentId);
      },
    }),
  });
  await bench.say("hi", says("never"));
  const ran = bench.state.runs.get("run-1");
  assert.deepEqual([ran?.status, ran?.code], ["error", "UNKNOWN_AGENT_ID"]);
  assert.match(ran?.why ?? "", /Agents: main\./);
  agents.gone = false;
  await bench.say("again", says("here"));
  assert.equal(bench.state.runs.get("run-2")?.status, "ok");
});

test("an intent that was begun is asked after by the next owner, never begun again as if it were new (S0.16, S2.10)", async (t) => {
  const look: Tool = {
    name: "look", summary: "Looks.", effect: "read", args: { type: "object" },
    propose: () => ({
      actuator: "node", effect: "read", command: "file.read", target: { command: "file.read" }, params: {}, summary: "look",
    }),
  };
  const begun: string[] = [];
  const dies = new AbortController();
  const bench = await openBench(t, {
    tools: [look],
    deps: () => ({
      intents: {
        carryOut: async function* ({ invocationId }) {
          begun.push(`carried out ${invocationId}`);
          dies.abort(new Error("killed"));
          yield* [];
        },
        resume: async function* ({ invocationId }) {
          begun.push(`resumed ${invocationId}`);
          yield { type: "end", ok: true, payload: "found" };
        },
        acknowledge: () => undefined,
      },
    }),
  });
  await bench.offer("look");
  await assert.rejects(bench.runUntil(dies.signal, calls(["look", {}])));
  await bench.run(says("seen"));
  const [first = "", second] = begun;
  assert.deepEqual(begun.length, 2);
  assert.equal(second, first.replace("carried out", "resumed"), "under the same id");
  assert.equal(bench.orders.length, 0);
  assert.equal(bench.state.runs.get("run-1")?.status, "ok");
});

test("a turn its owners die with again and again is halted; owners that let the slot go do not count (C3, S0.16)", async (t) => {
  const bench = await openBench(t, { tools: [noop] });
  const die = async (how: "released" | "died"): Promise<void> => {
    const dies = new AbortController();
    await assert.rejects(bench.runUntil(dies.signal, async function* () {
      dies.abort(new Error("killed"));
      yield* [];
    }));
    await bench.nextOwner(how);
  };
  await bench.offer("go");
  for (let time = 0; time < TURN_LIMITS.cuts - 1; time++) await die("died");
  for (let time = 0; time < 5; time++) await die("released");
  assert.equal(bench.state.turn?.cuts, TURN_LIMITS.cuts - 1);
  await bench.nextOwner("died");
  await bench.run(says("I am never asked."));
  const ran = bench.state.runs.get("run-1");
  assert.deepEqual([ran?.status, ran?.code], ["halted", "TURN_CRASHED"]);
  assert.match(ran?.why ?? "", new RegExp(`died ${TURN_LIMITS.cuts} times in a row`));
  assert.equal(bench.state.turn, null);
  await bench.say("and now?", says("Here I am."));
  assert.equal(bench.state.runs.get("run-2")?.status, "ok");
});

test("a step with an end is progress: deaths are counted anew from there (C3)", async (t) => {
  const bench = await openBench(t, { tools: [noop] });
  const die = async (...before: readonly ReturnType<typeof calls>[]): Promise<void> => {
    const dies = new AbortController();
    await assert.rejects(bench.runUntil(dies.signal, ...before, async function* () {
      dies.abort(new Error("killed"));
      yield* [];
    }));
    await bench.nextOwner("died");
  };
  await bench.offer("go");
  for (let time = 0; time < TURN_LIMITS.cuts - 1; time++) await die();
  await die(calls(["noop", {}]));
  for (let time = 0; time < TURN_LIMITS.cuts - 2; time++) await die();
  await bench.run(says("Done after all."));
  assert.equal(bench.state.runs.get("run-1")?.status, "ok");
});
