/** What today took and what is left, and what falls behind, as the gateway tells it. */
import { fieldsOf, listOf, numberOf, textOf, type Fields } from "../../stores/fields.ts";

export interface Today {
  readonly currency: string;
  readonly cost: number;
  readonly tokens: number;
  readonly calls: number;
  readonly failed: number;
  readonly unpriced: number;
}

export interface Budget {
  readonly key: string;
  readonly scope: string;
  readonly agentId?: string | undefined;
  readonly period: string;
  /** In money, or in tokens. */
  readonly unit: "money" | "tokens";
  readonly limit: number;
  readonly left: number;
}

export interface Resting { readonly model: string; readonly code: string; readonly nextTryAtMs: number }

export interface QueueRow {
  readonly queue: string;
  readonly jobs: number;
  readonly dead: number;
  readonly lagMs: number;
  readonly isLagging: boolean;
}

export function parseToday(value: unknown): Today {
  const told = fieldsOf(value);
  const totals = fieldsOf(told["totals"]);
  const figure = (name: string): number => numberOf(totals[name]) ?? 0;
  return {
    currency: textOf(told["currency"]) ?? "USD", cost: figure("totalCost"), tokens: figure("totalTokens"), calls: figure("calls"),
    failed: figure("failed"), unpriced: figure("unpriced"),
  };
}

/** One for each limit that there is. */
export function parseBudgets(value: unknown): readonly Budget[] {
  return listOf(fieldsOf(value)["budgets"]).flatMap((row, at) => {
    const scope = textOf(row["scope"]) ?? "";
    const about = { scope, agentId: textOf(row["agentId"]), period: textOf(row["period"]) ?? "" };
    const limitOf = (unit: Budget["unit"], limits: Fields): readonly Budget[] => {
      const limit = numberOf(limits["limit"]);
      return limit === undefined ? [] : [{ key: `${at} ${unit}`, ...about, unit, limit, left: numberOf(limits["left"]) ?? 0 }];
    };
    return [...limitOf("money", fieldsOf(row["cost"])), ...limitOf("tokens", fieldsOf(row["tokens"]))];
  });
}

export function parseResting(value: unknown): readonly Resting[] {
  return listOf(fieldsOf(value)["resting"]).map((row) => ({
    model: textOf(row["model"]) ?? "", code: textOf(row["code"]) ?? "", nextTryAtMs: numberOf(row["nextTryAtMs"]) ?? 0,
  }));
}

export function parseQueue(value: unknown): QueueRow | undefined {
  const row = fieldsOf(value);
  const queue = textOf(row["queue"]);
  if (queue === undefined) return undefined;
  return {
    queue, jobs: numberOf(row["jobs"]) ?? 0, dead: numberOf(row["dead"]) ?? 0, lagMs: numberOf(row["lagMs"]) ?? 0,
    isLagging: row["lagging"] === true,
  };
}
