/**
 * One claimed occurrence on its way: its message through the one intake, its end into the job's history.
 *
 * The message's idempotency key is the occurrence, so it may be offered again after any crash: the session answers with what
 * became of it before. Nothing is kept in between but the claim.
 */
import { OpenClawError, codeOf, hasCode } from "@openclaw/protocol";
import type { Clock } from "../../base/clock.ts";
import type { Principal } from "../../fabric/identity.ts";
import type { RunOutcome } from "../../fabric/journal.ts";
import type { Intake, Inbound } from "../channels.ts";
import type { Sessions } from "../sessions.ts";
import { agentOfJob, SCHEDULE_LIMITS, type Job, type OpenRun, type RunEntry } from "./job.ts";

export interface FireDeps {
  readonly clock: Clock;
  readonly intake: Pick<Intake, "receiveInbound">;
  readonly sessions: Pick<Sessions, "wait" | "history">;
}

const RETRY_FIRST_MS = 250;
const RETRY_LAST_MS = 30_000;
const WAIT_MS = 3_600_000;
/** Refusals that may be gone in a moment. */
const PASSING = [
  "ENGINE_UNAVAILABLE", "BACKPRESSURE", "DISK_FULL", "FILE_LOCKED", "SESSION_QUEUE_FULL", "FENCED", "GATEWAY_STOPPING",
] as const;

/** Resolves with the entry its history gets. Rejects only when `signal` aborts: the claim then stays for the next gateway. */
export async function fireRun(
  deps: FireDeps, job: Pick<Job, "graceMs">, run: OpenRun, inbound: Inbound, signal: AbortSignal,
): Promise<RunEntry> {
  const { clock } = deps;
  const startedAtMs = clock.now();
  const ended = (status: RunEntry["status"], more: Partial<RunEntry>): RunEntry => ({
    occurrenceId: run.occurrenceId, dueMs: run.dueMs, status, atMs: clock.now(), startedAtMs: run.claimedAtMs,
    ...(run.manual === true ? { manual: true as const } : {}), ...more,
  });
  if (startedAtMs - run.claimedAtMs > SCHEDULE_LIMITS.resumeMs) {
    return ended("error", { code: "OUTCOME_UNKNOWN", reason: "it was claimed so long ago that nobody remembers whether it ran" });
  }
  for (let retryMs = RETRY_FIRST_MS; ; retryMs = Math.min(retryMs * 2, RETRY_LAST_MS)) {
    try {
      const { sessionKey, outcome } = await deps.intake.receiveInbound(inbound);
      const end = "endedAtMs" in outcome ? outcome : await deps.sessions.wait(run.occurrenceId, WAIT_MS, signal);
      signal.throwIfAborted();
      if (end !== undefined) {
        return ended(end.status === "ok" ? "ok" : "error", { sessionKey, ...(await describeEnd(deps, sessionKey, run, end)) });
      }
      // Not ended within the hour: the offer is repeated, and answered with where it stands.
    } catch (error) {
      signal.throwIfAborted();
      const lateMs = clock.now() - run.claimedAtMs;
      if (!PASSING.some((code) => hasCode(error, code)) || lateMs > Math.max(job.graceMs, RETRY_LAST_MS)) {
        return ended("error", { code: codeOf(error) ?? "INTERNAL", reason: wordsOf(error) });
      }
    }
    await clock.wait(retryMs, signal);
  }
}

async function describeEnd({ sessions, clock }: FireDeps, sessionKey: string, run: OpenRun, end: RunOutcome): Promise<Partial<RunEntry>> {
  const { messages } = await sessions.history(sessionKey, 50, 0).catch(() => ({ messages: [] }));
  const reply = messages.findLast((item) => item.role === "assistant" && item.__openclaw.runId === run.occurrenceId);
  const text = (reply?.content ?? []).map((part) => (typeof part["text"] === "string" ? part["text"] : "")).join("");
  const endedAtMs = end.endedAtMs === 0 ? clock.now() : end.endedAtMs;
  return {
    durationMs: Math.max(0, endedAtMs - run.claimedAtMs),
    ...(text === "" ? {} : { summary: text.slice(0, SCHEDULE_LIMITS.summaryChars) }),
    ...(end.code === undefined ? {} : { code: end.code }),
    ...(end.status === "ok" ? {} : { reason: (end.why ?? end.status).slice(0, SCHEDULE_LIMITS.summaryChars) }),
  };
}

function wordsOf(error: unknown): string {
  return error instanceof OpenClawError ? error.message.slice(0, SCHEDULE_LIMITS.summaryChars) : "The message was not taken.";
}

/** The message of an occurrence: the job's words under the label of whoever wrote them, from a service that says so. */
export function inboundOf(job: Job, run: OpenRun, defaultAgentId: string): Inbound {
  const agentId = agentOfJob(job, defaultAgentId);
  const { payload } = job;
  const principal: Principal = { tenant: job.tenant, id: "service:schedule", kind: "service", label: job.label };
  const turn = payload.kind === "agentTurn" ? payload : undefined;
  return {
    text: payload.kind === "systemEvent" ? payload.text : payload.message,
    idempotencyKey: run.occurrenceId, principal, channel: "schedule", sessionKey: sessionKeyOf(job), agentId,
    origin: { kind: "schedule", jobId: job.id, dueMs: run.dueMs },
    ...(turn?.model === undefined ? {} : { model: turn.model }), ...(turn?.thinking === undefined ? {} : { thinking: turn.thinking }),
    ...(turn?.timeoutSeconds === undefined ? {} : { timeoutMs: turn.timeoutSeconds * 1_000 }),
  };
}

/** A short key, or a whole one where the job names it. */
export function sessionKeyOf({ id, sessionTarget, sessionKey }: Job): string {
  if (sessionTarget === "isolated") return `cron:${id}`;
  if (sessionTarget.startsWith("session:")) return sessionTarget.slice("session:".length);
  return sessionTarget === "current" ? (sessionKey ?? "main") : "main";
}
