/** Gathers what the page Now shows from the rooms that know it: from memory and the list of sessions, never from a log. */
import type { Clock } from "../base/clock.ts";
import type { Models } from "../cognition/models.ts";
import type { Agents } from "../control/agents.ts";
import type { DashboardFacts, FailedRun, NodeRow, PairingRequest, RunningSession, WaitingApproval } from "../control/gateway.ts";
import type { SessionRow, Sessions } from "../control/sessions.ts";
import type { Nodes, NodeView } from "../execution/nodes.ts";
import type { ApprovalListed, Approvals } from "../execution/policy.ts";
import type { Identity } from "../fabric/identity.ts";

export interface DashboardSources {
  readonly sessions: Pick<Sessions, "rows" | "active">;
  readonly approvals: Pick<Approvals, "list">;
  readonly nodes: Pick<Nodes, "list" | "pairs">;
  readonly identity: Pick<Identity, "requests">;
  readonly agents: Agents;
  readonly models: Pick<Models, "resolveModel">;
  readonly clock: Clock;
  readonly confinement: () => DashboardFacts["confinement"];
  readonly stateDir: string;
  readonly commandLine: string;
}

/** Older failures are history, not news. */
const FAILED_WITHIN_MS = 86_400_000;
/** Sessions, newest first, among which failures are looked for. */
const LOOKED_AT_MAX = 1_000;

export async function readDashboard(sources: DashboardSources): Promise<DashboardFacts> {
  const { agents, approvals, nodes, identity, confinement, stateDir, commandLine } = sources;
  const { model } = agents.get(agents.defaultId);
  const [recent, modelLabel] = await Promise.all([
    changedSince(sources, sources.clock.now() - FAILED_WITHIN_MS),
    sources.models.resolveModel(model).then(({ label }) => label, () => undefined),
  ]);
  const listed = approvals.list();
  const asking = new Set(listed.map(({ request }) => request.sessionKey));
  return {
    model, ...(modelLabel === undefined ? {} : { modelLabel }), stateDir, commandLine, confinement: confinement(),
    running: sources.sessions.active().map((row) => runningOf(row, asking)).sort(byStart),
    waiting: listed.map(waitingOf),
    requests: [...requestsOf(identity), ...offersOf(nodes)],
    nodes: nodes.list().map(nodeOf).sort((a, b) => Number(b.local) - Number(a.local) || a.name.localeCompare(b.name)),
    failed: failedOf(recent, sources.clock.now() - FAILED_WITHIN_MS),
  };
}

async function changedSince({ sessions }: DashboardSources, sinceMs: number): Promise<readonly SessionRow[]> {
  const rows: SessionRow[] = [];
  for await (const row of sessions.rows()) if (row.updatedAt < sinceMs || rows.push(row) >= LOOKED_AT_MAX) break;
  return rows;
}

function runningOf(row: SessionRow, asking: ReadonlySet<string>): RunningSession {
  return {
    key: row.key, agentId: row.agentId, model: `${row.modelProvider ?? ""}/${row.model ?? ""}`,
    state: asking.has(row.key) ? "asking" : row.status === "running" ? "running" : "queued",
    turnsWaiting: row.activeRunIds.length - 1,
    ...(row.startedAt === undefined ? {} : { sinceMs: row.startedAt }),
  };
}

/** The longest running first: a row keeps its place while others come and go below it. */
function byStart(a: RunningSession, b: RunningSession): number {
  return (a.sinceMs ?? Infinity) - (b.sinceMs ?? Infinity) || a.key.localeCompare(b.key);
}

function waitingOf({ id, request, createdAtMs, expiresAtMs }: ApprovalListed): WaitingApproval {
  return {
    id, command: request.command, agentId: request.agentId, sessionKey: request.sessionKey, why: request.warningText,
    labels: request.labels, createdAtMs, expiresAtMs, decisions: request.allowedDecisions,
    ...(request.nodeName === null ? {} : { nodeName: request.nodeName }), ...(request.cwd === null ? {} : { cwd: request.cwd }),
  };
}

function requestsOf(identity: Pick<Identity, "requests">): PairingRequest[] {
  return identity.requests().map(({ requestId, deviceId, face, role, scopes, atMs }) => ({
    kind: "device", requestId, name: face.displayName ?? deviceId, wants: [role, ...scopes], sinceMs: atMs,
  }));
}

function offersOf(nodes: Pick<Nodes, "pairs">): PairingRequest[] {
  return nodes.pairs().pending.map(({ requestId, displayName, commands, ts }) => ({
    kind: "node", requestId, name: displayName, wants: commands, sinceMs: ts,
  }));
}

function nodeOf(node: NodeView): NodeRow {
  const load = loadOf(node.hostStats);
  return {
    nodeId: node.nodeId, name: node.displayName, local: node.local, platform: node.platform, tags: node.tags, running: node.running,
    state: !node.connected ? "offline" : node.approvalState === "approved" ? "online" : "unapproved",
    ...(node.connected && load !== undefined ? { load } : {}),
    ...(node.lastSeenAtMs === undefined ? {} : { seenAtMs: node.lastSeenAtMs }),
  };
}

/** What a node tells about itself is not trusted to be a number. */
function loadOf(stats: Readonly<Record<string, unknown>> | undefined): NodeRow["load"] {
  const averages = stats?.["loadAverage"];
  const average: unknown = Array.isArray(averages) ? averages[0] : undefined;
  const processors = stats?.["cpuCount"];
  return isCount(average) && isCount(processors) && processors >= 1 ? { average, processors } : undefined;
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value) && value >= 0 && value < 1e6;
}

/** The last run of each session that ended badly; what a person stopped did not. */
function failedOf(rows: readonly SessionRow[], sinceMs: number): FailedRun[] {
  return rows.filter((row) => (row.status === "failed" || row.status === "timeout") && (row.endedAt ?? row.updatedAt) >= sinceMs)
    .map((row): FailedRun => ({
      key: row.key, status: row.status === "failed" ? "failed" : "halted", endedAtMs: row.endedAt ?? row.updatedAt,
      ...(row.error === undefined ? {} : { why: row.error }), ...(row.errorCode === undefined ? {} : { code: row.errorCode }),
    }))
    .sort((a, b) => b.endedAtMs - a.endedAtMs);
}
