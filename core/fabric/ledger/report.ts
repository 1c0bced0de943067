/** What was spent, read from the accounts. */
import type { Records } from "@openclaw/sdk";
import {
  ACCOUNTS, addMeter, emptyMeter, keyOfAccount, loadAccount, parseAccount, type Account, type Meter, type Period, type Scope, type Sealing,
} from "./account.ts";
import { tokensOf } from "./account-book.ts";
import { limitOf, renewsAt } from "./budgets.ts";
import type { Calendar } from "./calendar.ts";
import { LEDGER_LIMITS, type LedgerConfig } from "./config.ts";

export interface UsageQuery {
  readonly tenant: string;
  /** Days back from today, today included. */
  readonly days: number;
  /** Last day of the span, as `2026-11-21`; today unless given. */
  readonly until?: string;
  readonly by?: "day" | "agent" | "session" | "model" | "purpose";
  /** Only this session's, by its token. */
  readonly session?: string;
}

export interface UsageRow {
  /** The day, agent id, session token, `provider/model` or purpose. */
  readonly name: string;
  readonly meter: Meter;
}

export interface UsageReport {
  readonly currency: string;
  readonly timeZone: string;
  readonly from: string;
  readonly to: string;
  /** One for each day, also those without a call. */
  readonly daily: readonly UsageRow[];
  /** By what was asked, the dearest first. */
  readonly rows: readonly UsageRow[];
  readonly totals: Meter;
  /** More rows than a report holds: the dearest are shown. */
  readonly truncated: boolean;
}

export interface BudgetState {
  readonly scope: Scope;
  readonly period: Period;
  readonly id: string;
  readonly span: string;
  readonly costLimitMicros?: number;
  readonly tokensLimit?: number;
  readonly costSpentMicros: number;
  readonly tokensSpent: number;
  /** Set aside for calls that run, or may run soon. */
  readonly costHeldMicros: number;
  readonly tokensHeld: number;
  readonly renewsAtMs: number | null;
}

export interface ReportDeps {
  readonly records: Records;
  readonly sealing: Sealing;
  readonly calendar: Calendar;
  readonly nowMs: number;
  readonly currency: string;
}

const DAY_MS = 86_400_000;
const PAGE = 512;

export async function readUsage(deps: ReportDeps, query: UsageQuery): Promise<UsageReport> {
  const { calendar } = deps;
  const { tenant, by = "day", session } = query;
  const to = query.until ?? calendar.day(deps.nowMs);
  const days = daysUpTo(to, Math.min(Math.max(query.days, 1), LEDGER_LIMITS.daysMax));
  const scope: Scope = session === undefined ? "tenant" : "session";
  const accounts = await Promise.all(days.map(async (span) => {
    const key = keyOfAccount({ tenant, scope, period: "day", span, id: session ?? "all" });
    const { account } = await loadAccount(deps.records, deps.sealing, key);
    return { span, account };
  }));
  const daily = accounts.map(({ span, account }) => ({ name: span, meter: account.meter }));
  const sums = new Map<string, Meter>();
  const count = (name: string, meter: Meter): void => {
    const sum = sums.get(name) ?? emptyMeter();
    sums.set(name, sum);
    addMeter(sum, meter);
  };
  if (by === "agent" || by === "session") {
    for (const span of days) for await (const [id, { meter }] of accountsOn(deps, `${tenant}.${by}-day.${span}.`)) count(id, meter);
  } else {
    for (const { span, account } of accounts) {
      if (by === "day") count(span, account.meter);
      else for (const [name, meter] of Object.entries(by === "model" ? account.models : account.purposes)) count(name, meter);
    }
  }
  const all = [...sums].map(([name, meter]) => ({ name, meter })).filter(({ meter }) => meter.calls > 0);
  const rows = by === "day" ? all : all.sort((a, b) => b.meter.costMicros - a.meter.costMicros || tokensOf(b.meter) - tokensOf(a.meter));
  const totals = emptyMeter();
  for (const { meter } of daily) addMeter(totals, meter);
  return {
    currency: deps.currency, timeZone: calendar.timeZone, from: days[0] ?? to, to, daily, totals,
    rows: rows.slice(0, LEDGER_LIMITS.sessionsMax), truncated: rows.length > LEDGER_LIMITS.sessionsMax,
  };
}

async function* accountsOn({ records, sealing }: ReportDeps, prefix: string): AsyncGenerator<readonly [id: string, account: Account]> {
  for (let after: string | undefined; ; ) {
    const page = await records.list(ACCOUNTS, prefix, { limit: PAGE, ...(after === undefined ? {} : { after }) });
    for (const { key, value } of page) yield [key.slice(prefix.length), parseAccount(sealing.unseal(`${ACCOUNTS}/${key}`, value))];
    after = page.at(-1)?.key;
    if (page.length < PAGE) return;
  }
}

export interface BudgetsQuery {
  readonly tenant: string;
  readonly agentIds: readonly string[];
  /** This session's own beside them. */
  readonly session?: string | undefined;
  readonly config: LedgerConfig;
}

/** Budgets of everything together, of each of these agents, and of the session. */
export async function readBudgets(deps: ReportDeps, { tenant, agentIds, session, config }: BudgetsQuery): Promise<readonly BudgetState[]> {
  const { calendar, nowMs } = deps;
  const spans = { day: calendar.day(nowMs), month: calendar.month(nowMs), total: "all" } as const;
  const owners: readonly (readonly [Scope, string])[] = [
    ["tenant", "all"], ...agentIds.map((id) => ["agent", id] as const), ...(session === undefined ? [] : [["session", session] as const]),
  ];
  const states: BudgetState[] = [];
  for (const [scope, id] of owners) {
    for (const period of scope === "session" ? ["day", "total"] as const : ["day", "month"] as const) {
      const span = spans[period];
      const name = { tenant, scope, period, span, id };
      const limit = limitOf(name, config);
      if (limit === undefined) continue;
      const { account: { meter, holds } } = await loadAccount(deps.records, deps.sealing, keyOfAccount(name));
      const held = Object.values(holds);
      states.push({
        scope, period, id, span, costSpentMicros: meter.costMicros, tokensSpent: tokensOf(meter),
        costHeldMicros: held.reduce((sum, hold) => sum + hold.costMicros, 0), tokensHeld: held.reduce((sum, hold) => sum + hold.tokens, 0),
        renewsAtMs: renewsAt(name, calendar, nowMs),
        ...(limit.costMicros === undefined ? {} : { costLimitMicros: limit.costMicros }),
        ...(limit.tokens === undefined ? {} : { tokensLimit: limit.tokens }),
      });
    }
  }
  return states;
}

/** Oldest first. Days are counted as the calendar writes them, so a change of the clock moves none. */
function daysUpTo(to: string, days: number): readonly string[] {
  const last = Date.parse(`${to}T00:00:00Z`);
  return Array.from({ length: days }, (_, back) => new Date(last - (days - 1 - back) * DAY_MS).toISOString().slice(0, 10));
}
