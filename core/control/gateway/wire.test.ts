import test from "node:test";
import assert from "node:assert/strict";
import { formatWireError, OpenClawError, parseWireError, reword, ROLES, SCOPES, type MethodSpec } from "@openclaw/protocol";
import { checkSchema } from "../../base/schema.ts";
import { EVENTS, eventSpec } from "@openclaw/protocol/events";
import { METHODS, methodSpec } from "@openclaw/protocol/methods";

const OPEN_ON_PURPOSE = new Set(["node.runnerInventory.update"]);

test("every method says who may call it, takes a closed object, and its schemas compile", () => {
  for (const [name, spec] of Object.entries<MethodSpec>(METHODS)) {
    assert.ok(spec.role === "any" || ROLES.includes(spec.role), name);
    assert.ok(
      spec.role !== "operator" || (spec.scope !== undefined && SCOPES.includes(spec.scope)), `${name} has a scope: deny by default`,
    );
    assert.ok(spec.summary.endsWith(".") || spec.summary.includes("?"), `${name} has a sentence`);
    assert.equal(spec.params.type, "object", name);
    if (!OPEN_ON_PURPOSE.has(name)) assert.equal(checkSchema(spec.params, { thisFieldDoesNotExist: 1 }).ok, false, `${name} is closed`);
    checkSchema(spec.result, {});
  }
});

test("names of the table are found, inherited ones are not", () => {
  assert.ok(methodSpec("health"));
  for (const name of ["toString", "__proto__", "constructor", "no.such"]) assert.equal(methodSpec(name), undefined);
  for (const name of ["toString", "__proto__"]) assert.equal(eventSpec(name), undefined);
});

test("what the well-known clients send fits: chat.send, agent, chat.history, sessions.list, node.invoke", () => {
  const fits = (name: keyof typeof METHODS, params: unknown): void => {
    const checked = checkSchema(METHODS[name].params, params);
    assert.ok(checked.ok, `${name}: ${checked.ok ? "" : checked.text}`);
  };
  fits("chat.send", { sessionKey: "agent:main:main", sessionId: "s", message: "hi", deliver: false, idempotencyKey: "k" });
  fits("agent", { message: "hi", agentId: "main", deliver: false, timeout: 600, idempotencyKey: "k" });
  fits("chat.history", { sessionKey: "main", limit: 200 });
  fits("sessions.list", { agentId: "main", limit: 1 });
  fits("sessions.subscribe", {});
  fits("commands.list", { agentId: "main", scope: "text", includeArgs: false });
  fits("node.invoke", { nodeId: "n", command: "system.which", params: { bins: ["sh"] }, idempotencyKey: "k", timeoutMs: 15_000 });
  fits("node.runnerInventory.update", { protocolFeatures: ["node-worker-supervisor-v6"], workerHost: { enabled: false } });
  fits("node.skills.update", { skills: [] });
  fits("logs.tail", { limit: 100, maxBytes: 250_000 });
});

test("session events are marked as such, and direct ones are never broadcast", () => {
  for (const name of ["chat", "agent", "session.message", "session.tool", "sessions.changed"] as const) assert.equal(
    EVENTS[name].audience, "session",
  );
  for (const name of [
    "connect.challenge", "node.invoke.request", "node.invoke.attach", "node.invoke.ack",
  ] as const) assert.equal(EVENTS[name].direct, true);
});

test("what clients know under other words is told in those; our own clients read ours again (S4.2)", () => {
  const ours = new OpenClawError("NODE_UNKNOWN", { why: "Nodes: local.", detail: { node: "x" } });
  const wire = formatWireError(reword(ours, {
    code: "UNAVAILABLE", message: "node pairing changed while invocation was active", retryable: true,
    details: { code: "PAIRING_CHANGED", reason: "NODE_UNKNOWN" },
  }));
  assert.deepEqual([wire.code, wire.message, wire.retryable, wire.details?.["code"]], [
    "UNAVAILABLE", "node pairing changed while invocation was active", true, "PAIRING_CHANGED",
  ]);
  const read = parseWireError(wire);
  assert.deepEqual([read.code, read.message, read.next], ["NODE_UNKNOWN", ours.message, ours.next]);
  assert.equal(parseWireError({ code: "UNAVAILABLE", message: "who knows", details: { code: "ELSEWHERE" } }).code, "INTERNAL");
});
