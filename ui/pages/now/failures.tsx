/** What ended badly within a day: its cause in the gateway's words, and what to do next. */
import type { VNode } from "preact";
import { CopyButton } from "../../kit/copy-button.tsx";
import { StateMark } from "../../kit/state-mark.tsx";
import { Time } from "../../kit/time.tsx";
import type { Link } from "../../link.ts";
import { pathOf } from "../../shell/route.ts";
import type { RunRow } from "../../stores/parse-run.ts";
import type { Runs } from "../../stores/runs.ts";
import { sessionName } from "../../stores/session-names.ts";
import { words } from "../../words/en/now.ts";
import type { Resting } from "./parse-today.ts";

const SHOWN = 8;

interface FailuresProps { readonly link: Link; readonly runs: Runs; readonly resting: readonly Resting[] }

export function Failures({ link, runs, resting }: FailuresProps): VNode | null {
  const failed = runs.failed.value.slice(0, SHOWN);
  if (failed.length + resting.length === 0) return null;
  return (
    <section aria-label={words.failed}>
      <h2>{words.failed}</h2>
      <ul class="lines">
        {resting.map(({ model, code, nextTryAtMs }) => (
          <li key={`${model} ${code}`} class="failure">
            <p>
              <StateMark state="attention" word={words.resting(model === "*" ? words.restingAll : model)} />
              <span class="soft small">{words.tryAgain} <Time atMs={nextTryAtMs} /></span>
            </p>
            <p class="soft">{words.restingNext} <code>{code}</code></p>
          </li>
        ))}
        {failed.map((row) => <Failure key={row.key} link={link} row={row} />)}
      </ul>
    </section>
  );
}

function Failure({ link, row }: { readonly link: Link; readonly row: RunRow }): VNode {
  const { key, title, agentId, why, code, status, endedAtMs } = row;
  const command = code === undefined ? undefined : words.explain(code);
  return (
    <li class="failure">
      <p>
        <StateMark state="problem" word="" />
        <a href={pathOf("chat", key)}>{title ?? sessionName(link, key)}</a>
        <span class="soft small">{agentId}{endedAtMs === undefined ? null : <>, <Time atMs={endedAtMs} /></>}</span>
      </p>
      <p>
        {why ?? (status === "timeout" ? words.timeout : words.unknown)}{" "}
        {code === undefined ? null : <code>{code}</code>}
      </p>
      {command === undefined ? null : (
        <p class="command small">
          <code>{command}</code><CopyButton text={command} what={command} />
        </p>
      )}
    </li>
  );
}
