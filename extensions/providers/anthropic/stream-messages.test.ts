/** What is sent, how an answer is put together, and what becomes of every way an answer can fail. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { ModelEvent } from "@openclaw/sdk";
import { CONTRACT_KEY, endOf, textOf } from "@openclaw/testkit/provider-contract";
import { collect, openBench } from "./messages-bench.testing.ts";

const exec = { name: "exec", summary: "Runs.", args: { type: "object" } } as const;
const bytes = (text: string): string => JSON.stringify(text);

test("the request alternates turns, puts results after their calls, carries the key in one header, and nothing else of ours", async () => {
  await using bench = await openBench({ text: "ok" });
  const events = await collect(bench, bench.ask({
    request: {
      model: "large", outputTokensMax: 50, temperature: 0, idempotencyKey: "agent:main:grüße:3", tools: [exec],
      messages: [
        { role: "system", text: "be kind" }, { role: "user", text: "go" }, { role: "user", text: "on" },
        { role: "assistant", text: "I look. ", calls: [{ id: "c1", name: "exec", arguments: "{\"a\":1}" }, { id: "c.2", name: "exec", arguments: "{cut" }] },
        { role: "tool", callId: "c1", name: "exec", text: "out", isError: false },
        { role: "tool", callId: "c.2", name: "exec", text: "", isError: true },
        { role: "user", text: "and?" },
      ],
    },
  }));
  assert.equal(endOf(events).type, "end", "the fake refuses what the documents forbid");
  const sent = bench.server.requests[0];
  assert.equal(sent?.headers["x-api-key"], CONTRACT_KEY);
  assert.equal(sent?.headers["authorization"], undefined);
  assert.equal(sent?.headers["anthropic-version"], "2023-06-01");
  const mark = { cache_control: { type: "ephemeral" } };
  assert.deepEqual(sent?.body, {
    model: "large", max_tokens: 50, stream: true, temperature: 0,
    system: [{ type: "text", text: "be kind", ...mark }],
    messages: [
      { role: "user", content: [{ type: "text", text: "go" }, { type: "text", text: "on", ...mark }] },
      { role: "assistant", content: [
        { type: "text", text: "I look." }, { type: "tool_use", id: "c1", name: "exec", input: { a: 1 } },
        { type: "tool_use", id: "c_2", name: "exec", input: { notJson: "{cut" } },
      ] },
      { role: "user", content: [
        { type: "tool_result", tool_use_id: "c1", content: "out" },
        { type: "tool_result", tool_use_id: "c_2", content: "(nothing)", is_error: true }, { type: "text", text: "and?", ...mark },
      ] },
    ],
    tools: [{ name: "exec", description: "Runs.", input_schema: { type: "object" }, ...mark }],
  });
});

test("a word that came among the results of calls stands after them, and an answer alone begins with a word of the user", async () => {
  await using bench = await openBench({ text: "ok" }, { text: "ok" });
  const call = (id: string) => ({ id, name: "exec", arguments: "{}" });
  const result = (callId: string) => ({ role: "tool", callId, name: "exec", text: callId, isError: false }) as const;
  const calls = { role: "assistant", text: "", calls: [call("a"), call("b")] } as const;
  const messages = [calls, result("a"), { role: "user", text: "wait" } as const, result("b")];
  assert.equal(endOf(await collect(bench, bench.ask({ request: { tools: [exec], messages } }))).type, "end");
  const turns = bench.server.requests[0]?.body.messages ?? [];
  assert.deepEqual(turns.map(({ role }) => role), ["user", "assistant", "user"]);
  const last = turns.at(-1)?.content as readonly { readonly type: string }[];
  assert.deepEqual(last.map(({ type }) => type), ["tool_result", "tool_result", "text"]);
});

test("at most four places are marked for the server's cache, however long the talk is; none where it is switched off", async () => {
  const messages = Array.from({ length: 9 }, (_, at) => ({ role: at % 2 === 0 ? "user" : "assistant", text: `say ${at}` }) as const);
  const marksOf = async (config: object): Promise<readonly string[]> => {
    await using bench = await openBench({ text: "ok" });
    await collect(bench, bench.ask({ config, request: { tools: [exec], messages: [{ role: "system", text: "be kind" }, ...messages] } }));
    return JSON.stringify(bench.server.requests[0]?.body).match(/"cache_control":\{[^}]*\}/g) ?? [];
  };
  assert.equal((await marksOf({})).length, 4);
  assert.deepEqual(new Set(await marksOf({ promptCache: "1h" })), new Set(["\"cache_control\":{\"type\":\"ephemeral\",\"ttl\":\"1h\"}"]));
  assert.deepEqual(await marksOf({ promptCache: "off" }), []);
});

test("a model that can is told to think within its limit, before a call and not between calls (S4.9)", async () => {
  const asked = async (thinking: string | undefined, reasoning: boolean, more: object = {}): Promise<unknown> => {
    await using bench = await openBench({ text: "ok" });
    const config = { models: [{ id: "m", reasoning, outputTokens: 16_000 }] };
    const request = { model: "m", temperature: 0.5, ...(thinking === undefined ? {} : { thinking }), ...more };
    assert.equal(endOf(await collect(bench, bench.ask({ config, request }))).type, "end");
    return bench.server.requests[0]?.body.thinking;
  };
  assert.equal(await asked("high", false), undefined);
  assert.equal(await asked(undefined, true), undefined);
  assert.equal(await asked("off", true), undefined);
  assert.deepEqual(await asked("low", true), { type: "enabled", budget_tokens: 4_096 });
  assert.deepEqual(await asked("xhigh", true), { type: "enabled", budget_tokens: 14_976 });
  assert.equal(await asked("high", true, { outputTokensMax: 1_500 }), undefined);
  const messages = [
    { role: "user", text: "go" }, { role: "assistant", text: "", calls: [{ id: "c1", name: "exec", arguments: "{}" }] },
    { role: "tool", callId: "c1", name: "exec", text: "out", isError: false },
  ];
  assert.equal(await asked("high", true, { messages, tools: [exec] }), undefined);
  const noted = [...messages, { role: "user", text: "[Note from the gateway: soon]" }];
  assert.equal(await asked("high", true, { messages: noted, tools: [exec] }), undefined, "a note among the results changes nothing");
  const over = [...noted, { role: "assistant", text: "done" }, { role: "user", text: "and now" }];
  assert.deepEqual(await asked("low", true, { messages: over, tools: [exec] }), { type: "enabled", budget_tokens: 4_096 });
});

test("text and thinking arrive while the server still writes; calls come whole, with what the server counted", async () => {
  await using bench = await openBench({
    thinking: ["hm, ", "yes"], text: ["I ", "look."], calls: [{ name: "exec", arguments: { argv: ["ü"] }, id: "toolu_a" }, { name: "exec", arguments: {} }],
    tokens: { input_tokens: 5, cache_read_input_tokens: 90, cache_creation_input_tokens: 7, output_tokens: 12 },
  });
  const events = await collect(bench, bench.ask({ request: { tools: [exec] } }));
  assert.deepEqual(events.slice(0, 4).map((event) => [event.type, "delta" in event ? event.delta : ""]), [
    ["thinking", "hm, "], ["thinking", "yes"], ["text", "I "], ["text", "look."],
  ]);
  const end = endOf(events);
  assert.ok(end.type === "end" && end.finish === "tools");
  assert.deepEqual(end.calls.map(({ name, arguments: args }) => [name, args]), [["exec", "{\"argv\":[\"ü\"]}"], ["exec", "{}"]]);
  assert.equal(end.calls[0]?.id, "toolu_a");
  assert.deepEqual(end.usage, { inputTokens: 102, outputTokens: 12, cacheReadTokens: 90, cacheWriteTokens: 7 });
});

test("why the model stopped is told: the limit, a refusal, the end", async () => {
  for (const [stopReason, finish] of [
    ["max_tokens", "length"], ["model_context_window_exceeded", "length"], ["refusal", "refusal"], ["end_turn", "stop"],
    ["stop_sequence", "stop"], ["pause_turn", "stop"],
  ] as const) {
    await using bench = await openBench({ text: "some", stopReason });
    const end = endOf(await collect(bench, bench.ask()));
    assert.ok(end.type === "end");
    assert.equal(end.finish, finish, stopReason);
  }
});

test("what may pass is tried again while nothing was said, after as long as the server asks", async () => {
  await using bench = await openBench(
    { status: 529, headers: { "retry-after": "7" } }, { status: 429, headers: { "retry-after": "2" } }, { fault: "reset" },
    { errorEvent: { type: "overloaded_error", message: "Overloaded" } }, { text: "fine" },
  );
  const events = await collect(bench, bench.ask({ config: { attemptsMax: 5 } }));
  const retries = events.flatMap((event) => (event.type === "retry" ? [[event.code, event.waitMs]] : []));
  assert.deepEqual(retries.slice(0, 2), [["MODEL_UNAVAILABLE", 7_000], ["MODEL_RATE_LIMITED", 2_000]]);
  assert.deepEqual(retries.slice(2).map(([code]) => code), ["MODEL_UNAVAILABLE", "MODEL_UNAVAILABLE"]);
  assert.equal(textOf(events), "fine");
});

test("what does not pass is told once, by its kind, in the server's words, without the key", async () => {
  for (const [answer, code] of [
    [{ status: 401, error: { type: "authentication_error", message: `invalid x-api-key ${CONTRACT_KEY}` } }, "MODEL_AUTH"],
    [{ status: 403 }, "MODEL_AUTH"], [{ status: 404 }, "MODEL_REJECTED"], [{ status: 413 }, "MODEL_REJECTED"],
    [{ status: 400, error: { type: "invalid_request_error", message: "Your credit balance is too low" } }, "MODEL_REJECTED"],
    [{ raw: ["event: message_start\ndata: {\"type\":\n\n"] }, "MODEL_OUTPUT_INVALID"],
    [{ raw: ["<!doctype html><p>hello"] }, "MODEL_OUTPUT_INVALID"], [{ raw: ["{\"type\":\"message\"}"] }, "MODEL_OUTPUT_INVALID"],
  ] as const) {
    await using bench = await openBench(answer);
    const events = await collect(bench, bench.ask());
    const end = endOf(events);
    assert.ok(end.type === "error", bytes(JSON.stringify(answer)));
    assert.equal(end.code, code, JSON.stringify(answer));
    assert.equal(events.length, 1, "no retry");
    assert.ok(!JSON.stringify(events).includes(CONTRACT_KEY));
  }
});

test("half an answer is never asked for again: a cut, an error in mid-stream and silence end it", async () => {
  for (const answer of [
    { text: ["half of "], cut: true }, { text: ["half of "], errorEvent: { type: "api_error", message: "broken" } },
  ]) {
    await using bench = await openBench(answer, { text: "never" });
    const events = await collect(bench, bench.ask());
    const end = endOf(events);
    assert.ok(end.type === "error" && end.code === "MODEL_UNAVAILABLE");
    assert.equal(textOf(events), "half of ");
    assert.equal(bench.server.requests.length, 1);
  }
  await using bench = await openBench({ text: ["half of "], silence: true });
  const events: ModelEvent[] = [];
  for await (const event of bench.ask({ config: { timeoutMs: 1_000 } })) {
    events.push(event);
    if (event.type === "text") setImmediate(() => void bench.clock.advance(1_000));
  }
  const end = endOf(events);
  assert.ok(end.type === "error" && end.code === "MODEL_TIMEOUT");
});

test("an answer without end is ended at its bound, and the connection with it", async () => {
  const piece = `event: content_block_delta\ndata: ${JSON.stringify({
    type: "content_block_delta", index: 0, delta: { type: "text_delta", text: "and so on ".repeat(1_000) },
  })}\n\n`;
  await using bench = await openBench({ raw: Array.from({ length: 20 }, () => piece) });
  const end = endOf(await collect(bench, bench.ask({ request: { outputTokensMax: 100 } })));
  assert.ok(end.type === "end" && end.finish === "length" && end.usage.estimated === true);
});

test("a base address may end with /v1 or not, and a kept connection is used again", async () => {
  await using bench = await openBench();
  for (const baseUrl of [bench.server.url, `${bench.server.url}/`, `${bench.server.url}/v1`, `${bench.server.url}/v1/`]) {
    assert.equal(textOf(await collect(bench, bench.ask({ config: { baseUrl } }))), "echo: hello");
    await bench.server.requests.at(-1)?.closed;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assert.equal(bench.server.connections(), 1);
});
