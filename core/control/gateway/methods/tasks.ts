/** What runs in the background: sessions that an agent made, while they have something to do. */
import type { SessionRow, Sessions } from "../../sessions.ts";
import type { MethodHandlers } from "../method.ts";

export interface TaskMethodDeps {
  readonly sessions: Pick<Sessions, "active">;
}

interface ListParams {
  readonly status?: string | readonly string[];
  readonly agentId?: string;
  readonly sessionKey?: string;
  readonly limit?: number;
}

const LIST_DEFAULT = 100;

export function taskMethods({ sessions }: TaskMethodDeps): MethodHandlers {
  return {
    "tasks.list": (params) => {
      const { status, agentId, sessionKey, limit = LIST_DEFAULT } = params as ListParams;
      const wanted = status === undefined ? undefined : new Set(typeof status === "string" ? [status] : status);
      const tasks = sessions.active().filter((row) => row.spawnedBy !== undefined).filter((row) => {
        if (agentId !== undefined && row.agentId !== agentId) return false;
        if (sessionKey !== undefined && row.spawnedBy !== sessionKey && row.key !== sessionKey) return false;
        return wanted === undefined || wanted.has(statusOf(row));
      });
      return { tasks: tasks.slice(0, limit).map(showTask) };
    },
    "openclaw.approval.list": () => [],
  };
}

function statusOf(row: SessionRow): "queued" | "running" {
  return row.status === "running" ? "running" : "queued";
}

function showTask(row: SessionRow): object {
  const { key, agentId, label, spawnedBy, createdAt, updatedAt, startedAt, activeRunIds } = row;
  const id = activeRunIds[0] ?? key;
  return {
    id, taskId: id, kind: "subagent", runtime: "subagent", status: statusOf(row), title: label ?? key, agentId,
    sessionKey: spawnedBy, childSessionKey: key, runId: id, createdAt, updatedAt, ...(startedAt === undefined ? {} : { startedAt }),
  };
}
