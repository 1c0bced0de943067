/** The slice `ledger` of the configuration: what may be spent, in which currency, and when a day ends. */
import type { Infer, JsonSchema } from "@openclaw/protocol";

const limit = (what: string) => ({
  type: "object", additionalProperties: false, description: what,
  properties: {
    cost: { type: "number", minimum: 0, maximum: 1_000_000_000, description: "In the currency; 0 refuses every call." },
    tokens: { type: "integer", minimum: 0, maximum: 1_000_000_000_000, description: "Prompt and answer together; 0 refuses every call." },
  },
} as const);

const price = (description: string) => ({ type: "number", minimum: 0, maximum: 1_000_000, description } as const);

const periods = {
  day: limit("What may be spent in a day."),
  month: limit("What may be spent in a month."),
} as const;

export const ledgerConfig = {
  type: "object",
  additionalProperties: false,
  description: "What model calls may cost. A call that would pass a budget is refused before it is sent.",
  properties: {
    currency: { type: "string", pattern: "^[A-Z]{3}$", default: "USD", description: "What prices and budgets are in." },
    timeZone: {
      type: "string", minLength: 1, maxLength: 64, timeZone: true,
      description: "Where a day begins at midnight, such as Europe/Berlin; the machine's own unless given.",
    },
    outputTokensReserved: {
      type: "integer", minimum: 1, maximum: 1_000_000, default: 4_096,
      description: "Answer that is reserved where neither the call nor the model says how long it may be.",
    },
    unknownPrice: {
      type: "object", additionalProperties: false, required: ["input", "output"],
      description: "What a model without a price counts as, for a million tokens; the highest of all configured prices unless given.",
      properties: {
        input: price("Prompt."), output: price("Answer."), cacheRead: price("Prompt read from the provider's cache."),
        cacheWrite: price("Prompt written into it."),
      },
    },
    budgets: {
      type: "object", additionalProperties: false, description: "Absent: no limit.",
      properties: {
        tenant: { type: "object", additionalProperties: false, description: "Everything together.", properties: periods },
        agent: { type: "object", additionalProperties: false, description: "Each agent.", properties: periods },
        agents: {
          type: "object", maxProperties: 1_000, description: "An agent of its own, by id, in place of `agent`.",
          additionalProperties: { type: "object", additionalProperties: false, properties: periods },
        },
        session: {
          type: "object", additionalProperties: false, description: "Each session.",
          properties: { day: periods.day, total: limit("What may be spent in all.") },
        },
      },
    },
  },
} as const satisfies JsonSchema;

export type LedgerConfig = Infer<typeof ledgerConfig>;

export const LEDGER_DEFAULTS = { currency: "USD", outputTokensReserved: 4_096 } as const;

export const LEDGER_LIMITS = {
  /** Attempts at one record that somebody else writes too. */
  casAttempts: 16,
  /** Rounds in which all budgets of one call are tried to be had at once. */
  reserveRounds: 32,
  /** Entries of the log before they are folded into their accounts. */
  foldEvery: 256,
  foldAfterMs: 5_000,
  /** Longest a settlement waits to be written together with others. */
  settleDelayMs: 20,
  /** Accounts kept in memory, more than a kilobyte each; those with nothing open are forgotten first. */
  accountsMax: 8_000,
  writeAttempts: 5,
  retryFirstMs: 250,
  retryLastMs: 30_000,
  /** Days one report may span. */
  daysMax: 366,
  /** Sessions one report names. */
  sessionsMax: 1_000,
} as const;
