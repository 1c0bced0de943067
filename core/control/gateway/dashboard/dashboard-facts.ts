/** What the page Now shows. The rooms that know these things hand them up; the page cuts lists and texts to its bounds. */
export interface DashboardFacts {
  /** `demo/demo`. */
  readonly model: string;
  /** What its provider says of it: `Demo model (offline, rule-based, free)`. */
  readonly modelLabel?: string;
  readonly stateDir: string;
  /** How a person calls this gateway from a terminal: `openclaw`, or with a profile. */
  readonly commandLine: string;
  /** Of the local node; no sentence while none runs. */
  readonly confinement: { readonly confined: boolean; readonly sentence?: string };
  readonly running: readonly RunningSession[];
  readonly waiting: readonly WaitingApproval[];
  readonly requests: readonly PairingRequest[];
  readonly nodes: readonly NodeRow[];
  /** Newest first. */
  readonly failed: readonly FailedRun[];
}

/** With what the gateway knows itself. */
export interface NowFacts extends DashboardFacts {
  readonly version: string;
  readonly address: string;
  readonly uptimeMs: number;
  readonly stopping: boolean;
  readonly nowMs: number;
}

export interface RunningSession {
  readonly key: string;
  readonly agentId: string;
  readonly model: string;
  /** `asking`: the turn goes on when a person has answered. `queued`: no turn yet. */
  readonly state: "running" | "asking" | "queued";
  /** Messages that wait behind the turn. */
  readonly turnsWaiting: number;
  readonly sinceMs?: number;
}

export interface WaitingApproval {
  readonly id: string;
  /** Exactly what would happen; arguments with anything unusual in them quoted. */
  readonly command: string;
  readonly nodeName?: string;
  readonly cwd?: string;
  readonly agentId: string;
  readonly sessionKey: string;
  readonly why: string;
  /** Where the words of the command came from. */
  readonly labels: readonly string[];
  readonly createdAtMs: number;
  readonly expiresAtMs: number;
  readonly decisions: readonly ("deny" | "allow-once" | "allow-always")[];
}

/** A device that wants to connect, or a node that wants to offer commands. */
export interface PairingRequest {
  readonly kind: "device" | "node";
  readonly requestId: string;
  readonly name: string;
  /** Roles and scopes, or commands. */
  readonly wants: readonly string[];
  readonly sinceMs: number;
}

export interface NodeRow {
  readonly nodeId: string;
  readonly name: string;
  readonly state: "online" | "offline" | "unapproved";
  readonly local: boolean;
  readonly platform: string;
  readonly tags: readonly string[];
  /** Load average of one minute, and the processors it is spread over. */
  readonly load?: { readonly average: number; readonly processors: number };
  /** Invocations under way. */
  readonly running: number;
  readonly seenAtMs?: number;
}

export interface FailedRun {
  readonly key: string;
  /** `halted`: the gateway ended it at a limit. */
  readonly status: "failed" | "halted";
  readonly endedAtMs: number;
  readonly why?: string;
  readonly code?: string;
}
