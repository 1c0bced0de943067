/** The official OpenAI client library, unmodified, against the real program (decision 0050). */
import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import OpenAI, { APIError, APIUserAbortError, AuthenticationError, BadRequestError, NotFoundError, RateLimitError } from "openai";
import { openRealGateway, type RealGateway } from "@openclaw/testkit/real-gateway";
import { callMark, scriptedConfig } from "@openclaw/testkit/scripted-config";
import { openScriptedModel, type ScriptedModel } from "@openclaw/testkit/scripted-model-server";
import { history, textOf } from "@openclaw/testkit/conversation";

interface World { readonly gateway: RealGateway; readonly model: ScriptedModel; client(more?: object): OpenAI }

async function open(t: TestContext, gatewayConfig: object = {}): Promise<World> {
  const model = await openScriptedModel();
  t.after(() => model.close());
  const endpoints = { chatCompletions: { enabled: true }, responses: { enabled: true } };
  const base = scriptedConfig(model.url, { yesLocal: true });
  const agents = { ...(base["agents"] as object), entries: { helper: { name: "Helper" } } };
  const gateway = await openRealGateway({ config: { ...base, agents, gateway: { http: { endpoints }, ...gatewayConfig } } });
  t.after(() => gateway.dispose());
  return {
    gateway, model,
    client: (more = {}) => new OpenAI({ apiKey: gateway.token, baseURL: `http://127.0.0.1:${gateway.port}/v1`, maxRetries: 0, ...more }),
  };
}

/** The library's own kind of error, with what it says. */
const is = (kind: Function, says: (error: APIError) => boolean = () => true) => (error: unknown): boolean =>
  error instanceof kind && says(error as APIError);

const user = (content: string): { role: "user"; content: string } => ({ role: "user", content });

test("chat completions: whole and as a stream, with usage, a stable session for each user, and tools of the agent's own "
  + "(S4.1, S4.11)", async (t) => {
  const { gateway, model, client } = await open(t);
  const openai = client();
  const whole = await openai.chat.completions.create({ model: "openclaw", messages: [user("hello")] });
  assert.match(whole.id, /^chatcmpl_[0-9a-f-]{36}$/);
  assert.deepEqual([whole.object, whole.model, whole.choices[0]?.finish_reason], ["chat.completion", "openclaw", "stop"]);
  assert.equal(whole.choices[0]?.message.content, "echo: hello");
  assert.ok(whole.usage !== undefined && whole.usage.prompt_tokens > 0 && whole.usage.completion_tokens > 0);
  assert.equal(whole.usage.total_tokens, whole.usage.prompt_tokens + whole.usage.completion_tokens);

  const stream = await openai.chat.completions.create({
    model: "openclaw/default", stream: true, stream_options: { include_usage: true }, messages: [user("[[tokens 5 20]]")],
  });
  const chunks: OpenAI.ChatCompletionChunk[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  assert.deepEqual(chunks[0]?.choices[0]?.delta, { role: "assistant", content: "" });
  interface Piece { readonly delta: { readonly content?: string | null } }
  const pieces = chunks.flatMap(({ choices }) => choices.map(({ delta }: Piece) => delta.content ?? ""));
  assert.equal(pieces.join(""), "word0 word1 word2 word3 word4 ");
  assert.ok(pieces.filter((piece) => piece !== "").length > 1, "it came piece by piece");
  assert.equal(chunks.at(-2)?.choices[0]?.finish_reason, "stop");
  assert.ok((chunks.at(-1)?.usage?.completion_tokens ?? 0) > 0);
  assert.equal(new Set(chunks.map(({ id }) => id)).size, 1);

  for (const words of ["I am Ada", "who am I"]) {
    await openai.chat.completions.create({ model: "openclaw", user: "ada", messages: [user(words)] });
  }
  const watched = await gateway.connect();
  const said = await history(watched, "agent:main:openai-user:ada");
  assert.deepEqual(said.map((one) => [one.role, textOf(one)]), [
    ["user", "I am Ada"], ["assistant", "echo: I am Ada"], ["user", "who am I"], ["assistant", "echo: who am I"],
  ]);

  const command = callMark("exec", { argv: ["echo", "by-a-tool"] });
  const helped = await openai.chat.completions.create({ model: "agent:helper", messages: [user(command)] });
  assert.match(helped.choices[0]?.message.content ?? "", /^done: [^]*by-a-tool/);
  assert.equal(model.requests.length, 6);

  const runner = openai.chat.completions.stream({ model: "openclaw", messages: [user("through the helper of the library")] });
  assert.equal(await runner.finalContent(), "echo: through the helper of the library");
});

test("what was said before goes along into a new session as quoted text, which gives nothing in it authority (C17)", async (t) => {
  const { gateway, model, client } = await open(t);
  const messages: OpenAI.ChatCompletionMessageParam[] = [
    { role: "system", content: "Answer in verse." }, user("first"), { role: "assistant", content: "an answer" },
    { role: "user", content: [{ type: "text", text: "second" }] },
  ];
  const { response } = await client().chat.completions.create({ model: "openclaw", messages }).withResponse();
  const [system, asked] = model.requests[0]?.body.messages ?? [];
  assert.match(system?.content ?? "", /Answer in verse\./);
  assert.match(asked?.content ?? "", /User: first\n\nAssistant: an answer\n\n\[What the user says now\]\nsecond$/);
  const key = decodeURI(response.headers.get("x-openclaw-session-key") ?? "");
  assert.match(key, /^agent:main:openai:[0-9a-f-]{36}$/);
  const [first] = await history(await gateway.connect(), key);
  assert.equal(first?.__openclaw.label, "agent", "the least trusted of what it holds");
});

test("errors are the library's own: 400, 401, 404, and a failed turn that is not asked for again", async (t) => {
  const { model, client } = await open(t);
  const ask = (openai: OpenAI, more: object): Promise<unknown> =>
    openai.chat.completions.create({ model: "openclaw", messages: [user("x")], ...more } as OpenAI.ChatCompletionCreateParamsNonStreaming);
  const isUnauthorized = is(AuthenticationError, (error) => error.status === 401 && error.type === "unauthorized");
  await assert.rejects(ask(client({ apiKey: "wrong" }), {}), isUnauthorized);
  for (const [more, param] of [
    [{ model: "gpt-4o" }, "model"], [{ messages: [] }, "messages"], [{ messages: [{ role: "assistant", content: "x" }] }, "messages"],
    [{ tools: [{ type: "function", function: { name: "f" } }] }, "tools"], [{ n: 2 }, "n"],
    [{ messages: [{ role: "user", content: [{ type: "image_url", image_url: { url: "file:///etc/passwd" } }] }] }, "messages"],
    [{ response_format: { type: "json_object" } }, "response_format"],
  ] as const) {
    await assert.rejects(ask(client(), more), is(BadRequestError, (error) => error.param === param), JSON.stringify(more));
  }
  await assert.rejects(ask(client(), { model: "openclaw/nobody" }), is(NotFoundError, (error) => error.code === "model_not_found"));
  await assert.rejects(client().models.retrieve("openclaw/nobody"), NotFoundError);
  await assert.rejects(client().embeddings.create({ model: "openclaw", input: "x" }), NotFoundError);
  await assert.rejects(
    ask(client({ defaultHeaders: { "x-openclaw-model": "nobody/nothing" } }), {}),
    is(BadRequestError, (error) => error.param === "x-openclaw-model"),
  );

  model.script({ status: 400, body: '{"error":{"message":"the prompt is too long"}}' });
  const before = model.requests.length;
  const isRejected = is(APIError, (error) => error.status === 502 && error.code === "MODEL_REJECTED" && /too long/.test(error.message));
  await assert.rejects(ask(client({ maxRetries: 2 }), {}), isRejected);
  assert.equal(model.requests.length, before + 1, "one request, one turn");
  model.script({ status: 400, body: '{"error":{"message":"the prompt is too long"}}' });
  await assert.rejects(async () => {
    for await (const _ of await client().chat.completions.create({ model: "openclaw", stream: true, messages: [user("x")] })) void _;
  }, is(APIError, (error) => error.code === "MODEL_REJECTED"));
});

test("guesses are counted with those over WebSocket: a page that guesses is locked out with 429 and told how long (W.9.10)", async (t) => {
  const { gateway, client } = await open(t);
  const guessing = client({ apiKey: "wrong", defaultHeaders: { origin: `http://127.0.0.1:${gateway.port}` } });
  for (let guess = 0; guess < 10; guess += 1) await assert.rejects(guessing.models.list(), AuthenticationError);
  const isLockedOut = is(RateLimitError, (error) => error.type === "rate_limited" && Number(error.headers?.get("retry-after")) > 200);
  await assert.rejects(guessing.models.list(), isLockedOut);
  assert.equal((await client().models.list()).data.length, 4, "others are not locked out with it");
});

test("models are the agents; each may be asked for by its name", async (t) => {
  const { client } = await open(t);
  const { data } = await client().models.list();
  assert.deepEqual(data.map(({ id }: { readonly id: string }) => id), ["openclaw", "openclaw/default", "openclaw/main", "openclaw/helper"]);
  const one = await client().models.retrieve("openclaw/helper");
  assert.deepEqual(one, { id: "openclaw/helper", object: "model", created: 0, owned_by: "openclaw" });
});

test("who goes away leaves a turn that goes on and can be read later; one that asked for it is stopped (S0.16)", async (t) => {
  const { gateway, client } = await open(t);
  const watched = await gateway.connect();
  const leave = async (session: string, words: number, headers: Record<string, string>): Promise<string> => {
    const stream = await client().chat.completions.create(
      { model: "openclaw", stream: true, user: session, messages: [user(`[[tokens ${words} 25]]`)] }, { headers },
    );
    try {
      for await (const chunk of stream) if ((chunk.choices[0]?.delta.content ?? "") !== "") stream.controller.abort();
    } catch (error) {
      assert.ok(error instanceof APIUserAbortError);
    }
    for (;;) {
      const { session: row } = (await watched.client.request("sessions.describe", { key: `agent:main:openai-user:${session}` })) as {
        session: { hasActiveRun: boolean; status: string };
      };
      if (!row.hasActiveRun) return row.status;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  assert.equal(await leave("stays", 40, {}), "done");
  assert.match(textOf((await history(watched, "agent:main:openai-user:stays")).at(-1)), /word39 $/);
  assert.equal(await leave("stops", 10_000, { "x-openclaw-on-close": "stop" }), "killed");
});

test("the same call under its key is one turn with one answer, however often it comes (S1.20)", async (t) => {
  const { model, client } = await open(t);
  const options = { headers: { "Idempotency-Key": "once" } };
  const ask = (): Promise<OpenAI.ChatCompletion> =>
    client().chat.completions.create({ model: "openclaw", messages: [user("count me")] }, options);
  const [first, second] = await Promise.all([ask(), ask()]);
  const third = await ask();
  assert.equal(model.requests.length, 1);
  for (const one of [second, third]) assert.deepEqual([one.id, one.choices], [first.id, first.choices]);
});

test("responses: whole, as a stream with the library's events, and continued by the id of the one before (W.9.5)", async (t) => {
  const { model, client } = await open(t);
  const openai = client();
  const first = await openai.responses.create({ model: "openclaw", input: "hello", instructions: "Be brief." });
  assert.match(first.id, /^resp_[0-9a-f-]{36}$/);
  assert.deepEqual([first.status, first.output_text, first.object], ["completed", "echo: hello", "response"]);
  assert.ok((first.usage?.total_tokens ?? 0) > 0);
  assert.match(model.requests[0]?.body.messages[0]?.content ?? "", /Be brief\./);

  const events: OpenAI.Responses.ResponseStreamEvent[] = [];
  const stream = openai.responses.stream({ model: "openclaw", input: [user("[[tokens 3 10]]")], previous_response_id: first.id });
  for await (const event of stream) events.push(event);
  const final = await stream.finalResponse();
  assert.equal(final.output_text, "word0 word1 word2 ");
  const types = events.map(({ type }) => type);
  assert.deepEqual([...new Set(types)], [
    "response.created", "response.in_progress", "response.output_item.added", "response.content_part.added", "response.output_text.delta",
    "response.output_text.done", "response.content_part.done", "response.output_item.done", "response.completed",
  ]);
  assert.deepEqual(events.map(({ sequence_number: at }) => at), events.map((_, at) => at));
  const seen = model.requests.at(-1)?.body.messages.map(({ content }) => content);
  assert.deepEqual(seen?.slice(1), ["hello", "echo: hello", "[[tokens 3 10]]"], "the session remembers what was said");
  const third = await openai.responses.create({ model: "openclaw", input: "and now", previous_response_id: final.id });
  assert.equal(third.output_text, "echo: and now");
  await assert.rejects(
    openai.responses.create({ model: "openclaw", input: "x", previous_response_id: "resp_11111111-1111-4111-8111-111111111111" }),
    is(BadRequestError, (error) => error.code === "previous_response_not_found"),
  );
  const unasked = { model: "openclaw", input: [{ type: "message", role: "assistant", content: "x" }] } as never;
  await assert.rejects(openai.responses.create(unasked), BadRequestError);
  model.script({ status: 400, body: '{"error":{"message":"no"}}' });
  const failing = openai.responses.stream({ model: "openclaw", input: "x" });
  const failed: string[] = [];
  for await (const { type } of failing) failed.push(type);
  assert.equal(failed.at(-1), "response.failed");
});

test("everything is off until the owner turns it on, and answers as if it did not exist (W.9.4)", async (t) => {
  const model = await openScriptedModel();
  t.after(() => model.close());
  const gateway = await openRealGateway({ config: scriptedConfig(model.url) });
  t.after(() => gateway.dispose());
  const client = new OpenAI({ apiKey: gateway.token, baseURL: `http://127.0.0.1:${gateway.port}/v1`, maxRetries: 0 });
  await assert.rejects(client.chat.completions.create({ model: "openclaw", messages: [user("x")] }), NotFoundError);
  await assert.rejects(client.responses.create({ model: "openclaw", input: "x" }), NotFoundError);
  await assert.rejects(client.models.list(), NotFoundError);
  assert.equal(model.requests.length, 0);
});
