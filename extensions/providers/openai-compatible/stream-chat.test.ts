/** Against a real server on a real socket; time is virtual, so that a wait of a minute takes none. */
import assert from "node:assert/strict";
import { createServer, type AddressInfo, type Socket } from "node:net";
import { test } from "node:test";
import type { ModelEvent, ModelRequest, ProviderContext } from "@openclaw/sdk";
import { collectEvents, CONTRACT_KEY, endOf, modelRequest, providerContext, textOf } from "@openclaw/testkit/provider-contract";
import { openScriptedModel, type ScriptedAnswer, type ScriptedModel } from "@openclaw/testkit/scripted-model-server";
import { VirtualClock } from "@openclaw/testkit/virtual-clock";
import { streamChat } from "./stream-chat.ts";

interface Bench { readonly model: ScriptedModel; readonly clock: VirtualClock; ask(options?: Ask): AsyncIterable<ModelEvent> }
interface Ask {
  readonly request?: Partial<ModelRequest>;
  readonly config?: object;
  readonly signal?: AbortSignal;
  readonly context?: Partial<ProviderContext>;
}

async function openBench(...answers: readonly ScriptedAnswer[]): Promise<Bench & AsyncDisposable> {
  const model = await openScriptedModel();
  model.script(...answers);
  const clock = new VirtualClock();
  return {
    model,
    clock,
    ask: ({ request, config, signal, context } = {}) => streamChat(
      modelRequest("hello", request),
      providerContext({ baseUrl: model.url, ...config }, { now: () => clock.now(), wait: (ms, stop) => clock.wait(ms, stop), ...context }),
      signal ?? new AbortController().signal,
    ),
    [Symbol.asyncDispose]: () => model.close(),
  };
}

/** Reads to the end; every announced wait passes at once. */
function collect(bench: Bench, stream: AsyncIterable<ModelEvent>): Promise<ModelEvent[]> {
  async function* watched(): AsyncGenerator<ModelEvent> {
    for await (const event of stream) {
      if (event.type === "retry") setImmediate(() => void bench.clock.advance(event.waitMs));
      yield event;
    }
  }
  return collectEvents(watched());
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}

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
  assert.deepEqual(events[0], { type: "retry", attempt: 2, waitMs: 0, code: "MODEL_UNAVAILABLE" });
  assert.equal(endOf(events).type, "end");
  assert.equal(sockets.length, 2);
  for (const socket of sockets) socket.destroy();
  server.close();
});

test("429 with Retry-After in seconds, in milliseconds, as a date and beyond a minute waits as told, at most a minute", async () => {
  await using bench = await openBench();
  bench.model.script(
    { status: 429, headers: { "retry-after": "7" } },
    { status: 429, headers: { "retry-after-ms": "250" } },
    { status: 429, headers: { "retry-after": new Date(bench.clock.now() + 20_000).toUTCString() } },
    { status: 429, headers: { "retry-after": "86400" } },
    { text: "at last" },
  );
  const events = await collect(bench, bench.ask({ config: { attemptsMax: 5 } }));
  const waits = events.filter((event) => event.type === "retry");
  assert.deepEqual(waits.map((event) => [event.attempt, event.code]), [2, 3, 4, 5].map((attempt) => [attempt, "MODEL_RATE_LIMITED"]));
  assert.deepEqual(waits.map((event) => event.waitMs), [7_000, 250, 20_000 - 7_250, 60_000]);
  assert.equal(textOf(events), "at last");
});

test("429 without Retry-After backs off exponentially with jitter, and the last one is reported", async () => {
  await using bench = await openBench({ status: 429 }, { status: 429 }, { status: 429 }, { status: 429, headers: { "retry-after": "5" } });
  const events = await collect(bench, bench.ask());
  assert.deepEqual(events.filter((event) => event.type === "retry").map((event) => event.waitMs), [375, 750, 1_500]);
  const end = endOf(events);
  assert.ok(end.type === "error" && end.code === "MODEL_RATE_LIMITED" && end.retryAfterMs === 5_000);
  assert.equal(bench.model.requests.length, 4);
});

test("a spent budget answers 429 too, and is not asked again", async () => {
  await using bench = await openBench({ status: 429, body: JSON.stringify({ error: { message: "quota", code: "insufficient_quota" } }) });
  const end = endOf(await collect(bench, bench.ask()));
  assert.ok(end.type === "error" && end.code === "MODEL_REJECTED");
  assert.equal(bench.model.requests.length, 1);
});

test("408, 409, 425, 500, 502, 503, a reset and a cut before the first word are tried again", async () => {
  for (const first of [408, 409, 425, 500, 502, 503] as const) {
    await using bench = await openBench({ status: first }, { text: "well" });
    assert.equal(textOf(await collect(bench, bench.ask())), "well", String(first));
  }
  await using bench = await openBench({ fault: "reset" }, { text: [], cut: true },
    { text: [], calls: [{ name: "exec", arguments: {} }], cut: true }, { text: "well" });
  const events = await collect(bench, bench.ask());
  assert.equal(events.filter((event) => event.type === "retry").length, 3);
  assert.equal(textOf(events), "well");
});

test("a refused connection is tried again and reported in words", async () => {
  await using bench = await openBench();
  const events = await collect(bench, bench.ask({ config: { baseUrl: "http://127.0.0.1:1/v1" } }));
  const end = endOf(events);
  assert.ok(end.type === "error" && end.code === "MODEL_UNAVAILABLE" && /Nothing listens/.test(end.why));
  assert.equal(events.length, 4);
});

test("401 and 403 are the key; 400, 404 and 422 carry the provider's words, bounded; none is tried again", async () => {
  for (const [status, code] of [[401, "MODEL_AUTH"], [403, "MODEL_AUTH"], [400, "MODEL_REJECTED"], [404, "MODEL_REJECTED"],
    [422, "MODEL_REJECTED"], [302, "MODEL_REJECTED"]] as const) {
    await using bench = await openBench({ status, body: JSON.stringify({ error: { message: `no ${"x".repeat(9_000)}` } }) });
    const end = endOf(await collect(bench, bench.ask()));
    assert.ok(end.type === "error" && end.code === code && end.why.includes("no xxx") && end.why.length < 600, `${status}`);
    assert.equal(bench.model.requests.length, 1);
  }
});

test("the key is in no event, though the server quotes it, whole or cut at our bound", async () => {
  for (const message of [`bad key ${CONTRACT_KEY}`, `${"x".repeat(480)}${CONTRACT_KEY}`]) {
    await using bench = await openBench({ status: 401, body: JSON.stringify({ error: { message } }) });
    const text = JSON.stringify(await collect(bench, bench.ask()));
    assert.ok(text.includes("[secret]") && !text.includes(CONTRACT_KEY.slice(0, 8)), text);
  }
});

test("status 200 with an error body: refused, the key, or tried again, by what it says", async () => {
  const cases = [
    [{ message: "the prompt is too long", code: "context_length_exceeded" }, "MODEL_REJECTED", 1],
    [{ message: "no such key", code: "invalid_api_key" }, "MODEL_AUTH", 1],
    [{ message: "busy", code: 503 }, "MODEL_UNAVAILABLE", 4],
    ["just a sentence", "MODEL_REJECTED", 1],
  ] as const;
  for (const [error, code, requests] of cases) {
    const answer = { raw: [JSON.stringify({ error })], contentType: "application/json" };
    await using bench = await openBench(answer, answer, answer, answer);
    const end = endOf(await collect(bench, bench.ask()));
    assert.ok(end.type === "error" && end.code === code, JSON.stringify(end));
    assert.equal(bench.model.requests.length, requests);
  }
});

test("an error in the middle of a stream ends it: what was said stays said, nothing is asked again", async () => {
  const half = "data: {\"choices\":[{\"delta\":{\"content\":\"half\"}}]}\n\n";
  await using bench = await openBench({ raw: [half, "data: {\"error\":{\"message\":\"overloaded\",\"code\":503}}\n\n"] });
  const events = await collect(bench, bench.ask());
  const end = endOf(events);
  assert.ok(end.type === "error" && end.code === "MODEL_UNAVAILABLE" && end.why === "overloaded");
  assert.equal(textOf(events), "half");
  assert.equal(bench.model.requests.length, 1);
});

test("a stream cut in the middle is reported as that and not asked again", async () => {
  await using bench = await openBench({ text: ["half of ", "an answer"], cut: true }, { text: "never asked for" });
  const events = await collect(bench, bench.ask());
  const end = endOf(events);
  assert.ok(end.type === "error" && end.code === "MODEL_UNAVAILABLE" && /cut in mid-stream/.test(end.why), JSON.stringify(end));
  assert.equal(textOf(events), "half of an answer");
  assert.equal(bench.model.requests.length, 1);
});

test("a stream that just stops, without a finish reason, is a cut; with one it is an end", async () => {
  const half = "data: {\"choices\":[{\"delta\":{\"content\":\"half\"}}]}\n\n";
  await using bench = await openBench({ raw: [half, "data: {\"choi"] },
    { raw: [half, "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"length\"}]}"] });
  const cut = endOf(await collect(bench, bench.ask()));
  assert.ok(cut.type === "error" && cut.code === "MODEL_UNAVAILABLE");
  const end = endOf(await collect(bench, bench.ask()));
  assert.ok(end.type === "end" && end.finish === "length");
});

test("a connection that breaks after the model has finished changes nothing", async () => {
  const events = "data: {\"choices\":[{\"delta\":{\"content\":\"whole\"},\"finish_reason\":\"stop\"}]}\n\n";
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.once("data", () => socket.end(`HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: 9999\r\n\r\n${events}`));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  await using bench = await openBench();
  const heard = await collect(bench, bench.ask({ config: { baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}` } }));
  const end = endOf(heard);
  assert.ok(end.type === "end" && end.finish === "stop" && textOf(heard) === "whole", JSON.stringify(end));
  server.close();
});

test("malformed JSON is the server's mistake, in a stream and in a body; a web page is the wrong address", async () => {
  for (const raw of ["data: {\"choices\":[{\"delta\":\n\n", "{\"choices\": [", "<html>welcome</html>", "data: 7\n\n",
    "{\"choices\": []}"]) {
    await using bench = await openBench({ raw: [raw] });
    const end = endOf(await collect(bench, bench.ask()));
    assert.ok(end.type === "error" && end.code === "MODEL_OUTPUT_INVALID", `${raw} → ${JSON.stringify(end)}`);
    assert.equal(bench.model.requests.length, 1);
  }
});

test("a never-ending stream ends at the limit of its tokens, and the server's socket is closed", async () => {
  await using bench = await openBench({ fault: "endless" });
  const events = await collect(bench, bench.ask({ request: { outputTokensMax: 1_000 } }));
  const end = endOf(events);
  assert.ok(end.type === "end" && end.finish === "length");
  assert.ok(textOf(events).length < 40_000);
  await bench.clock.advance(2_000);
  assert.equal(await bench.model.requests[0]?.closed, "closed-by-client");
});

test("memory stays flat through a never-ending stream, and an abort closes the socket at once", async () => {
  await using bench = await openBench({ fault: "endless" });
  const controller = new AbortController();
  let chars = 0;
  const events: ModelEvent[] = [];
  const before = process.memoryUsage().heapUsed + process.memoryUsage().external;
  let peak = 0;
  for await (const event of bench.ask({ signal: controller.signal })) {
    if (event.type !== "text") events.push(event);
    else {
      chars += event.delta.length;
      if (chars % 100_000 === 0) peak = Math.max(peak, process.memoryUsage().heapUsed + process.memoryUsage().external - before);
      if (chars > 3_500_000) controller.abort();
    }
  }
  const end = endOf(events);
  assert.ok(end.type === "error" && end.detail?.["aborted"] === true);
  assert.equal(await bench.model.requests[0]?.closed, "closed-by-client");
  assert.ok(peak < 60_000_000, `${peak} bytes more at the peak`);
});

test("a reader that stops reading stops the server: nothing piles up here", async () => {
  await using bench = await openBench({ fault: "endless" });
  const iterator = bench.ask()[Symbol.asyncIterator]();
  await iterator.next();
  let before = -1;
  await until(() => before === (before = bench.model.endlessBytes()));
  await new Promise((resolve) => setTimeout(resolve, 100));
  assert.ok(bench.model.endlessBytes() < 30_000_000, `${bench.model.endlessBytes()} bytes taken from the server`);
  await bench.clock.advance(600_000);
  for (let event = 0; event < 2_000; event += 1) {
    assert.equal((await iterator.next()).value?.type, "text", "our own pause is not the server's silence");
  }
  await iterator.return?.();
  assert.equal(await bench.model.requests[0]?.closed, "closed-by-client");
});

test("a megabyte of arguments arrives whole, in many pieces or in one", async () => {
  for (const argumentPieces of [1, 4_000]) {
    const content = "0123456789".repeat(100_000);
    await using bench = await openBench({ calls: [{ name: "write_file", arguments: { content } }], argumentPieces });
    const end = endOf(await collect(bench, bench.ask()));
    assert.ok(end.type === "end" && end.finish === "tools");
    assert.equal((JSON.parse(end.calls[0]?.arguments ?? "") as { content: string }).content, content);
  }
});

test("silence is noticed after timeoutMs, before the status line, before the first word and after it", async () => {
  const cases: readonly [ScriptedAnswer, string][] =
    [[{ fault: "no-headers" }, ""], [{ text: [], silence: true }, ""], [{ text: ["well"], silence: true }, "well"]];
  for (const [answer, said] of cases) {
    await using bench = await openBench(answer);
    const events: ModelEvent[] = [];
    const reading = collectEvents((async function* () {
      for await (const event of bench.ask({ config: { timeoutMs: 90_000 } })) {
        events.push(event);
        yield event;
      }
    })());
    await until(() => bench.model.requests.length === 1 && textOf(events) === said);
    await new Promise((resolve) => setTimeout(resolve, 30));
    await bench.clock.advance(89_000);
    assert.ok(events.every((event) => event.type === "text"), "not yet");
    await bench.clock.advance(2_000);
    const end = endOf(await reading);
    assert.ok(end.type === "error" && end.code === "MODEL_TIMEOUT", JSON.stringify(end));
    assert.equal(await bench.model.requests[0]?.closed, "closed-by-client");
    assert.equal(bench.clock.pending, 0);
  }
});

test("slow headers are waited for", async () => {
  await using bench = await openBench({ text: "late", headersDelayMs: 150 });
  assert.equal(textOf(await collect(bench, bench.ask())), "late");
});

test("an abort during a wait between attempts ends the call there", async () => {
  await using bench = await openBench({ status: 503, headers: { "retry-after": "30" } });
  const controller = new AbortController();
  const events: ModelEvent[] = [];
  for await (const event of bench.ask({ signal: controller.signal })) {
    events.push(event);
    if (event.type === "retry") setImmediate(() => controller.abort());
  }
  assert.equal(endOf(events).type, "error");
  assert.equal(bench.model.requests.length, 1);
  assert.equal(bench.clock.pending, 0);
});

test("nothing is left waiting after a call, however it ended", async () => {
  await using bench = await openBench({ text: "fine" }, { status: 400 }, { text: ["half"], cut: true });
  for (let call = 0; call < 3; call += 1) await collect(bench, bench.ask());
  await new Promise((resolve) => setTimeout(resolve, 30));
  assert.equal(bench.clock.pending, 0);
});

test("an address that is none, and a key that cannot be a header, are said without being sent", async () => {
  await using bench = await openBench();
  const wrong = endOf(await collect(bench, bench.ask({ config: { baseUrl: "http://" } })));
  assert.ok(wrong.type === "error" && wrong.code === "MODEL_NOT_CONFIGURED");
  const key = endOf(await collect(bench, bench.ask({ context: { apiKey: async () => "two\nlines" } })));
  assert.ok(key.type === "error" && key.code === "MODEL_AUTH" && !key.why.includes("lines"));
  assert.equal(bench.model.requests.length, 0);
});
