/** What happened to a session, told from its row as it was and as it is: a run began or ended, a message came, a setting changed. */
import type { SessionRow } from "../sessions.ts";

export interface ChangeName {
  readonly reason?: "send" | "create" | "patch";
  readonly phase?: "start" | "end" | "error";
  readonly runId?: string;
}

export interface NameChange {
  whyOf(row: SessionRow): ChangeName;
}

/** Sessions whose last row is remembered, the longest unchanged forgotten first: of those a change is called a patch. */
const REMEMBERED_MAX = 2_000;

type Before = Pick<SessionRow, "status" | "activeRunIds" | "lastRunId">;

export function createNameChange(): NameChange {
  const before = new Map<string, Before>();
  return {
    whyOf: (row) => {
      const { key, status, activeRunIds, lastRunId } = row;
      const was = before.get(key);
      before.delete(key);
      before.set(key, { ...(status === undefined ? {} : { status }), activeRunIds, ...(lastRunId === undefined ? {} : { lastRunId }) });
      if (before.size > REMEMBERED_MAX) before.delete(before.keys().next().value as string);
      return nameChange(was, row);
    },
  };
}

function nameChange(was: Before | undefined, { status, activeRunIds, lastRunId }: SessionRow): ChangeName {
  const runId = activeRunIds[0];
  if (status === "running" && was?.status !== "running" && runId !== undefined) return { phase: "start", runId };
  const ended = was !== undefined && lastRunId !== undefined && was.lastRunId !== lastRunId;
  if (ended && was.activeRunIds.includes(lastRunId)) {
    return { phase: status === "failed" || status === "timeout" ? "error" : "end", runId: lastRunId };
  }
  const added = activeRunIds.find((one) => was?.activeRunIds.includes(one) !== true);
  if (added !== undefined) return { reason: "send", runId: added };
  return { reason: was === undefined && activeRunIds.length === 0 && lastRunId === undefined ? "create" : "patch" };
}
