/** What runs in the background, and what a person is asked besides commands. */
import type { MethodSpec } from "../method.ts";
import { agentId, count, id, nothing, sessionKey, word } from "./fields.ts";

const status = { enum: ["queued", "running", "completed", "failed", "cancelled", "timed_out"] } as const;

export const TASK_METHODS = {
  "tasks.list": {
    role: "operator", scope: "operator.read", summary: "Sub-agents at work, newest first.",
    params: {
      type: "object", additionalProperties: false,
      properties: {
        status: { anyOf: [status, { type: "array", maxItems: 8, items: status }] }, agentId, sessionKey,
        limit: { type: "integer", minimum: 1, maximum: 500 }, cursor: { type: "string", maxLength: 512 }, sortBy: word,
      },
    },
    result: {
      type: "object", required: ["tasks"],
      properties: {
        tasks: {
          type: "array",
          items: {
            type: "object", required: ["id", "status"],
            properties: {
              id, taskId: id, kind: word, runtime: word, status, title: word, agentId, sessionKey, childSessionKey: sessionKey, runId: id,
              createdAt: count, updatedAt: count, startedAt: count,
            },
          },
        },
      },
    },
  },
  "openclaw.approval.list": {
    role: "operator", scope: "operator.approvals", summary: "Changes to the gateway itself that wait for a person; there are none.",
    params: nothing, result: { type: "array", items: { type: "object" } },
  },
} as const satisfies Record<string, MethodSpec>;
