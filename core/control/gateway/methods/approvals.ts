/** A person's answers to side effects that wait, and a client's wish for one. */
import { hasCode } from "@openclaw/protocol";
import type { ClientView, MethodHandlers } from "../method.ts";
import { refusal } from "../refuse.ts";
import { execRulesMethods, type ExecRulesDeps } from "./exec-rules.ts";

export type ApprovalVerdict = "allow-once" | "allow-always" | "deny";

interface Waiting {
  readonly id: string;
  readonly createdAtMs: number;
  readonly expiresAtMs: number;
}

/** The part of the policy room that people reach; each answers in the wire's own shape. */
export interface ApprovalDesk {
  list(): unknown;
  past(limit: number): unknown;
  /** Throws APPROVAL_NOT_FOUND, as the others do. */
  get(id: string): unknown;
  show(id: string): { readonly approval: object };
  /** The same verdict again is accepted; another one throws APPROVAL_ALREADY_RESOLVED. */
  resolve(id: string, decision: ApprovalVerdict, by: string): Promise<unknown>;
  /** Its end, as the wire tells it. */
  ended(id: string, signal: AbortSignal): Promise<unknown>;
  /** Ends it as if its time were over. */
  expire(id: string): Promise<void>;
}

export interface ApprovalMethodDeps extends ExecRulesDeps {
  readonly approvals: ApprovalDesk;
  /** Opens an approval for a client; its parameters fit the method. */
  readonly request: (params: unknown, client: ClientView) => Promise<Waiting>;
}

const PAST_SHOWN = 100;

export function approvalMethods({ approvals, request, ask }: ApprovalMethodDeps): MethodHandlers {
  return {
    ...execRulesMethods({ ask }),
    "exec.approval.request": async (params, ctx) => {
      const { id, createdAtMs, expiresAtMs } = await request(params, ctx.client);
      // A question nobody can see would only be waited for.
      if (!ctx.gateway.canApprove(ctx.client.connId)) await approvals.expire(id);
      else if ((params as { readonly twoPhase?: boolean }).twoPhase === true) {
        ctx.respond({ status: "accepted", id, deliveryRoute: "approval-client", createdAtMs, expiresAtMs });
      }
      return await approvals.ended(id, ctx.signal);
    },
    "exec.approval.waitDecision": async (params, { signal }) => {
      try {
        return await approvals.ended((params as { readonly id: string }).id, signal);
      } catch (error) {
        if (!hasCode(error, "APPROVAL_NOT_FOUND")) throw error;
        throw refusal("PARAMS_INVALID", "approval expired or not found", { reason: "APPROVAL_NOT_FOUND" });
      }
    },
    "exec.approval.list": () => approvals.list(),
    "exec.approval.history": (params) => approvals.past((params as { readonly limit?: number }).limit ?? PAST_SHOWN),
    "exec.approval.get": (params) => found(() => approvals.get((params as { id: string }).id)),
    "exec.approval.resolve": async (params, { client }) => {
      const { id, decision } = params as { id: string; decision: ApprovalVerdict };
      await found(() => approvals.resolve(id, decision, client.principal.id));
      return { ok: true };
    },
    "approval.get": (params) => found(() => approvals.show((params as { id: string }).id)),
    // First answer wins, and whoever comes second is shown what was decided instead of an error.
    "approval.resolve": async (params, { client }) => {
      const { id, decision } = params as { id: string; decision: ApprovalVerdict };
      let applied = true;
      try {
        await found(() => approvals.resolve(id, decision, client.principal.id));
      } catch (error) {
        if (!hasCode(error, "APPROVAL_ALREADY_RESOLVED")) throw error;
        applied = false;
      }
      return { ok: true, applied, ...(await found(() => approvals.show(id))) };
    },
    "plugin.approval.list": () => [],
    "plugin.approval.resolve": () => {
      throw notFound();
    },
    "question.list": () => ({ questions: [] }),
    "question.resolve": (params) => {
      throw refusal("PARAMS_INVALID", "question expired or not found", { id: (params as { readonly id: string }).id });
    },
  };
}

/** Clients look at `details.reason` of these two. */
async function found<T>(ask: () => T | Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (hasCode(error, "APPROVAL_NOT_FOUND")) throw notFound();
    if (hasCode(error, "APPROVAL_ALREADY_RESOLVED")) throw refusal(
      "APPROVAL_ALREADY_RESOLVED", "approval already resolved", { reason: "APPROVAL_ALREADY_RESOLVED" },
    );
    throw error;
  }
}

function notFound(): Error {
  return refusal("APPROVAL_NOT_FOUND", "approval expired or not found", { reason: "APPROVAL_NOT_FOUND" });
}
