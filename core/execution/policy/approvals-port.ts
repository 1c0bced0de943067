/** What the index of approvals needs, and what it does for those who ask, answer and watch. */
import type { Records } from "@openclaw/sdk";
import type { Clock } from "../../base/clock.ts";
import type { Ids } from "../../base/ids.ts";
import type { ApprovalAnswer, ApprovalDecision, ApprovalEnding, ApprovalOpening, StoredApproval } from "./approval.ts";
import type { ApprovalListed, ApprovalPast, ApprovalShown, ApprovalSummary } from "./present-approval.ts";

export interface ApprovalsDeps {
  readonly records: Records;
  readonly clock: Clock;
  readonly ids: Ids;
  /** Everything stored goes through these; `belongsTo` binds the bytes to their record. */
  readonly seal: (belongsTo: string, plain: Uint8Array) => Uint8Array | Promise<Uint8Array>;
  readonly unseal: (belongsTo: string, sealed: Uint8Array) => Uint8Array | Promise<Uint8Array>;
  /** Offers the answer to the session's slot; resolves once durable. Called again, with the same answer, until it resolves. */
  readonly deliver: (answer: ApprovalAnswer) => Promise<void>;
  /** For watching clients; must not throw. */
  readonly onChanged: (event: "exec.approval.requested" | "exec.approval.resolved", payload: unknown) => void;
  readonly log: { warn(event: string, fields: Record<string, unknown>): void };
}

export interface Approvals extends AsyncDisposable {
  /**
   * Durable when it resolves. The same id again returns the first one, answered or not; a cancelled one waits again. Throws
   * BACKPRESSURE when too many wait.
   */
  open(opening: ApprovalOpening): Promise<ApprovalListed>;
  /** What waits, oldest first: the result of `exec.approval.list`. */
  list(): readonly ApprovalListed[];
  /** What ended and is still kept, the newest first: the result of `exec.approval.history`. */
  past(limit: number): readonly ApprovalPast[];
  /** The result of `exec.approval.get`. Throws APPROVAL_NOT_FOUND. */
  get(id: string): ApprovalSummary;
  /** The result of `approval.get`. Throws APPROVAL_NOT_FOUND. */
  show(id: string): { readonly approval: ApprovalShown };
  /**
   * Fixes the answer, offers it to the session, then marks it settled. The same decision again is accepted; another one
   * throws APPROVAL_ALREADY_RESOLVED, an unknown id APPROVAL_NOT_FOUND, a decision it does not allow PARAMS_INVALID. When the
   * session cannot be reached the error says so; the answer stands, and is offered again until it arrives.
   */
  resolve(id: string, decision: ApprovalDecision, by: string): Promise<void>;
  /** Its end; at once when it has ended. Throws APPROVAL_NOT_FOUND, or the signal's reason. */
  ended(id: string, signal: AbortSignal): Promise<ApprovalEnding>;
  /** What a client asked for and may do with the answer. Null for other approvals. Throws APPROVAL_NOT_FOUND. */
  askedByClient(id: string): StoredApproval | null;
  /** Uses the answer of a client's approval; durable before it counts. Throws APPROVAL_SPENT when it was for one run and used. */
  spend(id: string): Promise<void>;
  /** Ends what waits as if its time were over. */
  expire(id: string): Promise<void>;
  /** Takes back what waits no more, because its turn has ended. The session is told nothing. Unknown ids are ignored. */
  cancel(id: string): Promise<void>;
  /** Forgets every approval of a session that was deleted. */
  forget(sessionKey: string): Promise<void>;
}
