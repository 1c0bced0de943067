import assert from "node:assert/strict";
import { test } from "node:test";
import { VirtualClock } from "@openclaw/testkit/virtual-clock";
import type { SessionRow } from "../control/sessions.ts";
import type { NodeView } from "../execution/nodes.ts";
import type { ApprovalListed } from "../execution/policy.ts";
import { readDashboard, type DashboardSources } from "./read-dashboard.ts";

const clock = new VirtualClock();
const NOW = clock.now();

function row(key: string, more: Partial<SessionRow>): SessionRow {
  return {
    key, sessionId: key, kind: "direct", agentId: "main", isMain: false, createdAt: 1, updatedAt: NOW, lastActivityAt: NOW,
    hasActiveRun: false, activeRunIds: [], modelProvider: "demo", model: "demo", lifecycleRevision: "s.0",
    inputTokens: 0, outputTokens: 0, totalTokens: 0, ...more,
  };
}

function node(displayName: string, more: Partial<NodeView>): NodeView {
  return {
    nodeId: displayName, displayName, platform: "linux", version: "1", clientId: "node-host", clientMode: "node", caps: [],
    commands: [], tags: [], local: false, sessionHost: false, nodePluginTools: [], approvalState: "approved",
    running: 0, paired: true, connected: true, ...more,
  };
}

function sources(more: Partial<DashboardSources>): DashboardSources {
  return {
    sessions: sessionsOf([]), approvals: { list: () => [] }, identity: { requests: () => [] }, nodes: nodesOf([]),
    agents: { defaultId: "main", get: () => ({ model: "demo/demo" }) } as unknown as DashboardSources["agents"],
    models: { resolveModel: async () => ({ label: "Demo model" }) } as unknown as DashboardSources["models"],
    clock, confinement: () => ({ confined: true, sentence: "confined by bubblewrap" }), stateDir: "/state", commandLine: "openclaw",
    ...more,
  };
}

function sessionsOf(list: readonly SessionRow[]): DashboardSources["sessions"] {
  return {
    active: () => list.filter((listed) => listed.hasActiveRun),
    rows: async function* () {
      yield* list;
    },
  };
}

function nodesOf(list: readonly NodeView[]): DashboardSources["nodes"] {
  return { list: () => list, pairs: () => ({ pending: [], paired: [] }) };
}

test("a turn that waits for a person says so; the longest running comes first; what is idle is left out", async () => {
  const request = {
    command: "rm x", sessionKey: "agent:main:asks", agentId: "main", nodeName: null, cwd: null, warningText: "", labels: ["owner"],
    allowedDecisions: ["deny"],
  };
  const facts = await readDashboard(sources({
    approvals: { list: () => [{ id: "a1", createdAtMs: 1, expiresAtMs: 2, request } as unknown as ApprovalListed] },
    sessions: sessionsOf([
      row("agent:main:idle", { status: "done" }),
      row("agent:main:queued", { status: "queued", hasActiveRun: true, activeRunIds: ["r"] }),
      row("agent:main:young", { status: "running", hasActiveRun: true, activeRunIds: ["r"], startedAt: NOW - 1 }),
      row("agent:main:asks", { status: "running", hasActiveRun: true, activeRunIds: ["r", "s"], startedAt: NOW - 9 }),
    ]),
  }));
  assert.deepEqual(facts.running.map(({ key, state, turnsWaiting }) => [key.split(":")[2], state, turnsWaiting]), [
    ["asks", "asking", 1], ["young", "running", 0], ["queued", "queued", 0],
  ]);
  assert.deepEqual(facts.waiting, [{
    id: "a1", command: "rm x", agentId: "main", sessionKey: "agent:main:asks", why: "", labels: ["owner"], createdAtMs: 1, expiresAtMs: 2,
    decisions: ["deny"],
  }]);
  assert.deepEqual([facts.model, facts.modelLabel], ["demo/demo", "Demo model"]);
});

test("what failed in the last day is told with its reason, newest first; what a person stopped is not a failure", async () => {
  const facts = await readDashboard(sources({ sessions: sessionsOf([
    row("old", { status: "failed", endedAt: NOW - 86_400_001 }), row("stopped", { status: "killed", endedAt: NOW }),
    row("halted", { status: "timeout", endedAt: NOW - 5, error: "It took too long.", errorCode: "TURN_TIMEOUT" }),
    row("failed", { status: "failed", endedAt: NOW - 1 }),
  ]) }));
  assert.deepEqual(facts.failed, [
    { key: "failed", status: "failed", endedAtMs: NOW - 1 },
    { key: "halted", status: "halted", endedAtMs: NOW - 5, why: "It took too long.", code: "TURN_TIMEOUT" },
  ]);
});

test("this machine's node comes first; what a node tells of its load is believed only where it can be true", async () => {
  const loaded = (loadAverage: unknown): Partial<NodeView> => ({ hostStats: { loadAverage, cpuCount: 4 } });
  const facts = await readDashboard(sources({ nodes: nodesOf([
    node("b", loaded([1.5, 1, 1])), node("a", { ...loaded([1]), connected: false, lastSeenAtMs: 7 }),
    node("z", { local: true, approvalState: "pending" }), ...[["x"], [-1], [1e300], "1"].map((load, at) => node(`c${at}`, loaded(load))),
  ]) }));
  assert.deepEqual(facts.nodes.map(({ name, state, load }) => [name, state, load?.average]), [
    ["z", "unapproved", undefined], ["a", "offline", undefined], ["b", "online", 1.5], ["c0", "online", undefined],
    ["c1", "online", undefined], ["c2", "online", undefined], ["c3", "online", undefined],
  ]);
});

test("a model whose provider cannot be asked still has its name", async () => {
  const facts = await readDashboard(sources({ models: { resolveModel: () => Promise.reject(new Error("no such provider")) } }));
  assert.deepEqual([facts.model, facts.modelLabel], ["demo/demo", undefined]);
});
