/** One approval: how it is opened, stored and answered. */
import type { Label } from "@openclaw/protocol";

export const APPROVAL_LIMITS = {
  /** How long an approval waits. */
  lifetimeMs: 1_800_000,
  /** Waiting at once, over all sessions; more is refused with BACKPRESSURE. */
  waitingMax: 1_000,
  /** Settled ones are kept this long, so that a late repeat gets its answer. */
  settledKeptMs: 86_400_000,
  settledMax: 1_000,
  textChars: 65_536,
  /** Between attempts to offer an answer to its session: doubles from the first to the last. */
  retryFirstMs: 500,
  retryLastMs: 60_000,
} as const;

export type ApprovalDecision = "allow-once" | "allow-always" | "deny";
export type ApprovalStatus = "pending" | "allowed" | "denied" | "expired" | "cancelled";

/** Who asked: a turn of a session, which waits for the answer in its log, or a client of the wire, which waits for it itself. */
export type ApprovalDeskName = "session" | "client";

/** What a client told beside the command; shown as it was told, and null where it said nothing. */
export interface AskedByClient {
  readonly host?: string;
  readonly security?: string;
  readonly ask?: string;
  readonly warningText?: string;
  readonly commandPreview?: string;
  readonly systemRunPlan?: Readonly<Record<string, unknown>>;
  readonly turnSource?: Readonly<Record<string, string | number>>;
}

export interface ApprovalOpening {
  /** Chosen by the caller, so that opening it again after a crash is the same approval. Drawn when absent. */
  readonly id?: string;
  readonly sessionKey: string;
  readonly agentId: string;
  readonly runId: string;
  readonly stepId: string;
  readonly toolCallId?: string;
  /** Of the exact intent: the answer holds for nothing else. */
  readonly intentHash: string;
  /** One line a person understands. */
  readonly summary: string;
  readonly commandArgv?: readonly string[];
  readonly cwd?: string;
  readonly nodeId?: string;
  readonly nodeName?: string;
  readonly localNode?: boolean;
  readonly reason: string;
  readonly rule: string;
  readonly labels: readonly Label[];
  /** What an "always" would cover; absent: the exact intent. */
  readonly remember?: "session" | "exact";
  readonly allowedDecisions?: readonly ApprovalDecision[];
  /** `session` unless told. */
  readonly desk?: ApprovalDeskName;
  readonly asked?: AskedByClient;
  readonly createdAtMs?: number;
  readonly expiresAtMs?: number;
}

/** What the session is offered. `null` decides nothing: nobody answered in time. */
export interface ApprovalAnswer {
  readonly id: string;
  readonly sessionKey: string;
  readonly runId: string;
  readonly stepId: string;
  readonly intentHash: string;
  readonly decision: ApprovalDecision | null;
  readonly by: string;
  readonly desk: ApprovalDeskName;
}

/** How it ended, for whoever waits: null where nobody decided. */
export interface ApprovalEnding {
  readonly id: string;
  readonly decision: ApprovalDecision | null;
  readonly createdAtMs: number;
  readonly expiresAtMs: number;
}

type MaybeNull = "toolCallId" | "commandArgv" | "cwd" | "nodeId" | "nodeName" | "localNode" | "desk" | "asked";

export interface StoredApproval extends Required<Omit<ApprovalOpening, MaybeNull>> {
  readonly v: 1;
  readonly toolCallId: string | null;
  readonly commandArgv: readonly string[] | null;
  readonly cwd: string | null;
  readonly nodeId: string | null;
  readonly nodeName: string | null;
  readonly localNode: boolean;
  /** Absent in what was stored before clients could ask. */
  readonly desk?: ApprovalDeskName;
  readonly asked?: AskedByClient;
  /** An answer that was for one run, and has been used. */
  readonly spentAtMs?: number;
  readonly state: "waiting" | "answering" | "settled";
  readonly status: ApprovalStatus;
  readonly decision: ApprovalDecision | null;
  readonly resolvedBy: string | null;
  readonly resolvedAtMs: number | null;
}

/** A person can not judge what is too long to show; the hash still binds the whole. */
export function boundArgv(argv: readonly string[] | undefined): readonly string[] | null {
  if (argv === undefined) return null;
  let left: number = APPROVAL_LIMITS.textChars;
  return argv.slice(0, 256).map((arg) => {
    const kept = arg.length <= left ? arg : `${arg.slice(0, left)}…`;
    left = Math.max(0, left - kept.length);
    return kept;
  });
}
