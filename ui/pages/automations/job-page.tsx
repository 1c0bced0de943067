/** One job: what it says and when, what was expected and what became of it, and each run with the way to its conversation. */
import { useSignal } from "@preact/signals";
import type { VNode } from "preact";
import { Failure } from "../../kit/failure.tsx";
import { formatDuration } from "../../kit/format.ts";
import { Icon } from "../../kit/icon.tsx";
import { Id } from "../../kit/id.tsx";
import { StateMark, type Mark } from "../../kit/state-mark.tsx";
import { Table } from "../../kit/table.tsx";
import { Time } from "../../kit/time.tsx";
import type { Link } from "../../link.ts";
import { navigate, pathOf } from "../../shell/route.ts";
import { useLive } from "../../stores/use-live.ts";
import { words } from "../../words/en/automations.ts";
import { writeSchedule } from "../../words/en/schedule.ts";
import { pause, remove, resume, runNow } from "./job-actions.ts";
import { JobForm } from "./job-form.tsx";
import { JobState, readOccurrences } from "./job-list.tsx";
import { parseJob, parsePreview, parseRuns, sessionOf, type Job, type JobRun, type MarkStatus, type Occurrence } from "./parse-jobs.ts";
import { Strip, StripLegend } from "./strip.tsx";

const RUNS_SHOWN = 50;
const MARKS_SHOWN = 60;
const ODD_SHOWN = 8;

interface Known {
  readonly job: Job;
  readonly runs: readonly JobRun[];
  readonly expected: { readonly rows: readonly Occurrence[]; readonly more: boolean };
  readonly next: readonly number[];
}

export function JobPage({ link, id }: { readonly link: Link; readonly id: string }): VNode {
  const { value, failed } = useLive<Known | "gone">(link, async () => {
    const job = parseJob(await link.call("cron.get", { id }));
    if (job === undefined) return "gone";
    const [runs, expected, next] = await Promise.all([
      link.call("cron.runs", { id, limit: RUNS_SHOWN }).then(parseRuns), readOccurrences(link, id, MARKS_SHOWN),
      job.enabled && !job.isOver ? link.call("cron.preview",
        { schedule: job.schedule, limit: 5 }).then(parsePreview).catch(() => undefined) : undefined,
    ]);
    return { job, runs, expected, next: next?.dueMs ?? [] };
  }, { events: ["cron"], key: id });
  const known = value.value;
  return (
    <>
      <p><a class="work-back" href={pathOf("automations")}>{words.back}</a></p>
      {failed.value === undefined ? null : <Failure what={words.notFound} ended={failed.value} />}
      {known === undefined || known === "gone" || failed.value !== undefined ? null : <Whole link={link} {...known} />}
    </>
  );
}

function Whole({ link, job, runs, expected, next }: Known & { readonly link: Link }): VNode {
  const isEditing = useSignal(false);
  const when = writeSchedule(job.schedule);
  const session = sessionOf(job);
  return (
    <>
      <div class="row job-head"><h2>{job.name}</h2><JobState job={job} /></div>
      <p class="row">
        <button type="button" onClick={() => runNow(link, job)}><Icon name="play" />{words.runNow}</button>
        {job.isOver ? null : job.enabled ? <button type="button" onClick={() => pause(link, job)}>
          <Icon name="pause" />{words.pause}</button>
          : <button type="button" onClick={() => resume(link, job)}><Icon name="retry" />{words.resume}</button>}
        <button type="button" onClick={() => void (isEditing.value = true)}><Icon name="edit" />{words.edit}</button>
        <button type="button" onClick={() => {
          void remove(link, job);
          navigate(pathOf("automations"));
        }}><Icon name="cross" />{words.remove}</button>
      </p>
      <dl class="work-facts">
        <div><dt>{words.when}</dt><dd>{when.slice(0, 1).toUpperCase()}{when.slice(1)}
          {job.schedule.kind === "cron" ? <span class="soft"> {words.zone(job.schedule.tz)}</span> : null}</dd></div>
        <div><dt>{words.nextTitle}</dt><dd><NextTimes dueMs={next} /></dd></div>
        <div><dt>{words.says}</dt><dd class="plain">{job.says}</dd></div>
        <div><dt>{words.where}</dt><dd>{session === undefined ? job.target.replace(/^session:/, "")
          : <a href={pathOf("chat", session)}>{job.target === "isolated" ? words.own : words.main}</a>}</dd></div>
        <div><dt>{words.agent}</dt><dd>{job.agentId}</dd></div>
        <div><dt>{words.id}</dt><dd><Id id={job.id} /></dd></div>
      </dl>
      <section>
        <h2>{words.expectedTitle}</h2>
        <div class="strip-scroll"><Strip rows={expected.rows} most={MARKS_SHOWN} /></div>
        {expected.rows.length === 0 ? null : <StripLegend />}
        {expected.more ? <p class="soft small">{words.strip.cut}</p> : null}
        <Odd rows={expected.rows} />
      </section>
      <section>
        <h2>{words.runsTitle}</h2>
        {runs.length === 0 ? <p class="soft">{words.noRuns}</p> : (
          <Table
            label={words.runsTitle} rows={runs} keyOf={({ id }) => id}
            columns={[
              { title: words.when, cell: ({ atMs, manual }) => <span class="two-lines">
                <Time atMs={atMs} />{manual ? <span class="soft small">{words.byHand}</span> : null}</span> },
              { title: words.ended, cell: ({ status, count }) => <>
                <Outcome status={status} />{count === undefined ? null : <span class="soft small"> {words.times(count)}</span>}</> },
              { title: words.took, side: "right", cell: ({ durationMs }) => (durationMs === undefined ? "" : formatDuration(durationMs)) },
              { title: words.said, wide: true, cell: ({ words: said, code }) => <span class="work-clip">{said} {code === undefined ? null
                : <code>{code}</code>}</span> },
              {
                title: words.conversation, quiet: true,
                cell: (run) => {
                  const at = sessionOf(job, run);
                  return at === undefined || run.status === "missed" || run.status === "skipped" ? ""
                    : <a href={pathOf("chat", at)}>{words.conversation}</a>;
                },
              },
            ]}
          />
        )}
      </section>
      {isEditing.value ? <JobForm link={link} draft={{ job }} onClose={() => void (isEditing.value = false)} /> : null}
    </>
  );
}

const MOMENT = new Intl.DateTimeFormat(undefined, { weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit",
  second: "2-digit" });

function NextTimes({ dueMs: [first, ...rest] }: { readonly dueMs: readonly number[] }): VNode {
  if (first === undefined) return <>{words.nothingDue}</>;
  return (
    <>
      <Time atMs={first} />
      <ol class="next-times soft">{[first, ...rest].map((at) => <li key={at}>
        <time dateTime={new Date(at).toISOString()}>{MOMENT.format(at)}</time></li>)}</ol>
    </>
  );
}

const OUTCOMES: Readonly<Record<MarkStatus, Mark>> = {
  ok: "good", late: "attention", error: "problem", running: "live", pending: "unknown", missed: "attention", skipped: "unknown",
    unknown: "unknown",
};

function Outcome({ status }: { readonly status: MarkStatus }): VNode {
  return <StateMark state={OUTCOMES[status]} word={words.strip[status]} />;
}

/** What did not go as expected, the newest first, with the reason. */
function Odd({ rows }: { readonly rows: readonly Occurrence[] }): VNode | null {
  const odd = rows.filter(({ status }) => status !== "ok" && status !== "running").toReversed().slice(0, ODD_SHOWN);
  if (odd.length === 0) return null;
  return (
    <Table
      label={words.expectedTitle} rows={odd} keyOf={({ dueMs }) => String(dueMs)}
      columns={[
        { title: words.due, cell: ({ dueMs }) => <Time atMs={dueMs} /> },
        { title: words.ended, cell: ({ status }) => <Outcome status={status} /> },
        { title: words.why, wide: true, cell: ({ why, lateMs }) => why ?? (lateMs === undefined ? ""
          : words.late(formatDuration(lateMs))) },
      ]}
    />
  );
}
