import assert from "node:assert/strict";
import { test } from "node:test";
import { hasCode } from "@openclaw/protocol";
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
