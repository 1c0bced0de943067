/** One call over real servers that fail in every way: who answers, what is charged, and what is not asked again. */
import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import type { ErrorCode } from "@openclaw/protocol";
import { callOf, fakeLedger, type Booked } from "@openclaw/testkit/fake-ledger";
import { openScriptedModel, type ScriptedAnswer, type ScriptedModel } from "@openclaw/testkit/scripted-model-server";
import { VirtualClock } from "@openclaw/testkit/virtual-clock";
import { systemIds } from "../base/ids.ts";
import { Secret } from "../base/secret.ts";
import { createModels, type CallEvent, type CallRecord, type CallTerms, type Models, type ModelsConfig } from "../cognition/models.ts";
import { discoverProviders } from "./discover.ts";

const providers = await discoverProviders();

interface Room {
  readonly models: Models;
  readonly clock: VirtualClock;
  readonly one: ScriptedModel;
  readonly two: ScriptedModel;
  readonly booked: readonly Booked[];
  readonly key: { now: string };
  ask(terms?: Partial<CallTerms>, ref?: string, signal?: AbortSignal): Promise<Answer>;
}

interface Answer {
  readonly text: string;
  readonly code: ErrorCode | undefined;
  readonly why: string;
  readonly call: CallRecord;
  readonly events: readonly CallEvent[];
}

const never = new AbortController().signal;
const PRICES = { models: [{ id: "a", cost: { input: 1, output: 2 } }, { id: "b", cost: { input: 1, output: 2 } }] };

async function openRoom(t: TestContext, settings: Readonly<Record<string, unknown>> = {}): Promise<Room> {
  const [one, two] = await Promise.all([openScriptedModel(), openScriptedModel()]);
  t.after(() => Promise.all([one.close(), two.close()]));
  const clock = new VirtualClock();
  const ledger = fakeLedger();
  const key = { now: "sk-first" };
  const config: ModelsConfig = {
    providers: {
      one: { use: "openai-compatible", baseUrl: one.url, attemptsMax: 1, ...PRICES, ...settings },
      two: { use: "openai-compatible", baseUrl: two.url, attemptsMax: 1, ...PRICES },
      gone: { use: "openai-compatible", baseUrl: "http://127.0.0.1:1/v1", attemptsMax: 1, ...PRICES },
    },
  };
  const models = createModels({
    providers, config: () => config, secrets: async () => new Secret(key.now),
    clock, ids: systemIds, log: { warn: () => undefined }, ledger,
  });
  const ask: Room["ask"] = async (terms = {}, ref = "one/a", signal = never) => {
    const events: CallEvent[] = [];
    for await (const event of models.streamModel(ref, callOf("hello", terms), signal)) events.push(event);
    const last = events.at(-1);
    assert.ok(last?.type === "end" || last?.type === "error");
    assert.ok(last.call !== undefined);
    return {
      events, call: last.call, text: events.map((event) => (event.type === "text" ? event.delta : "")).join(""),
      code: last.type === "error" ? last.code : undefined, why: last.type === "error" ? last.why : "",
    };
  };
  return { models, clock, one, two, booked: ledger.booked, key, ask };
}

const INSTEAD = { fallbacks: ["two/b"] };

/** What a server does, what the attempt is called, and whether it is charged. */
const FAULTS: readonly (readonly [what: string, answer: ScriptedAnswer | undefined, code: ErrorCode, charged: boolean])[] = [
  ["connection refused", undefined, "MODEL_UNAVAILABLE", false],
  ["401", { status: 401 }, "MODEL_AUTH", false],
  ["429", { status: 429 }, "MODEL_RATE_LIMITED", false],
  ["429 with Retry-After", { status: 429, headers: { "retry-after": "30" } }, "MODEL_RATE_LIMITED", false],
  ["500", { status: 500 }, "MODEL_UNAVAILABLE", false],
  ["a cut connection", { fault: "reset" }, "MODEL_UNAVAILABLE", false],
  ["garbage", { raw: ["<html>hello</html>"], contentType: "text/html" }, "MODEL_OUTPUT_INVALID", true],
  ["an empty answer", { raw: [""] }, "MODEL_UNAVAILABLE", false],
];

test("whatever the first model's server does before it has said anything, the next one answers, and each attempt is recorded "
  + "(C25, S0.5)", async (t) => {
  for (const [what, answer, code, charged] of FAULTS) {
    const room = await openRoom(t);
    if (answer !== undefined) room.one.script(answer);
    const ref = answer === undefined ? "gone/a" : "one/a";
    const { text, call, events } = await room.ask(INSTEAD, ref);
    assert.equal(text, "echo: hello", what);
    assert.equal(call.model, "two/b");
    assert.deepEqual(call.attempts.map((attempt) => [attempt.model, attempt.code, attempt.costMicros > 0]), [
      [ref, code, charged], ["two/b", undefined, true],
    ], what);
    assert.deepEqual(events.filter(({ type }) => type === "fallback"), [{ type: "fallback", from: ref, to: "two/b", code }]);
    const booked = room.booked.map(({ order: { id }, settled }) => [id, settled?.free ?? false]);
    assert.deepEqual(booked, [["key-1", !charged], ["key-1.2", false]], what);
  }
});

test("a server that says nothing is left after its time, and charged: it may have thought all the while (C25, S0.20)", async (t) => {
  const room = await openRoom(t, { timeoutMs: 200 });
  room.one.script({ fault: "no-headers" });
  const asking = room.ask(INSTEAD);
  while (room.one.requests.length === 0) await new Promise(setImmediate);
  await room.clock.advance(200);
  const { text, call } = await asking;
  assert.equal(text, "echo: hello");
  assert.deepEqual(call.attempts.map(({ code, basis }) => [code, basis]), [["MODEL_TIMEOUT", "reserve"], [undefined, "usage"]]);
});

test("once something was shown a failure is the end: two models' words are never mixed (C25)", async (t) => {
  const room = await openRoom(t);
  room.one.script({ text: ["half ", "an ", "answer"], cut: true });
  const { text, code, call } = await room.ask(INSTEAD);
  assert.deepEqual([text.startsWith("half "), text.includes("echo"), code], [true, false, "MODEL_UNAVAILABLE"]);
  assert.deepEqual(call.attempts.map(({ model, basis }) => [model, basis]), [["one/a", "reserve"]]);
  assert.equal(room.two.requests.length, 0);
});

test("a request that was refused for what it holds is taken nowhere else, costs nothing and rests nobody (C25)", async (t) => {
  const room = await openRoom(t);
  for (let time = 0; time < 5; time++) {
    const error = { message: "maximum context length", code: "context_length_exceeded" };
    room.one.script({ status: 400, body: JSON.stringify({ error }) });
    const { code, call } = await room.ask(INSTEAD);
    assert.deepEqual([code, call.costMicros, call.attempts.length], ["MODEL_REJECTED", 0, 1]);
  }
  assert.deepEqual([room.models.resting().length, room.two.requests.length, room.one.requests.length], [0, 0, 5]);
});

test("a model's limit of requests rests that model alone: another one of the same key is asked at once, and the first again "
  + "when its wait is over (C25)", async (t) => {
  const room = await openRoom(t);
  room.one.script({ status: 429, headers: { "retry-after": "30" } });
  const chain = { fallbacks: ["one/b"] };
  assert.equal((await room.ask(chain)).call.model, "one/b", "same key, another model: not poisoned");
  assert.equal((await room.ask(chain)).call.model, "one/b");
  assert.deepEqual(room.one.requests.map(({ body }) => body.model), ["a", "b", "b"], "the first was not asked while it rests");
  assert.deepEqual(room.models.resting().map(({ model, kind, trying }) => [model, kind, trying]), [["one/a", "rate", false]]);
  await room.clock.advance(30_000);
  assert.equal((await room.ask(chain)).call.model, "one/a");
  assert.deepEqual(room.models.resting(), []);
});

test("a refused key rests every model of its credential; a new key is tried at once (C25)", async (t) => {
  const room = await openRoom(t);
  room.one.script({ status: 401 }, { status: 401 });
  await room.ask();
  await room.ask();
  const resting = await room.ask({}, "one/b");
  assert.equal(resting.code, "MODEL_RESTING");
  assert.match(resting.why, /one\/b failed 2 times \(MODEL_AUTH\); the next try is at 2026-01-01T00:00:30/);
  assert.equal(room.one.requests.length, 2);
  room.key.now = "sk-second";
  assert.equal((await room.ask({}, "one/b")).text, "echo: hello");
});

test("a model that rests with nobody to stand in is not asked: MODEL_RESTING, at no cost (C25)", async (t) => {
  const room = await openRoom(t);
  for (let time = 0; time < 3; time++) {
    room.one.script({ status: 500 });
    assert.equal((await room.ask()).code, "MODEL_UNAVAILABLE");
  }
  const { code, call } = await room.ask();
  assert.deepEqual([code, call.costMicros, call.attempts.length, room.one.requests.length], ["MODEL_RESTING", 0, 0, 3]);
});

test("with a model to stand in, a provider's long wait before its next try is not waited for (C25)", async (t) => {
  const room = await openRoom(t, { attemptsMax: 4 });
  room.one.script({ status: 429, headers: { "retry-after": "20" } });
  const { call } = await room.ask(INSTEAD);
  assert.equal(call.model, "two/b");
  assert.equal(room.one.requests.length, 1, "the first is not asked behind our back");
});

test("a caller that has another credential hears of the first one's failure at once, also when it rests (C25, S4.10)", async (t) => {
  const room = await openRoom(t);
  room.one.script({ status: 429, headers: { "retry-after": "30" } });
  const terms = { ...INSTEAD, rotates: true };
  assert.equal((await room.ask(terms)).code, "MODEL_RATE_LIMITED");
  assert.equal((await room.ask(terms)).code, "MODEL_RATE_LIMITED", "resting, by its cause");
  assert.equal(room.two.requests.length, 0);
  assert.equal((await room.ask(INSTEAD)).call.model, "two/b", "the last credential falls back");
});

test("a model whose room is too small for the request does not stand in (C25)", async (t) => {
  const room = await openRoom(t);
  room.one.script({ status: 500 });
  assert.equal((await room.ask({ ...INSTEAD, inputTokens: 40_000 })).code, "MODEL_UNAVAILABLE");
  assert.equal(room.two.requests.length, 0);
});

test("a model that is not configured is passed over, and said where nobody stands in (C25)", async (t) => {
  const room = await openRoom(t);
  assert.equal((await room.ask(INSTEAD, "nobody/x")).call.model, "two/b");
  assert.equal((await room.ask({}, "nobody/x")).code, "MODEL_NOT_CONFIGURED");
});

test("a call that is stopped is charged in full and says nothing of its model; one stopped before it began costs nothing "
  + "(C9)", async (t) => {
  const room = await openRoom(t);
  const stop = new AbortController();
  room.one.script({ text: ["a ", "b ", "c"], silence: true });
  const asking = room.ask(INSTEAD, "one/a", stop.signal);
  while (room.one.requests.length === 0) await new Promise(setImmediate);
  stop.abort();
  const { call, code } = await asking;
  assert.deepEqual([code, call.attempts.map(({ basis }) => basis)], ["MODEL_UNAVAILABLE", ["reserve"]]);
  assert.deepEqual([room.models.resting().length, room.two.requests.length], [0, 0]);
  const late = await room.ask({}, "one/a", stop.signal);
  assert.deepEqual([late.call.costMicros, late.call.attempts.length], [0, 0]);
});

test("whoever stops reading leaves nothing unsettled (C9)", async (t) => {
  const room = await openRoom(t);
  room.one.script({ text: ["a ", "b ", "c"], silence: true });
  for await (const event of room.models.streamModel("one/a", callOf("hello"), never)) if (event.type === "text") break;
  assert.deepEqual(room.booked.map(({ settled }) => settled?.usage), [null]);
});

test("nothing of an answer is shown before its reservation would survive a crash (C9)", async (t) => {
  const durable = Promise.withResolvers<void>();
  const ledger = fakeLedger();
  const one = await openScriptedModel();
  t.after(() => one.close());
  const models = createModels({
    providers, config: () => ({ providers: { one: { use: "openai-compatible", baseUrl: one.url } } }),
    secrets: async () => null, clock: new VirtualClock(), ids: systemIds, log: { warn: () => undefined },
    ledger: { reserve: async (order) => ({ ...(await ledger.reserve(order)), durable: durable.promise }) },
  });
  const events = models.streamModel("one/x", callOf("hello"), never)[Symbol.asyncIterator]();
  let shown = false;
  const first = events.next().then((result) => {
    shown = true;
    return result;
  });
  while (one.requests.length === 0) await new Promise(setImmediate);
  await new Promise((resolve) => setTimeout(resolve, 30));
  assert.equal(shown, false);
  durable.resolve();
  assert.deepEqual((await first).value, { type: "text", delta: "echo: " });
  await events.return?.();
});

test("a model without a price counts at the worst that is configured anywhere (C9)", async (t) => {
  const room = await openRoom(t, { models: [{ id: "a" }, { id: "dear", cost: { input: 7, output: 70 } }] });
  await room.ask();
  await room.ask({}, "one/dear");
  assert.deepEqual(room.booked.map(({ order: { price, priced } }) => [price.input, price.output, priced]), [[7, 70, false], [7, 70, true]]);
});
