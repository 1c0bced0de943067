/**
 * The gate: may this side effect happen?
 *
 * Three questions are answered here and nowhere else. What does a command do (`classifyCommand`)? Where did its arguments
 * come from (`labelArguments`)? And given both and the place where it lands, is the answer allow, ask or refuse
 * (`createGate`, over one table)? What was asked waits as a durable, sealed approval (`openApprovals`) until a person
 * answers or its time is over. The room never carries anything out, and never asks a model.
 */
export { GATE_TABLE, type Answer, type Cell, type GateRow } from "./policy/gate-table.ts";
export { createGate, type Decision, type Gate, type GateFacts } from "./policy/create-gate.ts";
export {
  READ_ONLY_COMMANDS, describeReadOnlyCommands, type ReadOnlyCommand, type ReadOnlyCommandRow,
} from "./policy/read-only-commands.ts";
export { classifyCommand, classifyRun, type CommandClass, type CommandPlace } from "./policy/classify-command.ts";
export { labelArguments, type LabelledText } from "./policy/label-arguments.ts";
export { canonicalJson, hashIntent } from "./policy/hash-intent.ts";
export type { Approvals, ApprovalsDeps } from "./policy/approvals-port.ts";
export { openApprovals } from "./policy/open-approvals.ts";
export {
  APPROVAL_LIMITS, type ApprovalAnswer, type ApprovalDecision, type ApprovalEnding, type ApprovalOpening, type ApprovalStatus,
  type AskedByClient, type StoredApproval,
} from "./policy/approval.ts";
export type { ApprovalListed, ApprovalPast, ApprovalRequest, ApprovalShown, ApprovalSummary } from "./policy/present-approval.ts";
