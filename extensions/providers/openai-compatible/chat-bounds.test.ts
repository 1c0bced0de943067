/** Streams without end, readers that stop, servers that fall silent: nothing grows, nothing waits for ever, sockets close. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { ModelEvent } from "@openclaw/sdk";
import { collectEvents, endOf, textOf } from "@openclaw/testkit/provider-contract";
import type { ScriptedAnswer } from "@openclaw/testkit/scripted-model-server";
import { collect, openBench, until } from "./chat-bench.testing.ts";

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
