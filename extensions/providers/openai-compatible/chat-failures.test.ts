/** What is tried again, how long it waits, and in which words a failure is told. */
import assert from "node:assert/strict";
import { createServer, type AddressInfo } from "node:net";
import { test } from "node:test";
import { CONTRACT_KEY, endOf, textOf } from "@openclaw/testkit/provider-contract";
import { collect, openBench } from "./chat-bench.testing.ts";

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

test("an address that is none, and a key that cannot be a header, are said without being sent", async () => {
  await using bench = await openBench();
  const wrong = endOf(await collect(bench, bench.ask({ config: { baseUrl: "http://" } })));
  assert.ok(wrong.type === "error" && wrong.code === "MODEL_NOT_CONFIGURED");
  const key = endOf(await collect(bench, bench.ask({ context: { apiKey: async () => "two\nlines" } })));
  assert.ok(key.type === "error" && key.code === "MODEL_AUTH" && !key.why.includes("lines"));
  assert.equal(bench.model.requests.length, 0);
});
