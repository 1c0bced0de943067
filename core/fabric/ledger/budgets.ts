/** Which accounts a call is charged to, what each may spend, and how a refusal says so. */
import { OpenClawError } from "@openclaw/protocol";
import type { AccountName, Amount } from "./account.ts";
import type { Limit } from "./account-book.ts";
import type { Calendar } from "./calendar.ts";
import { LEDGER_DEFAULTS, type LedgerConfig } from "./config.ts";
import type { Charge } from "./entry-log.ts";
import { formatMoney } from "./price.ts";

/** Every account of a call made at that day. */
export function accountsOf({ tenant, agentId, session }: Charge, day: string, month: string): readonly AccountName[] {
  return [
    { tenant, scope: "tenant", period: "day", span: day, id: "all" },
    { tenant, scope: "tenant", period: "month", span: month, id: "all" },
    { tenant, scope: "agent", period: "day", span: day, id: agentId },
    { tenant, scope: "agent", period: "month", span: month, id: agentId },
    { tenant, scope: "session", period: "day", span: day, id: session },
    { tenant, scope: "session", period: "total", span: "all", id: session },
  ];
}

/** The budget of an account; undefined where there is none. */
export function limitOf({ scope, period, id }: AccountName, { budgets }: LedgerConfig): Limit | undefined {
  const own = scope === "tenant" ? budgets?.tenant : scope === "session" ? budgets?.session : (budgets?.agents?.[id] ?? budgets?.agent);
  const found = (own as Readonly<Record<string, { readonly cost?: number; readonly tokens?: number }>> | undefined)?.[period];
  if (found === undefined || (found.cost === undefined && found.tokens === undefined)) return undefined;
  return { costMicros: found.cost === undefined ? undefined : Math.round(found.cost * 1_000_000), tokens: found.tokens };
}

/** The least that one day allows a session of the agent, in each respect; undefined where no day has a budget. */
export function smallestDailyLimit(
  config: LedgerConfig, agentId: string,
): { readonly costMicros?: number; readonly tokens?: number } | undefined {
  const scopes = ["tenant", "agent", "session"] as const;
  const limits = scopes.flatMap((scope) => limitOf({ tenant: "", scope, period: "day", span: "", id: agentId }, config) ?? []);
  if (limits.length === 0) return undefined;
  const costMicros = Math.min(...limits.map((limit) => limit.costMicros ?? Infinity));
  const tokens = Math.min(...limits.map((limit) => limit.tokens ?? Infinity));
  return { ...(costMicros === Infinity ? {} : { costMicros }), ...(tokens === Infinity ? {} : { tokens }) };
}

/** Where in the configuration a budget stands. */
export function keyOfBudget({ scope, period, id }: AccountName, { budgets }: LedgerConfig): string {
  const place = scope === "agent" && budgets?.agents?.[id] !== undefined ? `agents.${id}` : scope;
  return `ledger.budgets.${place}.${period}`;
}

/** When what was spent no longer counts; null: never. */
export function renewsAt({ period }: AccountName, calendar: Calendar, nowMs: number): number | null {
  return period === "day" ? calendar.nextDay(nowMs) : period === "month" ? calendar.nextMonth(nowMs) : null;
}

const WHOSE = { tenant: "everything together", agent: "the agent", session: "this session" } as const;
const WHICH = { day: "a day", month: "a month", total: "all its life" } as const;

export interface Refusal {
  readonly name: AccountName;
  readonly limit: Limit;
  readonly left: { readonly costMicros: number; readonly tokens: number };
  readonly need: Amount;
}

/** BUDGET_EXCEEDED: which budget, what is left of it, what the call may cost, when it renews, and what to do. */
export function exceeded({ name, limit, left, need }: Refusal, config: LedgerConfig, calendar: Calendar, nowMs: number): OpenClawError {
  const currency = config.currency ?? LEDGER_DEFAULTS.currency;
  const byMoney = limit.costMicros !== undefined && (limit.costMicros === 0 || left.costMicros < need.costMicros);
  const amount = (value: number, micros: number): string =>
    byMoney ? formatMoney(Math.max(0, micros), currency) : `${Math.max(0, value)} tokens`;
  const who = name.scope === "agent" ? `the agent ${name.id}` : WHOSE[name.scope];
  const renews = renewsAt(name, calendar, nowMs);
  const when = renews === null ? "It does not renew." : `It renews at ${formatLocal(renews, calendar.timeZone)} (${calendar.timeZone}).`;
  const key = keyOfBudget(name, config);
  const field = byMoney ? "cost" : "tokens";
  const whole = amount(limit.tokens ?? 0, limit.costMicros ?? 0);
  return new OpenClawError("BUDGET_EXCEEDED", {
    why: `The budget of ${who} for ${WHICH[name.period]} is ${whole}; ${amount(left.tokens, left.costMicros)} are left, ` +
      `and this call may take up to ${amount(need.tokens, need.costMicros)}. ${when}`,
    next: `${renews === null ? "Raise" : "Wait until then, or raise"} it: openclaw config set ${key}.${field} AMOUNT`,
    detail: {
      budget: key, scope: name.scope, period: name.period, id: name.scope === "session" ? "" : name.id, renewsAtMs: renews,
      ...(limit.costMicros === undefined ? {} : { costLimitMicros: limit.costMicros, costLeftMicros: Math.max(0, left.costMicros) }),
      ...(limit.tokens === undefined ? {} : { tokensLimit: limit.tokens, tokensLeft: Math.max(0, left.tokens) }),
    },
  });
}

function formatLocal(timeMs: number, timeZone: string): string {
  const parts = new Intl.DateTimeFormat("en-CA", {
    timeZone, year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", hourCycle: "h23",
  }).format(timeMs);
  return parts.replace(",", "");
}
