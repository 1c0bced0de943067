/**
 * What every provider promises, as tests: one body, run by each provider in three lines.
 *
 *     providerContract("demo", async () => ({ provider, config: {}, model: "demo", ask: "hello", askTool: "run a system check", tools }));
 *
 * The suite is the definition of the port: never throws; exactly one `end` or `error`, last; prompt on abort; usage always
 * there; tool calls that can be dispatched; no state between requests; the key in no event.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ERRORS, OpenClawError, type JsonSchema } from "@openclaw/protocol";
import type { ModelEvent, ModelMessage, ModelRequest, Provider, ProviderContext, ToolCall, ToolFace } from "@openclaw/sdk";
import { waitReally } from "./wait-really.ts";

export interface ProviderUnderTest {
  readonly provider: Provider;
  readonly config: unknown;
  readonly model: string;
  /** A message that is answered with several words and no call. */
  readonly ask: string;
  /** A message that makes it call at least one of `tools`. */
  readonly askTool: string;
  readonly tools: readonly ToolFace[];
  /** A configuration under which every call fails; absent where nothing can fail. */
  readonly broken?: unknown;
  /** How often a key is asked for; false where none is needed. */
  readonly usesKey?: boolean;
  close?(): Promise<void>;
}

export const CONTRACT_KEY = "sk-contract-0123456789abcdef";

/** Milliseconds of real time after which a stream counts as hanging. */
const HANG_MS = 5_000;

/** A context with a real clock whose waits are real, and fixed chance. Replace what a test wants to steer. */
export function providerContext(config: unknown, steer: Partial<ProviderContext> = {}): ProviderContext {
  return {
    config,
    apiKey: async () => CONTRACT_KEY,
    now: () => Date.now(),
    wait: waitReally,
    random: () => 0.5,
    ...steer,
  };
}

/** Fifty times faster, but still real: a wait that takes no time at all would starve whatever it waits for. */
function waitShortened(ms: number, signal: AbortSignal): Promise<void> {
  return waitReally(ms / 50, signal);
}

/** A request with sensible rest. */
export function modelRequest(messages: readonly ModelMessage[] | string, rest: Partial<ModelRequest> = {}): ModelRequest {
  return {
    model: "scripted",
    messages: typeof messages === "string" ? [{ role: "user", text: messages }] : messages,
    tools: [],
    idempotencyKey: "key-1",
    ...rest,
  };
}

/** Reads a stream to its end, failing the test when it hangs. */
export async function collectEvents(stream: AsyncIterable<ModelEvent>): Promise<ModelEvent[]> {
  const events: ModelEvent[] = [];
  let timer: NodeJS.Timeout | undefined;
  const hang = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`the stream hangs after ${JSON.stringify(events.slice(-3))}`)), HANG_MS);
  });
  const read = async (): Promise<ModelEvent[]> => {
    for await (const event of stream) events.push(event);
    return events;
  };
  try {
    return await Promise.race([read(), hang]);
  } finally {
    clearTimeout(timer);
  }
}

export function textOf(events: readonly ModelEvent[]): string {
  return events.map((event) => (event.type === "text" ? event.delta : "")).join("");
}

/** Asserts the shape every stream has and returns its last event. */
export function endOf(events: readonly ModelEvent[]): Extract<ModelEvent, { type: "end" | "error" }> {
  const ends = events.filter((event) => event.type === "end" || event.type === "error");
  assert.equal(ends.length, 1, `exactly one end or error, got ${ends.length}`);
  const last = events.at(-1);
  assert.ok(last !== undefined && (last.type === "end" || last.type === "error"), "the end is the last event");
  for (const event of events) {
    if (event.type === "text" || event.type === "thinking") {
      assert.ok(typeof event.delta === "string" && event.delta !== "", "a delta brings something");
    }
    if (event.type === "retry") {
      assert.ok(Object.hasOwn(ERRORS, event.code), `${event.code} is in the catalogue`);
      assert.ok(Number.isInteger(event.attempt) && event.attempt >= 2 && event.waitMs >= 0,
        "a retry names the coming attempt and its wait");
    }
  }
  if (last.type === "error") {
    assert.ok(Object.hasOwn(ERRORS, last.code), `${last.code} is in the catalogue`);
    assert.ok(last.why.length > 0 && last.why.length <= 2_000, "the reason is said, and bounded");
  } else {
    for (const count of [last.usage.inputTokens, last.usage.outputTokens]) assert.ok(Number.isInteger(count) && count >= 0,
      "usage counts tokens");
    assert.equal(last.finish === "tools", last.calls.length > 0 && last.finish !== "length" && last.finish !== "refusal",
      "tools means calls");
  }
  return last;
}

/** Registers the suite. `open` is called once for each test. */
export function providerContract(name: string, open: () => Promise<ProviderUnderTest>): void {
  const contract = (promise: string, run: (under: ProviderUnderTest) => Promise<void>): void => {
    test(`${name}: ${promise}`, async () => {
      const under = await open();
      try {
        await run(under);
      } finally {
        await under.close?.();
      }
    });
  };
  const stream = (under: ProviderUnderTest, messages: readonly ModelMessage[] | string, steer: Partial<ProviderContext> = {},
    signal: AbortSignal = new AbortController().signal, config: unknown = under.config): AsyncIterable<ModelEvent> =>
    under.provider.stream(modelRequest(messages, { model: under.model, tools: under.tools }), providerContext(config, steer), signal);

  contract("says what it is and which models it offers, without asking anybody", async ({ provider, config, model }) => {
    assert.match(provider.id, /^[a-z][a-z0-9-]{0,63}$/);
    assert.ok(provider.label.length > 0);
    assert.equal((provider.config satisfies JsonSchema).type, "object");
    const models = provider.models(config);
    assert.ok(models.some((info) => info.id === model), "the model under test is offered");
    for (const info of models) assert.ok(info.name !== "" && Number.isInteger(info.contextTokens) && info.contextTokens > 0);
  });

  contract("answers in several deltas, then ends once, with usage", async (under) => {
    const events = await collectEvents(stream(under, under.ask));
    const end = endOf(events);
    assert.equal(end.type, "end");
    assert.ok(end.type === "end" && end.finish === "stop" && end.usage.inputTokens > 0 && end.usage.outputTokens > 0);
    assert.ok(events.filter((event) => event.type === "text").length > 1);
  });

  contract("calls only tools it was given, with ids of their own and arguments that are JSON objects", async (under) => {
    const end = endOf(await collectEvents(stream(under, under.askTool)));
    assert.ok(end.type === "end" && end.finish === "tools");
    assert.equal(new Set(end.calls.map((call) => call.id)).size, end.calls.length);
    for (const call of end.calls) {
      assert.ok(call.id !== "" && under.tools.some((tool) => tool.name === call.name), call.name);
      const args: unknown = JSON.parse(call.arguments);
      assert.ok(typeof args === "object" && args !== null && !Array.isArray(args));
    }
  });

  contract("comes to an end once its calls are answered", async (under) => {
    const messages: ModelMessage[] = [{ role: "user", text: under.askTool }];
    for (let step = 0; step < 8; step += 1) {
      const events = await collectEvents(stream(under, messages));
      const end = endOf(events);
      assert.ok(end.type === "end");
      if (end.finish === "stop") return void assert.notEqual(textOf(events), "");
      messages.push({ role: "assistant", text: textOf(events), calls: end.calls }, ...end.calls.map(answerOf));
    }
    assert.fail("still calling tools after eight steps");
  });

  contract("ends promptly when it was aborted before it began", async (under) => {
    const end = endOf(await collectEvents(stream(under, under.ask, {}, AbortSignal.abort(new Error("stop")))));
    assert.equal(end.type, "error");
  });

  contract("ends promptly when it is aborted in mid-stream, with the code of the abort's reason", async (under) => {
    const controller = new AbortController();
    const events: ModelEvent[] = [];
    for await (const event of stream(under, under.ask, {}, controller.signal)) {
      events.push(event);
      if (event.type === "text") controller.abort(new OpenClawError("TURN_TIMEOUT"));
    }
    const end = endOf(events);
    assert.ok(end.type === "error" && end.code === "TURN_TIMEOUT");
    assert.equal(events.filter((event) => event.type === "text").length, 1, "nothing is said after the abort");
  });

  contract("can be left in the middle", async (under) => {
    for await (const event of stream(under, under.ask)) if (event.type === "text") break;
  });

  contract("keeps streams apart that run at once", async (under) => {
    const [first, second, third] = await Promise.all([
      collectEvents(stream(under, under.ask)), collectEvents(stream(under, under.askTool)), collectEvents(stream(under, under.ask)),
    ]);
    assert.equal(textOf(first), textOf(third));
    for (const events of [first, second, third]) endOf(events);
  });

  contract("never throws when the key cannot be read", async (under) => {
    const apiKey = async (): Promise<string | null> => {
      throw new OpenClawError("MODEL_NOT_CONFIGURED", { why: "No key." });
    };
    const end = endOf(await collectEvents(stream(under, under.ask, { apiKey })));
    if (under.usesKey !== false) assert.ok(end.type === "error" && end.code === "MODEL_NOT_CONFIGURED");
  });

  contract("never throws when everything fails, and tells no key", async (under) => {
    if (under.broken === undefined) return;
    const events = await collectEvents(stream(under, under.ask, { wait: waitShortened }, undefined, under.broken));
    assert.equal(endOf(events).type, "error");
    assert.ok(!JSON.stringify(events).includes(CONTRACT_KEY));
  });
}

function answerOf(call: ToolCall): ModelMessage {
  return { role: "tool", callId: call.id, name: call.name, text: "all is well", isError: false };
}
