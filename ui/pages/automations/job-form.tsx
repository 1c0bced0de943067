/** Adds or changes a job: when is written in words, and when that would be is shown while it is written. */
import { useSignal } from "@preact/signals";
import type { VNode } from "preact";
import { useEffect } from "preact/hooks";
import { now } from "../../kit/clock.ts";
import { Dialog } from "../../kit/dialog.tsx";
import { Failure } from "../../kit/failure.tsx";
import { toast } from "../../kit/toasts.tsx";
import type { Ended, Link } from "../../link.ts";
import { describe } from "../../link/open-link.ts";
import { words } from "../../words/en/automations.ts";
import { readSchedule, writeSchedule, type Schedule } from "../../words/en/schedule.ts";
import { parsePreview, type Job } from "./parse-jobs.ts";

export interface Draft { readonly when?: string; readonly what?: string; readonly job?: Job }

const WAIT_MS = 250;
const NEXT_SHOWN = 5;
const NAME_CHARS = 120;
const OWN_ZONE = new Intl.DateTimeFormat().resolvedOptions().timeZone;

interface Checked { readonly dueMs: readonly number[]; readonly timeZone: string; readonly failed?: Ended }

export function JobForm({ link, draft, onClose }: { readonly link: Link; readonly draft: Draft; readonly onClose: () => void }): VNode {
  const { job } = draft;
  const when = useSignal(draft.when ?? (job === undefined ? "" : writeSchedule(job.schedule)));
  const what = useSignal(draft.what ?? job?.says ?? "");
  const name = useSignal(job?.name ?? "");
  const target = useSignal(job?.target ?? "isolated");
  const catchUp = useSignal(job?.catchUp ?? "last");
  const overlap = useSignal(job?.overlap ?? "skip");
  const announces = useSignal(job?.announces ?? false);
  const checked = useSignal<Checked | undefined>(undefined);
  const failed = useSignal<Ended | undefined>(undefined);
  const isSaving = useSignal(false);
  const schedule = readWhen(when.value, job);
  const isSystemEvent = job?.payload["kind"] === "systemEvent";

  useEffect(() => {
    checked.value = undefined;
    if (schedule === undefined) return;
    const timer = setTimeout(() => {
      void link.call("cron.preview", { schedule, limit: NEXT_SHOWN }).then(parsePreview,
        (error: unknown) => ({ dueMs: [], timeZone: "", failed: describe(error) }))
        .then((found) => void (checked.value = found));
    }, WAIT_MS);
    return () => clearTimeout(timer);
  }, [when.value]);

  const save = async (): Promise<void> => {
    if (schedule === undefined) return;
    isSaving.value = true;
    const said = what.value.trim();
    const payload = isSystemEvent ? { ...job?.payload, kind: "systemEvent", text: said }
      : { ...job?.payload, kind: "agentTurn", message: said };
    const fields = {
      ...(name.value.trim() === "" ? {} : { name: name.value.trim() }), sessionTarget: target.value,
      catchUp: catchUp.value as "last", overlap: overlap.value as "skip", delivery: { mode: announces.value ? "announce" : "none" },
    };
    try {
      if (job === undefined) await link.call("cron.add", { schedule, payload, ...fields });
      else {
        const patch = { ...fields, ...(isSame(schedule, job) ? {} : { schedule }), ...(said === job.says ? {} : { payload }) };
        await link.call("cron.update", { id: job.id, patch, ...(job.revision === undefined ? {}
          : { expectedConfigRevision: job.revision }) });
      }
      const shown = name.value.trim() === "" ? said.slice(0, 60) : name.value.trim();
      toast({ text: job === undefined ? words.added(shown) : words.saved(shown) });
      onClose();
    } catch (error) {
      failed.value = describe(error);
    }
    isSaving.value = false;
  };

  const refused = checked.value?.failed;
  return (
    <Dialog title={job === undefined ? words.form.addTitle : words.form.editTitle} onClose={onClose} kind="sheet">
      <form class="work-fields" onSubmit={(event) => {
        event.preventDefault();
        void save();
      }}>
        <label>{words.form.when}
          <input
            type="text" autocomplete="off" spellcheck={false} autofocus required value={when.value} aria-describedby="when-hint when-next"
            onInput={({ currentTarget }) => void (when.value = currentTarget.value)}
          />
        </label>
        <p id="when-hint" class="soft small">{words.form.whenHint}</p>
        <div id="when-next" class="when-next" role="status">
          {when.value.trim() === "" ? null : schedule === undefined ? <p class="small">{words.form.unread}</p>
            : checked.value === undefined ? <p class="soft small">{words.form.checking}</p>
              : refused === undefined ? <NextTimes checked={checked.value} /> : <Failure ended={refused} />}
        </div>
        <label>{words.form.what}
          <textarea rows={5} required value={what.value} onInput={({ currentTarget }) => void (what.value = currentTarget.value)} />
        </label>
        <label>{words.form.name}
          <input
            type="text" autocomplete="off" maxLength={NAME_CHARS} placeholder={words.form.nameHint} value={name.value}
            onInput={({ currentTarget }) => void (name.value = currentTarget.value)}
          />
        </label>
        <details>
          <summary>{words.form.more}</summary>
          <div class="work-fields">
            <Choice title={words.form.where} value={target.value} onPick={(value) => void (target.value = value)} choices={{
              ...(isSystemEvent ? {} : { isolated: words.own }), main: words.main,
              ...(["isolated", "main"].includes(target.value) ? {} : { [target.value]: target.value.replace(/^session:/, "") }),
            }} />
            <Choice title={words.form.catchUp} value={catchUp.value} onPick={(value) =>
              void (catchUp.value = value)} choices={words.form.catchUps} />
            <Choice title={words.form.overlap} value={overlap.value} onPick={(value) =>
              void (overlap.value = value)} choices={words.form.overlaps} />
            <label class="check">
              <input type="checkbox" checked={announces.value} onChange={({ currentTarget }) =>
                void (announces.value = currentTarget.checked)} />
              {words.form.announce}
            </label>
          </div>
        </details>
        <Failure ended={failed.value} />
        <footer class="dialog-foot">
          <button type="button" onClick={onClose}>{words.form.cancel}</button>
          <button type="submit" class="primary" disabled={schedule === undefined || what.value.trim() === "" || refused !== undefined
            || isSaving.value}>
            {job === undefined ? words.form.add : words.form.save}
          </button>
        </footer>
      </form>
    </Dialog>
  );
}

/** A job that stands in another zone stays there; a rhythm keeps its anchor while its words are the same. */
function readWhen(said: string, job: Job | undefined): Schedule | undefined {
  if (job !== undefined && said.trim() === writeSchedule(job.schedule)) return job.schedule;
  return readSchedule(said, job?.schedule.kind === "cron" ? job.schedule.tz : OWN_ZONE, now());
}

function isSame(schedule: Schedule, job: Job): boolean {
  return JSON.stringify(schedule) === JSON.stringify(job.schedule);
}

const SOON = new Intl.DateTimeFormat(undefined, { weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });

function NextTimes({ checked: { dueMs } }: { readonly checked: Checked }): VNode {
  return (
    <>
      <p class="small">{words.form.next} <span class="soft">({words.zone(OWN_ZONE)})</span></p>
      <ol class="next-times">{dueMs.map((at) => <li key={at}><time dateTime={new Date(at).toISOString()}>{SOON.format(at)}</time>
        </li>)}</ol>
    </>
  );
}

interface ChoiceProps {
  readonly title: string;
  readonly value: string;
  readonly choices: Readonly<Record<string, string>>;
  readonly onPick: (value: string) => void;
}

function Choice({ title, value, choices, onPick }: ChoiceProps): VNode {
  return (
    <label>{title}
      <select value={value} onChange={({ currentTarget }) => onPick(currentTarget.value)}>
        {Object.entries(choices).map(([key, text]) => <option key={key} value={key}>{text}</option>)}
      </select>
    </label>
  );
}
