/**
 * A client that was written for the well-known gateway connects and does its work: the same frames, the same parameters, the
 * same proofs. It shares no code with ours.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ALL_SCOPES, connectPlain, formatHello, makeDevice, openPlainClient } from "@openclaw/testkit/plain-client";
import { openRealGateway } from "@openclaw/testkit/real-gateway";
import { scriptedConfig } from "@openclaw/testkit/scripted-config";
import { openScriptedModel } from "@openclaw/testkit/scripted-model-server";

test("as an operator: connect, health, chat with live deltas, history (S4.1, S4.2, S4.7, S4.25, W.1.1, W.3.20)", async (t) => {
  const model = await openScriptedModel();
  t.after(() => model.close());
  const gateway = await openRealGateway({ config: scriptedConfig(model.url) });
  t.after(() => gateway.dispose());
  const client = await connectPlain(gateway.port, { token: gateway.token, caps: ["tool-events"] });
  t.after(() => client.close());
  const hello = client.hello as {
    type: string; protocol: number; features: { methods: string[]; events: string[] }; auth: { role: string; scopes: string[] };
    policy: { maxPayload: number; tickIntervalMs: number }; snapshot: { presence: unknown[] }
  };
  assert.equal(hello.type, "hello-ok");
  assert.equal(hello.protocol, 4);
  assert.equal(hello.auth.role, "operator");
  assert.deepEqual(hello.auth.scopes.toSorted(), [...ALL_SCOPES].toSorted());
  const needed = [
    "health", "status", "agents.list", "chat.send", "chat.history", "chat.abort", "agent", "agent.wait", "sessions.list",
    "sessions.describe", "sessions.patch", "sessions.reset", "sessions.delete", "node.list", "node.describe", "node.invoke",
    "device.pair.list", "node.pair.list", "exec.approval.list", "config.get", "logs.tail",
  ];
  for (const method of needed) {
    assert.ok(hello.features.methods.includes(method), method);
  }
  assert.ok(hello.policy.maxPayload > 0 && hello.policy.tickIntervalMs > 0);

  assert.equal((await client.call("health") as { ok: boolean }).ok, true);
  const sent = await client.call("chat.send", { sessionKey: "main", message: "hello [[tokens 4 20]]", idempotencyKey: "run-1" });
  assert.deepEqual(sent, { runId: "run-1", status: "started" });
  const final = await client.until((frame) => frame.event === "chat" && (frame.payload as { state: string }).state === "final");
  const chat = client.frames.filter(({ event }) => event === "chat").map(
    ({ payload }) => payload as { state: string; deltaText?: string; seq: number; sessionKey: string },
  );
  assert.equal(chat.filter(({ state }) => state === "delta").map(({ deltaText }) => deltaText).join(""), "word0 word1 word2 word3 ");
  assert.deepEqual(
    (final.payload as { message: { role: string; content: unknown } }).message.content,
    [{ type: "text", text: "word0 word1 word2 word3 " }],
  );
  assert.ok(chat.every(({ sessionKey }) => sessionKey === "agent:main:main"));
  const sequence = client.frames.flatMap(({ seq }) => (seq === undefined ? [] : [seq]));
  assert.deepEqual(sequence, sequence.map((_, at) => at + (sequence[0] ?? 0)), "events are numbered without a gap");

  const waited = await client.call("agent.wait", { runId: "run-1", timeoutMs: 20_000 });
  assert.equal((waited as { status: string }).status, "ok");
  const { messages } = await client.call("chat.history", { sessionKey: "main" }) as { messages: { role: string }[] };
  assert.deepEqual(messages.map(({ role }) => role), ["user", "assistant"]);
  // `agent` answers twice under one id: accepted, then the outcome
  void client.ask("agent", { message: "again", idempotencyKey: "run-2" });
  const outcome = await client.until(({ type, payload }) => {
    const { runId, result } = (payload ?? {}) as { readonly runId?: string; readonly result?: unknown };
    return type === "res" && runId === "run-2" && result !== undefined;
  });
  assert.equal(client.frames.filter(({ id }) => id === outcome.id).length, 2);
  assert.deepEqual(
    (outcome.payload as { result: { payloads: { text: string }[] } }).result.payloads.map(({ text }) => text), ["echo: again"],
  );
});

test("whoever comes back amid a reply shows the text so far once, and all of it at the end; a command it gave is still there "
  + "(S4.25, S4.26, W.6.48, W.6.49, W.6.52)", async (t) => {
  const model = await openScriptedModel();
  t.after(() => model.close());
  const gateway = await openRealGateway({ config: scriptedConfig(model.url) });
  t.after(() => gateway.dispose());
  const connect = async () => {
    const client = await connectPlain(gateway.port, { token: gateway.token });
    t.after(() => client.close());
    return client;
  };
  type Chat = { readonly state: string; readonly deltaText?: string; readonly replace?: true };
  type History = {
    readonly inFlightRun?: { readonly runId: string; readonly text: string };
    readonly pendingInputs: { readonly total: number };
    readonly messages: readonly { readonly role: string; readonly content: readonly { readonly text: string }[] }[];
  };
  const first = await connect();
  const rest = Promise.withResolvers<void>();
  model.script({ text: Array.from({ length: 60 }, (_, at) => `word${at} `), rest: rest.promise, delayMs: 5 });
  await first.call("chat.send", { sessionKey: "main", message: "go", idempotencyKey: "run-1" });
  await first.until(({ event, payload }) => event === "chat" && (payload as Chat).state === "delta");
  await first.call("chat.send", { sessionKey: "main", message: "then this", idempotencyKey: "run-2", queueMode: "followup" });
  await first.call("chat.send", { sessionKey: "main", message: "/whoami", idempotencyKey: "run-3" });
  await first.until(({ event, payload }) => event === "chat" && (payload as { readonly runId: string }).runId === "run-3"
    && (payload as Chat).state === "final");
  const back = await connect();
  const page = await back.call("chat.history", { sessionKey: "main" }) as History;
  assert.equal(page.inFlightRun?.runId, "run-1");
  assert.equal(page.pendingInputs.total, 1);
  assert.deepEqual(page.messages.map(({ role }) => role), ["user", "user", "assistant"], "the question, the command and its answer");
  rest.resolve();
  const isEnd = ({ event, payload }: { readonly event?: string; readonly payload?: unknown }): boolean =>
    event === "chat" && (payload as Chat).state === "final" && (payload as { readonly runId: string }).runId === "run-1";
  const end = await back.until(isEnd);
  let shown = page.inFlightRun?.text ?? "";
  assert.match(shown, /^word0 /);
  const isOfRun = (payload: unknown): boolean => (payload as { readonly runId: string }).runId === "run-1";
  for (const { event, payload } of back.frames) {
    if (event !== "chat" || !isOfRun(payload) || (payload as Chat).state !== "delta") continue;
    const { deltaText = "", replace } = payload as Chat;
    shown = replace === true ? deltaText : shown + deltaText;
  }
  const { message } = end.payload as { readonly message: { readonly content: readonly { readonly text: string }[] } };
  assert.equal(shown, message.content[0]?.text);
  assert.equal((await back.call("agent.wait", { runId: "run-2", timeoutMs: 20_000 }) as { readonly status: string }).status, "ok");
  const after = await back.call("chat.history", { sessionKey: "main" }) as History;
  assert.equal(after.inFlightRun, undefined);
  assert.deepEqual(after.messages.filter(({ content }) => content[0]?.text === "/whoami").length, 1);
  assert.ok(model.requests.every(({ body }) => !JSON.stringify(body).includes("whoami")));
});

test("as a node: a version 3 proof, approval of what it offers, and invocations answered over the socket "
  + "(S0.13, S4.2, S4.15, S4.19, W.3.7, W.5.16, W.8.1)", async (t) => {
  const gateway = await openRealGateway();
  t.after(() => gateway.dispose());
  const operator = await connectPlain(gateway.port, { token: gateway.token });
  t.after(() => operator.close());
  const device = makeDevice();
  const offer = { role: "node", device, commands: ["system.run", "system.which"], caps: ["system"], client: { displayName: "old-node" } };
  const node = await connectPlain(gateway.port, { ...offer, token: gateway.token });
  const { deviceToken } = (node.hello as { auth: { deviceToken: string } }).auth;
  assert.ok(deviceToken.length >= 32, "the shared token is spent for one of its own");
  const unapproved = await operator.ask(
    "node.invoke", { nodeId: device.id, command: "system.which", params: { bins: ["sh"] }, idempotencyKey: "early" },
  );
  assert.equal(unapproved.ok, false, "nothing may be asked of it before a person approved what it offers");

  const { pending, paired } = await operator.call("node.pair.list") as {
    pending: { requestId: string; nodeId: string; commands: string[] }[]; paired: { nodeId: string }[];
  };
  assert.equal(paired.some(({ nodeId }) => nodeId === device.id), false, "it stands among the pending alone");
  assert.deepEqual(pending.map(({ nodeId }) => nodeId), [device.id]);
  await operator.call("node.pair.approve", { requestId: pending[0]?.requestId });
  node.close();
  await node.closed;

  const again = await connectPlain(gateway.port, { ...offer, deviceToken });
  t.after(() => again.close());
  const asked = operator.call(
    "node.invoke",
    { nodeId: device.id, command: "system.run", params: { command: ["uptime"] }, timeoutMs: 20_000, idempotencyKey: "invoke-1" },
  );
  const { payload } = await again.until(({ event }) => event === "node.invoke.request");
  const request = payload as { id: string; nodeId: string; command: string; paramsJSON: string };
  assert.equal(request.command, "system.run");
  assert.deepEqual((JSON.parse(request.paramsJSON) as { command: string[] }).command, ["uptime"]);
  const result = { exitCode: 0, timedOut: false, success: true, stdout: "up 3 days", stderr: "", error: null };
  await again.call("node.invoke.result", { id: request.id, nodeId: device.id, ok: true, payloadJSON: JSON.stringify(result) });
  assert.deepEqual((await asked as { payload: unknown }).payload, result);
  const failing = operator.ask(
    "node.invoke", { nodeId: device.id, command: "system.which", params: { bins: ["x"] }, timeoutMs: 20_000, idempotencyKey: "invoke-2" },
  );
  const second = await again.until(
    ({ event, payload: asked2 }) => event === "node.invoke.request" && (asked2 as { command: string }).command === "system.which",
  );
  await again.call(
    "node.invoke.result",
    {
      id: (second.payload as { id: string }).id, nodeId: device.id, ok: false,
      error: { code: "INVALID_REQUEST", message: "no such program" },
    },
  );
  const failed = await failing;
  assert.equal(failed.ok, false);
  assert.match(failed.error?.message ?? "", /no such program/);
  for (const method of ["chat.send", "node.list", "config.get"]) {
    assert.match((await again.ask(method)).error?.message ?? "", /unauthorized role/, "a node is no operator");
  }
});

test("a device with a token of nobody is refused, and a connection may do no more than the scopes it asked for "
  + "(S0.4, S0.48, S3.3)", async (t) => {
  const gateway = await openRealGateway();
  t.after(() => gateway.dispose());
  const operator = await connectPlain(gateway.port, { token: gateway.token });
  t.after(() => operator.close());
  const device = makeDevice();
  const stranger = await openPlainClient(gateway.port);
  const refused = await stranger.ask(
    "connect", formatHello(stranger.challenge, { device, deviceToken: "not-a-token-of-this-gateway-at-all", scopes: ["operator.read"] }),
  );
  assert.equal(refused.ok, false);
  assert.equal((await stranger.closed).code, 1008);
  const read = await connectPlain(gateway.port, { device, token: gateway.token, scopes: ["operator.read"] });
  t.after(() => read.close());
  assert.equal((await read.call("health") as { ok: boolean }).ok, true);
  const denied = await read.ask("chat.send", { sessionKey: "main", message: "hi", idempotencyKey: "x" });
  assert.equal(denied.error?.code, "FORBIDDEN");
  assert.equal(denied.error?.details?.["missingScope"], "operator.write");
});
