/**
 * What `health` and `status` say beyond the process itself: agents, their heartbeats, sessions.
 *
 * Health is asked for every connection, so it is put together from what is known; counting sessions goes on beside it, at
 * most once in a while.
 */
import type { Clock } from "../base/clock.ts";
import type { Models } from "../cognition/models.ts";
import type { Agent, Agents } from "../control/agents.ts";
import type { SessionRow, Sessions } from "../control/sessions.ts";

export interface DescribeGatewayDeps {
  readonly agents: Agents;
  readonly sessions: Pick<Sessions, "rows" | "count" | "live" | "active">;
  readonly models: Pick<Models, "resolveModel">;
  readonly clock: Clock;
  /** Where sessions are kept, as clients show it. */
  readonly store: string;
}

export interface DescribeGateway {
  readonly health: () => Readonly<Record<string, unknown>>;
  /** After it resolves `health` says how many sessions there are now. Undefined: that was counted a moment ago. */
  refresh(): Promise<void> | undefined;
  /** `forCommandLine`: with what a command line shows of the configuration. */
  status(forCommandLine: boolean): Promise<Readonly<Record<string, unknown>>>;
}

const RECENT_MAX = 5;
/** Rows that are looked at for what each agent did last. */
const LOOKED_AT_MAX = 200;
const FRESH_MS = 5_000;

interface Counted {
  readonly atMs: number;
  readonly count: number;
  /** Newest first. */
  readonly rows: readonly SessionRow[];
}

export function createDescribeGateway({ agents, sessions, models, clock, store }: DescribeGatewayDeps): DescribeGateway {
  let known: Counted = { atMs: Number.NEGATIVE_INFINITY, count: 0, rows: [] };
  let counting: Promise<void> | undefined;

  const count = async (): Promise<void> => {
    const rows: SessionRow[] = [];
    const { shown, archived } = await sessions.count();
    for await (const row of sessions.rows()) if (rows.push(row) >= LOOKED_AT_MAX) break;
    known = { atMs: clock.monotonic(), count: shown + archived, rows };
  };
  const refresh = (): Promise<void> | undefined => {
    if (clock.monotonic() - known.atMs < FRESH_MS) return undefined;
    return (counting ??= count().finally(() => (counting = undefined)));
  };

  const recentOf = (rows: readonly SessionRow[]): readonly object[] => {
    const now = clock.now();
    return rows.slice(0, RECENT_MAX).map(({ key, updatedAt }) => ({ key, updatedAt, age: Math.max(0, now - updatedAt) }));
  };
  const ofAgent = ({ id }: Agent): readonly SessionRow[] => known.rows.filter((row) => row.agentId === id);
  /** Exact while all sessions were looked at; of more, those among the newest. */
  const countOf = (agent: Agent): number => (agents.list().length === 1 ? known.count : ofAgent(agent).length);

  const health = (): Readonly<Record<string, unknown>> => {
    refresh()?.catch(() => undefined); // the next one who asks tries again
    const heartbeat = agents.get(agents.defaultId).heartbeat;
    return {
      defaultAgentId: agents.defaultId,
      heartbeatSeconds: heartbeat === null ? 0 : Math.round(heartbeat.everyMs / 1_000),
      agents: agents.list().map((agent) => ({
        agentId: agent.id, name: agent.name, isDefault: agent.id === agents.defaultId, heartbeat: heartbeatOf(agent),
        sessions: { path: store, count: countOf(agent), recent: recentOf(ofAgent(agent)) },
      })),
      sessions: { path: store, count: known.count, live: sessions.live, recent: recentOf(known.rows) },
    };
  };

  return {
    health, refresh,
    status: async (forCommandLine) => {
      await count();
      const { model } = agents.get(agents.defaultId);
      const contextTokens = await models.resolveModel(model).then((resolved) => resolved.info.contextTokens, () => null);
      const recent = known.rows.slice(0, RECENT_MAX).map((row) => statusRow(row, clock.now()));
      return {
        heartbeat: {
          defaultAgentId: agents.defaultId,
          agents: agents.list().map((agent) => {
            const { enabled, every, everyMs } = heartbeatOf(agent);
            return { agentId: agent.id, enabled, every, everyMs };
          }),
        },
        degradedSecretOwners: [], degradedPlugins: [],
        ...(forCommandLine ? { cliProjection: projectAgents(agents) } : {}),
        tasks: tallyTasks(sessions.active()),
        taskAudit: { total: 0, warnings: 0, errors: 0, byCode: {} },
        sessions: {
          paths: [store], count: known.count, live: sessions.live, active: sessions.active().length,
          defaults: { model: model.slice(model.indexOf("/") + 1), modelProvider: model.slice(0, Math.max(0, model.indexOf("/"))), contextTokens },
          recent,
          byAgent: agents.list().map((agent) => ({
            agentId: agent.id, path: store, count: countOf(agent),
            recent: ofAgent(agent).slice(0, RECENT_MAX).map((row) => statusRow(row, clock.now())),
          })),
        },
      };
    },
  };
}

function heartbeatOf({ heartbeat }: Agent): { enabled: boolean; every: string; everyMs: number | null; [more: string]: unknown } {
  if (heartbeat === null) return { enabled: false, every: "disabled", everyMs: null };
  const { everyMs, prompt, ackMaxChars } = heartbeat;
  return { enabled: true, every: `${Math.round(everyMs / 1_000)}s`, everyMs, prompt, target: "owner", ackMaxChars };
}

/** What the well-known command line asks for beside the status, where it has no configuration of its own to read. */
function projectAgents(agents: Agents): object {
  return {
    agents: {
      defaultId: agents.defaultId, ownership: "sole", selectionRequired: false, rows: agents.list().map(({ id, name }) => ({ id, name })),
    },
    updateChannel: null, memoryPlugin: { enabled: false, slot: null },
  };
}

function statusRow(row: SessionRow, nowMs: number): object {
  return { ...row, age: Math.max(0, nowMs - row.updatedAt), remainingTokens: null, percentUsed: null, flags: [] };
}

/** Sub-agents at work are what runs in the background. */
export function tallyTasks(active: readonly SessionRow[]): object {
  const tasks = active.filter((row) => row.spawnedBy !== undefined);
  const running = tasks.filter(({ status }) => status === "running").length;
  return {
    total: tasks.length, active: tasks.length, terminal: 0, failures: 0,
    byStatus: { queued: tasks.length - running, running, succeeded: 0, failed: 0, timed_out: 0, cancelled: 0, lost: 0 },
    byRuntime: { subagent: tasks.length, acp: 0, cli: 0, cron: 0 },
  };
}
