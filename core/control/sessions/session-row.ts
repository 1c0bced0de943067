/** A session as lists show it. Shape: the wire's SessionRow, only what is known. */
import type { RunOutcome, SessionSettings, SessionState } from "../../fabric/journal.ts";
import { channelOf, parseSessionKey } from "./session-key.ts";

export interface SessionRow {
  readonly key: string;
  readonly sessionId: string;
  readonly kind: "direct" | "group" | "global" | "unknown";
  readonly agentId: string;
  readonly isMain: boolean;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly lastActivityAt: number;
  /** When a turn last began or ended. */
  readonly lastInteractionAt?: number;
  /** Another one after each reset. */
  readonly lifecycleRevision: string;
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
  readonly abortedLastRun?: boolean;
  readonly label?: string;
  /** How the conversation ends, on one line; only where it was asked for. */
  readonly lastMessagePreview?: string;
  /** How it began; only where it was asked for. */
  readonly derivedTitle?: string;
  /** The session whose agent made it, and how many agents stand between it and a person. */
  readonly spawnedBy?: string;
  readonly spawnDepth?: number;
  /** The session it was branched from, or whose agent made it. */
  readonly parentSessionKey?: string;
  readonly modelProvider?: string;
  readonly model?: string;
  readonly thinkingLevel?: string;
  readonly verboseLevel?: string;
  readonly sendPolicy?: string;
  readonly queueMode?: string;
  readonly groupActivation?: string;
  readonly archived?: boolean;
  readonly pinned?: boolean;
  readonly unread?: boolean;
  readonly autoLabel?: string;
  readonly icon?: string;
  readonly color?: string;
  readonly category?: string;
  /** Of all its calls. */
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** What the last call's prompt and answer took: how full the window is, where `totalTokensFresh` says that nothing came since. */
  readonly totalTokens: number;
  readonly totalTokensFresh?: boolean;
}

/** What every client is told of a session beside what is kept of it. */
export function showRow(row: SessionRow): SessionRow & ShownRow {
  const name = row.label ?? row.autoLabel;
  const { rest, kind } = parseSessionKey(row.key, row.agentId);
  const [first = "", second = ""] = rest.split(":");
  const chatType = kind === "group" ? (second === "channel" ? "channel" : "group") : "direct";
  const channel = channelOf({ rest });
  const isBackground = row.spawnedBy !== undefined || BACKGROUND.has(first);
  return {
    ...row, archived: row.archived === true, pinned: row.pinned === true, abortedLastRun: row.abortedLastRun === true,
    chatType, isBackground, unread: row.unread === true, ...(name === undefined ? {} : { displayName: name }),
    ...(channel === undefined ? {} : { channel }),
  };
}

export interface ShownRow {
  readonly archived: boolean;
  readonly pinned: boolean;
  readonly unread: boolean;
  readonly abortedLastRun: boolean;
  readonly displayName?: string;
  readonly chatType: "direct" | "group" | "channel";
  /** No person speaks in it: a job of the clock, a hook, a sub-agent. */
  readonly isBackground: boolean;
  readonly channel?: string;
}

const BACKGROUND: ReadonlySet<string> = new Set(["cron", "hook", "subagent"]);

export function rowOf(state: SessionState, defaultModel: string): SessionRow {
  const { key, sessionId, agentId, createdAtMs, updatedAtMs, turn, queue, lastRunId, runs, usage } = state;
  const { kind, isMain } = parseSessionKey(key, agentId);
  const model = turn?.model ?? state.settings.model ?? defaultModel;
  const slash = model.indexOf("/");
  const activeRunIds = [...(turn === null ? [] : [turn.runId]), ...queue.map(({ message }) => message.runId)];
  return {
    key, sessionId, kind, agentId, isMain, createdAt: createdAtMs, updatedAt: updatedAtMs, lastActivityAt: updatedAtMs,
    ...(state.activeAtMs === 0 ? {} : { lastInteractionAt: state.activeAtMs }), lifecycleRevision: `${sessionId}.${state.window}`,
    ...progressOf(state), ...endOf(lastRunId === null ? undefined : runs.get(lastRunId)),
    hasActiveRun: activeRunIds.length > 0, activeRunIds, ...(lastRunId === null ? {} : { lastRunId }),
    modelProvider: model.slice(0, Math.max(slash, 0)), model: model.slice(slash + 1), ...settingsOf(state.settings),
    ...(state.spawnedBy === null ? {} : { spawnedBy: state.spawnedBy, spawnDepth: state.spawnDepth }),
    ...parentOf(state), inputTokens: usage.inputTokens, outputTokens: usage.outputTokens, ...windowOf(state),
  };
}

function parentOf({ branchedFrom, spawnedBy }: SessionState): Pick<SessionRow, "parentSessionKey"> {
  const parent = branchedFrom?.key ?? spawnedBy;
  return parent === null ? {} : { parentSessionKey: parent };
}

function windowOf({ messages, messageCount, summary }: SessionState): Pick<SessionRow, "totalTokens" | "totalTokensFresh"> {
  for (let at = messages.length - 1; at >= 0; at--) {
    const { content, timeMs } = messages[at] as SessionState["messages"][number];
    if (content.role !== "assistant") continue;
    const totalTokens = content.usage.inputTokens + content.usage.outputTokens;
    if (totalTokens > 0) return { totalTokens, totalTokensFresh: timeMs >= (summary?.timeMs ?? 0) };
  }
  return { totalTokens: 0, totalTokensFresh: messageCount === 0 };
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
  return {
    endedAt, ...(last.status === "aborted" ? { abortedLastRun: true } : {}),
    ...(why === undefined ? {} : { error: why }), ...(code === undefined ? {} : { errorCode: code }),
  };
}

function settingsOf({ model: _, ...settings }: SessionSettings): Partial<SessionRow> {
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== null)) as Partial<SessionRow>;
}
