import test from "node:test";
import assert from "node:assert/strict";
import { OpenClawError } from "@openclaw/protocol";
import { checkSchema } from "../../../base/schema.ts";
import { createAgents } from "../../agents.ts";
import { connect, connectOk, makeDevice, startGateway, type RawClient } from "../test-gateway.ts";
import { methodSpec } from "@openclaw/protocol/methods";
import { approvalMethods } from "./approvals.ts";
import { listMethods } from "./lists.ts";
import { nodeMethods } from "./nodes.ts";

async function ask(client: RawClient, method: string, params: unknown = {}): Promise<Record<string, unknown>> {
  const answer = await client.call(method, params);
  assert.equal(answer.ok, true, `${method}: ${JSON.stringify(answer.error)}`);
  const spec = methodSpec(method);
  const fits = checkSchema(spec?.result ?? {}, answer.payload);
  assert.ok(fits.ok, `${method} answers as documented: ${fits.ok ? "" : fits.text}`);
  return answer.payload as Record<string, unknown>;
}

test("the system's answers fit their documented shape; nobody has a profile without an identity (W.6.2, W.6.8)", async () => {
  await using running = await startGateway();
  const client = await connectOk(running.url, { scopes: ["operator.admin", "operator.questions"] });
  for (const method of [
    "health", "status", "system-presence", "gateway.identity.get", "system.info", "logs.tail", "question.list",
    "taskSuggestions.list", "users.prefs.get",
  ]) await ask(client, method);
  assert.equal((await client.call("users.self", {})).error?.code, "FORBIDDEN");
  assert.equal((await client.call("health")).payload?.["defaultAgentId"], "main");
  await client.end();
});

test("a paired device without admin sees and manages only itself, and gets its own rotated token in band (W.5.8, W.5.10)", async () => {
  await using running = await startGateway();
  const [mine, theirs] = [makeDevice(), makeDevice()];
  const other = await connectOk(running.url, { device: theirs });
  const { client, hello } = await connect(running.url, { device: mine, scopes: ["operator.pairing"] });
  const { deviceToken } = hello.payload?.["auth"] as { deviceToken: string };
  const list = await ask(client, "device.pair.list");
  assert.deepEqual(
    (list["paired"] as { deviceId: string; connected: boolean }[]).map((device) => [device.deviceId, device.connected]), [[mine.id, true]],
  );
  for (const [method, params] of [
    ["device.pair.remove", {}], ["device.token.rotate", { role: "operator" }], ["device.token.revoke", { role: "operator" }],
    ["device.pair.rename", { label: "x" }],
  ] as const) {
    assert.equal((await client.call(method, { deviceId: theirs.id, ...params })).error?.message, "missing scope: operator.admin", method);
  }
  assert.equal(
    (await client.call("device.token.rotate", { deviceId: mine.id, role: "operator", scopes: ["operator.admin"] })).error?.details["code"],
    "AUTH_SCOPE_MISMATCH",
  );
  const rotated = await ask(client, "device.token.rotate", { deviceId: mine.id, role: "operator" });
  assert.equal(rotated["tokenDelivery"], "in-band");
  assert.notEqual(rotated["token"], deviceToken);
  const stale = await connect(running.url, { device: mine, scopes: ["operator.pairing"], auth: { deviceToken } });
  assert.equal(stale.hello.error?.details["code"], "AUTH_DEVICE_TOKEN_MISMATCH");
  assert.equal((await client.call("health")).ok, true, "the connection that rotated goes on");
  await client.end();
  await other.end();
});

test("an operator with pairing alone cannot mint an admin token through rotation, nor read one that is not its own", async () => {
  await using running = await startGateway();
  const device = makeDevice();
  const admin = await connectOk(running.url, { device });
  const pairing = await connectOk(running.url, { clientId: "cli", mode: "cli", scopes: ["operator.pairing"] });
  assert.equal(
    (await pairing.call("device.token.rotate", { deviceId: device.id, role: "operator" })).error?.details["code"], "MISSING_SCOPE",
  );
  const owner = await connectOk(running.url);
  const rotated = await ask(owner, "device.token.rotate", { deviceId: device.id, role: "operator" });
  assert.equal(rotated["tokenDelivery"], "withheld-cross-device");
  assert.equal("token" in rotated, false);
  assert.deepEqual(await admin.closed, { code: 4001, reason: "gateway auth changed" });
  for (const client of [pairing, owner]) await client.end();
});

test("revoking and removing a device ends its live connections before their next frame (W.5.7, W.5.9)", async () => {
  await using running = await startGateway();
  const owner = await connectOk(running.url);
  const device = makeDevice();
  const operator = await connectOk(running.url, { device });
  const node = await connectOk(running.url, { device, role: "node", clientId: "node-host", mode: "node" });
  await ask(owner, "device.token.revoke", { deviceId: device.id, role: "operator" });
  assert.deepEqual(await operator.closed, { code: 4001, reason: "gateway auth changed" });
  assert.equal((await node.call("health")).ok, true, "another role of the device goes on");
  await ask(owner, "device.pair.remove", { deviceId: device.id });
  assert.deepEqual(await node.closed, { code: 4001, reason: "device removed" });
  assert.equal((await owner.call("device.pair.remove", { deviceId: device.id })).error?.details["code"], "NOT_FOUND");
  assert.equal((await owner.call("device.pair.reject", { requestId: "none" })).error?.details["code"], "NOT_FOUND");
  await owner.end();
});

test("approving a node's commands needs the scopes the request lists (W.4.9)", async () => {
  const approved: string[] = [];
  const directory = {
    list: () => ({ ts: 1, nodes: [] }), describe: (nodeId: string) => ({
      nodeId, platform: "linux", version: "1", caps: [], commands: [], paired: true, connected: false,
    }),
    rename: (nodeId: string, displayName: string) => ({ nodeId, displayName }),
    pairList: () => ({ pending: [{ requestId: "r1", requiredApproveScopes: ["operator.pairing", "operator.admin"] }], paired: [] }),
    approve: (requestId: string, by: string) => {
      approved.push(by);
      return { requestId, node: {} };
    },
    reject: (requestId: string) => ({ requestId, nodeId: "n" }), remove: (nodeId: string) => ({ nodeId }),
    drain: (nodeId: string, draining: boolean) => ({ nodeId, draining }),
    retag: (nodeId: string, tags: readonly string[] | null) => ({ nodeId, tags: tags ?? [] }), telemetry: () => ({ ts: 1, nodes: [] }),
  };
  await using running = await startGateway(
    { methods: nodeMethods(
      {
        directory,
        invoke: async (request) => ({ ok: true, nodeId: request.nodeId, command: request.command, payload: {}, payloadJSON: "{}" }),
      },
    ) },
  );
  const pairing = await connectOk(running.url, { scopes: ["operator.pairing"] });
  assert.equal((await pairing.call("node.pair.approve", { requestId: "r1" })).error?.message, "missing scope: operator.admin");
  const owner = await connectOk(running.url);
  await ask(owner, "node.pair.approve", { requestId: "r1" });
  assert.deepEqual(approved, ["owner"]);
  for (const [method, params] of [
    ["node.list", {}], ["node.describe", { nodeId: "n" }], ["node.rename", { nodeId: "n", displayName: "x" }], ["node.pair.list", {}],
    ["node.drain", { nodeId: "n", draining: true }], ["node.tags.set", { nodeId: "n", tags: null }], ["node.telemetry", {}],
    ["node.pair.reject", { requestId: "r" }], ["node.pair.remove", { nodeId: "n" }],
    ["node.invoke", { nodeId: "n", command: "system.which", idempotencyKey: "k" }],
  ] as const) await ask(owner, method, params);
  const node = await connectOk(running.url, { device: makeDevice(), role: "node", clientId: "node-host", mode: "node" });
  await ask(node, "skills.bins");
  await ask(node, "node.invoke.result", { id: "1", nodeId: "n", ok: true });
  assert.equal(
    (await node.call("node.invoke.progress", { invokeId: "1", nodeId: "n", seq: 0, chunk: "x".repeat(16_385) })).error?.code,
    "INVALID_REQUEST",
  );
  assert.deepEqual(running.attached[0]?.received.map((one) => one.method), ["node.invoke.result"]);
  for (const client of [pairing, owner, node]) await client.end();
});

test("approvals answer in the wire's words, and the second answer is shown the first (W.6.42)", async () => {
  const approvals = {
    list: () => [{ id: "a", request: {}, createdAtMs: 1, expiresAtMs: 2 }], past: () => [],
    get: (id: string) => {
      if (id !== "a") throw new OpenClawError("APPROVAL_NOT_FOUND");
      return { id, commandText: "uptime", allowedDecisions: ["allow-once", "deny"], expiresAtMs: 2 };
    },
    show: (id: string) => ({ approval: { id, status: "denied" } }),
    resolve: async (id: string, decision: string) => {
      if (id !== "a") throw new OpenClawError("APPROVAL_NOT_FOUND");
      if (decision !== "deny") throw new OpenClawError("APPROVAL_ALREADY_RESOLVED");
    },
    ended: async (id: string) => {
      if (id !== "a") throw new OpenClawError("APPROVAL_NOT_FOUND");
      return { id, decision: null, createdAtMs: 1, expiresAtMs: 2 };
    },
    expire: async () => undefined,
  };
  await using running = await startGateway(
    { methods: {
      ...approvalMethods({ approvals, request: async () => ({ id: "a", createdAtMs: 1, expiresAtMs: 2 }), ask: async () => ({}) }),
      ...listMethods({
        agents: createAgents(() => ({}), "/w"), listModels: async () => ({ models: [] }), testModel: async () => ({}),
        listCommands: async () => [],
      }),
    } },
  );
  const client = await connectOk(running.url);
  for (const [method, params] of [
    ["exec.approval.list", {}], ["exec.approval.history", { limit: 5 }], ["exec.approval.get", { id: "a" }],
    ["exec.approval.resolve", { id: "a", decision: "deny" }],
    ["approval.get", { id: "a" }], ["plugin.approval.list", {}], ["models.list", {}],
    ["commands.list", { scope: "text" }],
  ] as const) await ask(client, method, params);
  const waited = await client.call("exec.approval.waitDecision", { id: "zz" });
  assert.deepEqual([waited.error?.code, waited.error?.message], ["INVALID_REQUEST", "approval expired or not found"]);
  for (const [method, params] of [
    ["exec.approval.waitDecision", { id: "a" }], ["exec.approval.request", { command: "uptime", twoPhase: true }], ["question.list", {}],
  ] as const) await ask(client, method, params);
  const unknown = await client.call("exec.approval.resolve", { id: "zz", decision: "deny" });
  assert.deepEqual(
    [unknown.error?.code, unknown.error?.message, unknown.error?.details["reason"]],
    ["APPROVAL_NOT_FOUND", "approval expired or not found", "APPROVAL_NOT_FOUND"],
  );
  const other = await client.call("exec.approval.resolve", { id: "a", decision: "allow-once" });
  assert.deepEqual(
    [other.error?.code, other.error?.message, other.error?.details["reason"]],
    ["INVALID_REQUEST", "approval already resolved", "APPROVAL_ALREADY_RESOLVED"],
  );
  assert.deepEqual(
    (await ask(client, "approval.resolve", { id: "a", kind: "exec", decision: "allow-once" }))["approval"], { id: "a", status: "denied" },
  );
  const reader = await connectOk(running.url, { scopes: ["operator.read", "operator.write"] });
  assert.equal((await reader.call("exec.approval.list", {})).error?.message, "missing scope: operator.approvals");
  await client.end();
  await reader.end();
});
