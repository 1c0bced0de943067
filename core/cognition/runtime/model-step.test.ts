import assert from "node:assert/strict";
import { test } from "node:test";
import { OpenClawError, hasCode } from "@openclaw/protocol";
import type { ModelEvent, Tool } from "@openclaw/sdk";
import { calls, openBench, says, settle, USAGE, type Speech } from "./turn.testing.ts";

const noop: Tool = {
  name: "noop",
  summary: "Does nothing.",
  effect: "none",
  args: { type: "object" },
  async *run() {
    yield { type: "result", text: "nothing" };
  },
};
const end: ModelEvent = { type: "end", finish: "stop", calls: [], usage: USAGE };

test("an answer streams as it comes, is recorded whole with its usage, and ends the turn", async (t) => {
  const bench = await openBench(t);
  await bench.say("hi", [{ type: "text", delta: "Hel" }, { type: "thinking", delta: "hm" }, { type: "text", delta: "lo" }, end]);
  const shown = bench.live.map(({ stream, data }) => `${stream} ${String(data["delta"] ?? data["phase"] ?? "")}`.trim());
  assert.deepEqual(shown, [
    "run_status preparing_context", "run_status starting_model", "lifecycle start", "lifecycle model", "assistant Hel", "thinking hm",
    "assistant lo", "usage", "lifecycle finishing", "lifecycle model", "lifecycle end",
  ]);
  const models = bench.live.filter(({ data }) => data["phase"] === "model").map(({ data }) => [data["provider"], data["model"]]);
  assert.deepEqual(models, [["test", "test"], [null, null]], "the model is named, and let go of (S4.2)");
  assert.equal(bench.live.at(-1)?.data["text"], "Hello");
  assert.deepEqual(bench.state.messages.at(-1)?.content, {
    role: "assistant",
    text: "Hello",
    calls: [],
    model: "test/test",
    finish: "stop",
    usage: USAGE,
  });
  assert.deepEqual(bench.state.usage, USAGE);
  assert.deepEqual(
    (await bench.recorded()).map(({ type }) => type),
    ["message.offered", "session.opened", "turn.started", "step.started", "step.ended", "turn.ended"],
  );
});

test("a provider's failure is recorded like its answer: the turn ends with the code and the reason, and the session goes on", async (t) => {
  const bench = await openBench(t);
  await bench.say("hi", [
    { type: "text", delta: "Hel" },
    { type: "error", code: "MODEL_RATE_LIMITED", why: "Slow down." },
  ]);
  const ran = bench.state.runs.get("run-1");
  assert.deepEqual([ran?.status, ran?.code, ran?.why], ["error", "MODEL_RATE_LIMITED", "Slow down."]);
  const last = bench.live.at(-1);
  assert.deepEqual(
    [last?.stream, last?.data["phase"], last?.data["code"], last?.data["error"]],
    ["lifecycle", "error", "MODEL_RATE_LIMITED", "Slow down."],
  );
  await bench.say("again", says("there"));
  assert.equal(bench.state.runs.get("run-2")?.status, "ok");
});

test("a model that is not configured, or a stream without an end, is such a failure too", async (t) => {
  const missing = await openBench(t, {
    deps: ({ models }) => ({
      models: { ...models, resolveModel: () => Promise.reject(new OpenClawError("MODEL_NOT_CONFIGURED", { why: "No such model." })) },
    }),
  });
  await missing.say("hi", says("never"));
  assert.equal(missing.state.runs.get("run-1")?.code, "MODEL_NOT_CONFIGURED");
  assert.equal(missing.requests.length, 0);
  const endless = await openBench(t);
  await endless.say("hi", [{ type: "text", delta: "Hel" }]);
  assert.equal(endless.state.runs.get("run-1")?.code, "MODEL_OUTPUT_INVALID");
});

test("a retry is shown with its number, wait and reason", async (t) => {
  const bench = await openBench(t);
  await bench.say("hi", [{ type: "retry", attempt: 2, attemptsMax: 3, waitMs: 500, code: "MODEL_UNAVAILABLE" }, end]);
  assert.deepEqual(bench.live.filter(({ stream }) => stream === "run_status").map(({ data }) => data), [
    { phase: "preparing_context" }, { phase: "starting_model" },
    { phase: "starting_model", retry: { attempt: 2, maxAttempts: 3, reason: "MODEL_UNAVAILABLE" }, waitMs: 500 },
  ]);
});

test("calls that share an id, or have none, are made distinct: each gets its own result", async (t) => {
  const bench = await openBench(t, { tools: [noop] });
  await bench.say("go", calls(["noop", {}, "x"], ["noop", {}, "x"], ["noop", {}, ""], ["noop", {}, ""], ["noop", {}, "y"]), says("done"));
  const ids = bench.state.messages.flatMap(({ content }) => (content.role === "tool" ? [content.callId] : []));
  assert.equal(ids.length, 5);
  assert.equal(new Set(ids).size, 5);
  assert.deepEqual([ids[0], ids[4]], ["x", "y"]);
  const asked = bench.requests[1]?.messages.flatMap((message) => ("calls" in message ? (message.calls ?? []).map(({ id }) => id) : []));
  assert.deepEqual(asked, ids);
});

test("more calls than one answer may hold are dropped, the others are carried out", async (t) => {
  const bench = await openBench(t, { tools: [noop] });
  await bench.say("go", calls(...Array.from({ length: 50 }, (_, at) => ["noop", {}, `c${at}`] as const)), says("done"));
  assert.equal(bench.results().length, 32);
  assert.equal(bench.state.runs.get("run-1")?.status, "ok");
});

test("an answer too large to be kept ends the turn with a reason instead of stalling it", async (t) => {
  const large: readonly Speech[] = [
    [{ type: "text", delta: "x".repeat(1_040_000) }, end],
    [{ type: "text", delta: "\u0001".repeat(400_000) }, end],
    calls(...Array.from({ length: 8 }, () => ["noop", "y".repeat(200_000)] as const)),
  ];
  for (const speech of large) {
    const bench = await openBench(t, { tools: [noop] });
    await bench.say("go", speech);
    const ran = bench.state.runs.get("run-1");
    assert.deepEqual([ran?.status, ran?.code], ["error", "MODEL_OUTPUT_INVALID"]);
    assert.match(ran?.why ?? "", /more than can be kept/);
    await bench.say("again", says("there"));
    assert.equal(bench.state.runs.get("run-2")?.status, "ok");
  }
});

test("half a megabyte is kept and shown", async (t) => {
  const bench = await openBench(t);
  const text = "x".repeat(500_000);
  await bench.say("go", says(text));
  assert.equal(bench.state.messages.at(-1)?.content.text, text);
});

test("the call goes out while the record of its start is being committed, and nothing is shown before that", async (t) => {
  const bench = await openBench(t);
  const order: string[] = [];
  const first: Speech = async function* () {
    order.push(`asked, ${bench.state.turn === null ? "nothing recorded" : "recorded"}`);
    yield { type: "text", delta: "hi" };
    order.push(`shown, ${bench.state.turn?.open?.kind === "model" ? "recorded" : "nothing recorded"}`);
    yield end;
  };
  await bench.say("hi", first);
  assert.deepEqual(order, ["asked, nothing recorded", "shown, recorded"]);
});

test("a start that cannot be recorded stops the turn: nothing is shown, and no rejection goes unheard", async (t) => {
  const bench = await openBench(t, {
    deps: ({ models }) => ({
      models: {
        ...models,
        resolveModel: async (ref) => {
          await settle();
          return await models.resolveModel(ref);
        },
      },
    }),
  });
  await bench.offer("hi");
  const { append } = bench.log;
  bench.log.append = () => Promise.reject(new OpenClawError("FENCED"));
  await assert.rejects(bench.run(says("never")), (error) => hasCode(error, "FENCED"));
  bench.log.append = append;
  assert.deepEqual(
    bench.live.map(({ stream }) => stream),
    ["run_status", "run_status"],
  );
  assert.equal(bench.state.turn, null);
});

test("a model that a person chose is not replaced by the agent's fallbacks (C25, S4.9)", async (t) => {
  const asked: (readonly [string, readonly string[]])[] = [];
  const bench = await openBench(t, {
    deps: ({ agentOf, models }) => ({
      agentOf: (id) => ({ ...agentOf(id), fallbacks: ["test/second"] }),
      models: {
        ...models,
        streamModel: (model, request, signal) => {
          asked.push([model, request.terms?.fallbacks ?? []]);
          return models.streamModel(model, request, signal);
        },
      },
    }),
  });
  await bench.say("hi", says("hello"));
  await bench.offer("hi", { model: "test/chosen" });
  await bench.run(says("hello"));
  assert.deepEqual(asked, [["test/test", ["test/second"]], ["test/chosen", []]]);
});
