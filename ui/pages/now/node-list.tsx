import type { VNode } from "preact";
import { useEffect } from "preact/hooks";
import { nowMs, useClockWhileShown } from "../../kit/clock.ts";
import { Sparkline } from "../../kit/sparkline.tsx";
import { pathOf } from "../../shell/route.ts";
import type { Nodes } from "../../stores/nodes.ts";
import { placesOf } from "../../stores/parse-node.ts";
import { words as nodeWords } from "../../words/en/nodes.ts";
import { words } from "../../words/en/now.ts";
import { countOf, NodeState } from "../nodes/node-table.tsx";

const SHOWN = 8;

export function NodeList({ nodes }: { readonly nodes: Nodes }): VNode {
  useEffect(useClockWhileShown, []); // a line goes on although nothing new was told
  const rows = nodes.rows.value;
  const samples = nodes.samples.value;
  return (
    <section aria-label={words.nodes}>
      <h2><a href={pathOf("nodes")}>{words.nodes}</a></h2>
      {rows.length > 0 ? (
        <ul class="lines">{rows.slice(0, SHOWN).map((node) => (
          <li key={node.id}>
            <a class="line" href={pathOf("nodes", node.id)}>
              <span class="grow">{node.name}<br /><span class="small"><NodeState node={node} /></span></span>
              {node.connected ? (
                <span class="node-load">
                  <Sparkline
                    title={`${node.name}, ${nodeWords.cpu}`} max={1} format={nodeWords.percent} width={72}
                    values={placesOf(samples.get(node.id) ?? [], nowMs.value, ({ cpu }) => cpu)}
                  />
                  <span class="soft small">{nodeWords.jobs(countOf(node))}</span>
                </span>
              ) : null}
            </a>
          </li>
        ))}</ul>
      ) : nodes.state.value === "ready" ? <p class="soft">{words.nodesNone} <a href={pathOf("nodes", "add")}>{words.addNode}</a></p> : null}
    </section>
  );
}
