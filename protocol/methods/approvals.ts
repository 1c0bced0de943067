/** Approvals: side effects that wait for a person. */
import type { MethodSpec } from "../method.ts";
import { anything, count, done, id, nothing, word } from "./fields.ts";
import { execApprovalsFile } from "../exec-approvals.ts";

const byId = { type: "object", additionalProperties: false, required: ["id"], properties: { id } } as const;
const decision = { enum: ["allow-once", "allow-always", "deny"] } as const;

const orNull = { type: ["string", "null"], maxLength: 4_096 } as const;
const argv = { type: "array", minItems: 1, maxItems: 256, items: { type: "string", maxLength: 131_072 } } as const;

const ending = {
  type: "object", required: ["id", "createdAtMs", "expiresAtMs"],
  properties: { id, decision: { enum: ["allow-once", "allow-always", "deny", null] }, createdAtMs: count, expiresAtMs: count },
} as const;

const rulesFile = {
  type: "object", required: ["path", "exists", "hash", "file"],
  properties: {
    path: { type: "string" }, exists: { type: "boolean" }, hash: { type: "string" }, file: anything, resolvedDefaults: anything,
  },
} as const;

const baseHash = { type: "string", maxLength: 128 } as const;

export const APPROVAL_METHODS = {
  "exec.approvals.get": {
    role: "operator", scope: "operator.admin", summary: "Which programs the owner lets be run on the gateway's own machine.",
    params: nothing, result: rulesFile,
  },
  "exec.approvals.set": {
    role: "operator", scope: "operator.admin", summary: "Replaces that file, where it is still the one of baseHash.",
    params: {
      type: "object", additionalProperties: false, required: ["file"], properties: { file: execApprovalsFile, baseHash },
    },
    result: rulesFile,
  },
  "exec.approvals.node.get": {
    role: "operator", scope: "operator.admin", summary: "The same file of a node, from the node itself.",
    params: { type: "object", additionalProperties: false, required: ["nodeId"], properties: { nodeId: id } }, result: rulesFile,
  },
  "exec.approvals.node.set": {
    role: "operator", scope: "operator.admin", summary: "Replaces a node's file; the node compares the hash.",
    params: {
      type: "object", additionalProperties: false, required: ["nodeId", "file"],
      properties: { nodeId: id, file: execApprovalsFile, baseHash },
    },
    result: rulesFile,
  },
  "exec.approval.request": {
    role: "operator", scope: "operator.approvals",
    summary: "Asks for a person's approval of one run. With twoPhase it answers twice: accepted, then the decision.",
    params: {
      type: "object", additionalProperties: false,
      properties: {
        id, command: { type: "string", maxLength: 131_072 }, commandArgv: argv, host: orNull, nodeId: orNull, cwd: orNull,
        env: { type: ["object", "null"], maxProperties: 64, additionalProperties: { type: "string", maxLength: 32_768 } },
        systemRunPlan: { type: ["object", "null"], maxProperties: 32 }, agentId: orNull, sessionKey: orNull, runId: orNull,
        toolCallId: orNull, security: orNull, ask: orNull, warningText: orNull, resolvedPath: orNull, commandHighlights: {},
        timeoutMs: { type: "integer", minimum: 1, maximum: 86_400_000 }, twoPhase: { type: "boolean" },
        requireDeliveryRoute: { type: "boolean" }, approvalReviewerDeviceIds: { type: "array", maxItems: 64, items: word },
        unavailableDecisions: { type: "array", maxItems: 3, items: decision }, suppressDelivery: { type: "boolean" },
        turnSourceChannel: orNull, turnSourceTo: orNull, turnSourceAccountId: orNull,
        turnSourceThreadId: { type: ["string", "number", "null"] },
      },
    },
    result: ending,
  },
  "exec.approval.waitDecision": {
    role: "operator", scope: "operator.approvals", summary: "Waits for the answer to an approval.", params: byId, result: ending,
  },
  "exec.approval.list": {
    role: "operator", scope: "operator.approvals", summary: "What waits for a person.", params: nothing,
    result: {
      type: "array",
      items: {
        type: "object", required: ["id", "request", "createdAtMs", "expiresAtMs"],
        properties: { id, request: anything, createdAtMs: count, expiresAtMs: count },
      },
    },
  },
  "exec.approval.history": {
    role: "operator", scope: "operator.approvals", hidden: true, summary: "What ended in the last day, the newest first, and by whom.",
    params: {
      type: "object", additionalProperties: false, properties: { limit: { type: "integer", minimum: 1, maximum: 500 } },
    },
    result: {
      type: "array",
      items: {
        type: "object", required: ["id", "request", "createdAtMs", "expiresAtMs", "status", "resolvedAtMs"],
        properties: {
          id, request: anything, createdAtMs: count, expiresAtMs: count,
          status: { enum: ["allowed", "denied", "expired", "cancelled"] },
          decision: { enum: ["allow-once", "allow-always", "deny", null] }, resolvedBy: { type: ["string", "null"] }, resolvedAtMs: count,
        },
      },
    },
  },
  "exec.approval.get": {
    role: "operator", scope: "operator.approvals", summary: "One of them, as it is shown.", params: byId,
    result: {
      type: "object", required: ["id", "commandText", "allowedDecisions"],
      properties: { id, commandText: { type: "string" }, allowedDecisions: { type: "array" }, expiresAtMs: count },
    },
  },
  "exec.approval.resolve": {
    role: "operator", scope: "operator.approvals", summary: "Allows or denies it. The first answer wins.",
    params: {
      type: "object", additionalProperties: false, required: ["id", "decision"],
      properties: { id, decision, reviewer: word, grantExpiresInDays: { type: "number", minimum: 0, maximum: 365 } },
    },
    result: done,
  },
  "approval.get": {
    role: "operator", scope: "operator.approvals", summary: "An approval of any kind, pending or ended.", params: byId,
    result: { type: "object", required: ["approval"], properties: { approval: anything } },
  },
  "approval.resolve": {
    role: "operator", scope: "operator.approvals",
    summary: "Answers an approval of any kind. The first answer wins; every caller gets the recorded one.",
    params: {
      type: "object", additionalProperties: false, required: ["id", "kind", "decision"],
      properties: { id, kind: { enum: ["exec", "plugin", "system-agent"] }, decision },
    },
    result: anything,
  },
  "plugin.approval.list": {
    role: "operator", scope: "operator.approvals", summary: "Approvals that plug-ins asked for.", params: nothing,
    result: { type: "array" },
  },
  "plugin.approval.resolve": {
    role: "operator", scope: "operator.approvals", summary: "Answers one of them. No plug-in asks yet, so none is found.",
    params: { type: "object", additionalProperties: false, required: ["id", "decision"], properties: { id, decision } }, result: done,
  },
  "question.list": {
    role: "operator", scope: "operator.questions", summary: "Questions an agent waits for an answer to.", params: nothing,
    result: { type: "object", required: ["questions"], properties: { questions: { type: "array" } } },
  },
  "question.resolve": {
    role: "operator", scope: "operator.questions", summary: "Answers one of them. No agent asks yet, so none is found.",
    params: { type: "object", additionalProperties: true, required: ["id"], maxProperties: 16, properties: { id } }, result: done,
  },
} as const satisfies Record<string, MethodSpec>;
