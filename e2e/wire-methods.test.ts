/** Methods and events as existing clients read them, on the real program: shapes, refusals, and the order in which things are told. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join as pathOf } from "node:path";
import { test, type TestContext } from "node:test";
import type { MethodSpec } from "@openclaw/protocol";
import { eventSpec } from "@openclaw/protocol/events";
import { METHODS } from "@openclaw/protocol/methods";
import { connectPlain, type PlainClient, type PlainFrame, type PlainHello } from "@openclaw/testkit/plain-client";
import { openRealGateway, type RealGateway } from "@openclaw/testkit/real-gateway";
import { callMark, scriptedConfig } from "@openclaw/testkit/scripted-config";
import { openScriptedModel, type ScriptedModel } from "@openclaw/testkit/scripted-model-server";

type Fields = Readonly<Record<string, unknown>>;

interface Opened {
  readonly gateway: RealGateway;
  readonly model: ScriptedModel;
  join(hello?: PlainHello): Promise<PlainClient & { readonly hello: unknown }>;
}

async function open(t: TestContext, bare: boolean): Promise<Opened> {
  const model = await openScriptedModel();
  t.after(() => model.close());
  const gateway = await openRealGateway({ bare, config: scriptedConfig(model.url) });
  t.after(() => gateway.dispose());
  return {
    gateway, model,
    join: async (hello = {}) => {
      const client = await connectPlain(gateway.port, { token: gateway.token, ...hello });
      t.after(() => client.close());
      return client;
    },
  };
}

const payloads = (client: PlainClient, event: string): readonly Fields[] =>
  client.frames.filter((frame) => frame.event === event).map(({ payload }) => payload as Fields);

test("health, heartbeats, events, log, lists of what is open, channels and voice answer as clients read them "
  + "(W.4.11, W.6.1, W.6.3, W.6.4, W.6.5, W.6.43, W.6.45, W.6.46, W.6.47)", async (t) => {
  const { join } = await open(t, true);
  const client = await join();
  const call = async (method: string, params?: unknown): Promise<Fields> => (await client.call(method, params)) as Fields;
  const health = await call("health");
  assert.deepEqual([health["ok"], health["defaultAgentId"]], [true, "main"]);
  assert.equal((health["agents"] as readonly Fields[])[0]?.["agentId"], "main");
  assert.equal(typeof (health["sessions"] as Fields)["count"], "number");
  assert.equal(await call("last-heartbeat"), null);
  assert.deepEqual(await call("set-heartbeats", { enabled: false }), { ok: true, enabled: false });
  assert.equal((await call("system-event", { text: "The door opened." }))["ok"], true);
  const log = await call("logs.tail", { limit: 5 });
  assert.ok((log["lines"] as readonly string[]).length > 0 && Number.isInteger(log["cursor"]));
  for (const line of log["lines"] as readonly string[]) {
    const { ts, time, event, message } = JSON.parse(line) as Fields;
    assert.ok(time === ts && String(message).startsWith(String(event)), `a viewer shows its time and message: ${line}`);
  }
  const later = await call("logs.tail", { cursor: log["cursor"] });
  assert.ok((later["cursor"] as number) >= (log["cursor"] as number));
  assert.deepEqual(await call("plugin.approval.list"), []);
  assert.deepEqual(await call("question.list"), { questions: [] });
  assert.deepEqual(await call("taskSuggestions.list", { agentId: "main" }), { suggestions: [] });
  const channels = await call("channels.status");
  for (const name of ["ts", "channelOrder", "channels", "channelAccounts"]) assert.ok(name in channels, name);
  const sent = await client.ask("send", { to: "somebody", message: "hi", idempotencyKey: "s1" });
  assert.equal(sent.error?.code, "INVALID_REQUEST");
  await call("voicewake.set", { triggers: ["computer", "hello house"] });
  assert.deepEqual((await call("voicewake.get"))["triggers"], ["computer", "hello house"]);
  await client.until((frame) => frame.event === "voicewake.changed");
  const reader = await join({ scopes: ["operator.read"] });
  const secrets = await reader.ask("talk.config", { includeSecrets: true });
  assert.deepEqual([secrets.error?.code, secrets.error?.details?.["missingScope"]], ["FORBIDDEN", "operator.talk.secrets"]);
});

test("every method of the table is there, and every name that is said to be there is one of the table "
  + "(S4.2, W.2.10, W.3.20)", async (t) => {
  const { join } = await open(t, true);
  const client = await join();
  const { methods, events } = (client.hello as { readonly features: { readonly methods: string[]; readonly events: string[] } }).features;
  const table = Object.entries<MethodSpec>(METHODS);
  assert.deepEqual(methods.toSorted(), table.filter(([, { hidden }]) => hidden !== true).map(([name]) => name).sort());
  for (const [name, { role, hidden }] of table) {
    const { error } = await client.ask(name, { "no such parameter": true });
    const expected = role === "node" ? "unauthorized role: operator" : `invalid ${name} params: `;
    if (role === "node") await client.call("health"); // ten calls of the wrong role in a row would end the connection
    const isAbsent = hidden === true && error?.message === `unknown method: ${name}`;
    assert.ok(isAbsent || error?.message.startsWith(expected), `${name}: ${error?.message}`);
  }
  assert.deepEqual(events.filter((name) => eventSpec(name) === undefined || eventSpec(name)?.hidden === true), []);
});

test("a job's life is told by its methods and by cron events (W.6.44, W.7.4)", async (t) => {
  const { join } = await open(t, true);
  const client = await join();
  const call = async (method: string, params?: unknown): Promise<Fields> => (await client.call(method, params)) as Fields;
  const job = await call("cron.add", {
    name: "Wake up", schedule: { kind: "every", everyMs: 3_600_000 }, sessionTarget: "isolated", wakeMode: "now",
    payload: { kind: "agentTurn", message: "hello" }, sessionKey: "agent:main:work",
  });
  const id = String(job["id"]);
  const list = await call("cron.list");
  assert.deepEqual((list["jobs"] as readonly Fields[]).map((one) => one["id"]), [id]);
  assert.ok(typeof list["snapshotRevision"] === "string" && list["snapshotRevision"] !== "");
  assert.equal((await call("cron.status"))["jobs"], 1);
  // As a dashboard asks, with everything it knows to ask for.
  const asked = { agentId: "main", includeDisabled: true, includeDeliveryPreviews: false, compact: true, enabled: "all", sortDir: "asc" };
  for (const [more, found] of [
    [{ scheduleKind: "all", lastRunStatus: "all", trigger: "all" }, [id]], [{ scheduleKind: "every", lastRunStatus: "unknown" }, [id]],
    [{ scheduleKind: "cron" }, []], [{ lastRunStatus: "error" }, []], [{ trigger: "conditional" }, []],
    [{ sessionKey: "agent:main:work", sessionAgentId: "main" }, [id]], [{ sessionKey: "agent:main:other" }, []], [{ sessionAgentId: "x" }, []],
  ] as const) {
    const { jobs, ...rest } = await call("cron.list", { ...asked, ...more }) as { readonly jobs: readonly Fields[] };
    assert.deepEqual([jobs.map((one) => one["id"]), "deliveryPreviews" in rest], [found, false], JSON.stringify(more));
  }
  const stale = await client.ask("cron.update", { id, patch: { name: "Too late" }, expectedConfigRevision: "1.0" });
  assert.equal(stale.error?.details?.["code"], "CONFLICT");
  await call("cron.update", { id, patch: { name: "Wake me" }, expectedConfigRevision: job["configRevision"] });
  const ran = await call("cron.run", { id, mode: "force" });
  assert.equal(ran["ok"], true);
  await client.until((frame) => frame.event === "cron" && (frame.payload as Fields)["action"] === "finished");
  const { entries } = await call("cron.runs", { id }) as { readonly entries: readonly Fields[] };
  assert.deepEqual(entries.map(({ jobId, status }) => [jobId, status]), [[id, "ok"]]);
  for (const [more, found] of [
    [{ agentId: "main", scope: "all", status: "all", sortDir: "desc" }, 1], [{ agentId: "nobody" }, 0], [{ query: "wake ME" }, 1],
    [{ query: "sleep" }, 0], [{ statuses: ["error", "skipped"] }, 0], [{ statuses: ["ok"] }, 1],
  ] as const) assert.equal((await call("cron.runs", more))["total"], found, JSON.stringify(more));
  assert.equal((await call("cron.remove", { id }))["removed"], true);
  assert.equal((await call("wake", { mode: "now", text: "the post is here" }))["ok"], true);
  await client.until((frame) => frame.event === "cron" && (frame.payload as Fields)["action"] === "removed");
  const told = payloads(client, "cron").filter(({ jobId }) => jobId === id).map(({ action }) => action);
  assert.deepEqual(told, ["added", "updated", "started", "finished", "removed"]);
});

test("a turn is told in order: why it waits, what it answers, start, model, text, finish, the end, then the chat's end; a known key "
  + "starts nothing (W.2.21, W.7.12, W.7.13, W.7.20, W.7.23, W.7.25, W.7.26)", async (t) => {
  const { model, join } = await open(t, true);
  const client = await join();
  await client.call("sessions.subscribe", {});
  const rest = Promise.withResolvers<void>();
  model.script({ text: Array.from({ length: 12 }, (_, at) => `word${at} `), rest: rest.promise, delayMs: 5 });
  const message = { sessionKey: "main", message: "hello", idempotencyKey: "run-1" };
  assert.deepEqual(await client.call("chat.send", message), { runId: "run-1", status: "started" });
  await client.until((frame) => isChat(frame, "delta"));
  assert.deepEqual(await client.call("chat.send", message), { runId: "run-1", status: "in_flight" });
  rest.resolve();
  await client.until((frame) => isChat(frame, "final"));
  assert.deepEqual(await client.call("chat.send", message), { runId: "run-1", status: "ok" });
  assert.equal(payloads(client, "chat").filter(({ state }) => state === "final").length, 1);
  await client.until((frame) => nameOf(frame).includes("changed end"));

  const order = client.frames.flatMap(nameOf).filter((name, at, all) => name !== all[at - 1]);
  const wanted = [
    "run_status", "status", "message user", "start", "changed start", "model", "assistant", "message assistant", "finishing", "end",
    "final", "changed end",
  ];
  const places = wanted.map((name) => order.indexOf(name));
  assert.ok(places.every((place, at) => place >= 0 && (at === 0 || place > (places[at - 1] ?? 0))), order.join(" "));
  assert.equal(order.filter((name) => name === "end" || name === "error").length, 1);
  const numbers = payloads(client, "agent").map(({ seq }) => seq as number);
  assert.deepEqual(numbers, numbers.map((_, at) => at + 1));
  const words = Array.from({ length: 12 }, (_, at) => `word${at} `).join("");
  const deltas = payloads(client, "chat").filter(({ state }) => state === "delta").map(({ deltaText }) => deltaText as string);
  assert.equal(deltas.join(""), words);

  const outcome = client.ask("agent", { message: "again", idempotencyKey: "run-2" });
  await outcome;
  const isAnswer = ({ type, payload }: PlainFrame): boolean => type === "res" && (payload as Fields | undefined)?.["result"] !== undefined;
  await client.until(isAnswer);
  const end = client.frames.findIndex((frame) => isChat(frame, "final") && (frame.payload as Fields)["runId"] === "run-2");
  assert.ok(end >= 0 && end < client.frames.findIndex(isAnswer), "the answer follows the chat's end");
});

test("a command is asked for and answered, nodes say what may be asked of them, and no shell command passes beside that "
  + "(W.6.37, W.6.39, W.7.6)", async (t) => {
  const { gateway, join } = await open(t, false);
  const client = await join();
  let nodes: readonly Fields[] = [];
  while (nodes.length === 0) ({ nodes } = await client.call("node.list") as { readonly nodes: readonly Fields[] });
  const nodeId = nodes[0]?.["nodeId"] as string;
  const names = ["displayName", "platform", "version", "caps", "commands", "paired", "connected"];
  assert.deepEqual(names.filter((name) => !(name in (nodes[0] ?? {}))), []);
  assert.equal((await client.call("node.describe", { nodeId }) as Fields)["nodeId"], nodeId);
  const unseen = pathOf(gateway.home, "unseen");
  const beside = client.ask("node.invoke", { nodeId, command: "system.run", params: { command: ["touch", unseen] }, idempotencyKey: "n1" });
  const asked = client.until((frame) => frame.event === "exec.approval.requested" && JSON.stringify(frame.payload).includes(unseen));
  const first = await Promise.race([beside, asked]);
  assert.notEqual(first.ok, true, "it is refused, or a person is asked");
  if (first.event !== undefined) {
    await client.call("exec.approval.resolve", { id: (first.payload as Fields)["id"], decision: "deny" });
    assert.equal((await beside).ok, false);
  }
  assert.equal(existsSync(unseen), false);
  void client.ask("chat.send", {
    sessionKey: "main", message: callMark("exec", { command: "touch /tmp/never-made" }), idempotencyKey: "ask-1",
  });
  const { payload } = await client.until((frame) => frame.event === "exec.approval.requested"
    && JSON.stringify(frame.payload).includes("never-made"));
  const { id, approvalKind, request, createdAtMs, expiresAtMs } = payload as Fields & { readonly request: Fields };
  assert.equal(approvalKind, "exec");
  assert.match(String(request["command"]), /touch/);
  assert.ok((expiresAtMs as number) > (createdAtMs as number));
  await client.call("exec.approval.resolve", { id, decision: "deny" });
  const resolved = (await client.until((frame) => frame.event === "exec.approval.resolved" && (frame.payload as Fields)["id"] === id))
    .payload as Fields;
  assert.deepEqual([resolved["id"], resolved["decision"]], [id, "deny"]);
  await client.until((frame) => isChat(frame, "final"));
});

function isChat(frame: PlainFrame, state: string): boolean {
  return frame.event === "chat" && (frame.payload as Fields)["state"] === state;
}

/** What an event says, in one word. */
function nameOf({ event, payload }: PlainFrame): readonly string[] {
  const { stream, data, state, phase, message } = (payload ?? {}) as {
    readonly stream?: string; readonly data?: Fields; readonly state?: string; readonly phase?: string; readonly message?: Fields;
  };
  if (event === "agent") return [stream === "lifecycle" ? String(data?.["phase"]) : String(stream)];
  if (event === "chat") return state === "delta" ? [] : [String(state)];
  if (event === "session.message") return [`message ${String(message?.["role"])}`];
  return event === "sessions.changed" ? [`changed ${phase ?? ""}`] : [];
}
