/** Work in the background: how far it is behind, and what was given up, with its cause and what can be done. */
import { useSignal } from "@preact/signals";
import type { VNode } from "preact";
import { confirm } from "../../kit/confirm.tsx";
import { Failure } from "../../kit/failure.tsx";
import { formatCount, formatDuration } from "../../kit/format.ts";
import { Icon } from "../../kit/icon.tsx";
import { Id } from "../../kit/id.tsx";
import { StateMark } from "../../kit/state-mark.tsx";
import { Table } from "../../kit/table.tsx";
import { Time } from "../../kit/time.tsx";
import { toast } from "../../kit/toasts.tsx";
import type { Ended, Link } from "../../link.ts";
import { describe } from "../../link/open-link.ts";
import { useLive } from "../../stores/use-live.ts";
import { words } from "../../words/en/automations.ts";
import { parseLetterBody, parseLetters, parseQueues, type Letter, type Queue } from "./parse-queues.ts";

/** No event tells that something was given up. */
const LOOK_EVERY_MS = 5_000;
const LETTERS_SHOWN = 100;

export function Queues({ link }: { readonly link: Link }): VNode {
  const { value, failed, again } = useLive(link, async () => {
    const [queues, letters] = await Promise.all([link.call("queue.list", {}), link.call("queue.dead.list", { limit: LETTERS_SHOWN })]);
    return { queues: parseQueues(queues), ...parseLetters(letters) };
  }, { events: ["queue.lagging"], everyMs: LOOK_EVERY_MS });
  const known = value.value;
  const isEmpty = known !== undefined && known.queues.length === 0 && known.letters.length === 0;
  return (
    <>
      <p class="soft work-reading">{words.queues.about}</p>
      <Failure ended={failed.value} />
      {isEmpty ? <p><StateMark state="good" word={words.queues.none} /></p> : null}
      {known === undefined || known.queues.length === 0 ? null : <Lines queues={known.queues} />}
      {known === undefined || isEmpty ? null : (
        <section>
          <h2>{words.queues.letters}</h2>
          {known.letters.length === 0 ? <p class="soft">{words.queues.noLetters}</p> : (
            <ul class="work-cards">{known.letters.map((letter) => (
              <li key={`${letter.queue} ${letter.id}`}><LetterCard link={link} letter={letter} onChange={again} /></li>
            ))}</ul>
          )}
          {known.more ? <p class="soft small">{words.queues.more}</p> : null}
        </section>
      )}
    </>
  );
}

function Lines({ queues }: { readonly queues: readonly Queue[] }): VNode {
  return (
    <Table
      label={words.queues.list} rows={queues} keyOf={({ name }) => name}
      columns={[
        { title: words.queues.queue, wide: true, cell: ({ name }) => <code>{name}</code> },
        { title: words.queues.state, cell: ({ lagging }) => <StateMark state={lagging ? "attention" : "good"} word={lagging
          ? words.queues.lags : words.queues.keepsUp} /> },
        { title: words.queues.waiting, side: "right", cell: ({ jobs }) => formatCount(jobs) },
        { title: words.queues.behind, side: "right", cell: ({ lagMs }) => formatDuration(lagMs) },
        { title: words.queues.dead, side: "right", cell: ({ dead }) => formatCount(dead) },
      ]}
    />
  );
}

function LetterCard({ link, letter, onChange }: { readonly link: Link; readonly letter: Letter; readonly onChange: () => void }): VNode {
  const body = useSignal<readonly (readonly [string, string])[] | undefined>(undefined);
  const failed = useSignal<Ended | undefined>(undefined);
  const { id, queue, summary, why, code, attempts, deadAtMs } = letter;
  const act = async (asked: Promise<unknown>, said: string): Promise<void> => {
    failed.value = await asked.then(() => undefined, describe);
    if (failed.value === undefined) toast({ text: said });
    onChange();
  };
  const discard = async (): Promise<void> => {
    const agreed = await confirm({ title: words.queues.ask, body: words.queues.askBody(summary), act: words.queues.discard });
    if (agreed) await act(link.call("queue.dead.discard", { id, queue }), words.queues.discarded(summary));
  };
  const show = async (): Promise<void> => {
    body.value = await link.call("queue.dead.show", { id, queue }).then(parseLetterBody, (error: unknown) => {
      failed.value = describe(error);
      return undefined;
    });
  };
  return (
    <article class="work-card letter">
      <div class="row"><StateMark state="problem" word={code} /><Time atMs={deadAtMs} />
        <span class="soft">{words.queues.tries(attempts)}</span><code>{queue}</code><Id id={id} /></div>
      <p class="plain">{summary}</p>
      {why === undefined ? null : <p class="soft plain">{why}</p>}
      <Failure ended={failed.value} />
      {body.value === undefined ? null : (
        <dl class="work-facts">{body.value.map(([name, value]) => <div key={name}><dt>{name}</dt><dd><code>{value}</code></dd></div>)}</dl>
      )}
      <div class="row">
        <button type="button" aria-label={`${words.queues.retry}: ${summary}`} title={words.queues.retryAbout}
          onClick={() => void act(link.call("queue.dead.retry", { id, queue }), words.queues.retried(summary))}>
          <Icon name="retry" />{words.queues.retry}
        </button>
        <button type="button" aria-label={`${words.queues.discard}: ${summary}`} onClick={() => void discard()}>
          <Icon name="cross" />{words.queues.discard}</button>
        {body.value === undefined ? <button type="button" class="quiet" onClick={() => void show()}>{words.queues.show}</button> : null}
      </div>
    </article>
  );
}
