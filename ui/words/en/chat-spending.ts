export const words = {
  cost: "Cost", costOf: "Counted for the last 366 days.", budgets: "Budget",
  of: (spent: string, limit: string, period: string) => `${spent} of ${limit} ${period}`,
  periods: { day: "today", month: "this month", total: "in all" } as Readonly<Record<string, string>>,
  scopes: { tenant: "everything together", agent: "this agent", session: "this conversation" } as Readonly<Record<string, string>>,
  tokens: (count: string) => `${count} tokens`, none: "no limit",
} as const;
