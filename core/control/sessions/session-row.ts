/** A session as lists show it. Shape: the wire's SessionRow, only what is known. */
import type { RunOutcome, SessionSettings, SessionState } from "../../fabric/journal.ts";
import { parseSessionKey } from "./session-key.ts";

export interface SessionRow {
  readonly key: string;
  readonly sessionId: string;
  readonly kind: "direct" | "group" | "global" | "unknown";
  readonly agentId: string;
  readonly isMain: boolean;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly lastActivityAt: number;
  readonly status?: "queued" | "running" | "done" | "failed" | "killed" | "timeout";
  /** Of the turn that runs. */
  readonly startedAt?: number;
  /** Of the last run, and why it ended badly. */
  readonly endedAt?: number;
  readonly error?: string;
  readonly errorCode?: string;
  readonly hasActiveRun: boolean;
  readonly activeRunIds: readonly string[];
  readonly lastRunId?: string;
  readonly label?: string;
  readonly modelProvider?: string;
  readonly model?: string;
  readonly thinkingLevel?: string;
  readonly verboseLevel?: string;
  readonly sendPolicy?: string;
  readonly queueMode?: string;
  readonly archived?: boolean;
  readonly pinned?: boolean;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly totalTokens: number;
}

export function rowOf(state: SessionState, defaultModel: string): SessionRow {
  const { kind, isMain } = parseSessionKey(state.key, state.agentId);
  const model = state.turn?.model ?? state.settings.model ?? defaultModel;
  const slash = model.indexOf("/");
  const last = state.lastRunId === null ? undefined : state.runs.get(state.lastRunId);
  const active = [...(state.turn === null ? [] : [state.turn.runId]), ...state.queue.map((queued) => queued.message.runId)];
  return {
    key: state.key, sessionId: state.sessionId, kind, agentId: state.agentId, isMain, createdAt: state.createdAtMs, updatedAt: state.updatedAtMs, lastActivityAt: state.updatedAtMs,
    ...(state.turn !== null ? { status: "running" as const } : state.queue.length > 0 ? { status: "queued" as const } : last === undefined ? {} : { status: statusOf(last.status) }),
    ...(state.turn === null ? {} : { startedAt: state.turn.startedAtMs }), ...endOf(last),
    hasActiveRun: active.length > 0, activeRunIds: active, ...(state.lastRunId === null ? {} : { lastRunId: state.lastRunId }),
    modelProvider: model.slice(0, Math.max(slash, 0)), model: model.slice(slash + 1), ...settingsOf(state.settings),
    inputTokens: state.usage.inputTokens, outputTokens: state.usage.outputTokens, totalTokens: state.usage.inputTokens + state.usage.outputTokens,
  };
}

function endOf(last: RunOutcome | undefined): Partial<SessionRow> {
  if (last === undefined) return {};
  return {
    endedAt: last.endedAtMs, ...(last.why === undefined ? {} : { error: last.why }),
    ...(last.code === undefined ? {} : { errorCode: last.code }),
  };
}

function statusOf(status: "ok" | "error" | "aborted" | "halted"): "done" | "failed" | "killed" | "timeout" {
  return status === "ok" ? "done" : status === "error" ? "failed" : status === "aborted" ? "killed" : "timeout";
}

function settingsOf({ model: _, groupActivation: __, ...settings }: SessionSettings): Partial<SessionRow> {
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== null)) as Partial<SessionRow>;
}
