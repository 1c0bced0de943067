/** The room as the runtime uses it: over a small provider that speaks to a real server, and over providers that misbehave. */
import assert from "node:assert/strict";
import { request as httpRequest, type IncomingMessage } from "node:http";
import { test } from "node:test";
import { hasCode, OpenClawError } from "@openclaw/protocol";
import type { ModelEvent, ModelRequest, Provider, ProviderContext, ToolCall } from "@openclaw/sdk";
import { collectEvents, endOf, textOf } from "../../../testkit/provider-contract.ts";
import { openScriptedModel } from "../../../testkit/scripted-model-server.ts";
import { VirtualClock } from "../../../testkit/virtual-clock.ts";
import { systemIds } from "../../base/ids.ts";
import { Secret } from "../../base/secret.ts";
import type { ModelsConfig } from "./config.ts";
import { createModels, type Models, type ModelsDeps } from "./create-models.ts";
import { readSection } from "./read-section.ts";
import { callOf, fakeLedger, plainEvents } from "../../../testkit/fake-ledger.ts";

interface WireConfig { readonly baseUrl: string; readonly models?: readonly { readonly id: string; readonly contextTokens: number }[] }

/** No more of the wire than these tests need; a status other than 200 is tried again once. */
const wire: Provider = {
  id: "wire",
  label: "Wire",
  config: { type: "object", required: ["baseUrl"], properties: { baseUrl: { type: "string" }, models: { type: "array" } } },
  models: (config) => ((config as WireConfig).models ?? []).map((model) => ({ ...model, name: model.id })),
  async *stream(request, ctx, signal) {
    const key = await ctx.apiKey();
    for (let attempt = 1; attempt <= 2; attempt += 1) {
      const response = await post(`${(ctx.config as WireConfig).baseUrl}/chat/completions`, `Bearer ${key}`, request, signal);
      if (response.statusCode !== 200) {
        response.resume();
        if (attempt === 2) return yield { type: "error", code: "MODEL_REJECTED", why: "canary prompt" };
        yield { type: "retry", attempt: 2, waitMs: 1_000, code: "MODEL_UNAVAILABLE" };
        await ctx.wait(1_000, signal);
        continue;
      }
      return yield* readAnswer(response);
    }
  },
};

function post(url: string, authorization: string, request: ModelRequest, signal: AbortSignal): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const sent = httpRequest(url, { method: "POST", headers: { authorization }, signal }, resolve).on("error", reject);
    const messages = request.messages.map((message) => ({ role: message.role, content: message.text }));
    sent.end(JSON.stringify({ model: request.model, stream: true, messages }));
  });
}

async function* readAnswer(response: IncomingMessage): AsyncGenerator<ModelEvent> {
  const calls: ToolCall[] = [];
  for await (const line of linesOf(response)) {
    if (!line.startsWith("data: {")) continue;
    const { delta } = (JSON.parse(line.slice(6)) as Chunk).choices[0];
    if (delta.content) yield { type: "text", delta: delta.content };
    for (const { index, id, function: part } of delta.tool_calls ?? []) {
      const call = calls[index];
      calls[index] = { id: call?.id ?? id ?? "", name: call?.name ?? part.name ?? "", arguments: (call?.arguments ?? "") + part.arguments };
    }
  }
  yield { type: "end", finish: calls.length > 0 ? "tools" : "stop", calls, usage: { inputTokens: 1, outputTokens: 1 } };
}

async function* linesOf(response: IncomingMessage): AsyncGenerator<string> {
  let rest = "";
  for await (const chunk of response.setEncoding("utf8") as AsyncIterable<string>) {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
}

interface CallPiece {
  readonly index: number;
  readonly id?: string;
  readonly function: { readonly name?: string; readonly arguments: string };
}
interface Delta { readonly content?: string; readonly tool_calls?: readonly CallPiece[] }
interface Chunk { readonly choices: readonly [{ readonly delta: Delta }] }

interface Room { readonly models: Models; readonly clock: VirtualClock; readonly logged: unknown[]; loads: number }

function openRoom(config: ModelsConfig | (() => ModelsConfig), providers: Record<string, Provider | (() => Promise<Provider>)> = {},
  rest: Partial<ModelsDeps> = {}): Room {
  const clock = new VirtualClock();
  const logged: unknown[] = [];
  const room: { -readonly [K in keyof Room]: Room[K] } = { models: undefined as unknown as Models, clock, logged, loads: 0 };
  const all: Record<string, Provider | (() => Promise<Provider>)> = { wire, ...providers };
  const openers = Object.entries(all).map(([id, provider]) => [id, async () => {
    room.loads += 1;
    return typeof provider === "function" ? provider() : provider;
  }] as const);
  room.models = createModels({
    providers: new Map(openers),
    config: typeof config === "function" ? config : () => config,
    secrets: async () => new Secret("sk-room-secret"),
    clock, ids: systemIds, log: { warn: (event, fields) => logged.push({ event, ...fields }) }, ledger: fakeLedger(), ...rest,
  });
  return room;
}

type Play = (ctx: ProviderContext, signal: AbortSignal) => AsyncIterable<ModelEvent>;

function played(stream: Play): Provider {
  return { id: "played", label: "Played", config: { type: "object" }, models: () => [{ id: "one", name: "One", contextTokens: 9 }],
    stream: (_request, ctx, signal) => stream(ctx, signal) };
}

const END: ModelEvent = { type: "end", finish: "stop", calls: [], usage: { inputTokens: 1, outputTokens: 1 } };
const never = new AbortController().signal;
const ask = (room: Room, ref = "played/one", signal: AbortSignal = never): Promise<ModelEvent[]> =>
  collectEvents(plainEvents(room.models.streamModel(ref, callOf("hello"), signal)));

test("a call goes to the configured server with the key, and comes back as it streams", async () => {
  await using server = await openScriptedModel();
  const room = openRoom({ providers: { wire: { baseUrl: server.url } } });
  const events = await ask(room, "wire/vendor/some-model");
  assert.equal(textOf(events), "echo: hello");
  assert.equal(server.requests[0]?.body.model, "vendor/some-model");
  assert.equal(server.requests[0]?.headers["authorization"], "Bearer sk-room-secret");
  await ask(room, "wire/vendor/some-model");
  assert.equal(room.loads, 1, "a drop-in is loaded once");
  await server.requests[1]?.closed;
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(room.clock.pending, 0, "no timer is left");
});

test("several servers stand side by side under names of their own", async () => {
  await using one = await openScriptedModel();
  await using two = await openScriptedModel();
  const room = openRoom({ providers: { here: { use: "wire", baseUrl: one.url },
    there: { use: "wire", baseUrl: two.url, models: [{ id: "big", contextTokens: 1_000 }] } } });
  await ask(room, "here/small");
  await ask(room, "there/big");
  assert.deepEqual([one.requests.length, two.requests.length], [1, 1]);
  assert.deepEqual(await room.models.list(),
    [{ ref: "there/big", provider: "there", id: "big", name: "big", label: "Wire", contextTokens: 1_000 }]);
});

test("a name resolves to provider, model, info and label", async () => {
  const room = openRoom({ providers: { wire: { baseUrl: "http://127.0.0.1:1" } } },
    { played: played(async function* () { yield END; }) });
  const { provider, model, info, label } = await room.models.resolveModel("played/one");
  assert.deepEqual([provider.id, model, info.contextTokens, label], ["played", "one", 9, "Played"]);
  assert.equal((await room.models.resolveModel("wire/any")).info.id, "any");
});

test("providers without a section of their own keep their models apart", async () => {
  const other = { ...played(async function* () { yield END; }), models: () => [{ id: "two", name: "Two", contextTokens: 8 }] };
  const room = openRoom({}, { played: played(async function* () { yield END; }), other });
  for (const [ref, tokens] of [["played/one", 9], ["other/two", 8],
    ["played/one", 9]] as const) assert.equal((await room.models.resolveModel(ref)).info.contextTokens, tokens);
  assert.deepEqual((await room.models.list()).map((model) => model.ref), ["played/one", "other/two"]);
});

test("what is missing is said: form, provider, configuration, model; a key in the clear is refused", async () => {
  const room = openRoom({ providers: { leaky: { use: "wire", baseUrl: "http://127.0.0.1:1", apiKey: "sk-in-the-clear" } } },
    { played: played(async function* () { yield END; }) });
  for (const [ref, word] of [["played", "provider/model"], ["/x", "provider/model"], ["nobody/x", "nobody"],
    ["constructor/x", "constructor"], ["wire/x", "baseUrl"], ["played/two", "one"]] as const) {
    await assert.rejects(room.models.resolveModel(ref), (error: Error) => hasCode(error, "MODEL_NOT_CONFIGURED")
      && error.message.includes(word), ref);
    const end = endOf(await ask(room, ref));
    assert.ok(end.type === "error" && end.code === "MODEL_NOT_CONFIGURED" && end.why.includes(word), JSON.stringify(end));
  }
  await assert.rejects(room.models.resolveModel("leaky/x"), (error: Error) => hasCode(error, "CONFIG_SECRET_INLINE")
    && !error.message.includes("sk-in"));
});

test("a changed configuration holds from the next call", async () => {
  await using server = await openScriptedModel();
  let config: ModelsConfig = { providers: { wire: { baseUrl: "http://127.0.0.1:1" } } };
  const room = openRoom(() => config);
  assert.equal(endOf(await ask(room, "wire/x")).type, "error");
  config = { providers: { wire: { baseUrl: server.url } } };
  assert.equal(endOf(await ask(room, "wire/x")).type, "end");
});

test("a key that cannot be read is the stream's last event, its sentence once", async () => {
  const room = openRoom({ providers: { wire: { baseUrl: "http://127.0.0.1:1" } } }, {}, {
    secrets: () => Promise.reject(new OpenClawError("MODEL_NOT_CONFIGURED", { why: "THE_KEY is not set." })),
  });
  const end = endOf(await ask(room, "wire/x"));
  assert.ok(end.type === "error" && end.why === "THE_KEY is not set.", JSON.stringify(end));
});

test("whatever a provider does, the stream ends once and does not throw", async () => {
  const cases: readonly [string, Play, string][] = [
    ["throws at once", () => { throw new Error("sk-secret"); }, "INTERNAL"],
    ["throws later", async function* () { yield { type: "text", delta: "a" }; throw new Error("sk-secret"); }, "INTERNAL"],
    ["stops without an end", async function* () { yield { type: "text", delta: "a" }; }, "MODEL_OUTPUT_INVALID"],
    ["yields nothing sensible", async function* () { yield undefined as unknown as ModelEvent; }, "INTERNAL"],
    ["invents a code", async function* () { yield { type: "error", code: "NOPE" as "INTERNAL", why: "x" }; }, "INTERNAL"],
    ["calls without end", async function* () { yield { ...END,
      calls: Array.from({ length: 65 }, (_, n) => ({ id: `${n}`, name: "x", arguments: "{}" })) } as ModelEvent; }, "MODEL_OUTPUT_INVALID"],
  ];
  for (const [what, play, code] of cases) {
    const end = endOf(await ask(openRoom({}, { played: played(play) })));
    assert.ok(end.type === "error" && end.code === code && !end.why.includes("sk-secret"), `${what}: ${JSON.stringify(end)}`);
  }
  const twice = await ask(openRoom({},
    { played: played(async function* () { yield END; yield { type: "text", delta: "more" }; yield END; }) }));
  assert.deepEqual(twice, [END]);
});

test("a provider that hangs and ignores its signal is left behind: at the deadline, and at an abort", async () => {
  const hanging = played(async function* () {
    yield { type: "text", delta: "a" };
    await new Promise(() => {});
  });
  const late = openRoom({ callTimeoutMs: 60_000 }, { played: hanging });
  const waiting = ask(late);
  await late.clock.advance(59_999);
  let ended = false;
  void waiting.then(() => (ended = true));
  await late.clock.advance(0);
  assert.equal(ended, false);
  await late.clock.advance(1);
  const end = endOf(await waiting);
  assert.ok(end.type === "error" && end.code === "MODEL_TIMEOUT");

  const aborted = openRoom({}, { played: hanging });
  const controller = new AbortController();
  const stopping = ask(aborted, "played/one", controller.signal);
  await aborted.clock.advance(0);
  controller.abort();
  const stopped = endOf(await stopping);
  assert.ok(stopped.type === "error" && stopped.detail?.["aborted"] === true);
  assert.equal(aborted.clock.pending, 0);
  assert.deepEqual(aborted.logged, [], "an abort is nobody's failure");
});

test("an abort while nobody reads is there at the next read", async () => {
  const room = openRoom({}, { played: played(async function* () { for (;;) yield { type: "text", delta: "a" }; }) });
  const controller = new AbortController();
  const iterator = room.models.streamModel("played/one", callOf("hello"), controller.signal)[Symbol.asyncIterator]();
  await iterator.next();
  controller.abort(new OpenClawError("TURN_TIMEOUT"));
  const last = await iterator.next();
  assert.ok(last.value.type === "error" && last.value.code === "TURN_TIMEOUT");
  assert.deepEqual(await iterator.next(), { done: true, value: undefined });
});

test("whoever stops reading closes the provider's stream", async () => {
  let closed = false;
  const room = openRoom({}, { played: played(async function* () {
    try {
      for (;;) yield { type: "text", delta: "a" };
    } finally {
      closed = true;
    }
  }) });
  for await (const event of room.models.streamModel("played/one", callOf("hello"), never)) if (event.type === "text") break;
  await room.clock.advance(0);
  assert.ok(closed);
  assert.equal(room.clock.pending, 0);
});

test("leaving in the middle of a wait reaches the provider by its signal", async () => {
  const signals: AbortSignal[] = [];
  const room = openRoom({}, { played: played(async function* (_ctx, signal) {
    signals.push(signal);
    yield { type: "text", delta: "a" };
    await new Promise(() => {});
  }) });
  const iterator = room.models.streamModel("played/one", callOf("hello"), never)[Symbol.asyncIterator]();
  await iterator.next();
  void iterator.next();
  await iterator.return?.();
  assert.equal(signals[0]?.aborted, true);
  assert.equal(room.clock.pending, 0);
});

test("text beyond the limit ends the answer with length, and the server is hung up on", async () => {
  await using server = await openScriptedModel();
  server.script({ fault: "endless" });
  const room = openRoom({ outputBytesMax: 10_000, providers: { wire: { baseUrl: server.url } } });
  const events = await ask(room, "wire/x");
  const end = endOf(events);
  assert.ok(end.type === "end" && end.finish === "length" && end.usage.estimated === true && end.usage.inputTokens > 0);
  assert.ok(textOf(events).length <= 10_000);
  assert.equal(await server.requests[0]?.closed, "closed-by-client");
});

test("a megabyte of arguments is passed on cut one byte beyond what dispatch accepts", async () => {
  await using server = await openScriptedModel();
  server.script({ calls: [{ name: "write_file", arguments: { content: "x".repeat(1_000_000) } },
    { name: "exec", arguments: { argv: ["true"] } }] });
  const room = openRoom({ providers: { wire: { baseUrl: server.url } } });
  const end = endOf(await ask(room, "wire/x"));
  assert.ok(end.type === "end");
  assert.deepEqual(end.calls.map((call) => call.arguments.length), [262_145, "{\"argv\":[\"true\"]}".length]);
});

test("failures and retries are logged by code, without words that may quote the person", async () => {
  await using server = await openScriptedModel();
  server.script({ status: 503, headers: { "retry-after": "1" } },
    { status: 400, body: JSON.stringify({ error: { message: "canary prompt" } }) });
  const room = openRoom({ providers: { wire: { baseUrl: server.url } } });
  for await (const event of room.models.streamModel("wire/x", callOf("canary prompt"), never)) {
    if (event.type === "retry") setImmediate(() => void room.clock.advance(event.waitMs));
  }
  assert.deepEqual(room.logged, [
    { event: "model.retried", model: "wire/x", attempt: 2, waitMs: 1_000, code: "MODEL_UNAVAILABLE" },
    { event: "model.failed", model: "wire/x", code: "MODEL_REJECTED" },
  ]);
});

test("a call names its credential; without a name it is the first, and one that is not there ends the call (S4.10)", async () => {
  const asked: unknown[] = [];
  const room = openRoom({ providers: { played: { profiles: { one: { apiKeyEnv: "ONE" }, two: { apiKeyEnv: "TWO" } } } } }, {
    played: played(async function* (ctx) {
      await ctx.apiKey();
      yield END;
    }),
  }, {
    secrets: async (name, section) => {
      asked.push([name, section]);
      return new Secret("sk-profile");
    },
  });
  assert.deepEqual(room.models.profilesOf("played/one"), ["one", "two"]);
  assert.deepEqual(room.models.profilesOf("wire/x"), []);
  const call = (profile?: string): Promise<ModelEvent[]> => collectEvents(plainEvents(
    room.models.streamModel("played/one", { ...callOf("hello"), ...(profile === undefined ? {} : { profile }) }, never)));
  await call();
  await call("two");
  assert.deepEqual(asked, [["played.profiles.one", { apiKeyEnv: "ONE" }], ["played.profiles.two", { apiKeyEnv: "TWO" }]]);
  const end = endOf(await call("three"));
  assert.ok(end.type === "error" && end.code === "MODEL_NOT_CONFIGURED" && /profiles has no 'three'/.test(end.why), JSON.stringify(end));
});

test("an entry is served by the drop-in it names, by the one that speaks its interface, or by the usual one (S0.5)", async () => {
  await using model = await openScriptedModel();
  const asked: string[] = [];
  const named = (id: string, ...apis: readonly string[]): Provider => ({
    ...wire, id, apis, models: () => [],
    async *stream(request, ctx, signal) {
      asked.push(`${id} ${request.model}`);
      yield* wire.stream(request, ctx, signal);
    },
  });
  const broken = async (): Promise<Provider> => {
    throw new Error("it cannot be loaded");
  };
  const section = { baseUrl: model.url };
  const config: ModelsConfig = { providers: {
    plain: section, spoken: { ...section, api: "other-messages" }, used: { ...section, use: "second", api: "openai-completions" },
    second: section, unspoken: { ...section, api: "nobody-speaks-it" },
  } };
  const providers = { broken, first: named("first", "openai-completions"), second: named("second", "other-messages") };
  const room = openRoom(config, providers);
  assert.equal(room.loads, 0, "nothing is loaded before somebody asks");
  for (const ref of ["plain/a", "spoken/b", "used/c", "second/d"]) assert.equal(endOf(await ask(room, ref)).type, "end", ref);
  assert.deepEqual(asked, ["first a", "second b", "second c", "second d"]);
  await assert.rejects(room.models.resolveModel("unspoken/e"), (error) =>
    hasCode(error, "MODEL_NOT_CONFIGURED") && /no provider 'nobody-speaks-it'/.test(String(error)));
});

test("a section in the well-known program's words is read as ours; what nobody acts on is left out, a key stays out of it", async () => {
  const cost = { input: 3, output: 15 };
  const theirs = {
    baseUrl: "https://x", api: "anthropic-messages", apiKey: "${KEY_NAME}", timeoutMs: 5,
    models: [{ id: "m", name: "M", contextWindow: 7, maxTokens: 3, reasoning: true, input: ["text"], cost }, { id: "n", contextTokens: 9 }],
  };
  const plain = { id: "m", name: "M", contextTokens: 7, outputTokens: 3, cost };
  const rest = { baseUrl: "https://x", timeoutMs: 5, apiKeyEnv: "KEY_NAME" };
  const second = { id: "n", contextTokens: 9 };
  assert.deepEqual(readSection(theirs, new Set(["id"])), { ...rest, models: [plain, second] });
  assert.deepEqual(readSection(theirs, new Set(["reasoning"])), { ...rest, models: [{ ...plain, reasoning: true }, second] });
  const byReference = { apiKey: { source: "env", provider: "default", id: "KEY_NAME" } };
  assert.deepEqual(readSection(byReference, new Set()), { apiKeyEnv: "KEY_NAME" });
  const ours = { baseUrl: "https://x", models: [second] };
  assert.equal(readSection(ours, new Set()), ours, "nothing is made anew where nothing changes");
  assert.deepEqual(readSection({ apiKey: "sk-in-the-clear" }, new Set()), { apiKey: "sk-in-the-clear" }, "refused later, by name");
});
