/** What happened to a session, told from its row as it was and as it is: a run began or ended, a message came, a setting changed. */
import type { SessionRow } from "../sessions.ts";

export interface ChangeName {
  readonly reason?: "send" | "create" | "fork" | "patch" | "archive" | "reset";
  readonly phase?: "start" | "end" | "error";
  readonly runId?: string;
}

export interface NameChange {
  whyOf(row: SessionRow): ChangeName;
  /** False where it was said already. */
  isGone(sessionKey: string): boolean;
}

/** Sessions whose last row is remembered, the longest unchanged forgotten first: of those a change is called a patch. */
const REMEMBERED_MAX = 2_000;

type Before = Pick<SessionRow, "status" | "activeRunIds" | "lifecycleRevision" | "archived">;

/** A key is not used again after its session was deleted. */
const GONE: Before = { activeRunIds: [], lifecycleRevision: "" };

export function createNameChange(): NameChange {
  const before = new Map<string, Before>();
  return {
    whyOf: (row) => {
      const { key, status, activeRunIds, lifecycleRevision, archived = false } = row;
      const was = before.get(key);
      before.delete(key);
      before.set(key, {
        ...(status === undefined ? {} : { status }), activeRunIds, lifecycleRevision, archived,
      });
      if (before.size > REMEMBERED_MAX) before.delete(before.keys().next().value as string);
      return nameChange(was, row);
    },
    isGone: (sessionKey) => {
      if (before.get(sessionKey) === GONE) return false;
      before.delete(sessionKey);
      before.set(sessionKey, GONE);
      return true;
    },
  };
}

function nameChange(was: Before | undefined, row: SessionRow): ChangeName {
  const { status, activeRunIds, lastRunId, lifecycleRevision } = row;
  const runId = activeRunIds[0];
  if (status === "running" && was?.status !== "running" && runId !== undefined) return { phase: "start", runId };
  if (lastRunId !== undefined && was?.activeRunIds.includes(lastRunId) === true && !activeRunIds.includes(lastRunId)) {
    return { phase: status === "failed" || status === "timeout" ? "error" : "end", runId: lastRunId };
  }
  const added = activeRunIds.find((one) => was?.activeRunIds.includes(one) !== true);
  if (added !== undefined) return { reason: "send", runId: added };
  if (was === undefined && activeRunIds.length === 0 && lastRunId === undefined) {
    return { reason: row.parentSessionKey === undefined ? "create" : "fork" };
  }
  if (was !== undefined && was.lifecycleRevision !== lifecycleRevision) return { reason: "reset" };
  return { reason: row.archived === true && was?.archived === false ? "archive" : "patch" };
}
