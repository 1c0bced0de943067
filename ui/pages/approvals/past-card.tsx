/** An approval that ended, by its address: what was decided, when and by whom. */
import { useSignal } from "@preact/signals";
import type { VNode } from "preact";
import { useEffect } from "preact/hooks";
import { StateMark } from "../../kit/state-mark.tsx";
import { Time } from "../../kit/time.tsx";
import type { Link } from "../../link.ts";
import type { Approvals } from "../../stores/approvals.ts";
import { words } from "../../words/en/approvals.ts";
import { ApprovalFacts } from "./approval-card.tsx";
import { ENDED, useDeviceNames, whoOf } from "./past-list.tsx";

interface PastCardProps { readonly link: Link; readonly approvals: Approvals; readonly id: string }

export function PastCard({ link, approvals, id }: PastCardProps): VNode {
  const isRead = useSignal(false);
  const names = useDeviceNames(link);
  useEffect(() => link.onUp(() => {
    void approvals.loadPast().catch(() => undefined).then(() => {
      isRead.value = approvals.isLoaded.peek();
    });
  }), []);
  const found = approvals.past.value.find((one) => one.id === id);
  if (found === undefined) return isRead.value ? <p>{words.gone404}</p> : <div />;
  return (
    <article class="card judged">
      <StateMark state={ENDED[found.status]} word={words.statuses[found.status]} />
      <h2 class="approval-what"><span class="unseen">{words.what}: </span><code>{found.command}</code></h2>
      <ApprovalFacts link={link} approval={found}>
        <dt>{words.by}</dt><dd>{whoOf(found.by, names)}, <Time atMs={found.endedAtMs} /></dd>
      </ApprovalFacts>
    </article>
  );
}
