/** What calls cost and what they may, parsed; and what of it can be known of channels, from the keys of conversations. */
import { fieldsOf, listOf, numberOf, textOf, type Fields } from "../../stores/fields.ts";

export interface Figures {
  readonly cost: number;
  readonly calls: number;
  readonly failed: number;
  /** Prompt and answer, with what came from the cache and went into it. */
  readonly tokens: number;
  readonly input: number;
  readonly output: number;
  readonly cacheRead: number;
  readonly cacheWrite: number;
  readonly unpriced: number;
  readonly reserved: number;
}

export interface Row extends Figures { readonly name: string }

export interface Report {
  readonly currency: string;
  readonly timeZone: string;
  readonly daily: readonly Row[];
  readonly rows: readonly Row[];
  readonly totals: Figures;
  readonly truncated: boolean;
}

export interface Budget {
  readonly key: string;
  readonly agentId: string | undefined;
  readonly period: "day" | "month";
  readonly unit: "money" | "tokens";
  readonly limit: number;
  readonly spent: number;
  readonly held: number;
  readonly left: number;
  readonly renewsMs: number | undefined;
}

export interface Resting { readonly model: string; readonly untilMs: number | undefined; readonly why: string; readonly failures: number }

const FIGURES = {
  cost: "totalCost", calls: "calls", failed: "failed", tokens: "totalTokens", input: "input", output: "output", cacheRead: "cacheRead",
  cacheWrite: "cacheWrite", unpriced: "unpriced", reserved: "reserved",
} as const satisfies Record<keyof Figures, string>;

export function parseReport(answer: unknown): Report {
  const row = fieldsOf(answer);
  return {
    currency: textOf(row["currency"]) ?? "USD", timeZone: textOf(row["timeZone"]) ?? "", truncated: row["truncated"] === true,
    daily: listOf(row["daily"]).map((day) => ({ name: textOf(day["date"]) ?? "", ...figuresOf(day) })),
    rows: listOf(row["rows"]).map((each) => ({ name: textOf(each["name"]) ?? "", ...figuresOf(each) })),
      totals: figuresOf(fieldsOf(row["totals"])),
  };
}

function figuresOf(row: Fields): Figures {
  return Object.fromEntries(Object.entries(FIGURES).map(([name, wire]) => [name, numberOf(row[wire]) ?? 0])) as unknown as Figures;
}

export function parseStatus(answer: unknown): { readonly budgets: readonly Budget[]; readonly resting: readonly Resting[] } {
  const row = fieldsOf(answer);
  return {
    budgets: listOf(row["budgets"]).flatMap((budget) => [...budgetOf(budget, "money"), ...budgetOf(budget, "tokens")]),
    resting: listOf(row["resting"]).map((rest) => ({
      model: `${textOf(rest["credential"]) ?? ""} ${textOf(rest["model"]) ?? ""}`.trim(), untilMs: numberOf(rest["nextTryAtMs"]),
      why: textOf(rest["code"]) ?? "", failures: numberOf(rest["failures"]) ?? 0,
    })),
  };
}

function budgetOf(row: Fields, unit: Budget["unit"]): readonly Budget[] {
  const part = fieldsOf(row[unit === "money" ? "cost" : "tokens"]);
  const limit = numberOf(part["limit"]);
  if (limit === undefined) return [];
  const agentId = textOf(row["agentId"]);
  const period = row["period"] === "month" ? "month" : "day";
  return [{
    key: `${agentId ?? ""} ${period} ${unit}`, agentId, period, unit, limit, spent: numberOf(part["spent"]) ?? 0,
      held: numberOf(part["held"]) ?? 0,
    left: numberOf(part["left"]) ?? 0, renewsMs: numberOf(row["renewsAt"]),
  }];
}

/** `agent:main:telegram:42` came over telegram; a conversation without a channel in its key is a person's own, here or in a terminal. */
export function channelOf(sessionKey: string, names: { readonly home: string; readonly deleted: string; readonly schedule: string;
  readonly hook: string }): string {
  const [head, , part = "main", more] = sessionKey.split(":");
  if (head !== "agent") return names.deleted;
  if (part === "cron") return names.schedule;
  if (part === "hook") return names.hook;
  return more === undefined ? names.home : part;
}

/** The same name is one row; the dearest first. */
export function sumRows(rows: readonly Row[], nameOf: (name: string) => string): readonly Row[] {
  const sums = new Map<string, Row>();
  for (const row of rows) {
    const name = nameOf(row.name);
    const known = sums.get(name);
    sums.set(name, known === undefined ? { ...row, name } : add(known, row));
  }
  return [...sums.values()].toSorted((a, b) => b.cost - a.cost || b.tokens - a.tokens);
}

function add(known: Row, row: Row): Row {
  const figures = Object.fromEntries((Object.keys(FIGURES) as (keyof Figures)[]).map((name) => [name, known[name] + row[name]]));
  return { ...(figures as unknown as Figures), name: known.name };
}

/** With a line of names; a name that a spreadsheet would take for a formula is told as text. */
export function formatCsv(first: string, rows: readonly Row[]): string {
  const names = Object.keys(FIGURES).filter((name) => name !== "reserved") as (keyof Figures)[];
  const cell = (text: string): string => {
    const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
    return /[",\n\r]/.test(safe) ? `"${safe.replaceAll("\"", "\"\"")}"` : safe;
  };
  return [[first, ...names], ...rows.map((row) => [cell(row.name), ...names.map((name) => String(row[name]))])].map((cells) =>
    `${cells.join(",")}\r\n`).join("");
}
