/** The three shapes in which the wire knows an approval: as an item of a list, in short, and for a page of its own. */
import type { ApprovalDecision, ApprovalDeskName, ApprovalStatus, StoredApproval } from "./approval.ts";

/** The member `request` of `exec.approval.list` and of the events; null where nothing was set. */
export interface ApprovalRequest {
  readonly command: string;
  readonly commandArgv: readonly string[] | null;
  readonly host: "gateway" | "node" | null;
  readonly nodeId: string | null;
  readonly nodeName: string | null;
  readonly cwd: string | null;
  readonly agentId: string;
  readonly sessionKey: string;
  readonly runId: string;
  readonly toolCallId: string | null;
  readonly security: string | null;
  readonly ask: string | null;
  /** What an "always" covers. */
  readonly remember: "session" | "exact";
  readonly allowedDecisions: readonly ApprovalDecision[];
  readonly unavailableDecisions: readonly ApprovalDecision[];
  readonly commandPreview: string | null;
  readonly commandAnalysis: null;
  readonly systemRunPlan: Readonly<Record<string, unknown>> | null;
  readonly systemRunBinding: Readonly<Record<string, unknown>> | null;
  readonly turnSourceChannel: string | number | null;
  readonly turnSourceTo: string | number | null;
  readonly turnSourceAccountId: string | number | null;
  readonly turnSourceThreadId: string | number | null;
  readonly warningText: string;
  /** Who waits: a turn of the session, or a client of the wire; its "always" is a rule of the machine. */
  readonly asker: ApprovalDeskName;
  readonly rule: string;
  readonly labels: readonly string[];
  readonly intentHash: string;
}

export interface ApprovalListed {
  readonly id: string;
  readonly request: ApprovalRequest;
  readonly createdAtMs: number;
  readonly expiresAtMs: number;
}

/** One that has ended. */
export interface ApprovalPast extends ApprovalListed {
  readonly status: Exclude<ApprovalStatus, "pending">;
  readonly decision: ApprovalDecision | null;
  /** The principal; `clock` where its time was over. */
  readonly resolvedBy: string | null;
  readonly resolvedAtMs: number;
}

export interface ApprovalSummary {
  readonly id: string;
  readonly commandText: string;
  readonly commandPreview: string;
  readonly allowedDecisions: readonly ApprovalDecision[];
  readonly host: string | null;
  readonly nodeId: string | null;
  readonly agentId: string;
  readonly expiresAtMs: number;
}

/** Closed on the wire, as its members are: clients drop an approval with a member they do not know. */
export interface ApprovalShown {
  readonly id: string;
  readonly status: ApprovalStatus;
  readonly presentation: {
    readonly kind: "exec";
    readonly commandText: string;
    readonly commandPreview: string;
    readonly host: string | null;
    readonly nodeId: string | null;
    readonly agentId: string;
    readonly warningText: string;
    readonly allowedDecisions: readonly ApprovalDecision[];
  };
  readonly urlPath: string;
  readonly createdAtMs: number;
  readonly expiresAtMs: number;
  /** These three when it has ended. */
  readonly resolvedAtMs?: number;
  readonly decision?: ApprovalDecision;
  readonly reason?: (typeof ENDED_BECAUSE)[keyof typeof ENDED_BECAUSE];
}

const PREVIEW_CHARS = 120;
const ENDED_BECAUSE = { allowed: "user", denied: "user", expired: "timeout", cancelled: "run-aborted" } as const;
const DECISIONS: readonly ApprovalDecision[] = ["allow-once", "allow-always", "deny"];

export function presentListed(approval: StoredApproval): ApprovalListed {
  return { id: approval.id, request: presentRequest(approval), createdAtMs: approval.createdAtMs, expiresAtMs: approval.expiresAtMs };
}

/** Null while it waits. */
export function presentPast(approval: StoredApproval): ApprovalPast | null {
  const { status, decision, resolvedBy, resolvedAtMs } = approval;
  return status === "pending" ? null : { ...presentListed(approval), status, decision, resolvedBy, resolvedAtMs: resolvedAtMs ?? 0 };
}

export function presentRequest(approval: StoredApproval): ApprovalRequest {
  const { asked = {}, commandArgv, cwd, agentId, sessionKey, intentHash } = approval;
  const { turnSource = {} } = asked;
  const binds = commandArgv === null ? null : { argv: commandArgv, cwd, agentId, sessionKey, envHash: null, intentHash };
  return {
    command: commandText(approval), commandArgv, host: hostOf(approval), nodeId: approval.nodeId, nodeName: approval.nodeName,
    cwd, agentId, sessionKey, runId: approval.runId, toolCallId: approval.toolCallId,
    security: asked.security ?? null, ask: asked.ask ?? null, remember: approval.remember,
    allowedDecisions: approval.allowedDecisions,
    unavailableDecisions: DECISIONS.filter((each) => !approval.allowedDecisions.includes(each)),
    commandPreview: asked.commandPreview ?? null, commandAnalysis: null,
    systemRunPlan: asked.systemRunPlan ?? null, systemRunBinding: binds,
    turnSourceChannel: turnSource["turnSourceChannel"] ?? null, turnSourceTo: turnSource["turnSourceTo"] ?? null,
    turnSourceAccountId: turnSource["turnSourceAccountId"] ?? null, turnSourceThreadId: turnSource["turnSourceThreadId"] ?? null,
    warningText: asked.warningText ?? approval.reason, asker: approval.desk ?? "session",
    rule: approval.rule, labels: approval.labels, intentHash,
  };
}

export function presentSummary(approval: StoredApproval): ApprovalSummary {
  return {
    id: approval.id, commandText: commandText(approval), commandPreview: preview(commandText(approval)),
    allowedDecisions: approval.allowedDecisions,
    host: hostOf(approval), nodeId: approval.nodeId, agentId: approval.agentId, expiresAtMs: approval.expiresAtMs,
  };
}

export function presentShown(approval: StoredApproval): ApprovalShown {
  const text = commandText(approval);
  return {
    id: approval.id,
    status: approval.status,
    presentation: {
      kind: "exec", commandText: text, commandPreview: preview(text), host: hostOf(approval), nodeId: approval.nodeId,
      agentId: approval.agentId, warningText: approval.reason, allowedDecisions: approval.allowedDecisions,
    },
    urlPath: `/approve/${approval.id}`,
    createdAtMs: approval.createdAtMs,
    expiresAtMs: approval.expiresAtMs,
    ...(approval.status === "pending" ? {} : {
      reason: ENDED_BECAUSE[approval.status],
      ...(approval.resolvedAtMs === null ? {} : { resolvedAtMs: approval.resolvedAtMs }),
      ...(approval.decision === null ? {} : { decision: approval.decision }),
    }),
  };
}

/** Arguments with anything unusual in them are quoted, so that two different commands never look the same. */
function commandText(approval: StoredApproval): string {
  if (approval.commandArgv === null) return approval.summary;
  return approval.commandArgv.map((arg) => (/^[A-Za-z0-9_@%+=:,./-]+$/.test(arg) ? arg : JSON.stringify(arg))).join(" ");
}

function hostOf(approval: StoredApproval): "gateway" | "node" | null {
  if (approval.asked?.host === "gateway" || approval.asked?.host === "node") return approval.asked.host;
  if (approval.localNode) return "gateway";
  return approval.nodeId === null ? null : "node";
}

function preview(text: string): string {
  return text.length <= PREVIEW_CHARS ? text : `${text.slice(0, PREVIEW_CHARS - 1)}…`;
}
