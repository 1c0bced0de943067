/** What was asked of models and what it cost, by day, model, agent, channel, conversation and purpose; and what is left to spend. */
import { useSignal } from "@preact/signals";
import type { VNode } from "preact";
import { Failure } from "../../kit/failure.tsx";
import { formatCount } from "../../kit/format.ts";
import { Table, type Column } from "../../kit/table.tsx";
import { Time } from "../../kit/time.tsx";
import type { Link } from "../../link.ts";
import { navigate, pathOf, route } from "../../shell/route.ts";
import { openRuns } from "../../stores/runs.ts";
import { sessionName } from "../../stores/session-names.ts";
import { useLive } from "../../stores/use-live.ts";
import { words } from "../../words/en/usage.ts";
import type { PageProps } from "../page.ts";
import { Budgets } from "./budgets.tsx";
import { DayBars } from "./day-bars.tsx";
import { formatMoney } from "../../kit/format-money.ts";
import { channelOf, formatCsv, parseReport, parseStatus, sumRows, type Figures, type Report, type Resting,
  type Row } from "./parse-usage.ts";

const KINDS = ["model", "agent", "channel", "session", "purpose"] as const;
type Kind = (typeof KINDS)[number];
const DAYS = [1, 7, 30, 90] as const;
const DAYS_USUAL = 7;
/** Turns tell of themselves; what is asked of a model beside them does not. */
const LOOK_EVERY_MS = 60_000;
/** Turns that change one after another are summed up once. */
const GATHER_MS = 1_000;
const ROWS_SHOWN = 100;

export function Page({ link }: PageProps): VNode {
  const { query } = route.value;
  const days = DAYS.find((each) => String(each) === query.get("days")) ?? DAYS_USUAL;
  const kind = KINDS.find((each) => each === query.get("by")) ?? "model";
  openRuns(link); // from then on this page hears of all sessions
  const { value, failed } = useLive(link, () => read(link, days, kind),
    { events: ["sessions.changed"], everyMs: LOOK_EVERY_MS, gatherMs: GATHER_MS, key: `${days} ${kind}` });
  const known = value.value;
  return (
    <section class="page work usage">
      <header class="page-head"><h1>{words.title}</h1></header>
      <div class="row">
        <label class="row">{words.days}
          <select value={String(days)} onChange={({ currentTarget }) => show(currentTarget.value, kind)}>
            {DAYS.map((each) => <option key={each} value={each}>{words.dayChoices[each]}</option>)}
          </select>
        </label>
        {known === undefined ? null : <span class="soft small">{words.about(known.report.timeZone, known.report.currency)}</span>}
      </div>
      <Failure ended={failed.value} />
      {known === undefined ? null : <Whole link={link} {...known} days={days} kind={kind} />}
    </section>
  );
}

interface Known {
  readonly report: Report;
  readonly rows: readonly Row[];
  readonly budgets: ReturnType<typeof parseStatus>["budgets"];
  readonly resting: readonly Resting[];
}

async function read(link: Link, days: number, kind: Kind): Promise<Known> {
  const [cost, status] = await Promise.all([link.call("usage.cost", { days, by: kind === "channel" ? "session" : kind }),
    link.call("usage.status", {})]);
  const report = parseReport(cost);
  const rows = kind === "channel" ? sumRows(report.rows, (key) => channelOf(key, words)) : report.rows;
  return { report, rows, ...parseStatus(status) };
}

function show(days: string, kind: Kind): void {
  navigate(`${pathOf("usage")}?${new URLSearchParams({ days, by: kind }).toString()}`, { replace: true });
}

interface WholeProps extends Known { readonly link: Link; readonly days: number; readonly kind: Kind }

function Whole({ link, report, rows, budgets, resting, days, kind }: WholeProps): VNode {
  const inTokens = useSignal(false);
  const { totals, currency, daily } = report;
  const money = (value: number): string => formatMoney(value, currency);
  // Models without prices cost nothing that is known: their tokens are then what can be shown.
  const showsTokens = inTokens.value || totals.cost === 0;
  const figure = ({ cost, tokens }: Figures): number => (showsTokens ? tokens : cost);
  const format = showsTokens ? (value: number): string => `${formatCount(value)} ${words.tokens.toLowerCase()}` : money;
  return (
    <>
      <dl class="figures">
        <div><dt>{words.cost}</dt><dd class="figure-main">{money(totals.cost)}</dd></div>
        <div><dt>{words.calls}</dt><dd>{formatCount(totals.calls)}</dd></div>
        <div><dt>{words.failed}</dt><dd>{formatCount(totals.failed)}</dd></div>
        <div><dt>{words.input}</dt><dd>{formatCount(totals.input)}</dd></div>
        <div><dt>{words.output}</dt><dd>{formatCount(totals.output)}</dd></div>
        <div><dt>{words.cacheRead}</dt><dd>{formatCount(totals.cacheRead)}</dd></div>
        <div><dt>{words.cacheWrite}</dt><dd>{formatCount(totals.cacheWrite)}</dd></div>
      </dl>
      {totals.unpriced === 0 ? null : <p class="soft small">{words.unpriced(totals.unpriced)}</p>}
      {totals.calls === 0 ? <p>{words.none}</p> : (
        <>
          {days === 1 ? null : (
            <section>
              <div class="row"><h2>{words.byDay}</h2>
                {totals.cost === 0 ? null : (
                  <button type="button" class="quiet" aria-pressed={inTokens.value} onClick={() => void (inTokens.value = !inTokens.value)}>
                    {words.show}: {inTokens.value ? words.cost : words.tokens}
                  </button>
                )}
                <button type="button" class="quiet" onClick={() => save("openclaw-days.csv",
                  formatCsv("day", daily))}>{words.csvDays}</button>
              </div>
              <DayBars title={words.byDay} days={daily} valueOf={figure} format={format} />
              <details><summary class="soft small">{words.asTable}</summary>
                <Table label={words.byDay} rows={daily.toReversed()} keyOf={({ name }) => name} columns={columnsOf(words.day, money,
                  ({ name }) => name)} />
              </details>
            </section>
          )}
          <section>
            <div class="row">
              <label class="row">{words.by}
                <select value={kind} onChange={({ currentTarget }) => show(String(days),
                  KINDS.find((each) => each === currentTarget.value) ?? "model")}>
                  {KINDS.map((each) => <option key={each} value={each}>{words.kinds[each]}</option>)}
                </select>
              </label>
              <button type="button" class="quiet" onClick={() => save(`openclaw-${kind}.csv`, formatCsv(kind, rows))}>{words.csv}</button>
            </div>
            <Table
              label={words.kinds[kind]} rows={rows.slice(0, ROWS_SHOWN)} keyOf={({ name }) => name}
              columns={columnsOf(words.kinds[kind], money, (row) => (
                <span class="two-lines">
                  {kind === "session" && row.name.startsWith("agent:") ? <Conversation link={link} name={row.name} /> : row.name}
                  <progress max={Math.max(figure(totals), Number.MIN_VALUE)} value={figure(row)} aria-label={words.share} />
                </span>
              ))}
            />
            {report.truncated || rows.length > ROWS_SHOWN ? <p class="soft small">{words.cut}</p> : null}
          </section>
        </>
      )}
      <section><h2>{words.budgets}</h2><Budgets budgets={budgets} currency={currency} /></section>
      {resting.length === 0 ? null : (
        <section>
          <h2>{words.resting}</h2>
          <p class="soft">{words.restingAbout}</p>
          <Table
            label={words.resting} rows={resting} keyOf={({ model }) => model}
            columns={[
              { title: words.model, cell: ({ model }) => <code>{model}</code> },
              { title: words.until, cell: ({ untilMs }) => (untilMs === undefined ? "" : <Time atMs={untilMs} />) },
              { title: words.why, wide: true, cell: ({ why, failures }) => <>{words.failures(failures)} <code>{why}</code></> },
            ]}
          />
        </section>
      )}
    </>
  );
}

function Conversation({ link, name }: { readonly link: Link; readonly name: string }): VNode {
  const [, agentId] = name.split(":");
  return <span><a href={pathOf("chat", name)} title={name}>{sessionName(link, name)}</a> <span class="soft small">{agentId}</span></span>;
}

function columnsOf(title: string, money: (value: number) => string, name: Column<Row>["cell"]): readonly Column<Row>[] {
  const count = (key: keyof Figures): Column<Row> => ({ title: words[key as "calls"], side: "right",
    cell: (row) => formatCount(row[key]) });
  return [
    { title, wide: true, cell: name }, { title: words.cost, side: "right", cell: ({ cost }) => money(cost) }, count("calls"),
      count("failed"),
    count("input"), count("output"), count("cacheRead"), count("cacheWrite"),
  ];
}

function save(name: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
  const anchor = document.createElement("a");
  anchor.href = url;
  anchor.download = name;
  anchor.click();
  URL.revokeObjectURL(url);
}
