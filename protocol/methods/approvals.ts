/** Approvals: side effects that wait for a person. */
import type { MethodSpec } from "../method.ts";
import { anything, count, done, id, nothing, word } from "./fields.ts";

const byId = { type: "object", additionalProperties: false, required: ["id"], properties: { id } } as const;
const decision = { enum: ["allow-once", "allow-always", "deny"] } as const;

export const APPROVAL_METHODS = {
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
} as const satisfies Record<string, MethodSpec>;
