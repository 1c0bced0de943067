import assert from "node:assert/strict";
import { test } from "node:test";
import { hasCode } from "@openclaw/protocol";
import type { SessionRow } from "../../sessions.ts";
import { openConversation, type Conversation } from "./conversation.testing.ts";
import { SESSION_EVENTS } from "./sessions.ts";

async function talk({ settled, clock }: Conversation, ...keys: readonly string[]): Promise<void> {
  for (const key of keys) {
    await settled("sessions.send", { key, message: `hello ${key}` });
    await clock.advance(1_000);
  }
}
const keysOf = (list: Readonly<Record<string, unknown>>): string[] => (list["sessions"] as readonly SessionRow[]).map(({ key }) => key);

test("sessions are listed newest first, in pages (W.6.23)", async (t) => {
  const conversation = await openConversation(t);
  const { call } = conversation;
  await talk(conversation, "a", "b", "c");
  const list = await call("sessions.list");
  assert.deepEqual(keysOf(list), ["agent:main:c", "agent:main:b", "agent:main:a"]);
  assert.deepEqual([list["count"], list["totalCount"], list["hasMore"], list["nextOffset"]], [3, 3, false, null]);
  assert.deepEqual(list["defaults"], {
    modelProvider: "test", model: "test", contextTokens: 8_000, thinkingLevels: [{ id: "off", label: "off" }, { id: "low", label: "low" }],
    thinkingOptions: ["off", "low"], thinkingDefault: "off", modelSelectionTarget: "session",
  });
  assert.deepEqual((list["sessions"] as { contextTokens: number }[]).map(({ contextTokens }) => contextTokens), [8_000, 8_000, 8_000]);
  const page = await call("sessions.list", { limit: 2 });
  assert.deepEqual([keysOf(page), page["hasMore"], page["nextOffset"]], [["agent:main:c", "agent:main:b"], true, 2]);
  assert.deepEqual(keysOf(await call("sessions.list", { limit: 2, offset: 2 })), ["agent:main:a"]);
});

test("a list says how each conversation ends, on one line, when it is asked to", async (t) => {
  const conversation = await openConversation(t);
  const { call, settled } = conversation;
  await settled("sessions.send", { key: "a", message: "first\n\nsecond" });
  const endOf = async (params: Readonly<Record<string, unknown>>): Promise<unknown> =>
    ((await call("sessions.list", params))["sessions"] as readonly SessionRow[])[0]?.lastMessagePreview;
  assert.equal(await endOf({ includeLastMessage: true }), "echo: first second");
  assert.equal(await endOf({}), undefined);
  const titleOf = async (params: object): Promise<unknown> =>
    ((await call("sessions.describe", { key: "a", ...params }))["session"] as SessionRow).derivedTitle;
  await settled("sessions.send", { key: "a", message: "more" });
  assert.deepEqual([await titleOf({ includeDerivedTitles: true }), await titleOf({})], ["first second", undefined]);
  await settled("sessions.reset", { key: "a" });
  assert.equal(await endOf({ includeLastMessage: true }), undefined, "nothing was said since");
});

test("a list can be narrowed by agent, label, words, age and state", async (t) => {
  const conversation = await openConversation(t);
  const { call, settled, clock } = conversation;
  await talk(conversation, "old");
  await clock.advance(3_600_000);
  await talk(conversation, "new", "agent:helper:other");
  await settled("sessions.patch", { key: "new", label: "My Work", pinned: true });
  await settled("sessions.patch", { key: "agent:helper:other", archived: true });
  const cases: readonly (readonly [params: Readonly<Record<string, unknown>>, keys: readonly string[]])[] = [
    [{ agentId: "main" }, ["agent:main:new", "agent:main:old"]],
    [{ label: "My Work" }, ["agent:main:new"]],
    [{ search: "WORK" }, ["agent:main:new"]],
    [{ search: "main:o" }, ["agent:main:old"]],
    [{ activeMinutes: 30 }, ["agent:main:new"]],
    [{ pinned: true }, ["agent:main:new"]],
    [{ pinned: false }, ["agent:main:old"]],
    [{ archived: true }, ["agent:helper:other"]],
    [{ archived: "all", agentId: "helper" }, ["agent:helper:other"]],
    [{ activeOnly: true }, []],
    [{ configuredAgentsOnly: true, limit: 10_000 }, ["agent:main:new", "agent:main:old"]],
    [{ configuredAgentsOnly: true, archived: "all" }, ["agent:helper:other", "agent:main:new", "agent:main:old"]],
    [{ group: "", includeUnknown: true, includePeople: true }, ["agent:main:new", "agent:main:old"]],
    [{ group: "work" }, []],
  ];
  for (const [params, keys] of cases) assert.deepEqual(keysOf(await call("sessions.list", params)), keys, JSON.stringify(params));
  assert.equal((await call("sessions.list", { limit: 10_000 }))["limitApplied"], 1_000, "a page is never longer");
});

test("who subscribes hears of all sessions, has the list when asked for, and one session's text by itself (W.6.24, W.6.25)", async (t) => {
  const conversation = await openConversation(t);
  await talk(conversation, "a");
  conversation.watched.length = 0;
  assert.deepEqual(await conversation.call("sessions.subscribe"), { subscribed: true });
  assert.deepEqual(conversation.watched.toSorted(), [...SESSION_EVENTS].toSorted());
  const { list } = await conversation.call("sessions.subscribe", { limit: 60 });
  assert.deepEqual(keysOf(list as Readonly<Record<string, unknown>>), ["agent:main:a"]);
  conversation.watched.length = 0;
  await conversation.call("sessions.messages.subscribe", { key: "a", agentId: "helper" });
  await conversation.call("sessions.messages.unsubscribe", { key: "a" });
  assert.deepEqual(conversation.watched, ["agent:helper:a", "not agent:main:a"]);
});

test("a session is described, previewed and found by key, id or label (W.6.26)", async (t) => {
  const conversation = await openConversation(t);
  const { call, settled } = conversation;
  await talk(conversation, "a");
  await settled("sessions.patch", { key: "a", label: "Mine" });
  const { session } = (await call("sessions.describe", { key: "a" })) as { readonly session: SessionRow };
  assert.deepEqual([session.key, session.label, session.status], ["agent:main:a", "Mine", "done"]);
  assert.deepEqual(await call("sessions.describe", { key: "nobody" }), { session: null });
  const { previews } = await call("sessions.preview", { keys: ["a", "nobody"], maxChars: 8 });
  assert.deepEqual(previews, [
    {
      key: "a",
      status: "ok",
      items: [
        { role: "user", text: "hello a" },
        { role: "assistant", text: "echo: he" },
      ],
    },
    { key: "nobody", status: "missing", items: [] },
  ]);
  const found = { ok: true, key: "agent:main:a", agentId: "main" };
  for (const wish of [{ key: "a" }, { sessionId: session.sessionId }, { label: "Mine" }, { reference: { key: "agent:main:a" } }]) {
    assert.deepEqual(await call("sessions.resolve", wish), found, JSON.stringify(wish));
  }
  for (const wish of [{ key: "nobody" }, { sessionId: "none" }, { label: "mine" }, { shortId: "x" }]) {
    assert.deepEqual(await call("sessions.resolve", { ...wish, allowMissing: true }), { ok: false }, JSON.stringify(wish));
    await assert.rejects(
      call("sessions.resolve", wish), (error) => hasCode(error, "NOT_FOUND") && /^No session found: /.test((error as Error).message),
    );
  }
});

test("settings are changed and cleared; what is no setting here is refused, and so is a session that is not there (W.6.28)", async (t) => {
  const conversation = await openConversation(t);
  const { call, settled } = conversation;
  await talk(conversation, "a");
  const patched = await settled("sessions.patch", { key: "a", label: "Mine", model: "openai/gpt", pinned: true });
  assert.deepEqual([patched["key"], patched["resolved"]], ["agent:main:a", { modelProvider: "openai", model: "gpt" }]);
  const cleared = await settled("sessions.patch", { key: "a", label: null, model: null });
  const entry = cleared["entry"] as SessionRow;
  assert.deepEqual([entry.label, entry.model, entry.pinned], [undefined, "test", true]);
  await assert.rejects(
    call("sessions.patch", { key: "a", sandboxMode: "off", fastMode: true }),
    (error) => hasCode(error, "PARAMS_INVALID") && /sandboxMode, fastMode/.test(String(error)),
  );
  await assert.rejects(settled("sessions.patch", { key: "nobody", label: "x" }), (error) => hasCode(error, "NOT_FOUND"));
});

test("every setting is checked before anything is recorded, shown in rows, and taken back by null (S4.9)", async (t) => {
  const conversation = await openConversation(t);
  const { call, settled } = conversation;
  await talk(conversation, "a");
  const all = { thinkingLevel: "high", verboseLevel: "on", sendPolicy: "deny", queueMode: "steer", groupActivation: "always" };
  const { entry } = await settled("sessions.patch", { key: "a", ...all });
  assert.deepEqual(Object.fromEntries(Object.keys(all).map((name) => [name, (entry as Record<string, unknown>)[name]])), all);
  for (const [name, value] of Object.entries({ ...all, model: "x" })) {
    const wrong = { key: "a", [name]: `not-${value}` };
    const code = name === "model" ? "MODEL_NOT_CONFIGURED" : "PARAMS_INVALID";
    await assert.rejects(call("sessions.patch", wrong), (error) => hasCode(error, code), name);
  }
  await assert.rejects(call("chat.send", { sessionKey: "a", message: "x", idempotencyKey: "k", thinking: "hard" }),
    (error) => hasCode(error, "PARAMS_INVALID") && /thinking cannot be "hard"/.test(String(error)));
  const cleared = await settled("sessions.patch", { key: "a", ...Object.fromEntries(Object.keys(all).map((name) => [name, null])) });
  for (const name of Object.keys(all)) assert.equal(Object.hasOwn(cleared["entry"] as object, name), false, name);
});

test("a change meant for an earlier session is refused", async (t) => {
  const conversation = await openConversation(t);
  const { call, settled } = conversation;
  await talk(conversation, "a");
  const { session } = (await call("sessions.describe", { key: "a" })) as { readonly session: SessionRow };
  for (const method of ["sessions.patch", "sessions.reset", "sessions.delete"]) {
    await assert.rejects(call(method, { key: "a", expectedSessionId: "another" }), (error) => hasCode(error, "CONFLICT"), method);
  }
  await settled("sessions.patch", { key: "a", expectedSessionId: session.sessionId, label: "ok" });
});

test("a reset stops what runs, empties the window and keeps the settings", async (t) => {
  const conversation = await openConversation(t);
  const { call, settled } = conversation;
  await talk(conversation, "a");
  await settled("sessions.patch", { key: "a", label: "kept" });
  const reset = await settled("sessions.reset", { key: "a", reason: "new" });
  assert.equal((reset["entry"] as SessionRow).label, "kept");
  assert.equal((await call("chat.history", { sessionKey: "a" }))["totalMessages"], 0);
  assert.deepEqual(await settled("sessions.reset", { key: "nobody" }), { ok: true, key: "agent:main:nobody", entry: {}, resolved: {} });
});

test("a deleted session is gone from every list; an agent's main session cannot be deleted (S4.7)", async (t) => {
  const conversation = await openConversation(t);
  const { call, settled } = conversation;
  await talk(conversation, "main", "a");
  assert.deepEqual(await settled("sessions.delete", { key: "a" }), { ok: true, key: "agent:main:a", deleted: true, archived: [] });
  assert.equal((await settled("sessions.delete", { key: "a" }))["deleted"], false);
  assert.deepEqual(keysOf(await call("sessions.list")), ["agent:main:main"]);
  assert.deepEqual(await call("sessions.describe", { key: "a" }), { session: null });
  for (const key of ["main", "agent:helper:main"])
    await assert.rejects(call("sessions.delete", { key }), (error) => hasCode(error, "SESSION_PROTECTED"));
  await assert.rejects(settled("sessions.send", { key: "a", message: "again" }), (error) => hasCode(error, "KEY_DESTROYED"));
});

test("creating makes a session; with a message it starts a run and takes label and model (S4.25, W.6.27)", async (t) => {
  const { call, settled, world } = await openConversation(t);
  const named = await settled("sessions.create", { label: "Empty", model: "openai/gpt", thinkingLevel: "high" });
  assert.match(String(named["key"]), /^agent:main:dashboard:[0-9a-f-]{36}$/);
  assert.deepEqual([named["runStarted"], named["resolved"]], [false, { modelProvider: "openai", model: "gpt" }]);
  const { session } = (await call("sessions.describe", { key: named["key"] })) as { readonly session: SessionRow };
  assert.deepEqual([session.sessionId, session.label, session.thinkingLevel], [named["sessionId"], "Empty", "high"]);
  assert.equal((await settled("sessions.create", { key: named["key"] }))["sessionId"], session.sessionId, "again changes nothing");
  const started = await settled("sessions.create", {
    key: "work",
    agentId: "helper",
    message: "hello",
    label: "Work",
    idempotencyKey: "k",
  });
  assert.deepEqual([started["key"], started["runStarted"], started["runId"]], ["agent:helper:work", true, "k"]);
  assert.equal((started["entry"] as SessionRow).label, "Work");
  assert.deepEqual(await world.transcript("agent:helper:work"), ["user: hello", "assistant: echo: hello"]);
  await assert.rejects(settled("sessions.create", { agentId: "nobody" }), (error) => hasCode(error, "UNKNOWN_AGENT_ID"));
});

test("a session that takes another's place waits until that one has nothing under way (S4.25)", async (t) => {
  const { call, settled } = await openConversation(t, {
    model: async function* (_, signal) {
      yield { type: "text", delta: "part" };
      await new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason as Error)));
    },
  });
  await settled("sessions.send", { key: "main", message: "go", idempotencyKey: "one" });
  const wish = { key: "tui-1", agentId: "main", parentSessionKey: "agent:main:main", succeedsParent: true, emitCommandHooks: true };
  await assert.rejects(
    call("sessions.create", wish),
    (error) => hasCode(error, "CONFLICT") && /^Parent session agent:main:main is still active/.test((error as Error).message),
  );
  await settled("sessions.abort", { key: "main" });
  const made = await settled("sessions.create", wish);
  assert.deepEqual([made["key"], made["runStarted"]], ["agent:main:tui-1", false]);
});

test("a run is stopped by its session or by its id alone (W.6.29)", async (t) => {
  const conversation = await openConversation(t, {
    model: async function* (_, signal) {
      yield { type: "text", delta: "part" };
      await new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason as Error)));
    },
  });
  const { settled } = conversation;
  await settled("sessions.send", { key: "a", message: "go", idempotencyKey: "one" });
  await settled("sessions.send", { key: "b", message: "go", idempotencyKey: "two" });
  const stopped = { ok: true, status: "aborted", report: "Stopped by owner." };
  assert.deepEqual(await settled("sessions.abort", { runId: "two" }), { ...stopped, abortedRunId: "two" });
  assert.deepEqual(await settled("sessions.abort", { key: "a" }), { ...stopped, abortedRunId: "one" });
  assert.deepEqual(await settled("sessions.abort", { key: "a" }), { ok: true, abortedRunId: null, status: "idle" });
  assert.deepEqual(await settled("sessions.abort", { runId: "two" }), { ok: true, abortedRunId: null, status: "idle" });
  assert.deepEqual(await settled("sessions.abort", {}), { ok: true, abortedRunId: null, status: "idle" });
});

test("what was expected of a session is compared before it is changed: its id, its revision, its time (W.6.57)", async (t) => {
  const conversation = await openConversation(t);
  const { call, settled } = conversation;
  await talk(conversation, "a");
  const row = async (): Promise<SessionRow> => (await call("sessions.describe", { key: "a" }))["session"] as SessionRow;
  const before = await row();
  const isStale = (error: unknown): boolean => hasCode(error, "CONFLICT");
  const seen = { expectedSessionId: before.sessionId, expectedLifecycleRevision: before.lifecycleRevision };
  await settled("sessions.patch", { key: "a", label: "x", ...seen });
  await settled("sessions.reset", { key: "a", ...seen });
  const after = await row();
  assert.equal(after.sessionId, before.sessionId, "a reset keeps the id");
  assert.notEqual(after.lifecycleRevision, before.lifecycleRevision, "and changes the revision");
  await assert.rejects(settled("sessions.patch", { key: "a", label: "y", ...seen }), isStale);
  await assert.rejects(settled("sessions.delete", { key: "a", expectedSessionUpdatedAt: before.updatedAt - 1 }), isStale);
  assert.equal((await row()).label, "x");
  await settled("sessions.delete", { key: "a", expectedSessionUpdatedAt: (await row()).updatedAt });
});

test("a list takes every parameter a dashboard sends; what no session here has leaves none (W.6.58)", async (t) => {
  const conversation = await openConversation(t);
  const { call } = conversation;
  await talk(conversation, "a", "cron:job", "subagent:s");
  await conversation.settled("sessions.create", { key: "silent" });
  const all = {
    limit: 50_000, ownerFirst: true, includePeople: true, includeActivitySummary: true, configuredAgentsOnly: true, includeGlobal: true,
    includeUnknown: true, involvingMe: true, sortBy: "activity", includeDerivedTitles: true, includeLastMessage: true,
  };
  const list = await call("sessions.list", all);
  assert.deepEqual([list["totalCount"], list["limitApplied"]], [4, 1_000]);
  const keys = async (params: object): Promise<string[]> => [...keysOf(await call("sessions.list", { ...all, ...params }))].sort();
  assert.deepEqual(await keys({ excludeCron: true }), ["agent:main:a", "agent:main:silent", "agent:main:subagent:s"]);
  assert.deepEqual(await keys({ excludeSystem: true }), ["agent:main:a", "agent:main:silent"]);
  assert.deepEqual(await keys({ requireLastInteraction: true, excludeSystem: true }), ["agent:main:a"]);
  assert.deepEqual(await keys({ ownerId: "somebody" }), []);
  assert.deepEqual(await keys({ hasBoard: true }), []);
  assert.deepEqual((await keys({ hasBoard: false })).length, 4);
});

test("a session that would be less guarded than its maker believes is refused, not made (W.6.59)", async (t) => {
  const { call } = await openConversation(t);
  for (const wish of [
    { incognito: true }, { permissionMode: "read-only" }, { execNode: "n" }, { worktree: true }, { toolOverrides: { exec: false } },
  ]) await assert.rejects(call("sessions.create", { key: "a", ...wish }), (error) => hasCode(error, "PARAMS_INVALID"));
  assert.equal((await call("sessions.list"))["totalCount"], 0);
  const plain = { incognito: false, permissionMode: null, worktree: false, toolOverrides: {}, displayName: "Mine" };
  assert.equal((await call("sessions.create", { key: "a", ...plain }))["key"], "agent:main:a");
  const { session } = await call("sessions.describe", { key: "a" });
  assert.equal((session as { readonly displayName?: string }).displayName, "Mine");
  const { sessionId } = session as SessionRow;
  assert.equal((await call("sessions.resolve", { shortId: sessionId.slice(0, 8), slugHint: "mine" }))["key"], "agent:main:a");
  assert.equal((await call("sessions.resolve", { shortId: sessionId.slice(0, 8), agentId: "helper", allowMissing: true }))["ok"], false);
});

test("a branch begins at a message: before what a person said, which is given back, or with what the agent did (W.6.60)", async (t) => {
  const conversation = await openConversation(t);
  const { call, settled, world } = conversation;
  for (const message of ["one", "two"]) await settled("sessions.send", { key: "a", message });
  const { messages } = (await call("chat.history", { sessionKey: "a" })) as { messages: { __openclaw: { id: string } }[] };
  const idOf = (at: number): string => messages[at]?.__openclaw.id ?? "";
  const before = await settled("sessions.fork", { sessionKey: "a", entryId: idOf(2) });
  assert.deepEqual([before["sessionKey"], before["editorText"]], ["agent:main:branch:new", "two"]);
  assert.deepEqual(await world.transcript("agent:main:branch:new"), ["user: one", "assistant: echo: one"]);
  const after = await settled("sessions.fork", { sessionKey: "a", entryId: idOf(1), as: "b" });
  assert.equal(after["editorText"], undefined);
  assert.deepEqual(await world.transcript("agent:main:b"), ["user: one", "assistant: echo: one"]);
  const { session } = await call("sessions.describe", { key: "b" });
  assert.equal((session as SessionRow).parentSessionKey, "agent:main:a");
  for (const entryId of ["nonsense", "1-1", "99-1"]) {
    await assert.rejects(settled("sessions.fork", { sessionKey: "a", entryId }), (error) => hasCode(error, "NOT_FOUND"), entryId);
  }
});

test("looks of a session are kept and cleared; that it was read is recorded only where it was marked (W.6.28, W.6.51)", async (t) => {
  const conversation = await openConversation(t);
  const { call, settled, world } = conversation;
  await talk(conversation, "a");
  const row = async (): Promise<Readonly<Record<string, unknown>>> =>
    (await call("sessions.describe", { key: "a" }))["session"] as Readonly<Record<string, unknown>>;
  const events = async (): Promise<number> => (await world.journal.load(world.journal.address("agent:main:a"))).state.events;
  const quiet = await events();
  await settled("sessions.patch", { key: "a", unread: false });
  assert.equal(await events(), quiet);
  await settled("sessions.patch", { key: "a", unread: true, icon: "star", color: "red", category: "Work", autoLabel: "A walk" });
  const { unread, icon, color, category, displayName } = await row();
  assert.deepEqual([unread, icon, color, category, displayName], [true, "star", "red", "Work", "A walk"]);
  await settled("sessions.patch", { key: "a", unread: false, icon: null, label: "Mine" });
  const after = await row();
  assert.deepEqual([after["unread"], "icon" in after, after["displayName"]], [false, false, "Mine"]);
});

test("of one run it is told what was recorded, step by step; of an unknown one nothing (S4.28)", async (t) => {
  const { call, settled } = await openConversation(t);
  for (const id of ["one", "two"]) await settled("sessions.send", { key: "a", message: `say ${id}`, idempotencyKey: id });
  interface Told {
    readonly runId: string; readonly status: string; readonly startedAtMs: number; readonly endedAtMs: number;
    readonly steps: readonly { readonly kind: string; readonly name: string; readonly output: string; readonly endedAtMs: number }[];
  }
  for (const id of ["one", "two"]) {
    const { runId, status, steps, startedAtMs, endedAtMs } = (await call("sessions.steps", { key: "a", runId: id })) as unknown as Told;
    assert.deepEqual([runId, status, steps.map(({ kind, name, output }) => [kind, name, output])],
      [id, "ok", [["model", "test/test", `echo: say ${id}`]]]);
    assert.ok(startedAtMs <= endedAtMs && steps.every((step) => step.endedAtMs <= endedAtMs));
  }
  await assert.rejects(call("sessions.steps", { key: "a", runId: "none" }), (error) => hasCode(error, "NOT_FOUND"));
});
