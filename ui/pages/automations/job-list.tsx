/** All jobs, the next due first: state, next time, and what became of what was expected lately. */
import { useSignal } from "@preact/signals";
import type { VNode } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { now } from "../../kit/clock.ts";
import { Failure } from "../../kit/failure.tsx";
import { Icon } from "../../kit/icon.tsx";
import { StateMark } from "../../kit/state-mark.tsx";
import { Table } from "../../kit/table.tsx";
import { Time } from "../../kit/time.tsx";
import type { Link } from "../../link.ts";
import { pathOf } from "../../shell/route.ts";
import { useLive } from "../../stores/use-live.ts";
import { words } from "../../words/en/automations.ts";
import { writeSchedule } from "../../words/en/schedule.ts";
import { leaving, pause, resume, runNow } from "./job-actions.ts";
import { JobForm, type Draft } from "./job-form.tsx";
import { parseClock, parseJobs, parseOccurrences, type Job, type Occurrence } from "./parse-jobs.ts";
import { Strip, StripLegend } from "./strip.tsx";

const JOBS_MOST = 200;
const MARKS_SHOWN = 24;
const NEAR = "200px";
const MANY = 8;

interface Known { readonly jobs: readonly Job[]; readonly total: number; readonly clockOn: boolean }

export function JobList({ link }: { readonly link: Link }): VNode {
  const { value, failed } = useLive<Known>(link, async () => {
    const [list, clock] = await Promise.all([link.call("cron.list", { enabled: "all", limit: JOBS_MOST }), link.call("cron.status", {})]);
    return { ...parseJobs(list), clockOn: parseClock(clock).enabled };
  }, { events: ["cron"] });
  const adding = useSignal<Draft | undefined>(undefined);
  const query = useSignal("");
  const known = value.value;
  const wanted = query.value.toLowerCase();
  const jobs = (known?.jobs ?? []).filter(({ id, name, says }) =>
    !leaving.value.has(id) && (wanted === "" || name.toLowerCase().includes(wanted) || says.toLowerCase().includes(wanted)));
  const isEmpty = known !== undefined && known.total === 0;
  return (
    <>
      <div class="row">
        <button type="button" class="primary" onClick={() => void (adding.value = {})}><Icon name="plus" />{words.add}</button>
        {(known?.jobs.length ?? 0) < MANY ? null : (
          <input
            type="search" class="work-find" placeholder={words.find} aria-label={words.find} value={query.value}
            onInput={({ currentTarget }) => void (query.value = currentTarget.value)}
          />
        )}
      </div>
      <Failure ended={failed.value} />
      {known?.clockOn === false ? <p class="bar attention"><Icon name="alert" /><span>{words.clockOff} <code>{words.clockOn}</code></span>
        </p> : null}
      {isEmpty ? <Beginning onPick={(draft) => void (adding.value = draft)} /> : null}
      {known === undefined || isEmpty ? null : (
        <>
          <div class="job-table"><Table
            label={words.jobs} rows={jobs} keyOf={({ id }) => id}
            columns={[
              { title: words.job, wide: true, cell: (job) => <JobName job={job} /> },
              { title: words.state, as: "stated", cell: (job) => <JobState job={job} /> },
              { title: words.next, cell: ({ nextMs }) => (nextMs === undefined ? <span class="soft">–</span> : <Time atMs={nextMs} />) },
              { title: words.happened, as: "drawn", cell: (job) => <JobStrip link={link} job={job} /> },
              { title: words.acts, quiet: true, cell: (job) => <JobActs link={link} job={job} /> },
            ]}
          /></div>
          <StripLegend />
          {known.jobs.length < known.total ? <p class="soft small">{words.more(known.jobs.length, known.total)}</p> : null}
        </>
      )}
      {adding.value === undefined ? null : <JobForm link={link} draft={adding.value} onClose={() => void (adding.value = undefined)} />}
    </>
  );
}

function Beginning({ onPick }: { readonly onPick: (draft: Draft) => void }): VNode {
  return (
    <div class="work-beginning">
      <p>{words.none}</p>
      <ul class="work-templates">{words.templates.map((template) => (
        <li key={template.when}>
          <button type="button" onClick={() => onPick(template)}>
            <span><strong>{template.when.slice(0, 1).toUpperCase()}{template.when.slice(1)}</strong>
              <span class="soft">{template.what}</span></span>
          </button>
        </li>
      ))}</ul>
    </div>
  );
}

function JobName({ job }: { readonly job: Job }): VNode {
  const when = writeSchedule(job.schedule);
  return (
    <span class="two-lines">
      <a href={pathOf("automations", "job", job.id)}>{job.name}</a>
        <span class="soft small">{when.slice(0, 1).toUpperCase()}{when.slice(1)}</span>
    </span>
  );
}

export function JobState({ job }: { readonly job: Job }): VNode {
  if (job.runningSinceMs !== undefined) return <StateMark state="live" word={words.runningNow} />;
  if (job.isOver) return <StateMark state="unknown" word={words.over} />;
  if (!job.enabled) return <StateMark state="unknown" word={words.paused} />;
  return job.last?.status === "error" ? <StateMark state="problem" word={words.failing} /> : <StateMark state="good" word={words.on} />;
}

interface JobStripProps { readonly link: Link; readonly job: Job }

/** Of many jobs only those that come into view are asked for. */
function JobStrip(props: JobStripProps): VNode {
  const isSeen = useSignal(false);
  const place = useRef<HTMLSpanElement>(null);
  useEffect(() => {
    if (place.current === null) return;
    const observer = new IntersectionObserver((changes) => {
      if (!changes.some(({ isIntersecting }) => isIntersecting)) return;
      isSeen.value = true;
      observer.disconnect();
    }, { rootMargin: NEAR });
    observer.observe(place.current);
    return () => observer.disconnect();
  }, []);
  return isSeen.value ? <SeenStrip {...props} /> : <span ref={place} class="strip-wait" />;
}

function SeenStrip({ link, job }: JobStripProps): VNode {
  const seen = `${job.id} ${job.last?.atMs ?? 0} ${job.runningSinceMs ?? 0} ${job.nextMs ?? 0}`;
  const { value } = useLive(link, () => readOccurrences(link, job.id, MARKS_SHOWN), { key: seen });
  const known = useRef(value.value);
  known.current = value.value ?? known.current; // what was known stays while the next is read
  return known.current === undefined ? <span class="strip-wait" /> : <Strip rows={known.current.rows} most={MARKS_SHOWN} />;
}

function JobActs({ link, job }: { readonly link: Link; readonly job: Job }): VNode {
  return (
    <span class="row work-acts">
      <button type="button" class="quiet" aria-label={`${words.runNow}: ${job.name}`} onClick={() => runNow(link, job)}>
        <Icon name="play" />{words.runNow}</button>
      {job.isOver ? null : (
        <button type="button" class="quiet" aria-label={`${job.enabled ? words.pause : words.resume}: ${job.name}`}
          onClick={() => (job.enabled ? pause(link, job) : resume(link, job))}>
          <Icon name={job.enabled ? "pause" : "retry"} />{job.enabled ? words.pause : words.resume}
        </button>
      )}
    </span>
  );
}

const SPANS_MS = [3_600_000, 86_400_000, 31 * 86_400_000] as const;

/** The newest that were expected: looked for in an hour, a day, a month, until there are enough. */
export async function readOccurrences(
  link: Link, id: string, most: number,
): Promise<{ readonly rows: readonly Occurrence[]; readonly more: boolean }> {
  let best: { readonly rows: readonly Occurrence[]; readonly more: boolean } = { rows: [], more: false };
  for (const spanMs of SPANS_MS) {
    const found = parseOccurrences(await link.call("cron.expected", { id, sinceMs: now() - spanMs }));
    // Of too many the oldest are told: the shorter span has the newest.
    if (found.more) return { ...best, more: true };
    best = found;
    if (found.rows.length >= most) break;
  }
  return best;
}
