/** What is sent, and how an answer is put together. */
import assert from "node:assert/strict";
import { createServer, type AddressInfo, type Socket } from "node:net";
import { test } from "node:test";
import type { ModelEvent } from "@openclaw/sdk";
import { CONTRACT_KEY, endOf, textOf } from "@openclaw/testkit/provider-contract";
import { collect, openBench } from "./chat-bench.testing.ts";

test("text arrives delta by delta while the server still writes, and the server's usage is reported", async () => {
  await using bench = await openBench({ text: ["one ", "two ", "three"], delayMs: 30, usage: { prompt_tokens: 7, completion_tokens: 3 } });
  const arrivals: number[] = [];
  const events: ModelEvent[] = [];
  for await (const event of bench.ask()) {
    events.push(event);
    if (event.type === "text") arrivals.push(performance.now());
  }
  assert.equal(textOf(events), "one two three");
  assert.ok((arrivals[2] ?? 0) - (arrivals[0] ?? 0) > 20, "the deltas did not wait for the end");
  const end = endOf(events);
  assert.ok(end.type === "end");
  assert.deepEqual(end.usage, { inputTokens: 7, outputTokens: 3 });
});

test("the request carries model, messages, tools, limits, key and idempotency key, and nothing else of ours", async () => {
  await using bench = await openBench({ text: "ok" });
  await collect(bench, bench.ask({
    config: { outputTokensField: "max_completion_tokens" },
    request: {
      model: "vendor/large", outputTokensMax: 50, temperature: 0, logprobs: true, idempotencyKey: "agent:main:grüße:3",
      tools: [{ name: "exec", summary: "Runs.", args: { type: "object" } }],
      messages: [
        { role: "system", text: "be kind" }, { role: "user", text: "go" },
        { role: "assistant", text: "",
          calls: [{ id: "c1", name: "exec", arguments: "{\"a\":1}" }, { id: "c2", name: "exec", arguments: "{cut" }] },
        { role: "tool", callId: "c1", name: "exec", text: "out", isError: false },
          { role: "tool", callId: "c2", name: "exec", text: "no", isError: true },
      ],
    },
  }));
  const sent = bench.model.requests[0];
  assert.equal(sent?.headers["authorization"], `Bearer ${CONTRACT_KEY}`);
  assert.equal(sent?.headers["idempotency-key"], encodeURIComponent("agent:main:grüße:3"));
  assert.deepEqual(sent?.body, {
    model: "vendor/large",
    messages: [
      { role: "system", content: "be kind" }, { role: "user", content: "go" },
      { role: "assistant", content: null, tool_calls: [
        { id: "c1", type: "function", function: { name: "exec", arguments: "{\"a\":1}" } },
        { id: "c2", type: "function", function: { name: "exec", arguments: "{\"notJson\":\"{cut\"}" } },
      ] },
      { role: "tool", tool_call_id: "c1", content: "out" }, { role: "tool", tool_call_id: "c2", content: "Error: no" },
    ],
    stream: true, stream_options: { include_usage: true },
    tools: [{ type: "function", function: { name: "exec", description: "Runs.", parameters: { type: "object" } } }],
    max_completion_tokens: 50, temperature: 0, logprobs: true,
  });
});

test("how much to think is asked of a model that is said to know it, at its nearest level; of no other (S4.9)", async () => {
  const asked = async (thinking: string | undefined, thinkingLevels?: readonly string[]): Promise<unknown> => {
    await using bench = await openBench({ text: "ok" });
    const models = [{ id: "m", ...(thinkingLevels === undefined ? {} : { thinkingLevels }) }];
    await collect(bench, bench.ask({ config: { models }, request: { model: "m", ...(thinking === undefined ? {} : { thinking }) } }));
    return bench.model.requests[0]?.body["reasoning_effort"];
  };
  assert.equal(await asked("high"), undefined);
  assert.equal(await asked(undefined, ["low", "high"]), undefined);
  assert.equal(await asked("high", ["low", "high"]), "high");
  assert.equal(await asked("medium", ["low", "high"]), "low");
  assert.equal(await asked("minimal", ["low", "high"]), "low");
  assert.equal(await asked("off", ["off", "high"]), "none");
  assert.equal(await asked("nonsense", ["low"]), undefined);
});

test("parallel tool calls are put together from interleaved pieces, text and thinking before them kept", async () => {
  await using bench = await openBench({
    thinking: ["hm"], text: ["I look. "], argumentPieces: 5,
    calls: [{ name: "exec", arguments: { argv: ["uptime"] }, id: "a" }, { name: "read_file", arguments: { path: "ü.txt" }, id: "b" }],
  });
  const events = await collect(bench, bench.ask());
  const end = endOf(events);
  assert.ok(end.type === "end");
  assert.equal(end.finish, "tools");
  assert.deepEqual(end.calls, [
    { id: "a", name: "exec", arguments: "{\"argv\":[\"uptime\"]}" }, { id: "b", name: "read_file", arguments: "{\"path\":\"ü.txt\"}" },
  ]);
  assert.deepEqual(events[0], { type: "thinking", delta: "hm" });
});

test("log probabilities come with their tokens", async () => {
  await using bench = await openBench({ text: ["a ", "b"], logprob: -0.25 });
  const events = await collect(bench, bench.ask({ request: { logprobs: true } }));
  assert.deepEqual(events.slice(0, 2), [{ type: "text", delta: "a ", logprob: -0.25 }, { type: "text", delta: "b", logprob: -0.25 }]);
});

test("a server that ignores stream and answers in one JSON body is understood, calls and usage too", async () => {
  await using bench = await openBench({ json: true, text: "all at once",
    calls: [{ name: "exec", arguments: {} }, { name: "exec", arguments: { n: 2 } }] });
  const events = await collect(bench, bench.ask());
  const end = endOf(events);
  assert.ok(end.type === "end" && end.finish === "tools" && end.usage.estimated === undefined);
  assert.equal(textOf(events), "all at once");
  assert.deepEqual(end.calls.map((call) => call.arguments), ["{}", "{\"n\":2}"]);
});

test("usage is estimated, and marked so, where the server counts nothing", async () => {
  await using bench = await openBench({ text: "eight ch", usage: null });
  const end = endOf(await collect(bench, bench.ask()));
  assert.ok(end.type === "end" && end.usage.estimated === true && end.usage.outputTokens === 2 && end.usage.inputTokens > 0);
});

test("the connection is kept and used again", async () => {
  await using bench = await openBench();
  for (let call = 0; call < 3; call += 1) {
    assert.equal(endOf(await collect(bench, bench.ask())).type, "end");
    assert.equal(await bench.model.requests[call]?.closed, "complete");
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assert.equal(bench.model.connections(), 1);
});

test("a kept connection that the server closed meanwhile costs no wait and no failure", async () => {
  const body = JSON.stringify({ choices: [{ message: { content: "fine" } }] });
  const answer = `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    let served = 0;
    socket.on("error", () => {});
    socket.on("data", () => ((served += 1) === 1 ? socket.write(answer) : socket.resetAndDestroy()));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  await using bench = await openBench();
  const config = { baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
  assert.equal(textOf(await collect(bench, bench.ask({ config }))), "fine");
  const events = await collect(bench, bench.ask({ config }));
  assert.deepEqual(events[0], { type: "retry", attempt: 2, attemptsMax: 4, waitMs: 0, code: "MODEL_UNAVAILABLE" });
  assert.equal(endOf(events).type, "end");
  assert.equal(sockets.length, 2);
  for (const socket of sockets) socket.destroy();
  server.close();
});
