/** What the gateway tells of without being asked, until it is over or somebody has seen it; nothing is shown while there is none. */
import type { VNode } from "preact";
import { CopyButton } from "../../kit/copy-button.tsx";
import { StateMark } from "../../kit/state-mark.tsx";
import { Time } from "../../kit/time.tsx";
import { toast } from "../../kit/toasts.tsx";
import type { Link } from "../../link.ts";
import { describe } from "../../link/open-link.ts";
import { words } from "../../words/en/alerts.ts";
import type { AlertRow } from "./parse-alert.ts";

const SHOWN = 8;

export function AlertList({ link, alerts }: { readonly link: Link; readonly alerts: readonly AlertRow[] }): VNode | null {
  if (alerts.length === 0) return null;
  return (
    <section aria-label={words.title}>
      <h2>{words.title}</h2>
      <ul class="lines">{alerts.slice(0, SHOWN).map((alert) => <AlertLine key={alert.id} link={link} alert={alert} />)}</ul>
    </section>
  );
}

function AlertLine({ link, alert }: { readonly link: Link; readonly alert: AlertRow }): VNode {
  const { id, severity, what, means, next, sinceMs, count, by } = alert;
  const seen = (): void => void link.call("alerts.ack", { id }).catch((error: unknown) => toast({ text: describe(error).why }));
  return (
    <li class="failure">
      <p>
        <StateMark state={severity} word={words.severity[severity]} />
        <strong>{what}</strong>
        <span class="soft small">
          <Time atMs={sinceMs} />{count > 1 ? `, ${words.times(count)}` : ""}{by === undefined ? "" : `, ${words.seenBy(by)}`}
        </span>
      </p>
      <p class="soft">{means}</p>
      <p class="command small">
        {next === undefined ? null : <><code>{next}</code><CopyButton text={next} what={next} /></>}
        {by === undefined ? <button type="button" aria-label={`${words.seen}: ${what}`} onClick={seen}>{words.seen}</button> : null}
      </p>
    </li>
  );
}
