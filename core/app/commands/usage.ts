/** What model calls took and cost, and what they may. */
import { askGateway } from "../connect.ts";
import { UsageError } from "../terminal/usage-error.ts";
import { cleanLine } from "../terminal/text.ts";
import type { CommandContext, CommandGroup, CommandSpec } from "./command.ts";
import { at, listAt, numberAt, textAt, type Payload } from "./payload.ts";

const BY = ["day", "agent", "session", "model", "purpose"] as const;

const show: CommandSpec = {
  summary: "Calls, tokens and cost",
  options: [
    { name: "by", value: "WHAT", summary: `${BY.join(", ")} (day)` },
    { name: "days", short: "n", value: "N", kind: "integer", min: 1, summary: "Days back from today (7)" },
  ],
  examples: [
    { line: "openclaw usage", about: "the last seven days" },
    { line: "openclaw usage --by model --days 30", about: "which model cost what" },
    { line: "openclaw usage --by session", about: "the dearest conversations first" },
  ],
  run: async (ctx) => {
    const by = ctx.given.text("by") ?? "day";
    if (!(BY as readonly string[]).includes(by)) throw new UsageError(`--by ${by} is not known.`, `One of: ${BY.join(", ")}`);
    const days = Math.min(Math.max(ctx.given.integer("days") ?? 7, 1), 366);
    const payload = await askGateway(ctx, ["operator.read"], "usage.cost", { by, days });
    ctx.terminal.answer(payload, () => showUsage(ctx, payload, by));
    return 0;
  },
};

function showUsage(ctx: CommandContext, payload: unknown, by: string): void {
  const { terminal } = ctx;
  const currency = textAt(payload, "currency") ?? "";
  const rows = listAt(payload, "rows");
  const titles = ["CALLS", "FAILED", "IN", "CACHED", "OUT", currency || "COST"];
  const figures = titles.map((title) => ({ title, align: "right" } as const));
  const total = rows.length > 1 ? [{ name: "total", ...(at(payload, "totals") as Payload) }] : [];
  terminal.table([{ title: by.toUpperCase(), shrinks: true }, ...figures], [...rows, ...total].map((row) => [
    textAt(row, "name"), numberAt(row, "calls"), numberAt(row, "failed"),
    (["input", "cacheRead", "cacheWrite"] as const).reduce((sum, field) => sum + (numberAt(row, field) ?? 0), 0),
    numberAt(row, "cacheRead"), numberAt(row, "output"), money(numberAt(row, "totalCost")),
  ]), "No model was called in this time.");
  const unpriced = numberAt(payload, "totals", "unpriced") ?? 0;
  const reserved = numberAt(payload, "totals", "reserved") ?? 0;
  if (unpriced > 0) terminal.note(`${unpriced} calls of models without a price count at the worst one: see docs/guide/budgets.md`);
  if (reserved > 0) terminal.note(`${reserved} calls count as all that was set aside: nobody told what they took`);
  if (at(payload, "truncated") === true) terminal.note("Only the dearest are shown");
}

const budget: CommandSpec = {
  summary: "What is left, and when it renews",
  examples: [
    { line: "openclaw usage budget", about: "every budget in force" },
    { line: "openclaw config set ledger.budgets.tenant.day.cost 5", about: "set one" },
  ],
  run: async (ctx) => {
    const payload = await askGateway(ctx, ["operator.read"], "usage.status", {});
    ctx.terminal.answer(payload, () => showBudgets(ctx, payload));
    return 0;
  },
};

function showBudgets(ctx: CommandContext, payload: unknown): void {
  const { terminal } = ctx;
  const currency = textAt(payload, "currency") ?? "";
  const timeZone = textAt(payload, "timeZone") ?? "UTC";
  const rows = listAt(payload, "budgets").flatMap((row) => (["cost", "tokens"] as const).flatMap((kind) => {
    if (at(row, kind) === undefined) return [];
    const of = (field: string): string => {
      const value = numberAt(row, kind, field);
      return kind === "cost" ? `${money(value)} ${currency}` : `${value ?? 0} tokens`;
    };
    const whose = textAt(row, "scope") === "agent" ? `agent ${textAt(row, "agentId") ?? ""}` : "everything";
    return [[whose, textAt(row, "period"), of("limit"), of("spent"), of("left"), renewal(numberAt(row, "renewsAt"), timeZone)]];
  }));
  terminal.table([
    { title: "WHOSE", shrinks: true }, { title: "EACH" }, { title: "BUDGET", align: "right" }, { title: "SPENT", align: "right" },
    { title: "LEFT", align: "right" }, { title: `RENEWS (${cleanLine(timeZone)})` },
  ], rows, "No budget is set: nothing limits what calls cost. Set one: openclaw config set ledger.budgets.tenant.day.cost 5");
}

function renewal(timeMs: number | undefined, timeZone: string): string {
  if (timeMs === undefined) return "never";
  return new Intl.DateTimeFormat("en-CA", {
    timeZone, year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", hourCycle: "h23",
  }).format(timeMs).replace(",", "");
}

function money(amount: number | undefined): string {
  const value = amount ?? 0;
  return value.toFixed(value !== 0 && Math.abs(value) < 1 ? 4 : 2);
}

export const usage: CommandGroup = {
  summary: "What model calls took and cost, and what they may",
  usual: "show",
  examples: [
    { line: "openclaw usage", about: "the last seven days" },
    { line: "openclaw usage --by agent", about: "who spent it" },
    { line: "openclaw usage budget", about: "what is left" },
  ],
  verbs: { show, budget },
};
