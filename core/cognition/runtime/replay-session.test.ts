/** Turns of a real runtime over a real journal, decided again from what they left in the log. */
import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { hasCode } from "@openclaw/protocol";
import type { Tool } from "@openclaw/sdk";
import type { Recorded } from "../../fabric/journal.ts";
import { replaySession, type ReplayOptions, type Replayed } from "./replay-session.ts";
import type { RuntimeDeps } from "./turn-work.ts";
import { calls, openBench, says, settle, type Bench, type BenchOptions } from "./turn.testing.ts";

const exec: Tool = {
  name: "exec", summary: "Runs a program.", effect: "unsafe",
  args: { type: "object", required: ["argv"], properties: { argv: { type: "array", items: { type: "string" } }, node: { type: "string" } } },
  propose: (args) => {
    const { argv, node } = args as { readonly argv: readonly string[]; readonly node?: string };
    return {
      actuator: "node", effect: "unsafe", command: "system.run", params: { command: argv }, summary: argv.join(" "),
      target: { command: "system.run", ...(node === undefined ? {} : { node }) },
    };
  },
};
const count: Tool = {
  name: "count", summary: "Counts.", effect: "none", args: { type: "object", properties: {} },
  async *run() {
    yield { type: "result", text: "3" };
  },
};

async function* listed(entries: readonly Recorded[]): AsyncGenerator<Recorded> {
  yield* entries;
}

async function replay(bench: Bench, change: Partial<RuntimeDeps> = {}, options: ReplayOptions = {}): Promise<Replayed> {
  return replaySession(listed(await bench.recorded()), { ...bench.deps, ...change }, options);
}

/** Answers, calls of each kind, refusals, a question, an abort. */
async function talk(t: TestContext, more: BenchOptions = {}): Promise<Bench> {
  const bench = await openBench(t, { tools: [exec, count], ...more });
  await bench.say("hello", says("hi"));
  await bench.say("run `uptime`", calls(["exec", { argv: ["uptime"] }]), says("up"));
  await bench.say("count", calls(["count", {}, "a"], ["nothing", {}, "b"], ["exec", "no json", "c"]), says("counted"));
  await bench.say("run it there", calls(["exec", { argv: ["make"], node: "nowhere" }]), says("a pity"));
  for (const decision of ["allow-always", "deny"] as const) {
    await bench.offer(`build it: ${decision}`);
    const running = bench.run(calls(["exec", { argv: ["make", decision] }]), says("built"));
    await settle();
    await bench.answer(decision);
    await running;
  }
  return bench;
}

test("on the same program every decision of a recorded session is made again, byte for byte (S2.10)", async (t) => {
  const bench = await talk(t);
  const before = JSON.stringify((await bench.recorded()).map(({ id }) => id));
  const orders = bench.orders.length;
  const asked = bench.requests.length;
  const { report, state } = await replay(bench);
  assert.equal(report.difference, null);
  assert.deepEqual([report.equal, report.turns, report.revision.changed], [true, 6, []]);
  assert.ok(report.decisions > 25, `${report.decisions} decisions`);
  assert.equal(report.steps, 12 + 1 + 3 + 1 + 4 - 1, "model calls, tool calls and waits");
  assert.deepEqual(state.messages, bench.state.messages);
  assert.equal(JSON.stringify((await bench.recorded()).map(({ id }) => id)), before, "nothing is written");
  assert.deepEqual([bench.orders.length, bench.requests.length], [orders, asked], "nothing is done, nobody is asked");
});

test("what the gate went by then is recorded: a replay does not depend on today's settings and nodes (S2.10)", async (t) => {
  const bench = await talk(t, { yesLocal: true });
  const today = await openBench(t, { tools: [exec, count], yesLocal: false, local: false });
  const { gate, nodes, placeOf } = today.deps;
  assert.equal((await replay(bench, { gate, nodes, placeOf })).report.difference, null);
});

test("on another program the first difference is named: step, field, both sides, and nothing is thrown (S2.10)", async (t) => {
  const bench = await talk(t);
  const other = { id: "main", name: "Test", instructions: "Speak like a pirate.", model: "test/test", workspace: "/w" };
  const revisionOf = () => ({ program: "p", config: "another", prompt: "q", skills: "s", memory: "m" });
  const { report } = await replay(bench, { agentOf: () => other, revisionOf });
  assert.equal(report.equal, false);
  const { step, event, field, expected, got } = report.difference ?? assert.fail("no difference");
  assert.deepEqual([step, event, field], [1, "step.started", "prompt"]);
  assert.notEqual(expected, got);
  assert.deepEqual(report.revision.changed, ["config"]);
  const tools = { ...bench.deps.tools, prepare: () => ({ kind: "refused", code: "TOOL_UNKNOWN", why: "gone" }) as const };
  const refused = (await replay(bench, { tools })).report.difference;
  assert.deepEqual([refused?.field, refused?.expected, refused?.got], ["do", "act", "refuse: TOOL_UNKNOWN"]);
  const broken = { ...bench.deps.tools, prepare: () => assert.fail("a mistake") };
  assert.match((await replay(bench, { tools: broken })).report.difference?.got ?? "", /a mistake/);
});

test("a decision that was changed in the log is found (S2.10)", async (t) => {
  const bench = await talk(t);
  const changes: readonly (readonly [type: string, change: (body: Record<string, unknown>) => void, field: string])[] = [
    ["turn.started", (body) => void (body["model"] = "test/other"), "model"],
    ["turn.ended", (body) => void (body["text"] = "something else"), "text"],
  ];
  for (const [type, change, field] of changes) {
    const entries = structuredClone(await bench.recorded()) as Recorded[];
    change(entries.find((entry) => entry.type === type)?.body as unknown as Record<string, unknown>);
    const { report } = await replaySession(listed(entries), bench.deps);
    assert.deepEqual([report.difference?.event, report.difference?.field], [type, field]);
  }
});

test("a turn that another owner took up is decided again like one that was never interrupted (S1.10, S2.10)", async (t) => {
  for (const after of [1, 2, 3, 4, 5, 6]) {
    const bench = await openBench(t, { tools: [exec, count], yesLocal: true });
    const kill = new AbortController();
    const { append } = bench.log;
    let appends = 0;
    bench.log.append = async (...args) => {
      await append(...args);
      if (++appends === after) kill.abort(new Error("killed"));
    };
    await bench.offer("build it");
    const speeches = [calls(["exec", { argv: ["make"] }], ["count", {}, "n"]), says("built")] as const;
    await bench.runUntil(kill.signal, ...speeches).catch(() => undefined);
    bench.log.append = append;
    const left = bench.state.messages.some(({ content }) => content.role === "assistant" && content.calls.length > 0) ? 1 : 0;
    if (bench.state.turn !== null) await bench.run(...speeches.slice(left));
    const { report } = await replay(bench);
    assert.equal(report.difference, null, `killed after append ${after}`);
    assert.equal(bench.state.turn, null);
  }
});

test("an abort that its owner saw only later is no difference (S2.10)", async (t) => {
  const bench = await openBench(t, { tools: [exec] });
  await bench.offer("build it");
  const running = bench.run(calls(["exec", { argv: ["make"] }]), says("built"));
  await settle();
  await bench.abort();
  await running;
  const entries = [...(await bench.recorded())];
  assert.equal((await replaySession(listed(entries), bench.deps)).report.difference, null);
  const at = entries.findIndex(({ type }) => type === "abort.requested");
  const wait = entries.findIndex(({ type, body }) => type === "step.started" && (body as { readonly kind: string }).kind === "wait");
  const [abort] = entries.splice(at, 1);
  entries.splice(wait, 0, abort as Recorded);
  assert.equal((await replaySession(listed(entries), bench.deps)).report.difference, null, "it lay in the log before the question");
});

test("--at stops after a step, by number or id, and gives what the model was shown there (S2.10)", async (t) => {
  const bench = await talk(t);
  const second = await replay(bench, {}, { at: 2 });
  assert.deepEqual([second.report.steps, second.asked?.step, second.asked?.answer?.calls.length], [2, 2, 1]);
  assert.deepEqual(second.asked?.request.messages, bench.requests[1]?.messages);
  const same = await replay(bench, {}, { at: second.asked?.stepId ?? "" });
  assert.equal(same.position, second.position);
  assert.equal((await replay(bench, {}, { at: 20 })).report.steps, 20);
  for (const at of [0, 21, "no-such-step"]) {
    await assert.rejects(replay(bench, {}, { at }), (error) => hasCode(error, "NOT_FOUND"), String(at));
  }
});
