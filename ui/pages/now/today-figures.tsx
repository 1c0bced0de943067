/** What it costs today, and what is left of what it may. */
import type { VNode } from "preact";
import { formatCount } from "../../kit/format.ts";
import { formatMoney } from "../../kit/format-money.ts";
import { StateMark } from "../../kit/state-mark.tsx";
import { pathOf } from "../../shell/route.ts";
import { words } from "../../words/en/now.ts";
import type { Budget, Today } from "./parse-today.ts";

interface TodayProps { readonly today: Today | undefined; readonly budgets: readonly Budget[] }

export function TodayFigures({ today, budgets }: TodayProps): VNode {
  return (
    <section aria-label={words.today}>
      <h2>{words.today}</h2>
      {today === undefined ? null : (
        <>
          <p class="figure">{formatMoney(today.cost, today.currency)}</p>
          <p class="soft">
            {formatCount(today.tokens)} {words.tokens.toLowerCase()} · {formatCount(today.calls)} {words.calls.toLowerCase()}
            {today.failed === 0 ? "" : `, ${words.callsFailed(today.failed)}`}
          </p>
          {today.unpriced === 0 ? null : <p class="soft small">{words.unpriced(today.unpriced)}</p>}
          {budgets.map((budget) => <BudgetLine key={budget.key} budget={budget} currency={today.currency} />)}
          <p><a href={pathOf("usage")}>{words.usage}</a></p>
        </>
      )}
    </section>
  );
}

function BudgetLine({ budget, currency }: { readonly budget: Budget; readonly currency: string }): VNode {
  const { scope, agentId, period, unit, limit, left } = budget;
  const show = (value: number): string =>
    (unit === "money" ? formatMoney(value, currency) : `${formatCount(value)} ${words.tokens.toLowerCase()}`);
  const name = words.budget(agentId ?? words.scopes[scope] ?? scope, words.periods[period] ?? period);
  return (
    <div class="budget">
      <p class="small">{name}: {left <= 0 ? <StateMark state="problem" word={words.spent} /> : words.left(show(left), show(limit))}</p>
      <progress max={limit} value={Math.max(0, limit - left)} aria-label={name} />
    </div>
  );
}
