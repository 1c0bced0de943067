import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { hasCode, type ErrorCode } from "@openclaw/protocol";
import { renderTemplate } from "./hook-mappings.ts";
import { HOOKS_DEFAULTS, type HooksConfig } from "./config.ts";
import { createHooks } from "./receive-hook.ts";
import { openBench, pass } from "./schedule-world.testing.ts";

async function setUp(t: TestContext, config: Partial<HooksConfig> = {}) {
  const bench = await openBench(t);
  const life = await bench.open();
  t.after(() => life.close());
  const make = () => createHooks({
    clock: bench.clock, config: () => ({ ...HOOKS_DEFAULTS, enabled: true, ...config }), intake: life.intake,
    heartbeats: life.scheduler.heartbeats, relaysMax: () => 8, wait: life.world.sessions.wait,
  });
  let hooks = make();
  const call = async (name: string, body: unknown, idempotencyKey?: string) => await hooks.receive({
    name, body: Buffer.from(typeof body === "string" ? body : JSON.stringify(body)),
    ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
  }) ?? { nothing: true };
  const refused = async (code: ErrorCode, name: string, body: unknown): Promise<void> =>
    assert.rejects(call(name, body), (error) => hasCode(error, code), `${code}: ${JSON.stringify(body)}`);
  return { ...bench, life, call, refused, hooks: () => hooks, restart: () => (hooks = make()) };
}

test("what was passed on too often is refused, and what is taken says how often it was (C10)", async (t) => {
  const { life, hooks } = await setUp(t);
  const call = (name: string, body: string, relays: number) => hooks().receive({ name, body: Buffer.from(body), relays });
  await call("agent", '{"message":"a"}', 8);
  assert.equal(life.offered.at(-1)?.relays, 8);
  await assert.rejects(call("agent", '{"message":"b"}', 9), (error) => hasCode(error, "MESSAGE_LOOP"));
  await assert.rejects(call("wake", '{"text":"c"}', 9), (error) => hasCode(error, "MESSAGE_LOOP"));
});

test("an agent hook is answered once its message is stored, in a session of its own, as words from outside (S4.44, C17)", async (t) => {
  const { life, call, clock } = await setUp(t);
  const answer = await call("agent", { message: "The build is red", name: "CI" });
  assert.equal(answer["ok"], true);
  const [inbound] = life.offered;
  assert.equal(inbound?.idempotencyKey, answer["runId"]);
  assert.match(inbound?.sessionKey ?? "", /^hook:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/);
  assert.deepEqual([inbound?.principal.label, inbound?.principal.id], ["outside", "service:hook-agent"]);
  assert.deepEqual(inbound?.origin, { kind: "hook", name: "agent" });
  await pass(clock, 1_000);
  const said = await life.world.transcript(`agent:main:${inbound?.sessionKey ?? ""}`);
  assert.deepEqual(said, ["user: The build is red", "assistant: echo: The build is red"]);
});

test("the same call is one message: by the sender's key for good, by the body within the window, over a restart too (C12)", async (t) => {
  const { life, call, clock, requests, restart } = await setUp(t);
  const runs = async (...made: readonly Promise<Readonly<Record<string, unknown>>>[]): Promise<unknown[]> =>
    (await Promise.all(made)).map((answer) => answer["runId"]);
  const [first, again] = await runs(call("agent", { message: "a" }), call("agent", { message: "a" }));
  assert.equal(first, again);
  const inBody = call("agent", { message: "d", idempotencyKey: "k" });
  const keyed = await runs(call("agent", { message: "b" }, "k"), call("agent", { message: "c" }, "k"), inBody);
  assert.equal(new Set(keyed).size, 1);
  restart();
  assert.deepEqual(await runs(call("agent", { message: "a" })), [first]);
  await pass(clock, 1_000);
  assert.equal(requests.length, 2, "one turn for each call");
  await pass(clock, 61_000);
  assert.notEqual((await call("agent", { message: "a" }))["runId"], first);
  assert.deepEqual(await runs(call("agent", { message: "e" }, "k")), [keyed[0]]);
  assert.equal(new Set(life.offered.map(({ sessionKey }) => sessionKey)).size, 3, "a repeat goes to the session of the first");
});

test("a wake hook leaves an event, labelled outside; the same twice is told once", async (t) => {
  const { life, call, clock } = await setUp(t);
  assert.deepEqual(await call("wake", { text: "mail came", mode: "now" }), { ok: true, mode: "now", eventOutcome: "told" });
  assert.equal((await call("wake", { text: "mail came", mode: "now" }))["eventOutcome"], "known");
  await pass(clock, 1_000);
  assert.equal(life.offered.length, 1);
  assert.equal(life.offered[0]?.principal.label, "outside");
  assert.match(life.offered[0]?.text ?? "", /mail came$/);
});

test("a mapped hook brings its body whole, with the owner's words before it", async (t) => {
  const mappings = {
    github: { text: "GitHub says:", sessionKey: "code" }, alarm: { action: "wake", mode: "now" },
  } as const;
  const { life, call, clock, refused } = await setUp(t, { mappings });
  await call("github", { action: "opened", number: 7 });
  assert.equal(life.offered[0]?.text, 'GitHub says:\n\n{\n "action": "opened",\n "number": 7\n}');
  assert.equal(life.offered[0]?.sessionKey, "code");
  await call("alarm", { smoke: true });
  await pass(clock, 1_000);
  assert.match(life.offered[1]?.text ?? "", /The webhook alarm says:[^]*"smoke": true/);
  await refused("HOOK_UNKNOWN", "gitlab", {});
  await refused("HOOK_UNKNOWN", "__proto__", {});
});

test("a sender names no session unless the owner allows it, and the owner's label only where it is said", async (t) => {
  const closed = await setUp(t);
  await closed.refused("HOOK_BODY_INVALID", "agent", { message: "x", sessionKey: "main" });
  await closed.refused("HOOK_BODY_INVALID", "wake", { text: "x", sessionKey: "main" });
  const open = await setUp(t, { allowRequestSessionKey: true, label: "owner" });
  await open.call("agent", { message: "x", sessionKey: "work" });
  assert.deepEqual([open.life.offered[0]?.sessionKey, open.life.offered[0]?.principal.label], ["work", "owner"]);
  await open.call("agent", { message: "y", name: "My CI!", sessionMode: "persistent" });
  assert.equal(open.life.offered[1]?.sessionKey, "hook:my-ci");
});

test("a body that does not fit is refused with what is wrong, and nothing is stored", async (t) => {
  const { engine, refused } = await setUp(t);
  for (const body of ["", "x", "[]", "null", "5"]) await refused("HOOK_BODY_INVALID", "agent", body);
  for (const body of [
    {}, { message: " " }, { message: 5 }, { message: "x", to: "someone" }, { message: "x", sessionMode: "both" },
    { message: "x", timeoutSeconds: -1 },
  ]) await refused("HOOK_BODY_INVALID", "agent", body);
  await refused("HOOK_BODY_INVALID", "wake", { text: "x", mode: "never" });
  await refused("UNKNOWN_AGENT_ID", "agent", { message: "x", agentId: "nobody" });
  assert.equal((await engine.log.heads()).size, 0);
});

test("mappings as the well-known program lists them: found by path, told by a template, nothing where it is empty", async (t) => {
  const mappings = [
    { match: { path: "mail" }, messageTemplate: "From {{messages[0].from}}: {{ messages[0].subject }} ({{count}})", name: "Mail", model: "test/other" },
    { id: "ping", action: "wake", textTemplate: "{{text}}", wakeMode: "next-heartbeat" },
    { id: "chosen", messageTemplate: "x {{id}}", sessionKey: "hook:{{id}}" },
  ] as const satisfies HooksConfig["mappings"];
  const { life, call } = await setUp(t, { mappings: [...mappings] });
  await call("mail", { messages: [{ from: "ada", subject: "{{count}} $& and $1" }], count: 2 });
  assert.equal(life.offered[0]?.text, "From ada: {{count}} $& and $1 (2)", "what comes from outside is no template");
  assert.equal(life.offered[0]?.model, "test/other");
  assert.deepEqual(await call("ping", { text: " " }), { nothing: true });
  assert.deepEqual(await call("ping", { other: 1 }), { nothing: true });
  assert.equal((await call("ping", { text: "look" }))["mode"], "next-heartbeat");
  await call("chosen", { id: "agent:main:main" });
  const chosen = life.offered.find(({ text }) => text.startsWith("x "));
  assert.match(chosen?.sessionKey ?? "", /^hook:[0-9a-f]{8}-/, "a sender chooses no session");
  assert.equal(renderTemplate("{{constructor}}{{__proto__}}{{a.b.c}}{{list}}{{list[1]}}", { a: 1, list: [1, 2] }), "[1,2]2");
});

test("a caller may wait for its run, and is told how it ended and nothing the agent said", async (t) => {
  const { call, clock } = await setUp(t);
  const waiting = call("agent", { message: "a secret word", waitForCompletion: true });
  await pass(clock, 1_000);
  const { runId, ...rest } = await waiting;
  assert.equal(typeof runId, "string");
  assert.deepEqual(rest, { ok: true, status: "ok" });
});

test("an outcome is brought to a channel that is named whole; the last one and none are taken as they are", async (t) => {
  const { life, call, refused } = await setUp(t);
  await call("agent", { message: "a", channel: "last", deliver: true, wakeMode: "now" });
  await call("agent", { message: "b", channel: "telegram", to: "5", deliver: false });
  assert.deepEqual(life.offered.map(({ replyTo }) => replyTo), [undefined, undefined]);
  await refused("HOOK_BODY_INVALID", "agent", { message: "c", channel: "telegram" });
  await refused("CHANNEL_UNKNOWN", "agent", { message: "d", channel: "telegram", to: "5" });
});
