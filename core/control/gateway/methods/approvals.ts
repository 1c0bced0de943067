/** A person's answers to side effects that wait. */
import { hasCode } from "@openclaw/protocol";
import type { MethodHandlers } from "../method.ts";
import { refusal } from "../refuse.ts";

export type ApprovalVerdict = "allow-once" | "allow-always" | "deny";

/** The part of the policy room that people reach; each answers in the wire's own shape. */
export interface ApprovalDesk {
  list(): unknown;
  /** Throws APPROVAL_NOT_FOUND, as the others do. */
  get(id: string): unknown;
  show(id: string): unknown;
  /** The same verdict again is accepted; another one throws APPROVAL_ALREADY_RESOLVED. */
  resolve(id: string, decision: ApprovalVerdict, by: string): Promise<unknown>;
}

export interface ApprovalMethodDeps {
  readonly approvals: ApprovalDesk;
}

export function approvalMethods({ approvals }: ApprovalMethodDeps): MethodHandlers {
  return {
    "exec.approval.list": () => approvals.list(),
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
      try {
        await found(() => approvals.resolve(id, decision, client.principal.id));
      } catch (error) {
        if (!hasCode(error, "APPROVAL_ALREADY_RESOLVED")) throw error;
      }
      return await found(() => approvals.show(id));
    },
    "plugin.approval.list": () => [],
  };
}

/** Clients look at `details.reason` of these two. */
async function found(ask: () => unknown): Promise<unknown> {
  try {
    return await ask();
  } catch (error) {
    if (hasCode(error, "APPROVAL_NOT_FOUND")) throw refusal(
      "APPROVAL_NOT_FOUND", "approval expired or not found", { reason: "APPROVAL_NOT_FOUND" },
    );
    if (hasCode(error, "APPROVAL_ALREADY_RESOLVED")) throw refusal(
      "APPROVAL_ALREADY_RESOLVED", "approval already resolved", { reason: "APPROVAL_ALREADY_RESOLVED" },
    );
    throw error;
  }
}
