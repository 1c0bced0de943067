import assert from "node:assert/strict";
import { test } from "node:test";
import type { UsageReport } from "../../../fabric/ledger.ts";
import type { MethodContext } from "../method.ts";
import { usageMethods } from "./usage.ts";

const METER = {
  calls: 3, failed: 1, inputTokens: 1_000, outputTokens: 50, cacheReadTokens: 600, cacheWriteTokens: 100, costMicros: 2_500_000,
  unpriced: 0, reserved: 1,
};
const asked: unknown[] = [];
const methods = usageMethods({
  ledger: {
    usage: async (query) => {
      asked.push(query);
      return {
        currency: "EUR", timeZone: "UTC", from: "2026-11-20", to: "2026-11-21", daily: [{ name: "2026-11-21", meter: METER }],
        rows: [{ name: "t1", meter: METER }, { name: "t2", meter: METER }], totals: METER, truncated: false,
      } satisfies UsageReport;
    },
    budgets: async () => [{
      scope: "agent", period: "day", id: "main", span: "2026-11-21", costLimitMicros: 5_000_000, costSpentMicros: 2_500_000,
      tokensSpent: 1_050, costHeldMicros: 10_000, tokensHeld: 0, renewsAtMs: 9,
    }],
  },
  tenant: "home", agentIds: () => ["main"], resting: () => [], tokenOf: (key) => `token of ${key}`,
  keysOf: async () => new Map([["t1", "agent:main:main"]]), now: () => 7,
});
const call = async (name: string, params: object): Promise<Record<string, unknown>> =>
  (await methods[name]?.(params, {} as MethodContext)) as Record<string, unknown>;

test("cost is told in the wire's words: parts of the prompt apart, money in the currency (C9, C32, W.6.7)", async () => {
  const { daily, totals, days, currency } = await call("usage.cost", { days: 2 });
  const figures = {
    input: 300, cacheRead: 600, cacheWrite: 100, output: 50, totalTokens: 1_050, totalCost: 2.5, calls: 3, failed: 1,
    unpriced: 0, missingCostEntries: 0, reserved: 1,
  };
  assert.deepEqual([daily, totals, days, currency], [[{ date: "2026-11-21", ...figures }], figures, 1, "EUR"]);
});

test("sessions are told by their keys; of a deleted one the money stays (C9)", async () => {
  const { rows } = await call("usage.cost", { by: "session" });
  assert.deepEqual((rows as { name: string }[]).map(({ name }) => name), ["agent:main:main", "(deleted)"]);
  const { sessions } = await call("sessions.usage", { key: "main", range: "30d" });
  assert.deepEqual(asked.at(-1), { tenant: "home", days: 30, session: "token of main" });
  const page = { agentScope: "all", mode: "specific", timeZone: "UTC", utcOffset: "UTC+0", groupBy: "family", includeContextWeight: false };
  const of = async (more: object): Promise<number> =>
    ((await call("sessions.usage", { ...page, ...more }))["sessions"] as readonly unknown[]).length;
  assert.deepEqual([await of({}) > 0, await of({ agentId: "nobody" })], [true, 0]);
  assert.deepEqual((sessions as { key: string; totalCost: number }[]).map(({ key, totalCost }) => [key, totalCost]), [["main", 2.5]]);
});

test("sessions' usage is told by model and agent, and narrowed to an agent where one is named (W.6.55)", async () => {
  const all = await call("sessions.usage", { mode: "utc", range: "1y" });
  assert.deepEqual((all["sessions"] as unknown[]).length, 2);
  const { byModel, sessionCount } = all["aggregates"] as {
    readonly byModel: readonly { readonly count: number }[]; readonly sessionCount: number;
  };
  assert.deepEqual([byModel.map(({ count }) => count), sessionCount], [[3, 3], 2]);
  const own = await call("sessions.usage", { agentId: "main" });
  assert.deepEqual((own["sessions"] as { readonly key: string }[]).map(({ key }) => key), ["agent:main:main"]);
  assert.equal((own["totals"] as { readonly calls: number }).calls, 0, "no call of this agent is on record");
});

test("a budget is told with what was spent of it, what is set aside and when it renews (C9)", async () => {
  assert.deepEqual(await call("usage.status", {}), {
    updatedAt: 7, currency: "EUR", timeZone: "UTC", providers: [], resting: [],
    budgets: [{
      scope: "agent", period: "day", agentId: "main", span: "2026-11-21", renewsAt: 9,
      cost: { limit: 5, spent: 2.5, held: 0.01, left: 2.5 },
    }],
  });
});
