/** What model calls took and cost. Shapes: the wire's, money in the currency. */
import type { Resting } from "../../../cognition/models.ts";
import type { BudgetState, Ledger, Meter, UsageQuery, UsageRow } from "../../../fabric/ledger.ts";
import type { MethodHandlers } from "../method.ts";

export interface UsageMethodDeps {
  readonly ledger: Pick<Ledger, "usage" | "budgets">;
  readonly tenant: string;
  readonly agentIds: () => readonly string[];
  readonly resting: () => readonly Resting[];
  /** The token of a session, by its key as it was written. */
  readonly tokenOf: (key: string) => string;
  /** Keys of sessions by their tokens, as far as there still are any. */
  readonly keysOf: (tokens: ReadonlySet<string>) => Promise<ReadonlyMap<string, string>>;
  readonly now: () => number;
}

const DAYS_DEFAULT = 7;
const DAYS_BY_RANGE: Readonly<Record<string, number>> = {
  today: 1, "24h": 1, "7d": 7, week: 7, "30d": 30, month: 30, "90d": 90, "1y": 365, all: 366,
};
const DAY_MS = 86_400_000;

interface CostParams {
  readonly days?: number;
  readonly by?: NonNullable<UsageQuery["by"]>;
  readonly endDate?: string;
}

interface SessionUsageParams {
  readonly key?: string;
  /** Only this agent's sessions. */
  readonly agentId?: string;
  readonly range?: string;
  readonly startDate?: string;
  readonly endDate?: string;
  readonly days?: number;
  readonly limit?: number;
}

export function usageMethods({ ledger, tenant, agentIds, resting, tokenOf, keysOf, now }: UsageMethodDeps): MethodHandlers {
  const named = async (rows: readonly UsageRow[], isSession: boolean): Promise<readonly object[]> => {
    const keys = isSession ? await keysOf(new Set(rows.map(({ name }) => name))) : undefined;
    return rows.map(({ name, meter }) => ({ name: keys === undefined ? name : (keys.get(name) ?? DELETED), ...figures(meter) }));
  };
  return {
    "usage.status": async () => {
      const { currency, timeZone } = await ledger.usage({ tenant, days: 1 });
      const budgets = (await ledger.budgets(tenant, agentIds())).map(showBudget);
      return { updatedAt: now(), currency, timeZone, budgets, providers: [], resting: resting() };
    },
    "usage.cost": async (params) => {
      const { days = DAYS_DEFAULT, by = "day", endDate } = params as CostParams;
      const report = await ledger.usage({ tenant, days, by, ...(endDate === undefined ? {} : { until: endDate }) });
      const { currency, timeZone, daily, totals, rows, truncated } = report;
      return {
        updatedAt: now(), days: daily.length, currency, timeZone, by, truncated,
        daily: daily.map(({ name, meter }) => ({ date: name, ...figures(meter) })), totals: figures(totals),
        rows: await named(rows, by === "session"),
      };
    },
    "sessions.usage": async (params) => {
      const { key, agentId, limit = 50, endDate } = params as SessionUsageParams;
      const until = endDate === undefined ? {} : { until: endDate };
      const days = daysOf(params as SessionUsageParams, now());
      const query = { tenant, days, ...until };
      const report = await ledger.usage(key === undefined ? { ...query, by: "session" } : { ...query, session: tokenOf(key) });
      const { from, to, daily, currency } = report;
      const byAgent = key === undefined ? (await ledger.usage({ ...query, by: "agent" })).rows : [];
      const ofAgent = key === undefined ? agentId : undefined;
      const totals = ofAgent === undefined ? report.totals : (byAgent.find(({ name }) => name === ofAgent)?.meter ?? NOTHING);
      const sessions = key === undefined
        ? (await named(report.rows, true)).map((row) => ({ key: (row as { name: string }).name, ...row }))
          .filter((row) => ofAgent === undefined || row.key.startsWith(`agent:${ofAgent}:`)).slice(0, limit)
        : [{ key, ...figures(totals) }];
      const ofKey = agentIds().filter((id) => key?.startsWith(`agent:${id}:`) === true);
      const budgets = key === undefined ? {} : { budgets: (await ledger.budgets(tenant, ofKey, tokenOf(key))).map(showBudget) };
      const byModel = key === undefined ? (await ledger.usage({ ...query, by: "model" })).rows : [];
      return {
        updatedAt: now(), startDate: from, endDate: to, currency, sessions, totals: figures(totals), ...budgets,
        aggregates: {
          sessionCount: sessions.length, byModel: byModel.map(showModel),
          byAgent: byAgent.map(({ name, meter }) => ({ agentId: name, totals: figures(meter) })),
        },
        daily: daily.map(({ name, meter }) => ({ date: name, ...figures(meter) })),
      };
    },
  };
}

const NOTHING: Meter = {
  calls: 0, failed: 0, inputTokens: 0, outputTokens: 0, cacheReadTokens: 0, cacheWriteTokens: 0, costMicros: 0, unpriced: 0, reserved: 0,
};

function showModel({ name, meter }: UsageRow): object {
  const slash = name.indexOf("/");
  return { provider: name.slice(0, Math.max(slash, 0)), model: name.slice(slash + 1), count: meter.calls, totals: figures(meter) };
}

/** Of a session that was deleted the money stays, and nothing else. */
const DELETED = "(deleted)";

function daysOf({ days, range, startDate, endDate }: SessionUsageParams, nowMs: number): number {
  if (days !== undefined) return days;
  const from = startDate === undefined ? Number.NaN : Date.parse(`${startDate}T00:00:00Z`);
  if (!Number.isNaN(from)) {
    const to = endDate === undefined ? nowMs : Date.parse(`${endDate}T00:00:00Z`);
    return Math.max(1, Math.floor((to - from) / DAY_MS) + 1);
  }
  return DAYS_BY_RANGE[range ?? ""] ?? DAYS_DEFAULT;
}

function figures(meter: Meter): Readonly<Record<string, number>> {
  const { inputTokens, outputTokens, cacheReadTokens, cacheWriteTokens, costMicros, calls, failed, unpriced, reserved } = meter;
  return {
    input: inputTokens - cacheReadTokens - cacheWriteTokens, output: outputTokens, cacheRead: cacheReadTokens, cacheWrite: cacheWriteTokens,
    totalTokens: inputTokens + outputTokens, totalCost: money(costMicros), calls, failed, unpriced, missingCostEntries: unpriced,
    reserved,
  };
}

function money(micros: number): number {
  return micros / 1_000_000;
}

function showBudget(state: BudgetState): object {
  const { scope, period, id, span, renewsAtMs } = state;
  const { costLimitMicros, costSpentMicros, costHeldMicros, tokensLimit, tokensSpent, tokensHeld } = state;
  return {
    scope, period, ...(scope === "agent" ? { agentId: id } : {}), span, renewsAt: renewsAtMs,
    ...(costLimitMicros === undefined ? {} : {
      cost: {
        limit: money(costLimitMicros), spent: money(costSpentMicros), held: money(costHeldMicros),
        left: money(Math.max(0, costLimitMicros - costSpentMicros)),
      },
    }),
    ...(tokensLimit === undefined ? {} : {
      tokens: { limit: tokensLimit, spent: tokensSpent, held: tokensHeld, left: Math.max(0, tokensLimit - tokensSpent) },
    }),
  };
}
