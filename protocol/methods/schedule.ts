/** Jobs by the clock, and what wakes an agent. */
import type { MethodSpec } from "../method.ts";
import { agentId, anything, count, done, flag, id, nothing, sessionKey, word } from "./fields.ts";

/** Read in full by the schedule itself, which says what is wrong with a kind, an expression or a zone. */
const schedule = { type: "object", required: ["kind"], properties: { kind: word } } as const;
const jobFields = {
  name: { type: "string", maxLength: 120 }, description: { type: "string", maxLength: 1_000 }, enabled: flag, schedule,
  sessionTarget: { type: "string", maxLength: 520 }, wakeMode: { enum: ["now", "next-heartbeat"] }, payload: schedule,
  delivery: { type: "object" }, deleteAfterRun: flag, declarationKey: word,
  catchUp: { enum: ["last", "all", "none"] }, graceMs: count, overlap: { enum: ["skip", "queue"] },
} as const;
const job = {
  type: "object",
  required: ["id", "name", "enabled", "createdAtMs", "updatedAtMs", "schedule", "sessionTarget", "wakeMode", "payload", "state"],
  properties: {
    id, name: word, enabled: flag, createdAtMs: count, updatedAtMs: count, state: anything, nextRunAtMs: count, configRevision: word,
  },
} as const;
const text = { type: "string", minLength: 1, maxLength: 32_768 } as const;
const byId = { id, jobId: id } as const;
const RUN_STATES = ["ok", "error", "skipped", "missed", "running"] as const;
const page = { limit: { type: "integer", minimum: 1, maximum: 200 }, offset: count } as const;

export const SCHEDULE_METHODS = {
  "cron.list": {
    role: "operator", scope: "operator.read", summary: "Jobs, the next due first.",
    params: {
      type: "object", additionalProperties: false,
      properties: {
        ...page, includeDisabled: flag, query: word, enabled: { anyOf: [flag, { enum: ["all", "enabled", "disabled"] }] }, agentId,
        sortBy: { enum: ["nextRunAtMs", "updatedAtMs", "name"] }, sortDir: { enum: ["asc", "desc"] },
        sessionKey, sessionAgentId: agentId, includeDeliveryPreviews: flag, compact: flag,
        scheduleKind: { enum: ["all", "at", "every", "cron", "on-exit", "stream"] },
        lastRunStatus: { enum: ["all", "ok", "error", "skipped", "unknown"] }, trigger: { enum: ["all", "conditional", "unconditional"] },
      },
    },
    result: {
      type: "object", required: ["jobs", "total", "offset", "limit", "hasMore"],
      properties: {
        jobs: { type: "array", items: job }, snapshotRevision: word, total: count, offset: count, limit: count, hasMore: flag,
        nextOffset: { type: ["integer", "null"] }, deliveryPreviews: anything,
      },
    },
  },
  "cron.get": {
    role: "operator", scope: "operator.read", summary: "One job.",
    params: { type: "object", additionalProperties: false, properties: byId }, result: job,
  },
  "cron.status": {
    role: "operator", scope: "operator.read", summary: "Is the clock watched, and when is what due next?",
    params: { type: "object", additionalProperties: false, properties: {} },
    result: {
      type: "object", required: ["enabled", "jobs"],
      properties: {
        enabled: flag, triggersEnabled: flag, storage: word, storePath: word, sqlitePath: word, jobs: count, running: count,
        nextWakeAtMs: { type: ["integer", "null"] },
        /** Ours: are agents let look around, which, and when next. */
        heartbeats: {
          type: "object", required: ["enabled", "agents"], properties: { enabled: flag, agents: { type: "array", items: anything } },
        },
      },
    },
  },
  "cron.add": {
    role: "operator", scope: "operator.admin", controlPlaneWrite: true, summary: "Adds a job. One that would never fire is refused.",
    params: {
      type: "object", additionalProperties: false, required: ["schedule", "payload"], properties: { ...jobFields, agentId, sessionKey },
    },
    result: job,
  },
  "cron.update": {
    role: "operator", scope: "operator.admin", controlPlaneWrite: true,
    summary: "Changes a job. Null takes a field back to its default; a new schedule begins now.",
    params: { type: "object", additionalProperties: false, required: ["patch"], properties: { ...byId, patch: anything, expectedConfigRevision: word } },
    result: job,
  },
  "cron.remove": {
    role: "operator", scope: "operator.admin", controlPlaneWrite: true, summary: "Removes a job and its history.",
    params: { type: "object", additionalProperties: false, properties: byId },
    result: { type: "object", required: ["ok", "removed"], properties: { ok: flag, removed: flag } },
  },
  "cron.run": {
    role: "operator", scope: "operator.admin", controlPlaneWrite: true, summary: "Runs a job now, beside its schedule.",
    params: { type: "object", additionalProperties: false, properties: { ...byId, mode: { enum: ["due", "force", "if-enabled"] } } },
    result: {
      type: "object", required: ["ok", "enqueued"],
      properties: { ok: flag, enqueued: flag, runId: id, processInstanceId: id, reason: word },
    },
  },
  "cron.runs": {
    role: "operator", scope: "operator.read", summary: "What became of occurrences, the newest first.",
    params: {
      type: "object", additionalProperties: false,
      properties: {
        ...byId, ...page, scope: { enum: ["job", "all"] }, runId: id, agentId, query: word, sortDir: { enum: ["asc", "desc"] },
        status: { enum: ["all", ...RUN_STATES] },
        statuses: { type: "array", minItems: 1, maxItems: RUN_STATES.length, items: { enum: RUN_STATES } },
      },
    },
    result: {
      type: "object", required: ["entries", "total", "offset", "limit", "hasMore"],
      properties: {
        entries: { type: "array", items: anything }, total: count, offset: count, limit: count, hasMore: flag,
        nextOffset: { type: ["integer", "null"] },
      },
    },
  },
  /** Ours: a form says when it would be, before anything is added. */
  "cron.preview": {
    role: "operator", scope: "operator.read", summary: "When a schedule would be due next. One that would never fire is refused.",
    params: {
      type: "object", additionalProperties: false, required: ["schedule"],
      properties: { schedule, limit: { type: "integer", minimum: 1, maximum: 24 } },
    },
    result: {
      type: "object", required: ["dueMs", "timeZone"],
      properties: { dueMs: { type: "array", items: count }, timeZone: { type: "string" } },
    },
  },
  "cron.expected": {
    role: "operator", scope: "operator.read", summary: "Expected against happened: every occurrence since then, and what became of it.",
    params: { type: "object", additionalProperties: false, properties: { ...byId, sinceMs: count } },
    result: {
      type: "object", required: ["sinceMs", "untilMs", "rows", "more"],
      properties: { sinceMs: count, untilMs: count, rows: { type: "array", items: anything }, more: flag },
    },
  },
  wake: {
    role: "operator", scope: "operator.write", summary: "Tells an agent something: at once, or with its next heartbeat.",
    params: {
      type: "object", required: ["mode", "text"],
      properties: { mode: { enum: ["now", "next-heartbeat"] }, text, sessionKey, agentId },
    },
    result: done,
  },
  "system-event": {
    role: "operator", scope: "operator.admin", summary: "Leaves an event for an agent's next heartbeat, or wakes it.",
    params: {
      type: "object", required: ["text"],
      properties: { text, sessionKey, agentId, wake: flag },
    },
    result: done,
  },
  "last-heartbeat": {
    role: "operator", scope: "operator.read", summary: "The newest heartbeat event, or null.", params: nothing,
    result: { type: ["object", "null"] },
  },
  "set-heartbeats": {
    role: "operator", scope: "operator.admin", summary: "Switches all heartbeats on or off; stays so over restarts.",
    params: { type: "object", additionalProperties: false, required: ["enabled"], properties: { enabled: flag } },
    result: { type: "object", required: ["ok", "enabled"], properties: { ok: flag, enabled: flag } },
  },
} as const satisfies Record<string, MethodSpec>;
