/**
 * What a model, or the server it runs on, may get wrong: each ends in words the model can act on, or ends the turn with a
 * clear coded message; the session goes on in every case.
 */
import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { say, send, settled, streamed, toolResults, type Turn } from "@openclaw/testkit/conversation";
import { openRealGateway, type RealGateway, type Watched } from "@openclaw/testkit/real-gateway";
import { scriptedConfig } from "@openclaw/testkit/scripted-config";
import { openScriptedModel, type ScriptedAnswer, type ScriptedModel } from "@openclaw/testkit/scripted-model-server";

interface Setting {
  readonly model: ScriptedModel;
  readonly gateway: RealGateway;
  readonly operator: Watched;
}

type Provider = Readonly<Record<string, unknown>>;

/** `impatient`: a second provider beside the usual one, over the same server. */
async function open(t: TestContext, provider: Provider = {}, impatient?: Provider): Promise<Setting> {
  const model = await openScriptedModel();
  t.after(() => model.close());
  const config = scriptedConfig(model.url, { yesLocal: true, provider });
  const { providers } = config["models"] as { readonly providers: object };
  const second = impatient === undefined ? {} : {
    impatient: { use: "openai-compatible", baseUrl: model.url, models: [{ id: "test" }], ...impatient },
  };
  const gateway = await openRealGateway({ config: { ...config, models: { providers: { ...providers, ...second } } } });
  t.after(() => gateway.dispose());
  return { model, gateway, operator: await gateway.connect() };
}

/** The code a turn ended with, as whoever watches is told. */
function codeOf(operator: Watched, { runId }: Turn): string {
  return String(streamed(operator, "lifecycle", runId).findLast(({ phase }) => phase === "error")?.["code"]);
}

async function goesOn(operator: Watched): Promise<void> {
  assert.equal((await say(operator, "still there?")).reply, "echo: still there?");
}

test("calls that cannot be carried out are results the model reads, and it goes on from there (S0.6, S0.18, S2.39)", async (t) => {
  const { model, operator } = await open(t);
  const wrong: readonly (readonly [string, unknown, RegExp])[] = [
    ["no_such_tool", {}, /^TOOL_UNKNOWN: .*exec/],
    ["exec", { argv: "not a list" }, /^TOOL_ARGS_INVALID: /],
    ["exec", { argv: ["true"], sudo: true }, /^TOOL_ARGS_INVALID: .*sudo/],
    ["exec", "{\"argv\": [\"true\"", /^TOOL_ARGS_INVALID: .*not JSON/],
    ["exec", "[1,2,3]", /^TOOL_ARGS_INVALID: /],
    ["exec", { argv: ["echo", "x".repeat(1_048_576)] }, /^TOOL_ARGS_TOO_LARGE: .*\d+ bytes/],
    ["exec", { node: "nobody", argv: ["true"] }, /^NODE_UNKNOWN: /],
    ["exec", { tag: "nothing", argv: ["true"] }, /^NODE_TAG_NONE: /],
    ["exec", { argv: ["no-such-program-anywhere"] }, /^COMMAND_NOT_STARTED: /],
    ["", {}, /^TOOL_UNKNOWN: /],
  ];
  for (const [name, args, expected] of wrong) {
    model.script({ calls: [{ name, arguments: args }] });
    const turn = await say(operator, "go");
    assert.equal(turn.status, "ok", turn.error);
    assert.match(toolResults(turn)[0] ?? "", expected);
    assert.equal(turn.messages[2]?.isError, true);
    assert.match(turn.reply, /^done: /, "the model read it and answered");
  }
  await goesOn(operator);
});

test("many calls at once are carried out in order and bounded; the same id twice is two calls (S0.6, S3.5, S3.11)", async (t) => {
  const { model, operator } = await open(t);
  model.script({ calls: ["one", "two", "three"].map((word) => ({ name: "exec", arguments: { argv: ["echo", word] }, id: "same" })) });
  assert.deepEqual(toolResults(await say(operator, "go")), ["one", "two", "three"]);
  model.script({ calls: Array.from({ length: 100 }, (_, at) => ({ name: "exec", arguments: { argv: ["echo", String(at)] } })) });
  const many = await say(operator, "go");
  assert.equal(many.status, "error");
  assert.match(many.error ?? "", /100 calls at once; at most 64/);
  assert.deepEqual(toolResults(many), [], "none of them ran");
  await goesOn(operator);
});

test("a model that calls tools without end is stopped after a bounded number of steps, and that is said (S0.20, S2.11)", async (t) => {
  const { model, operator } = await open(t);
  const turn = await say(operator, "go [[loop exec {\"argv\":[\"true\"]}]]");
  assert.equal(turn.status, "error");
  assert.match(turn.error ?? "", /times/);
  assert.equal(codeOf(operator, turn), "TURN_RUNAWAY");
  assert.ok(model.requests.length <= 64, `asked ${model.requests.length} times`);
  await goesOn(operator);
});

test("each way a model server can fail ends the turn with a code and a sentence, and the session goes on "
  + "(S0.5, S0.20, S3.2)", async (t) => {
  const { model, operator } = await open(t, { attemptsMax: 2 });
  const faults: readonly (readonly [string, RegExp, ScriptedAnswer?])[] = [
    ["cut", /^MODEL_UNAVAILABLE$/],
    ["reset", /^MODEL_UNAVAILABLE$/],
    ["429", /^MODEL_RATE_LIMITED$/],
    ["500", /^MODEL_UNAVAILABLE$/],
    ["malformed", /^MODEL_OUTPUT_INVALID$/],
    ["endless", /^MODEL_OUTPUT_INVALID$/],
    ["error-body", /^MODEL_REJECTED$/],
    ["refused", /^MODEL_AUTH$/, { status: 401 }],
    ["a page", /^MODEL_OUTPUT_INVALID$/, { raw: ["<html>hello</html>"], contentType: "text/html" }],
  ];
  for (const [what, code, answer] of faults) {
    if (answer !== undefined) model.script(answer);
    const turn = await say(operator, answer === undefined ? `please [[fault ${what}]]` : "please");
    assert.equal(turn.status, "error", `${what}: ${turn.reply}`);
    assert.match(codeOf(operator, turn), code, what);
    assert.ok((turn.error ?? "").length > 10, `${what}: says why`);
    const final = operator.events.findLast(({ event, payload }) => event === "chat" && (payload as { runId: string }).runId === turn.runId);
    assert.equal((final?.payload as { state: string }).state, "error", `${what}: whoever watches sees the end`);
    await goesOn(operator);
  }
});

test("a fault that passes is overcome without anybody noticing: one good answer after two bad ones (S0.5)", async (t) => {
  const { model, operator } = await open(t);
  model.script({ status: 429, headers: { "retry-after": "0" } }, { fault: "reset" }, { text: "here it is" });
  const turn = await say(operator, "please");
  assert.equal(turn.status, "ok", turn.error);
  assert.equal(turn.reply, "here it is");
  assert.equal(model.requests.length, 3);
});

test("a model that falls silent is given up after its time, or at once when a person stops the turn (S0.5, S0.20)", async (t) => {
  const { model, operator } = await open(t, { attemptsMax: 1 }, { timeoutMs: 700, attemptsMax: 1 });
  await operator.client.request("sessions.create", { key: "agent:main:impatient" });
  await operator.client.request("sessions.patch", { key: "agent:main:impatient", model: "impatient/test" });
  model.script({ text: [], silence: true });
  const silent = await say(operator, "hello?", { session: "agent:main:impatient" });
  assert.equal(silent.status, "error");
  assert.equal(codeOf(operator, silent), "MODEL_TIMEOUT");
  const runId = await send(operator, "long [[tokens 5000 20]]");
  await operator.until(({ event, payload }) => event === "chat" && JSON.stringify(payload).includes("word3"));
  const stopped = await operator.client.request("chat.abort", { sessionKey: "main", runId });
  assert.equal((stopped as { aborted: boolean }).aborted, true);
  await settled(operator, runId);
  assert.equal(await model.requests.at(-1)?.closed, "closed-by-client", "the model is not left talking");
  await goesOn(operator);
});
