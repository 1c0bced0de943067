/** What model calls took and cost, what they may, and which models are given a rest. */
import type { MethodSpec } from "../method.ts";
import { agentId, anything, count, flag, sessionKey, word } from "./fields.ts";

const days = { type: "integer", minimum: 1, maximum: 366 } as const;
const date = { type: "string", pattern: "^\\d{4}-\\d\\d-\\d\\d$" } as const;
const meters = { type: "array", items: anything } as const;

export const USAGE_METHODS = {
  "usage.status": {
    role: "operator", scope: "operator.read", summary: "Budgets with what is left of them, and models that rest after failures.",
    params: { type: "object", additionalProperties: false, properties: {} },
    result: {
      type: "object", required: ["updatedAt", "currency", "timeZone", "budgets", "providers", "resting"],
      properties: {
        updatedAt: count, currency: { type: "string" }, timeZone: { type: "string" }, budgets: meters, providers: meters, resting: meters,
      },
    },
  },
  "usage.cost": {
    role: "operator", scope: "operator.read", summary: "What calls cost, day by day, and by agent, session, model or purpose.",
    params: {
      type: "object", additionalProperties: false,
      properties: { days, by: { enum: ["day", "agent", "session", "model", "purpose"] }, endDate: date },
    },
    result: {
      type: "object", required: ["updatedAt", "days", "daily", "totals"],
      properties: {
        updatedAt: count, days: count, currency: { type: "string" }, timeZone: { type: "string" }, daily: meters, totals: anything,
        by: word, rows: meters, truncated: { type: "boolean" },
      },
    },
  },
  "sessions.usage": {
    role: "operator", scope: "operator.read", hidden: true,
    summary: "What the calls of one session cost, with the budgets that hold for it; or what those of each session cost.",
    params: {
      type: "object", additionalProperties: false,
      properties: {
        key: sessionKey, agentId, agentScope: { const: "all" }, range: word, startDate: date, endDate: date, days,
        limit: { type: "integer", minimum: 1 },
        /** Days are those of the ledger's time zone, whatever is asked for. */
        mode: { enum: ["utc", "gateway", "specific"] }, timeZone: word, utcOffset: word,
        groupBy: { enum: ["instance", "family"] }, includeHistorical: flag, includeContextWeight: flag, creatorKey: word,
      },
    },
    result: {
      type: "object", required: ["updatedAt", "sessions", "totals"],
      properties: {
        updatedAt: count, startDate: word, endDate: word, currency: word, sessions: meters, totals: anything, daily: meters,
        budgets: meters,
      },
    },
  },
} as const satisfies Record<string, MethodSpec>;
