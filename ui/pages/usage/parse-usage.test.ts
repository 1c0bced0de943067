import assert from "node:assert/strict";
import { test } from "node:test";
import { channelOf, formatCsv, parseReport, parseStatus, sumRows } from "./parse-usage.ts";

const NAMES = { home: "home", deleted: "(deleted)", schedule: "schedule", hook: "webhooks" };

test("rows of one channel are one row, and their figures add up (C9)", () => {
  const row = (name: string, totalCost: number, input: number) => ({ name, totalCost, input, totalTokens: input, calls: 1 });
  const { rows } = parseReport({
    rows: [row("agent:main:main", 1, 10), row("agent:main:telegram:42", 3, 30), row("agent:main:telegram:43", 2, 5),
      row("agent:main:cron:x", 1, 1),
      row("(deleted)", 0.5, 1), row("agent:main:hook:y", 0.1, 1), row("agent:main:work", 1, 10)],
  });
  const sums = sumRows(rows, (key) => channelOf(key, NAMES));
  assert.deepEqual(sums.map(({ name, cost, input, calls }) => [name, cost, input, calls]), [
    ["telegram", 5, 35, 2], ["home", 2, 20, 2], ["schedule", 1, 1, 1], ["(deleted)", 0.5, 1, 1], ["webhooks", 0.1, 1, 1],
  ]);
});

test("a table is saved so that a spreadsheet reads it and runs nothing (C9)", () => {
  const { rows } = parseReport({ rows: [{ name: "=1+1", totalCost: 0.5 }, { name: "a, \"b\"", calls: 2 }] });
  assert.equal(formatCsv("model", rows), "model,cost,calls,failed,tokens,input,output,cacheRead,cacheWrite,unpriced\r\n"
    + "'=1+1,0.5,0,0,0,0,0,0,0,0\r\n\"a, \"\"b\"\"\",0,2,0,0,0,0,0,0,0\r\n");
});

test("a budget of money and one of tokens are two; what is not there is nothing", () => {
  const { budgets, resting } = parseStatus({
    budgets: [
      { scope: "tenant", period: "day", renewsAt: 5, cost: { limit: 5, spent: 1, held: 0.5, left: 4 },
        tokens: { limit: 100, spent: 100, left: 0 } },
      { scope: "agent", agentId: "main", period: "month" },
    ],
  });
  assert.deepEqual(budgets.map(({ key, left, renewsMs }) => [key, left, renewsMs]), [[" day money", 4, 5], [" day tokens", 0, 5]]);
  assert.deepEqual([resting, parseStatus(undefined).budgets, parseReport(null).totals.cost], [[], [], 0]);
});
