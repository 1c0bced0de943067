/** Nodes that declare more than was approved: what it is, and the two answers. */
import type { VNode } from "preact";
import { Time } from "../../kit/time.tsx";
import type { Link } from "../../link.ts";
import type { Nodes } from "../../stores/nodes.ts";
import { words } from "../../words/en/nodes.ts";
import { act } from "./act.ts";

interface RequestsProps { readonly link: Link; readonly nodes: Nodes; readonly nodeId?: string }

export function Requests({ link, nodes, nodeId }: RequestsProps): VNode {
  const approvedOf = (id: string): readonly string[] => nodes.rows.value.find((row) => row.id === id)?.commands ?? [];
  return (
    <>{nodes.requests.value.filter((one) => nodeId === undefined || one.nodeId === nodeId).map((one) => {
      const fresh = one.commands.filter((command) => !approvedOf(one.nodeId).includes(command));
      return (
        <article key={one.requestId} class="card" aria-label={words.wants(one.name)}>
          <h2>{words.wants(one.name)}</h2>
          <p>{words.wantsBody}</p>
          <p class="names">{(fresh.length === 0 ? one.commands : fresh).map((command) => <code key={command}>{command}</code>)}</p>
          <footer class="answers">
            <button type="button" onClick={() => void act(
              nodes, link.call("node.pair.reject", { requestId: one.requestId }), words.refusedNow,
            )}>{words.refuse}</button>
            <button type="button" onClick={() => void act(
              nodes, link.call("node.pair.approve", { requestId: one.requestId }), words.approvedNow(one.name),
            )}>{words.approve}</button>
            <span class="soft small"><Time atMs={one.atMs} /></span>
          </footer>
        </article>
      );
    })}</>
  );
}
