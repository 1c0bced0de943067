/** What only a person can do: nothing is shown while there is none. */
import type { VNode } from "preact";
import { StateMark } from "../../kit/state-mark.tsx";
import { pathOf } from "../../shell/route.ts";
import type { Approvals } from "../../stores/approvals.ts";
import type { Nodes } from "../../stores/nodes.ts";
import { words } from "../../words/en/now.ts";
import { words as approvalWords } from "../../words/en/approvals.ts";
import { Left } from "../approvals/left.tsx";
import type { AskingDevice, AskingSender } from "./parse-asking.ts";

const SHOWN = 6;

export interface WaitingProps {
  readonly approvals: Approvals;
  readonly nodes: Nodes;
  readonly devices: readonly AskingDevice[];
  readonly senders: readonly AskingSender[];
}

export function WaitingList({ approvals, nodes, devices, senders }: WaitingProps): VNode | null {
  const waiting = approvals.waiting.value;
  const requests = nodes.requests.value;
  if (waiting.length + requests.length + devices.length + senders.length === 0) return null;
  return (
    <section aria-label={words.waiting}>
      <h2>{words.waiting}</h2>
      <ul class="lines">
        {waiting.slice(0, SHOWN).map((one) => (
          <li key={one.id}>
            <a class="line" href={pathOf("approvals", one.id)}>
              <StateMark state="attention" word={words.approve} />
              <code class="grow">{one.command}</code>
              <span class="soft small">{one.nodeName ?? approvalWords.here} · <Left untilMs={one.expiresAtMs} /></span>
            </a>
          </li>
        ))}
        {waiting.length > SHOWN ? <li><a class="line" href={pathOf("approvals")}>{approvalWords.count(waiting.length)}</a></li> : null}
        {devices.map(({ requestId, name, address }) => (
          <li key={requestId}>
            <a class="line" href={pathOf("settings", "devices")}>
              <StateMark state="attention" word={words.compare} /><span class="grow">{words.device(name)}</span>
              <span class="soft small">{address}</span>
            </a>
          </li>
        ))}
        {senders.map(({ key, who, channel, code }) => (
          <li key={key}>
            <a class="line" href={pathOf("settings", "channels")}>
              <StateMark state="attention" word={words.compareCode} /><span class="grow">{words.sender(who, channel)}</span>
              <span class="soft small mono">{code}</span>
            </a>
          </li>
        ))}
        {requests.map((one) => (
          <li key={one.requestId}>
            <a class="line" href={pathOf("nodes", one.nodeId)}>
              <StateMark state="attention" word={words.look} /><span class="grow">{words.node(one.name)}</span>
            </a>
          </li>
        ))}
      </ul>
    </section>
  );
}
