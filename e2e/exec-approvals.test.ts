/** Approvals that clients of the wire ask for, the rules of machines, and runs bound to what was approved. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { connectPlain, type PlainClient, type PlainFrame } from "@openclaw/testkit/plain-client";
import { openRealGateway, type RealGateway } from "@openclaw/testkit/real-gateway";
import { openRealNode, type RealNode } from "@openclaw/testkit/real-node";

const SCOPES = ["operator.admin", "operator.read", "operator.write", "operator.approvals", "operator.pairing", "operator.questions"];

interface Ending {
  readonly id: string;
  readonly status?: string;
  readonly decision?: string | null;
  readonly deliveryRoute?: string;
}

describe("exec approvals", () => {
  let gateway: RealGateway;
  let node: RealNode;
  before(async () => {
    gateway = await openRealGateway();
    node = await openRealNode(gateway, { name: "shed" });
    await gateway.cli(["nodes", "approve", "shed"]);
  });
  after(async () => {
    await node.dispose();
    await gateway.dispose();
  });
  const connect = (): Promise<PlainClient> => connectPlain(gateway.port, { token: gateway.token, scopes: SCOPES });
  /** The id in a request's second answer: its first one says only that it was accepted. */
  const decisionOf = async (client: PlainClient, id: string): Promise<Ending> => {
    const { payload } = await client.until((frame) => {
      const told = frame.payload as Ending | undefined;
      return frame.id !== undefined && told?.id === id && told.status === undefined && told.decision !== undefined;
    });
    return payload as Ending;
  };
  const eventOf = (client: PlainClient, event: string, id: string): Promise<PlainFrame> =>
    client.until((frame) => frame.event === event && (frame.payload as { readonly id?: string }).id === id);

  test("request answers twice, everybody sees the same approval, the first answer wins (S4.19, S4.22, W.6.41, W.7.27)", async () => {
    const [asker, person, watcher] = await Promise.all([connect(), connect(), connect()]);
    await watcher.call("sessions.messages.subscribe", { key: "agent:main:main", includeApprovals: true });
    await person.call("sessions.messages.subscribe", { key: "agent:main:main" });
    const accepted = (await asker.call("exec.approval.request", {
      id: "ask-1", command: "touch made", commandArgv: ["touch", "made"], host: "gateway", sessionKey: "agent:main:main", agentId: "main",
      twoPhase: true, cwd: null, security: "allowlist", ask: "on-miss", turnSourceChannel: "webchat",
    })) as Ending;
    assert.deepEqual([accepted.status, accepted.id, accepted.deliveryRoute], ["accepted", "ask-1", "approval-client"]);
    const { payload } = await eventOf(person, "exec.approval.requested", "ask-1");
    const { approvalKind, request, createdAtMs, expiresAtMs } = payload as {
      approvalKind: string; request: Record<string, unknown>; createdAtMs: number; expiresAtMs: number;
    };
    assert.deepEqual([approvalKind, expiresAtMs - createdAtMs], ["exec", 1_800_000]);
    for (const [name, value] of Object.entries({
      command: "touch made", host: "gateway", nodeId: null, cwd: null, agentId: "main", sessionKey: "agent:main:main",
      security: "allowlist",
      ask: "on-miss", systemRunPlan: null, turnSourceChannel: "webchat", turnSourceTo: null, commandAnalysis: null,
    })) assert.deepEqual(request[name], value, name);
    const listed = (await person.call("exec.approval.list")) as readonly { readonly id: string }[];
    assert.deepEqual(listed.map(({ id }) => id), ["ask-1"]);
    const got = (await person.call("exec.approval.get", { id: "ask-1" })) as Record<string, unknown>;
    assert.deepEqual([got["commandText"], got["host"]], ["touch made", "gateway"]);
    assert.deepEqual(got["allowedDecisions"], ["allow-once", "allow-always", "deny"]);
    const back = await connect();
    const { approvalReplay } = (await back.call("sessions.messages.subscribe", { key: "main", includeApprovals: true })) as {
      readonly approvalReplay: Readonly<Record<string, unknown>>;
    };
    const { approvals, ...replay } = approvalReplay as { readonly approvals: readonly Readonly<Record<string, unknown>>[] };
    assert.deepEqual({ ...replay, updatedAtMs: 0 }, { sessionKey: "agent:main:main", updatedAtMs: 0, truncated: false });
    assert.deepEqual(approvals, [{
      id: "ask-1", status: "pending", urlPath: "/approve/ask-1", createdAtMs, expiresAtMs, presentation: {
        kind: "exec", commandText: "touch made", commandPreview: "touch made", host: "gateway", nodeId: null, agentId: "main",
        warningText: approvals[0] === undefined ? "" : (approvals[0]["presentation"] as { readonly warningText: string }).warningText,
        allowedDecisions: ["allow-once", "allow-always", "deny"],
      },
    }]);
    const blind = await connectPlain(gateway.port, { token: gateway.token, scopes: ["operator.read"] });
    const subscribed = await blind.call("sessions.messages.subscribe", { key: "main", includeApprovals: true });
    assert.deepEqual(subscribed, { subscribed: true, key: "main" }, "who may not see approvals is told of none");
    for (const client of [back, blind]) client.close();
    const waiting = person.call("exec.approval.waitDecision", { id: "ask-1" });

    assert.deepEqual(await person.call("exec.approval.resolve", { id: "ask-1", decision: "allow-once" }), { ok: true });
    assert.equal((await decisionOf(asker, "ask-1")).decision, "allow-once");
    assert.equal(((await waiting) as Ending).decision, "allow-once");
    assert.deepEqual(await person.call("exec.approval.resolve", { id: "ask-1", decision: "allow-once" }), { ok: true });
    const other = await person.ask("exec.approval.resolve", { id: "ask-1", decision: "deny" });
    assert.deepEqual(
      [other.error?.code, other.error?.message, other.error?.details?.["reason"]],
      ["INVALID_REQUEST", "approval already resolved", "APPROVAL_ALREADY_RESOLVED"],
    );
    const second = (await asker.call("approval.resolve", { id: "ask-1", kind: "exec", decision: "deny" })) as Record<string, unknown>;
    const { approval } = second as { readonly approval: Readonly<Record<string, unknown>> };
    assert.deepEqual([second["applied"], approval["status"], approval["decision"]], [false, "allowed", "allow-once"]);
    const unknown = await person.ask("exec.approval.waitDecision", { id: "nobody" });
    assert.deepEqual([unknown.error?.code, unknown.error?.message], ["INVALID_REQUEST", "approval expired or not found"]);

    const phases = async (): Promise<readonly unknown[]> => {
      await watcher.until(({ event, payload: told }) => event === "session.approval" && (told as { phase: string }).phase === "terminal");
      const told = watcher.frames.filter(({ event }) => event === "session.approval");
      return told.map(({ payload: one }) => (one as { readonly phase: string }).phase);
    };
    assert.deepEqual(await phases(), ["pending", "terminal"]);
    assert.equal(person.frames.some(({ event }) => event === "session.approval"), false, "who did not ask for them is not told of them");
    for (const client of [asker, person, watcher]) client.close();
  });

  test("a question that nobody is there to answer is answered at once with nothing (S4.22)", async () => {
    const alone = await connect();
    const answer = (await alone.call("exec.approval.request", { id: "ask-2", command: "touch made", twoPhase: true })) as Ending;
    assert.deepEqual([answer.status, answer.decision], [undefined, null]);
    assert.deepEqual(await alone.call("exec.approval.list"), []);
    assert.deepEqual(
      [await alone.call("question.list"), await alone.call("plugin.approval.list")], [{ questions: [] }, []],
    );
    const none = await alone.ask("plugin.approval.resolve", { id: "x", decision: "deny" });
    assert.equal(none.error?.code, "APPROVAL_NOT_FOUND");
    alone.close();
  });

  test("on a node: prepared, approved, run under the approval's id; anything else under it is refused (S4.19, #78415)", async () => {
    const [asker, person] = await Promise.all([connect(), connect()]);
    const invoke = (params: object, key: string): Promise<PlainFrame> => asker.ask(
      "node.invoke", { nodeId: node.nodeId, command: "system.run", params, idempotencyKey: key, timeoutMs: 20_000 },
    );
    const prepared = (await asker.call("node.invoke", {
      nodeId: node.nodeId, command: "system.run.prepare", idempotencyKey: "p",
      params: { command: ["/bin/sh", "-lc", "echo made > it"], rawCommand: "echo made > it", agentId: "main", sessionKey: "agent:main:main" },
    })) as { readonly payload: { readonly plan: Record<string, unknown> } };
    const { plan } = prepared.payload;
    await asker.call("exec.approval.request", {
      id: "ask-3", host: "node", nodeId: node.nodeId, systemRunPlan: plan, agentId: "main", sessionKey: "agent:main:main", twoPhase: true,
    });
    const run = { command: plan["argv"], cwd: plan["cwd"], agentId: "main", sessionKey: "agent:main:main", runId: "ask-3", approved: true };
    assert.equal((await invoke(run, "early")).error?.details?.["code"], "APPROVAL_REQUIRED");
    assert.equal(existsSync(join(node.workspace, "it")), false, "shown is not executed");
    await person.call("exec.approval.resolve", { id: "ask-3", decision: "allow-once" });
    await decisionOf(asker, "ask-3");
    for (const [at, change] of [
      { command: ["/bin/sh", "-lc", "echo other > it"] }, { cwd: "/" }, { agentId: "work" }, { sessionKey: "agent:main:x" },
    ].entries()) {
      assert.equal((await invoke({ ...run, ...change }, `m${at}`)).error?.details?.["code"], "APPROVAL_MISMATCH", JSON.stringify(change));
    }
    assert.equal(existsSync(join(node.workspace, "it")), false);
    const done = await invoke(run, "right");
    assert.equal(done.ok, true, JSON.stringify(done.error));
    assert.equal(existsSync(join(node.workspace, "it")), true);
    assert.equal((await invoke(run, "again")).error?.details?.["code"], "APPROVAL_SPENT");
    const claims = { approved: true, approvalDecision: "allow-always", runId: "made up" };
    const forged = await invoke({ command: ["touch", "forged"], ...claims }, "forged");
    assert.equal(forged.error?.details?.["code"], "APPROVAL_REQUIRED", "that a client calls it approved means nothing");
    assert.equal(existsSync(join(node.workspace, "forged")), false);
    for (const client of [asker, person]) client.close();
  });

  test("the rules of a machine are read and replaced by their hash, the gateway's and a node's (S4.22, W.6.40)", async () => {
    const owner = await connect();
    interface Snapshot {
      readonly hash: string;
      readonly exists: boolean;
      readonly file: Readonly<Record<string, unknown>>;
      readonly resolvedDefaults: object;
    }
    const own = (await owner.call("exec.approvals.get")) as Snapshot;
    assert.deepEqual(
      [own.exists, own.resolvedDefaults], [false, { security: "full", ask: "off", askFallback: "deny", autoAllowSkills: false }],
    );
    const before = (await owner.call("exec.approvals.node.get", { nodeId: node.nodeId })) as Snapshot;
    const file = { version: 1, defaults: { security: "deny" }, agents: {} };
    await owner.call("exec.approvals.node.set", { nodeId: node.nodeId, file, baseHash: before.hash });
    const stale = await owner.ask("exec.approvals.node.set", { nodeId: node.nodeId, file, baseHash: before.hash });
    assert.ok(stale.error?.message.includes("exec approvals changed; reload and retry"), stale.error?.message);
    const run = { nodeId: node.nodeId, command: "system.run", params: { command: ["uname"] }, timeoutMs: 20_000 };
    const denied = await owner.ask("node.invoke", { ...run, idempotencyKey: "d1" });
    assert.equal((denied.error?.details?.["nodeError"] as { readonly code: string }).code, "SYSTEM_RUN_DENIED", "also what only reads");
    const shown = await gateway.cli(["approvals", "get", "--node", "shed", "--json"]);
    assert.deepEqual((JSON.parse(shown.stdout) as Snapshot).file["defaults"], { security: "deny" });
    const after = (await owner.call("exec.approvals.node.get", { nodeId: node.nodeId })) as Snapshot;
    await owner.call("exec.approvals.node.set", { nodeId: node.nodeId, file: { version: 1 }, baseHash: after.hash });
    const less = await connectPlain(gateway.port, { token: gateway.token, scopes: ["operator.write", "operator.approvals"] });
    assert.equal((await less.ask("exec.approvals.get")).error?.message, "missing scope: operator.admin");
    for (const client of [owner, less]) client.close();
  });

  test("an always for the gateway's own machine becomes a rule for exactly that command (S4.22)", async () => {
    const [asker, person] = await Promise.all([connect(), connect()]);
    await asker.call("exec.approval.request", {
      id: "ask-5", host: "gateway", commandArgv: ["uname", "-r"], agentId: "work", twoPhase: true,
    });
    await person.call("exec.approval.resolve", { id: "ask-5", decision: "allow-always" });
    interface Rules {
      readonly allowlist: readonly { readonly pattern: string; readonly argPattern: string }[];
    }
    const { file } = (await person.call("exec.approvals.get")) as { readonly file: { readonly agents: Readonly<Record<string, Rules>> } };
    const [rule] = file.agents["work"]?.allowlist ?? [];
    assert.deepEqual([rule?.pattern.endsWith("/uname"), rule?.argPattern], [true, "^-r\0$"]);
    for (const client of [asker, person]) client.close();
  });
});
