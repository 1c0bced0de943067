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
  /** How the conversation ends, on one line; only where it was asked for. */
  readonly lastMessagePreview?: string;
  /** The session whose agent made it, and how many agents stand between it and a person. */
  readonly spawnedBy?: string;
  readonly spawnDepth?: number;
  readonly modelProvider?: string;
  readonly model?: string;
  readonly thinkingLevel?: string;
  readonly verboseLevel?: string;
  readonly sendPolicy?: string;
  readonly queueMode?: string;
  readonly groupActivation?: string;
  readonly archived?: boolean;
  readonly pinned?: boolean;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly totalTokens: number;
}

export function rowOf(state: SessionState, defaultModel: string): SessionRow {
  const { key, sessionId, agentId, createdAtMs, updatedAtMs, turn, queue, lastRunId, runs, usage } = state;
  const { kind, isMain } = parseSessionKey(key, agentId);
  const model = turn?.model ?? state.settings.model ?? defaultModel;
  const slash = model.indexOf("/");
  const activeRunIds = [...(turn === null ? [] : [turn.runId]), ...queue.map(({ message }) => message.runId)];
  return {
    key, sessionId, kind, agentId, isMain, createdAt: createdAtMs, updatedAt: updatedAtMs, lastActivityAt: updatedAtMs,
    ...progressOf(state), ...endOf(lastRunId === null ? undefined : runs.get(lastRunId)),
    hasActiveRun: activeRunIds.length > 0, activeRunIds, ...(lastRunId === null ? {} : { lastRunId }),
    modelProvider: model.slice(0, Math.max(slash, 0)), model: model.slice(slash + 1), ...settingsOf(state.settings),
    ...(state.spawnedBy === null ? {} : { spawnedBy: state.spawnedBy, spawnDepth: state.spawnDepth }),
    inputTokens: usage.inputTokens, outputTokens: usage.outputTokens, totalTokens: usage.inputTokens + usage.outputTokens,
  };
}

function progressOf({ turn, queue, lastRunId, runs }: SessionState): Partial<SessionRow> {
  if (turn !== null) return { status: "running", startedAt: turn.startedAtMs };
  if (queue.length > 0) return { status: "queued" };
  const last = lastRunId === null ? undefined : runs.get(lastRunId);
  return last === undefined ? {} : { status: STATUS[last.status] };
}

const STATUS = { ok: "done", error: "failed", aborted: "killed", halted: "timeout" } as const;

function endOf(last: RunOutcome | undefined): Partial<SessionRow> {
  if (last === undefined) return {};
  const { endedAtMs: endedAt, why, code } = last;
  return { endedAt, ...(why === undefined ? {} : { error: why }), ...(code === undefined ? {} : { errorCode: code }) };
}

function settingsOf({ model: _, ...settings }: SessionSettings): Partial<SessionRow> {
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== null)) as Partial<SessionRow>;
}
