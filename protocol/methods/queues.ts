/** Background queues: how far behind they are, and the work that was given up. */
import type { MethodSpec } from "../method.ts";
import { count, id, nothing, word } from "./fields.ts";

const queue = { type: "string", pattern: "^[A-Za-z0-9_-]{1,64}$" } as const;
const byId = { type: "object", additionalProperties: false, required: ["id"], properties: { id, queue } } as const;
const letter = {
  type: "object", required: ["queue", "id", "code", "summary", "attempts", "deadAtMs"],
  properties: {
    queue, id, code: word, summary: { type: "string" }, why: { type: ["string", "null"] }, attempts: count, deadAtMs: count,
    position: count,
  },
} as const;

export const QUEUE_METHODS = {
  "queue.list": {
    role: "operator", scope: "operator.read",
    summary: "Every queue that holds something, with its lag; the configured actuators and listeners.", params: nothing,
    result: {
      type: "object", required: ["queues", "actuators", "listeners"],
      properties: { queues: { type: "array" }, actuators: { type: "array" }, listeners: { type: "array" } },
    },
  },
  "queue.dead.list": {
    role: "operator", scope: "operator.admin", summary: "Work that was given up; the oldest first in each queue.",
    params: {
      type: "object", additionalProperties: false,
      properties: { queue, after: count, limit: { type: "integer", minimum: 1, maximum: 500 } },
    },
    result: {
      type: "object", required: ["letters", "more"], properties: { letters: { type: "array", items: letter }, more: { type: "boolean" } },
    },
  },
  "queue.dead.show": {
    role: "operator", scope: "operator.admin", summary: "One of them, with what was to be done.", params: byId, result: letter,
  },
  "queue.dead.retry": {
    role: "operator", scope: "operator.admin", controlPlaneWrite: true, summary: "Tries it again, under the same id.", params: byId,
    result: { type: "object", required: ["ok", "queue"], properties: { ok: { type: "boolean" }, queue } },
  },
  "queue.dead.discard": {
    role: "operator", scope: "operator.admin", controlPlaneWrite: true, summary: "Forgets it.", params: byId,
    result: { type: "object", required: ["ok", "queue"], properties: { ok: { type: "boolean" }, queue } },
  },
} as const satisfies Record<string, MethodSpec>;
