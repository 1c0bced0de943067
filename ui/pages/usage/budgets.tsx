import type { VNode } from "preact";
import { CopyButton } from "../../kit/copy-button.tsx";
import { formatCount } from "../../kit/format.ts";
import { StateMark } from "../../kit/state-mark.tsx";
import { Table } from "../../kit/table.tsx";
import { Time } from "../../kit/time.tsx";
import { words } from "../../words/en/usage.ts";
import { formatMoney } from "../../kit/format-money.ts";
import type { Budget } from "./parse-usage.ts";

/** Less than this share left is said. */
const NEAR = 0.1;

export function Budgets({ budgets, currency }: { readonly budgets: readonly Budget[]; readonly currency: string }): VNode {
  const show = ({ unit }: Budget, value: number): string => (unit === "money" ? formatMoney(value, currency) : formatCount(value));
  if (budgets.length === 0) {
    return (
      <><p>{words.noBudgets}</p><p class="command"><code>{words.budgetCommand}</code>
        <CopyButton text={words.budgetCommand} what={words.budgetCommand} /></p></>
    );
  }
  return (
    <>
      <Table
        label={words.budgets} rows={budgets} keyOf={({ key }) => key}
        columns={[
          {
            title: words.budget, wide: true,
            cell: ({ agentId, period, unit }) => (
              <span class="two-lines">{agentId === undefined ? words.everything : words.ofAgent(agentId)}
                <span class="soft small">{words.of(unit === "money" ? words.cost : words.tokens, period === "day" ? words.day1
                  : words.month)}</span></span>
            ),
          },
          { title: words.state, cell: (budget) => <BudgetState budget={budget} /> },
          {
            title: words.left, side: "right",
            cell: (budget) => (
              <span class="two-lines">{show(budget, budget.left)}
                <progress max={Math.max(budget.limit, Number.MIN_VALUE)} value={budget.left} aria-label={words.left} /></span>
            ),
          },
          { title: words.limit, side: "right", cell: (budget) => show(budget, budget.limit) },
          { title: words.spent, side: "right", cell: (budget) => show(budget, budget.spent) },
          { title: words.held, side: "right", cell: (budget) => show(budget, budget.held) },
          { title: words.renews, cell: ({ renewsMs }) => (renewsMs === undefined ? "" : <Time atMs={renewsMs} />) },
        ]}
      />
      <p class="soft small work-reading">{words.atEnd}</p>
    </>
  );
}

function BudgetState({ budget: { left, limit } }: { readonly budget: Budget }): VNode {
  if (left <= 0) return <StateMark state="problem" word={words.over} />;
  return left < limit * NEAR ? <StateMark state="attention" word={words.near} /> : <StateMark state="good" word={words.fine} />;
}
