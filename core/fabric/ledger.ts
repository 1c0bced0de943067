/**
 * What model calls cost, and what they may.
 *
 * A call is charged to everything together, to its agent and to its session, for the day, the month and in all. What it may
 * cost at most is reserved before it is sent and settled after to what it did cost; a call that would pass a budget is refused
 * before. The ledger promises that reservations together never pass a budget, whoever dies and however many gateways reserve
 * at once; that what was spent stays spent over a crash, a reservation nobody settled at its full amount; and that nothing is
 * charged twice. It never asks a model anything, and knows of sessions nothing but their tokens.
 */
export { LEDGER_DEFAULTS, LEDGER_LIMITS, type LedgerConfig } from "./ledger/config.ts";
export {
  openLedger, type Ledger, type LedgerDeps, type Outcome, type Reservation, type ReserveOrder, type Settled,
} from "./ledger/open-ledger.ts";
export { smallestDailyLimit } from "./ledger/budgets.ts";
export type { Charge } from "./ledger/entry-log.ts";
export type { Meter, Sealing } from "./ledger/account.ts";
export { costOf, formatMoney, parsePrice, PRICE_ASSUMED, worstOf, type Price } from "./ledger/price.ts";
export type { BudgetState, UsageQuery, UsageReport, UsageRow } from "./ledger/report.ts";
