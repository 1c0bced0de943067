/** What a job is: when it is due, what it then says to which session, and how far its occurrences are settled. */
import type { Label } from "@openclaw/protocol";

export { SCHEDULE_BUCKETS } from "./config.ts";

export const SCHEDULE_LIMITS = {
  jobs: 10_000,
  nameChars: 120,
  textChars: 32_768,
  expressionChars: 256,
  everyMinMs: 1_000,
  everyMaxMs: 366 * 86_400_000,
  staggerMaxMs: 3_600_000,
  graceMaxMs: 7 * 86_400_000,
  /** Occurrences of one job that are made up for at once. */
  catchUp: 24,
  /** Runs of one job that may be under way. */
  open: 32,
  /** Finished, missed and skipped entries that are kept for each job, in pages. */
  runsPerPage: 64,
  runPages: 16,
  summaryChars: 200,
  /** A session remembers ids for seven days: an older claim is not offered again. */
  resumeMs: 6 * 86_400_000,
} as const;

export type Schedule =
  | { readonly kind: "at"; readonly atMs: number }
  | { readonly kind: "every"; readonly everyMs: number; readonly anchorMs: number }
  | { readonly kind: "cron"; readonly expr: string; readonly tz: string; readonly staggerMs: number };

export type Payload =
  | { readonly kind: "systemEvent"; readonly text: string }
  | {
      readonly kind: "agentTurn";
      readonly message: string;
      readonly model?: string;
      readonly thinking?: string;
      readonly timeoutSeconds?: number;
    };

export type CatchUp = "last" | "all" | "none";
export type Overlap = "skip" | "queue";

/** What a person or agent asked for. */
export interface JobSpec {
  readonly name: string;
  readonly description?: string;
  readonly enabled: boolean;
  readonly schedule: Schedule;
  /** `main`, `isolated`, `current`, or `session:<key>`. */
  readonly sessionTarget: string;
  readonly wakeMode: "now" | "next-heartbeat";
  readonly payload: Payload;
  readonly delivery: { readonly mode: "none" | "announce" };
  readonly agentId?: string;
  readonly sessionKey?: string;
  readonly declarationKey?: string;
  readonly deleteAfterRun: boolean;
  readonly catchUp: CatchUp;
  /** How late an occurrence may be made up for. */
  readonly graceMs: number;
  readonly overlap: Overlap;
}

export interface Job extends JobSpec {
  readonly id: string;
  readonly tenant: string;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
  /** Who made it, and whose words it says. */
  readonly by: string;
  readonly label: Label;
}

/** One occurrence that was claimed and has not ended. */
export interface OpenRun {
  /** Job and due time: the idempotency key of its message, so that it runs once however often it is offered. */
  readonly occurrenceId: string;
  readonly dueMs: number;
  readonly claimedAtMs: number;
  readonly manual?: true;
}

export type RunStatus = "ok" | "error" | "skipped" | "missed";

/** What became of an occurrence, or of a range of them that was missed together. */
export interface RunEntry {
  readonly occurrenceId: string;
  readonly dueMs: number;
  readonly status: RunStatus;
  /** When it was written down. */
  readonly atMs: number;
  readonly startedAtMs?: number;
  readonly durationMs?: number;
  readonly sessionKey?: string;
  readonly summary?: string;
  /** Why it was skipped or missed, or what went wrong. */
  readonly reason?: string;
  readonly code?: string;
  /** Of a range: its last occurrence, and how many there were, at least. */
  readonly untilMs?: number;
  readonly count?: number;
  readonly manual?: true;
}

export interface JobState {
  /** Every occurrence up to here is claimed, missed or skipped. */
  readonly cursorMs: number;
  /** Since when this schedule holds: nothing was expected before. */
  readonly sinceMs: number;
  /** Null: never again. */
  readonly nextMs: number | null;
  /** Rises when the clock was set back and the rhythm of an `every` job began anew. */
  readonly generation: number;
  readonly open: readonly OpenRun[];
  /** Entries ever written: says where the next one goes. */
  readonly entries: number;
  readonly lastRunAtMs?: number;
  readonly lastRunStatus?: RunStatus;
  readonly lastDurationMs?: number;
  readonly lastError?: string;
}

export interface StoredJob {
  readonly job: Job;
  readonly state: JobState;
  readonly revision: number;
}

/** Whose job it is, where it does not say. */
export function agentOfJob({ agentId, sessionKey }: JobSpec, defaultAgentId: string): string {
  const [head, ofKey] = sessionKey?.split(":") ?? [];
  return agentId ?? (head === "agent" ? ofKey : undefined) ?? defaultAgentId;
}

export function occurrenceIdOf(jobId: string, dueMs: number, generation: number): string {
  return `cron:${jobId}:${dueMs}${generation === 0 ? "" : `:${generation}`}`;
}
