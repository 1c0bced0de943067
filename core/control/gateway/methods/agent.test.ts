import assert from "node:assert/strict";
import { test } from "node:test";
import { hasCode } from "@openclaw/protocol";
import { configCommand } from "../commands/config-command.ts";
import type { ChannelDeliverer } from "../../sessions.ts";
import { openConversation } from "./conversation.testing.ts";

const RUN = { message: "hello", idempotencyKey: "k1" };

test("running an agent answers twice: accepted when it is stored, then how it ended, with the reply (W.6.20)", async (t) => {
  const { settled, responded, watched, clock } = await openConversation(t);
  const startedAt = clock.now();
  const outcome = await settled("agent", RUN);
  assert.deepEqual(responded, [{ runId: "k1", sessionKey: "agent:main:main", agentId: "main", status: "accepted", acceptedAt: startedAt }]);
  assert.deepEqual(watched, ["agent:main:main"]);
  const { result, ...rest } = outcome as {
    readonly result: { readonly payloads: unknown; readonly meta: Readonly<Record<string, unknown>> };
  };
  assert.deepEqual(rest, { runId: "k1", sessionKey: "agent:main:main", agentId: "main", status: "ok", summary: "completed" });
  assert.deepEqual(result.payloads, [{ text: "echo: hello", mediaUrl: null }]);
  assert.equal(result.meta["aborted"], false);
  const { provider, model, label } = result.meta["agentMeta"] as Readonly<Record<string, unknown>>;
  assert.deepEqual([provider, model, label], ["test", "test", "Label of test/test"]);
});

test("the same key again gives the same outcome and no second run (W.2.22)", async (t) => {
  const { settled, world } = await openConversation(t);
  await settled("agent", RUN);
  assert.equal((await settled("agent", RUN))["status"], "ok");
  assert.deepEqual(await world.transcript("agent:main:main"), ["user: hello", "assistant: echo: hello"]);
});

test("agent, session, model and prompt are those that were asked for", async (t) => {
  const asked: { readonly system: string }[] = [];
  const { settled, world } = await openConversation(t, {
    model: async function* (request) {
      asked.push({ system: request.messages[0]?.text ?? "" });
      yield { type: "end", finish: "stop", calls: [], usage: { inputTokens: 1, outputTokens: 1 } };
    },
  });
  const outcome = await settled("agent", {
    ...RUN,
    agentId: "helper",
    sessionKey: "work",
    model: "gpt",
    provider: "openai",
    extraSystemPrompt: "Rhyme.",
  });
  assert.deepEqual([outcome["sessionKey"], outcome["agentId"]], ["agent:helper:work", "helper"]);
  assert.match(asked[0]?.system ?? "", /Rhyme\.$/);
  const log = await world.journal.load(world.journal.address("agent:helper:work"));
  const started = (await log.read(0, 10)).find(({ type }) => type === "turn.started");
  assert.equal((started?.body as { readonly model: string }).model, "openai/gpt");
});

test("a run that failed says so with its code, a run that took too long is a timeout", async (t) => {
  const failing = await openConversation(t, {
    model: async function* () {
      yield { type: "error", code: "MODEL_RATE_LIMITED", why: "Slow down." };
    },
  });
  const { status, summary, error, result } = (await failing.settled("agent", RUN)) as Readonly<Record<string, unknown>>;
  assert.deepEqual([status, summary, error], ["error", "Slow down.", { code: "MODEL_RATE_LIMITED", message: "Slow down." }]);
  assert.deepEqual((result as { readonly payloads: unknown }).payloads, []);
  const slow = await openConversation(t, {
    model: async function* () {
      await slow.clock.advance(2_000);
      yield {
        type: "end",
        finish: "tools",
        calls: [{ id: "c", name: "none", arguments: "{}" }],
        usage: { inputTokens: 1, outputTokens: 1 },
      };
    },
  });
  assert.equal((await slow.settled("agent", { ...RUN, timeout: 1 }))["status"], "timeout");
});

test("a client that leaves ends its own wait, not the run", async (t) => {
  const gate = Promise.withResolvers<void>();
  const { call, settle, world } = await openConversation(t, {
    model: async function* () {
      await gate.promise;
      yield { type: "end", finish: "stop", calls: [], usage: { inputTokens: 1, outputTokens: 1 } };
    },
  });
  const left = new AbortController();
  const running = call("agent", RUN, left.signal);
  running.catch(() => undefined);
  await settle();
  left.abort(new Error("the socket closed"));
  await assert.rejects(running, /the socket closed/);
  gate.resolve();
  await settle();
  assert.equal((await world.sessions.wait("k1", 0, new AbortController().signal))?.status, "ok");
});

test("waiting for a run gives its end, or timeout when it is not there in time or not known (W.6.21)", async (t) => {
  const gate = Promise.withResolvers<void>();
  const { call, settled, settle, clock } = await openConversation(t, {
    model: async function* () {
      await gate.promise;
      yield { type: "error", code: "MODEL_TIMEOUT", why: "Late." };
    },
  });
  await settled("chat.send", { sessionKey: "main", ...RUN });
  const waiting = call("agent.wait", { runId: "k1", timeoutMs: 1_000 });
  await clock.advance(1_000);
  assert.deepEqual(await waiting, { runId: "k1", status: "timeout" });
  assert.deepEqual(await call("agent.wait", { runId: "nobody's" }), { runId: "nobody's", status: "timeout" });
  gate.resolve();
  await settle();
  const { endedAt, ...ended } = (await call("agent.wait", { runId: "k1" })) as Readonly<Record<string, unknown>>;
  assert.deepEqual(ended, { runId: "k1", status: "error", error: "Late.", stopReason: "error" });
  assert.equal(typeof endedAt, "number");
});

test("an agent is known by its id or by a session of its own (W.6.22)", async (t) => {
  const { call } = await openConversation(t);
  const helper = { agentId: "helper", name: "Helper", nameSource: "agent", avatar: "H" };
  assert.deepEqual(await call("agent.identity.get"), { agentId: "main", name: "Clawd", nameSource: "agent", avatar: "C" });
  assert.deepEqual(await call("agent.identity.get", { agentId: "helper" }), helper);
  assert.deepEqual(await call("agent.identity.get", { sessionKey: "agent:helper:work" }), helper);
  await assert.rejects(call("agent.identity.get", { agentId: "nobody" }), (error) => hasCode(error, "UNKNOWN_AGENT_ID"));
});

test("a command and its answer are kept once, for people alone; a key that was answered before a restart is not carried out again "
  + "(W.6.19, W.6.52)", async (t) => {
  const asked: string[] = [];
  const { call, settled, shown, world } = await openConversation(t, {
    model: async function* (request) {
      asked.push(request.messages.map(({ text }) => text).join("|"));
      yield { type: "text", delta: "hello" };
      yield { type: "end", finish: "stop", calls: [], usage: { inputTokens: 1, outputTokens: 1 } };
    },
  });
  const status = { sessionKey: "main", message: "/whoami", idempotencyKey: "c1" };
  for (let times = 0; times < 2; times++) await settled("chat.send", status);
  const kept = async (): Promise<readonly { readonly role: string; readonly __openclaw: { readonly aside?: true } }[]> =>
    (await call("chat.history", { sessionKey: "main" }))["messages"] as never;
  assert.deepEqual((await kept()).map(({ role, __openclaw }) => [role, __openclaw.aside]), [["user", true], ["assistant", true]]);
  const [, answer] = await world.transcript("agent:main:main");
  assert.match(answer ?? "", /^assistant: You are owner/);
  assert.ok(shown.length >= 1);
  await settled("chat.send", { sessionKey: "main", message: "hi", idempotencyKey: "k1" });
  assert.equal(asked.length, 1);
  assert.doesNotMatch(asked[0] ?? "", /whoami|You are owner/);
  assert.equal(await world.sessions.commandKept("agent:main:main", "c1"), answer?.slice("assistant: ".length));
});

test("a command is kept amid a turn too, and what is read from the log afterwards is the same (W.6.52)", async (t) => {
  const gate = Promise.withResolvers<void>();
  const { settled, settle, world } = await openConversation(t, {
    model: async function* () {
      yield { type: "text", delta: "one " };
      await gate.promise;
      yield { type: "end", finish: "stop", calls: [], usage: { inputTokens: 1, outputTokens: 1 } };
    },
  });
  await settled("chat.send", { sessionKey: "main", message: "go", idempotencyKey: "k1" });
  await settled("chat.send", { sessionKey: "main", message: "/help", idempotencyKey: "c1" });
  gate.resolve();
  await settle();
  const lines = (await world.transcript("agent:main:main")).map((line) => line.split("\n")[0]);
  assert.deepEqual(lines, ["user: go", "user: /help", "assistant: Help", "assistant: one "]);
  const { state } = await world.journal.load(world.journal.address("agent:main:main"));
  assert.deepEqual(state.messages.map(({ seq }) => seq), [1, 2, 3, 4]);
});

test("agent obeys a command as chat.send does: accepted, then its answer, and no model is asked (W.6.53)", async (t) => {
  const { settled, responded } = await openConversation(t, {
    model: async function* () {
      assert.fail("no model");
    },
  });
  const outcome = await settled("agent", { message: "/usage", idempotencyKey: "c1" });
  assert.equal(responded[0]?.["status"], "accepted");
  assert.equal(outcome["status"], "ok");
  const { payloads } = outcome["result"] as { readonly payloads: readonly { readonly text: string }[] };
  assert.deepEqual(payloads, [{ text: "Session: s\nToday: t\n30 days: m", mediaUrl: null }]);
});

test("/config is off unless switched on, for the owner only, goes the way of the wire's methods, and a value is not kept "
  + "(W.6.54)", async (t) => {
  const { settled, configuration, world } = await openConversation(t);
  let count = 0;
  const say = async (message: string): Promise<string> => {
    await settled("chat.send", { sessionKey: "main", message, idempotencyKey: `c${count += 1}` });
    return (await world.transcript("agent:main:main")).at(-1)?.slice("assistant: ".length) ?? "";
  };
  assert.match(await say("/config set gateway.port=1"), /switched off/);
  configuration.allowed = true;
  configuration.shown = { gateway: { port: 18_789, auth: { token: "__OPENCLAW_REDACTED__" } } };
  assert.equal(await say("/config get gateway.port"), "18789");
  assert.equal(await say("/config get gateway.nothing"), "gateway.nothing is not set.");
  assert.match(await say("/config show"), /REDACTED/);
  for (const wrong of ["/config set __proto__.x=1", "/config set gateway", "/config fly", "/config set =1"]) {
    assert.match(await say(wrong), /^Use \/config/, wrong);
  }
  await say("/config set models.providers.x.apiKey=hush-hush");
  await say("/config unset gateway.port");
  assert.deepEqual(configuration.patched, [{ models: { providers: { x: { apiKey: "hush-hush" } } } }, { gateway: { port: null } }]);
  assert.doesNotMatch((await world.transcript("agent:main:main")).join("\n"), /hush-hush/);
  const stranger = await configCommand("show", false, { allowed: () => true, show: () => assert.fail(), patch: () => assert.fail() });
  assert.match(stranger, /for the owner/);
});

test("agent finds its session by its id, makes one for an id nobody knows, or goes by whom the message came from (W.6.56)", async (t) => {
  const { call, settled } = await openConversation(t);
  const keyFor = async (params: object, idempotencyKey: string): Promise<unknown> =>
    (await settled("agent", { message: "hi", idempotencyKey, ...params }))["sessionKey"];
  await settled("agent", { ...RUN, sessionKey: "work" });
  const { session } = await call("sessions.describe", { key: "work" });
  const { sessionId } = session as { readonly sessionId: string };
  assert.equal(await keyFor({ sessionId }, "a"), "agent:main:work");
  assert.equal(await keyFor({ sessionId, sessionKey: "other" }, "b"), "agent:main:other", "a key says more than an id");
  assert.equal(await keyFor({ sessionId: "made-elsewhere" }, "c"), "agent:main:explicit:made-elsewhere");
  assert.equal(await keyFor({ channel: "telegram", groupId: "5", threadId: 7 }, "d"), "agent:main:telegram:group:5:topic:7");
  assert.equal(await keyFor({ channel: "telegram", to: "123" }, "e"), "agent:main:main", "direct messages share the main session");
  assert.equal(await keyFor({ agentId: "helper", to: "123" }, "f"), "agent:helper:main");
});

test("the reply of a run is brought to a channel only when the caller says so and says where (S4.26, W.6.56)", async (t) => {
  const arrived: string[] = [];
  /** A fake channel: it writes down what it is given. */
  const fake: ChannelDeliverer = { deliver: async ({ to }, { text }) => void arrived.push(`${to} ${text}`) };
  const { settled } = await openConversation(t, { channels: new Map([["fake", fake]]) });
  await settled("agent", { message: "quiet", idempotencyKey: "a", channel: "fake", to: "room", deliver: false });
  await settled("agent", { message: "aloud", idempotencyKey: "b", channel: "fake", to: "room", deliver: true });
  await settled("agent", { message: "there", idempotencyKey: "c", channel: "fake", to: "room", replyTo: "hall", deliver: true });
  assert.deepEqual(arrived, ["room echo: aloud", "hall echo: there"]);
});
