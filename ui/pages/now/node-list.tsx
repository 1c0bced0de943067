import type { VNode } from "preact";
import { useEffect } from "preact/hooks";
import { nowMs, useClockWhileShown } from "../../kit/clock.ts";
import { Sparkline } from "../../kit/sparkline.tsx";
import { pathOf } from "../../shell/route.ts";
import type { Nodes } from "../../stores/nodes.ts";
import { placesOf, type NodeRow } from "../../stores/parse-node.ts";
import { words as nodeWords } from "../../words/en/nodes.ts";
import { words } from "../../words/en/now.ts";
import { countOf, NodeState } from "../nodes/node-table.tsx";

const SHOWN = 6;

/** It may be this one that somebody looks for: those that are not as ever stand first. */
const isOdd = ({ connected, draining, waits }: NodeRow): boolean => connected && (draining || waits);

export function NodeList({ nodes }: { readonly nodes: Nodes }): VNode {
  useEffect(useClockWhileShown, []); // a line goes on although nothing new was told
  const rows = nodes.rows.value;
  const samples = nodes.samples.value;
  return (
    <section aria-label={words.nodes}>
      <h2><a href={pathOf("nodes")}>{words.nodes}</a></h2>
      {rows.length > 0 ? (
        <ul class="lines">
          {[...rows.filter(isOdd), ...rows.filter((node) => !isOdd(node))].slice(0, SHOWN).map((node) => (
            <li key={node.id}>
              <a class="line" href={pathOf("nodes", node.id)}>
                <span class="grow">
                  <span class="node-name" title={node.name}>{node.name}</span>
                  <span class="small node-line">
                    <NodeState node={node} />{node.connected ? <span class="soft">· {nodeWords.jobs(countOf(node))}</span> : null}
                  </span>
                </span>
                {node.connected ? (
                  <Sparkline
                    title={`${node.name}, ${nodeWords.cpu}`} max={1} format={nodeWords.percent} width={72}
                    values={placesOf(samples.get(node.id) ?? [], nowMs.value, ({ cpu }) => cpu)}
                  />
                ) : null}
              </a>
            </li>
          ))}
          {rows.length > SHOWN ? <li><a class="line soft" href={pathOf("nodes")}>{words.allNodes(rows.length)}</a></li> : null}
        </ul>
      ) : nodes.state.value === "ready" ? <p class="soft">{words.nodesNone} <a href={pathOf("nodes", "add")}>{words.addNode}</a></p> : null}
    </section>
  );
}
