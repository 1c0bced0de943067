/** One approval as it has to be judged: what exactly, where, by whose wish, why, and what happens if nobody answers. */
import type { Signal } from "@preact/signals";
import type { ComponentChildren, VNode } from "preact";
import { Id } from "../../kit/id.tsx";
import { StateMark } from "../../kit/state-mark.tsx";
import type { Link } from "../../link.ts";
import { pathOf } from "../../shell/route.ts";
import type { Approval, Verdict } from "../../stores/parse-approval.ts";
import { sessionName } from "../../stores/session-names.ts";
import { words } from "../../words/en/approvals.ts";
import { Left } from "./left.tsx";

export interface ApprovalCardProps {
  readonly link: Link;
  readonly approval: Approval;
  /** It has been open long enough to have been seen. */
  readonly isArmed: boolean;
  readonly isOpen: Signal<boolean>;
  readonly failure: string;
  readonly onAnswer: (verdict: Verdict) => void;
}

export function ApprovalCard({ link, approval, isArmed, isOpen, failure, onAnswer }: ApprovalCardProps): VNode {
  const { decisions, covers } = approval;
  return (
    <article class="card judged" tabIndex={-1} aria-labelledby="approval-what" data-armed={isArmed ? "yes" : "no"}>
      <StateMark state="attention" word={words.state} />
      <h2 id="approval-what" class="approval-what"><span class="unseen">{words.what}: </span><code>{approval.command}</code></h2>
      <ApprovalFacts link={link} approval={approval}>
        <dt>{words.nothing}</dt>
        <dd><Left untilMs={approval.expiresAtMs} say={words.ends} /></dd>
      </ApprovalFacts>
      <details open={isOpen.value} onToggle={(event) => {
        isOpen.value = event.currentTarget.open;
      }}>
        <summary>{words.details}</summary>
        <Origin approval={approval} />
      </details>
      {failure === "" ? null : <p class="bar problem" role="alert">{failure}</p>}
      <footer class="answers" role="group" aria-label={words.answers}>
        <button type="button" disabled={!decisions.includes("deny")} onClick={() => onAnswer("deny")}>
          {words.deny} <kbd aria-hidden="true">d</kbd>
        </button>
        <button type="button" disabled={!decisions.includes("allow-once")} onClick={() => onAnswer("allow-once")}>
          {words.once} <kbd aria-hidden="true">a</kbd>
        </button>
        {decisions.includes("allow-always") ? (
          <button
            type="button" title={words.covers[covers]} aria-description={words.covers[covers]} onClick={() => onAnswer("allow-always")}
          >
            {words.always[covers]}
          </button>
        ) : null}
      </footer>
      {decisions.includes("allow-always") ? <p class="soft small">{words.always[covers]}: {words.covers[covers]}</p> : null}
    </article>
  );
}

interface FactsProps { readonly link: Link; readonly approval: Approval; readonly children?: ComponentChildren }

export function ApprovalFacts({ link, approval, children }: FactsProps): VNode {
  const { cwd, agentId, sessionKey, nodeId, reason, labels } = approval;
  return (
    <dl class="particulars">
      <dt>{words.where}</dt>
      <dd>
        {nodeId === undefined ? placeOf(approval) : <a href={pathOf("nodes", nodeId)}>{placeOf(approval)}</a>}
        {cwd === undefined ? null : <> {words.in("")}<code>{cwd}</code></>}
      </dd>
      <dt>{words.who}</dt>
      <dd>{sessionKey === undefined ? words.noSession : (
        <>{agentId}, {words.session} <a href={pathOf("chat", sessionKey)}>{sessionName(link, sessionKey)}</a></>
      )}</dd>
      <dt>{words.why}</dt>
      <dd>{reason}</dd>
      {labels.length === 0 ? null : (
        <><dt>{words.words}</dt><dd>{labels.map((label) => words.labels[label] ?? label).join("; ")}</dd></>
      )}
      {children}
    </dl>
  );
}

function Origin({ approval: { argv, rule, id } }: { readonly approval: Approval }): VNode {
  return (
    <div class="origin">
      {argv.length === 0 ? null : (
        <ol class="argv" start={0}>{argv.map((argument, at) => (
          <li key={at}><span class="unseen">{at === 0 ? words.program : words.argument(at)}</span><code>{argument}</code></li>
        ))}</ol>
      )}
      <dl class="particulars">
        {rule === undefined ? null : <><dt>{words.rule}</dt><dd><code>{rule}</code></dd></>}
        <dt>{words.id}</dt><dd><Id id={id} /></dd>
      </dl>
    </div>
  );
}

export function placeOf({ nodeName, nodeId, host }: Approval): string {
  return nodeName ?? nodeId ?? (host === "gateway" ? words.here : words.noNode);
}
