import assert from "node:assert/strict";
import { test } from "node:test";
import { hasCode } from "@openclaw/protocol";
import type { ModelEvent } from "@openclaw/sdk";
import type { ChannelDeliverer } from "../../sessions.ts";
import { openConversation } from "./conversation.testing.ts";

const MAIN = { sessionKey: "main" };
const KEY = "agent:main:main";

interface Item {
  readonly role: string;
  readonly content: readonly { readonly text: string; readonly truncated?: boolean }[];
  readonly __openclaw: { readonly id: string };
}
const itemsOf = (page: Readonly<Record<string, unknown>>): readonly Item[] => page["messages"] as readonly Item[];
const textsOf = (page: Readonly<Record<string, unknown>>): string[] =>
  itemsOf(page).map(({ role, content }) => `${role}: ${content[0]?.text ?? ""}`);

test("sending answers once the message is stored, with the key as the run's id, and the reply is in the history "
  + "(S3.5, W.2.20, W.6.13)", async (t) => {
  const { call, settled, watched } = await openConversation(t);
  assert.deepEqual(await settled("chat.send", { ...MAIN, message: "hello", idempotencyKey: "k1" }), { runId: "k1", status: "started" });
  assert.equal(watched[0], KEY, "watching begins with the call");
  assert.deepEqual(await call("chat.send", { ...MAIN, message: "hello", idempotencyKey: "k1" }), { runId: "k1", status: "ok" });
  const page = await call("chat.history", MAIN);
  assert.deepEqual(textsOf(page), ["user: hello", "assistant: echo: hello"]);
  assert.equal(page["totalMessages"], 2);
  assert.equal((page["sessionInfo"] as { readonly key: string }).key, KEY);
  assert.equal("inFlightRun" in page, false);
});

test("what is refused was never stored, and says why", async (t) => {
  const { call, world } = await openConversation(t);
  const sending = (more: Readonly<Record<string, unknown>>) =>
    call("chat.send", { ...MAIN, message: "hello", idempotencyKey: "k", ...more });
  await assert.rejects(sending({ message: "  " }), (error) => hasCode(error, "MESSAGE_EMPTY"));
  await assert.rejects(sending({ message: "x".repeat(10_001) }), (error) => hasCode(error, "MESSAGE_TOO_LARGE"));
  await assert.rejects(sending({ sessionKey: "a b" }), (error) => hasCode(error, "SESSION_KEY_INVALID"));
  await assert.rejects(sending({ agentId: "nobody" }), (error) => hasCode(error, "UNKNOWN_AGENT_ID"));
  await assert.rejects(sending({ sessionKey: "agent:helper:main", agentId: "main" }), (error) => hasCode(error, "PARAMS_INVALID"));
  await assert.rejects(sending({ attachments: [{ type: "image" }] }), (error) => hasCode(error, "MEDIA_INVALID"));
  assert.deepEqual(await world.transcript(KEY), []);
});

test("an outcome is brought to where the message came from, only when the caller says so and says where (S4.26)", async (t) => {
  const arrived: string[] = [];
  /** A fake channel: it writes down what it is given. */
  const fake: ChannelDeliverer = {
    deliver: async ({ to, threadId, accountId }, { status, text }) => void arrived.push([to, threadId, accountId, status, text].join(" ")),
  };
  const { settled } = await openConversation(t, { channels: new Map([["fake", fake]]) });
  const from = { originatingChannel: "fake", originatingTo: "room-1", originatingThreadId: 7, originatingAccountId: "me" };
  await settled("chat.send", { ...MAIN, message: "quietly", idempotencyKey: "k1", ...from });
  await settled("chat.send", { ...MAIN, message: "nowhere", idempotencyKey: "k2", deliver: true });
  assert.deepEqual(arrived, []);
  await settled("chat.send", { ...MAIN, message: "aloud", idempotencyKey: "k3", deliver: true, ...from });
  await settled("chat.send", { ...MAIN, message: "aloud", idempotencyKey: "k3", deliver: true, ...from });
  assert.deepEqual(arrived, ["room-1 7 me ok echo: aloud"]);
  const elsewhere = { ...MAIN, message: "x", idempotencyKey: "k4", deliver: true, ...from, originatingChannel: "other" };
  await assert.rejects(settled("chat.send", elsewhere), (error) => hasCode(error, "CHANNEL_UNKNOWN"));
});

test("search, steering, export and the chain's report have the shapes that are documented (S4.7)", async (t) => {
  const { call, settled } = await openConversation(t);
  await settled("sessions.steer", { key: "work", message: "find the lighthouse" });
  const { results, complete } = await call("sessions.search", { query: "Lighthouse", key: "work" });
  assert.deepEqual([(results as readonly { readonly role: string }[]).map(({ role }) => role), complete], [["assistant", "user"], true]);
  const { entries, next } = await call("sessions.export", { key: "work" });
  assert.equal((entries as readonly unknown[]).length, 6);
  assert.equal(next, null);
  assert.deepEqual((await call("sessions.verify", { key: "work" }))["ok"], true);
  assert.deepEqual((await call("sessions.verify", { key: "never" }))["known"], false);
});

test("sessions.send is the same by key; without a key of its own each call is a new message", async (t) => {
  const { settled, world } = await openConversation(t);
  for (let times = 0; times < 2; times++) await settled("sessions.send", { key: "work", message: "hello" });
  for (let times = 0; times < 2; times++) await settled("sessions.send", { key: "work", message: "once", idempotencyKey: "k" });
  assert.deepEqual(await world.transcript("agent:main:work"), [
    "user: hello", "assistant: echo: hello", "user: hello", "assistant: echo: hello", "user: once", "assistant: echo: once",
  ]);
});

test("the history comes in pages from the newest on, oldest first within a page (W.6.15)", async (t) => {
  const { call, settled } = await openConversation(t);
  for (const text of ["one", "two", "three"]) await settled("chat.send", { ...MAIN, message: text, idempotencyKey: text });
  const newest = await call("chat.history", { ...MAIN, limit: 2 });
  assert.deepEqual(textsOf(newest), ["user: three", "assistant: echo: three"]);
  assert.deepEqual([newest["hasMore"], newest["nextOffset"]], [true, 2]);
  const rest = await call("chat.history", { ...MAIN, limit: 10, offset: 2 });
  assert.deepEqual(textsOf(rest), ["user: one", "assistant: echo: one", "user: two", "assistant: echo: two"]);
  assert.deepEqual([rest["hasMore"], rest["nextOffset"]], [false, null]);
  const messageId = itemsOf(rest)[1]?.__openclaw.id ?? "";
  const around = await call("chat.history", { ...MAIN, limit: 3, messageId });
  assert.deepEqual(textsOf(around), ["user: one", "assistant: echo: one", "user: two"], "a message is found with what stands around it");
  assert.equal(around["nextOffset"], null);
  assert.deepEqual(textsOf(await call("chat.history", { ...MAIN, limit: 1, messageId })), ["assistant: echo: one"]);
  assert.deepEqual(textsOf(await call("chat.history", { ...MAIN, limit: 1, messageId: "nonsense" })), ["assistant: echo: three"]);
});

test("a session nobody wrote to has an empty history, and asking makes nothing", async (t) => {
  const { call } = await openConversation(t);
  const page = await call("chat.history", { sessionKey: "never" });
  assert.deepEqual([page["sessionId"], page["messages"], page["totalMessages"]], ["", [], 0]);
  assert.equal((await call("sessions.list"))["totalCount"], 0);
});

test("long texts are cut for the history, and whole behind their id, however old they are", async (t) => {
  const { call, settled } = await openConversation(t);
  const long = "x".repeat(500);
  await settled("chat.send", { ...MAIN, message: long, idempotencyKey: "long" });
  const [cut] = itemsOf(await call("chat.history", { ...MAIN, maxChars: 100 }));
  assert.deepEqual(cut?.content, [{ type: "text", text: `${"x".repeat(100)}…`, truncated: true }]);
  for (let at = 0; at < 30; at++) await settled("chat.send", { ...MAIN, message: `m${at}`, idempotencyKey: `m${at}` });
  const found = await call("chat.message.get", { ...MAIN, messageId: cut?.__openclaw.id ?? "" });
  assert.equal((found["message"] as Item).content[0]?.text, long);
  for (const messageId of ["nonsense", "1-1", "5-9999999", "-", "1-0"]) {
    assert.deepEqual(await call("chat.message.get", { ...MAIN, messageId }), { ok: false, unavailableReason: "not_found" }, messageId);
  }
});

test("what a page needs at its start comes in one answer (W.6.16)", async (t) => {
  const { call } = await openConversation(t);
  const page = await call("chat.startup");
  assert.deepEqual(
    [page["sessionKey"], page["defaultId"], page["agents"]],
    ["main", "main", [{ id: "main", name: "Clawd" }, { id: "helper", name: "Helper" }]],
  );
  const { models, commands } = (await call("chat.metadata")) as { models: { id: string; tags: string[] }[]; commands: { name: string }[] };
  assert.deepEqual(models.map(({ id, tags }) => [id, tags]), [["test", ["default", "configured"]]]);
  assert.ok(commands.some(({ name }) => name === "status"));
  assert.deepEqual(page["metadata"], { models, commands });
});

test("an abort stops the run it names, and says when there was nothing to stop (W.6.17)", async (t) => {
  const slow = async function* (signal: AbortSignal): AsyncGenerator<ModelEvent> {
    yield { type: "text", delta: "part" };
    await new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason as Error)));
  };
  const { call, settled } = await openConversation(t, { model: (_, signal) => slow(signal) });
  assert.deepEqual(await call("chat.abort", MAIN), { ok: true, aborted: false, runIds: [] });
  await settled("chat.send", { ...MAIN, message: "go", idempotencyKey: "k" });
  assert.deepEqual(await settled("chat.abort", { ...MAIN, runId: "other" }), { ok: true, aborted: false, runIds: [] });
  const stopped = { ok: true, aborted: true, runIds: ["k"], report: "Stopped by owner." };
  assert.deepEqual(await settled("chat.abort", { ...MAIN, runId: "k" }), stopped);
  assert.deepEqual(textsOf(await call("chat.history", MAIN)), ["user: go", "assistant: part"]);
});

test("whoever comes in amid a reply is told the run, its text so far, and what waits behind it; what is in a message is told once "
  + "(W.6.48, W.6.49)", async (t) => {
  const gate = Promise.withResolvers<void>();
  const model = async function* (request: { readonly messages: readonly { readonly text: string }[] }): AsyncGenerator<ModelEvent> {
    const usage = { inputTokens: 1, outputTokens: 1 };
    if (request.messages.at(-1)?.text === "sky?") {
      yield { type: "text", delta: "Let me look." };
      yield { type: "end", finish: "tools", calls: [{ id: "c1", name: "act", arguments: "{\"what\":\"look\"}" }], usage };
      return;
    }
    yield { type: "text", delta: "It is " };
    await gate.promise;
    yield { type: "text", delta: "blue." };
    yield { type: "end", finish: "stop", calls: [], usage };
  };
  const { call, settled, settle } = await openConversation(t, { model });
  await settled("chat.send", { ...MAIN, message: "sky?", idempotencyKey: "k1" });
  for (const idempotencyKey of ["k2", "k3"]) {
    await settled("chat.send", { ...MAIN, message: `then ${idempotencyKey}`, idempotencyKey, queueMode: "followup" });
  }
  const page = await call("chat.history", MAIN);
  const { startedAt, ...run } = page["inFlightRun"] as { readonly startedAt: number };
  assert.ok(startedAt > 0);
  assert.deepEqual(run, { runId: "k1", text: "It is " });
  assert.deepEqual(itemsOf(page).map(({ role }) => role), ["user", "assistant", "toolResult"]);
  assert.equal(itemsOf(page)[1]?.content[0]?.text, "Let me look.");
  const waiting = page["pendingInputs"] as {
    readonly items: readonly { readonly runId: string; readonly state: string; readonly message: Item }[]; readonly total: number;
  };
  assert.deepEqual([waiting.total, ...waiting.items.map(({ runId, state, message }) => [runId, state, message.content[0]?.text])], [
    2, ["k2", "queued", "then k2"], ["k3", "queued", "then k3"],
  ]);
  gate.resolve();
  for (let turn = 0; turn < 4; turn++) await settle();
  const after = await call("chat.history", MAIN);
  assert.equal("inFlightRun" in after, false);
  assert.deepEqual(after["pendingInputs"], { items: [], total: 0 });
});

test("a cursor brings what came since and nothing else; after a reset, or too far behind, it says so (W.6.50)", async (t) => {
  const { call, settled } = await openConversation(t);
  await settled("chat.send", { ...MAIN, message: "one", idempotencyKey: "one" });
  const { deltaCursor: cursor } = await call("chat.history", MAIN);
  assert.deepEqual((await call("chat.history", { ...MAIN, cursor }))["messages"], []);
  await settled("chat.send", { ...MAIN, message: "two", idempotencyKey: "two" });
  const delta = await call("chat.history", { ...MAIN, cursor });
  assert.deepEqual([delta["kind"], ...textsOf(delta)], ["delta", "user: two", "assistant: echo: two"]);
  assert.deepEqual(textsOf(await call("chat.history", { ...MAIN, cursor: delta["deltaCursor"] })), []);
  assert.deepEqual(await call("chat.history", { ...MAIN, cursor, limit: 1 }), { kind: "reset" });
  assert.deepEqual(await call("chat.history", { ...MAIN, cursor: "nonsense" }), { kind: "reset" });
  await settled("sessions.reset", { key: "main" });
  assert.deepEqual(await call("chat.history", { ...MAIN, cursor }), { kind: "reset" });
});
