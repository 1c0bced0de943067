/** What one conversation cost so far, and the budgets that hold for it. Nothing is shown until the gateway has told. */
import { useSignal } from "@preact/signals";
import type { VNode } from "preact";
import { useEffect } from "preact/hooks";
import { formatCount } from "../../../kit/format.ts";
import { formatMoney } from "../../../kit/format-money.ts";
import type { Link } from "../../../link.ts";
import { words } from "../../../words/en/chat-spending.ts";
import { fields, number, text } from "../transcript.ts";

const DAYS = 366;

interface Spent { readonly cost: string; readonly budgets: readonly string[] }

/** Entries of the list of facts that it is drawn in. `mark` is another one after each turn: then it is asked anew. */
export function Spending({ link, sessionKey, mark }: { readonly link: Link; readonly sessionKey: string; readonly mark: unknown }): VNode {
  const spent = useSignal<Spent | undefined>(undefined);
  useEffect(() => {
    void link.request("sessions.usage", { key: sessionKey, days: DAYS }).then((answer) => {
      spent.value = parseSpent(answer);
    }, () => undefined);
  }, [sessionKey, mark]);
  const { cost, budgets } = spent.value ?? { cost: "", budgets: [] };
  return (
    <>
      <dt>{words.cost}</dt><dd title={words.costOf}>{cost}</dd>
      <dt>{words.budgets}</dt>
      <dd>{budgets.length === 0 && cost !== "" ? words.none
        : <ul class="sheet-budgets">{budgets.map((one) => <li key={one}>{one}</li>)}</ul>}</dd>
    </>
  );
}

function parseSpent(answer: unknown): Spent {
  const told = fields(answer);
  const currency = text(told["currency"]) ?? "";
  const money = (value: number): string => formatMoney(value, currency);
  const budgets = (Array.isArray(told["budgets"]) ? told["budgets"] : []).map(fields).flatMap((budget) => {
    const say = (of: unknown, show: (value: number) => string): readonly string[] => {
      const [spent, limit] = [number(fields(of)["spent"]), number(fields(of)["limit"])];
      const period = words.periods[text(budget["period"]) ?? ""] ?? "";
      const scope = words.scopes[text(budget["scope"]) ?? ""] ?? "";
      return spent === undefined || limit === undefined ? [] : [`${words.of(show(spent), show(limit), period)}, ${scope}`];
    };
    return [...say(budget["cost"], money), ...say(budget["tokens"], (value) => words.tokens(formatCount(value)))];
  });
  return { cost: money(number(fields(told["totals"])["totalCost"]) ?? 0), budgets };
}
