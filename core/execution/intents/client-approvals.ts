/**
 * Approvals that a client of the wire asks for, and the runs they allow.
 *
 * A client that runs commands for an agent asks first, waits, and then has the command run under the approval's id. Bound to
 * the id is the whole run: program and arguments, directory, environment, agent, session, node, and who asked. What differs
 * in any of it is refused, and so is a second run of what was allowed once. That a client calls its run approved means
 * nothing.
 */
import { hasCode, OpenClawError } from "@openclaw/protocol";
import type { Clock } from "../../base/clock.ts";
import type { Ids } from "../../base/ids.ts";
import { APPROVAL_LIMITS, hashIntent, type ApprovalListed, type Approvals, type AskedByClient, type StoredApproval } from "../policy.ts";

/** The parameters of `exec.approval.request`, in its own words. */
export interface ExecApprovalRequest {
  readonly id?: string;
  readonly command?: string;
  readonly commandArgv?: readonly string[];
  readonly host?: string | null;
  readonly nodeId?: string | null;
  readonly cwd?: string | null;
  readonly env?: Readonly<Record<string, string>> | null;
  readonly systemRunPlan?: Readonly<Record<string, unknown>> | null;
  readonly agentId?: string | null;
  readonly sessionKey?: string | null;
  readonly runId?: string | null;
  readonly toolCallId?: string | null;
  readonly security?: string | null;
  readonly ask?: string | null;
  readonly warningText?: string | null;
  readonly timeoutMs?: number;
  readonly turnSourceChannel?: string | null;
  readonly turnSourceTo?: string | null;
  readonly turnSourceAccountId?: string | null;
  readonly turnSourceThreadId?: string | number | null;
}

/** What may be run under an approval. */
export interface AllowedRun {
  readonly id: string;
  readonly decision: "allow-once" | "allow-always";
  /** As it was approved, whatever the caller sends now. */
  readonly plan?: Readonly<Record<string, unknown>>;
}

export interface ClientApprovals {
  /** Throws PARAMS_INVALID, CONFLICT when the id waits already, BACKPRESSURE. */
  request(asked: ExecApprovalRequest, principalId: string): Promise<ApprovalListed>;
  /**
   * Null when the parameters name no approval of a client. Otherwise the approval is used up by this. Throws
   * APPROVAL_REQUIRED while it waits, APPROVAL_DENIED, APPROVAL_MISMATCH, APPROVAL_SPENT.
   */
  admit(
    params: Readonly<Record<string, unknown>>, node: { readonly nodeId: string; readonly local: boolean }, principalId: string,
  ): Promise<AllowedRun | null>;
}

export interface ClientApprovalsDeps {
  readonly approvals: () => Approvals;
  readonly clock: Clock;
  readonly ids: Ids;
  /** By id or name. */
  readonly nodeOf: (said: string) => { readonly nodeId: string; readonly displayName: string } | null;
}

/** In place of a session where the client named none. */
const NO_SESSION = "client";

export function createClientApprovals({ approvals, clock, ids, nodeOf }: ClientApprovalsDeps): ClientApprovals {
  return {
    request: async (asked, principalId) => {
      const node = asked.nodeId == null ? null : nodeOf(asked.nodeId);
      const run = runOf(node === null ? asked : { ...asked, nodeId: node.nodeId });
      const now = clock.now();
      const id = asked.id ?? ids.uuid();
      if (approvals().list().some((waiting) => waiting.id === id)) {
        throw new OpenClawError("CONFLICT", { why: "An approval of this id waits already." });
      }
      const lifetimeMs = Math.min(asked.timeoutMs ?? APPROVAL_LIMITS.lifetimeMs, APPROVAL_LIMITS.lifetimeMs);
      const canAlways = asked.ask !== "always" && run.argv !== undefined;
      return await approvals().open({
        id, desk: "client", stepId: stepOf(principalId), runId: asked.runId ?? id, intentHash: run.hash,
        sessionKey: run.sessionKey ?? NO_SESSION, agentId: run.agentId ?? "main", summary: run.text,
        reason: "A client asks to run this.", rule: "client", labels: ["agent"], remember: "exact",
        allowedDecisions: canAlways ? ["allow-once", "allow-always", "deny"] : ["allow-once", "deny"],
        createdAtMs: now, expiresAtMs: now + lifetimeMs, asked: shownOf(asked, run),
        ...(run.argv === undefined ? {} : { commandArgv: run.argv }), ...(run.cwd === undefined ? {} : { cwd: run.cwd }),
        ...(run.nodeId === undefined ? {} : { nodeId: run.nodeId }), ...(node === null ? {} : { nodeName: node.displayName }),
        ...(asked.toolCallId == null ? {} : { toolCallId: asked.toolCallId }),
      });
    },
    admit: async (params, { nodeId, local }, principalId) => {
      const approval = find(approvals(), params["runId"]);
      if (approval === null) return null;
      const { id, decision, state, asked } = approval;
      if (decision === "deny") throw new OpenClawError("APPROVAL_DENIED");
      if (decision === null) {
        const why = state === "waiting" ? "Nobody has answered yet." : "Nobody answered in time.";
        throw new OpenClawError("APPROVAL_REQUIRED", { why, detail: { approvalId: id } });
      }
      const plan = asked?.systemRunPlan;
      // Where no node was named, the gateway's own machine was meant.
      const here = approval.nodeId === null ? local : approval.nodeId === nodeId;
      const same = hashOf({ ...params, nodeId: approval.nodeId }) === approval.intentHash;
      if (!here || !same || approval.stepId !== stepOf(principalId)) {
        const error = new OpenClawError("APPROVAL_MISMATCH", { detail: { approvalId: id } });
        error.message = "approval id does not match request";
        throw error;
      }
      await approvals().spend(id);
      return { id, decision, ...(plan === undefined ? {} : { plan }) };
    },
  };
}

interface AskedRun {
  readonly argv: readonly string[] | undefined;
  readonly cwd: string | undefined;
  readonly agentId: string | undefined;
  readonly sessionKey: string | undefined;
  readonly nodeId: string | undefined;
  readonly text: string;
  readonly hash: string;
}

/** What would be run: the plan's where there is one, for that is what the node was asked about. */
function runOf(asked: ExecApprovalRequest): AskedRun {
  const plan = asked.systemRunPlan ?? undefined;
  if (asked.host === "node") {
    if (asked.nodeId == null) throw wrong("nodeId is required for host=node");
    if (plan === undefined) throw wrong("systemRunPlan is required for host=node");
  }
  const planned = plan === undefined ? undefined : argvOf(plan["argv"]);
  if (plan !== undefined && planned === undefined) throw wrong("systemRunPlan.argv is required");
  const argv = planned ?? argvOf(asked.commandArgv);
  const text = argv?.join(" ") ?? asked.command?.trim() ?? "";
  if (text === "") throw wrong("command is required");
  const of = (name: "cwd" | "agentId" | "sessionKey"): string | undefined =>
    (plan === undefined ? textOf(asked[name]) : (textOf(plan[name]) ?? textOf(asked[name])));
  const [cwd, agentId, sessionKey, nodeId] = [of("cwd"), of("agentId"), of("sessionKey"), textOf(asked.nodeId)];
  const command = argv ?? text;
  return { argv, cwd, agentId, sessionKey, nodeId, text, hash: hashOf({ command, cwd, agentId, sessionKey, nodeId, env: asked.env }) };
}

function hashOf(run: Readonly<Record<string, unknown>>): string {
  const { command, cwd, agentId, sessionKey, nodeId, env } = run;
  const set = typeof env === "object" && env !== null && Object.keys(env).length > 0 ? env : null;
  return hashIntent({
    command, cwd: cwd ?? null, agentId: agentId ?? null, sessionKey: sessionKey ?? null, nodeId: nodeId ?? null, env: set,
  });
}

function shownOf(asked: ExecApprovalRequest, { argv }: AskedRun): AskedByClient {
  const { turnSourceChannel, turnSourceTo, turnSourceAccountId, turnSourceThreadId } = asked;
  const turnSource = withoutNulls({ turnSourceChannel, turnSourceTo, turnSourceAccountId, turnSourceThreadId });
  const [program = "", option = "", line] = argv ?? [];
  const script = /(?:^|\/)(?:ba|da|z|k)?sh$/.test(program) && /^-[a-z]*c$/.test(option) ? line : undefined;
  return {
    ...withoutNulls({ host: asked.host, security: asked.security, ask: asked.ask, warningText: asked.warningText }),
    ...(script === undefined ? {} : { commandPreview: script.slice(0, 400) }),
    ...(asked.systemRunPlan == null ? {} : { systemRunPlan: asked.systemRunPlan }),
    ...(Object.keys(turnSource).length === 0 ? {} : { turnSource }),
  };
}

function withoutNulls<T>(fields: Readonly<Record<string, T | null | undefined>>): Record<string, T> {
  return Object.fromEntries(Object.entries(fields).flatMap(([name, value]) => (value == null ? [] : [[name, value]])));
}

function find(approvals: Approvals, runId: unknown): StoredApproval | null {
  if (typeof runId !== "string") return null;
  try {
    return approvals.askedByClient(runId);
  } catch (error) {
    if (hasCode(error, "APPROVAL_NOT_FOUND")) return null;
    throw error;
  }
}

function stepOf(principalId: string): string {
  return `client:${principalId}`;
}

function argvOf(value: unknown): readonly string[] | undefined {
  if (!Array.isArray(value) || value.length === 0) return undefined;
  return value.every((word) => typeof word === "string") ? value : undefined;
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

function wrong(message: string): OpenClawError {
  const error = new OpenClawError("PARAMS_INVALID");
  error.message = message;
  return error;
}
