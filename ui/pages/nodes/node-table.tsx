import type { VNode } from "preact";
import { useEffect } from "preact/hooks";
import { nowMs, useClockWhileShown } from "../../kit/clock.ts";
import { Sparkline } from "../../kit/sparkline.tsx";
import { StateMark, type Mark } from "../../kit/state-mark.tsx";
import { Table } from "../../kit/table.tsx";
import { Time } from "../../kit/time.tsx";
import { pathOf } from "../../shell/route.ts";
import type { Nodes } from "../../stores/nodes.ts";
import { placesOf, type NodeRow } from "../../stores/parse-node.ts";
import { words } from "../../words/en/nodes.ts";

type State = keyof typeof words.states;
const MARKS: Readonly<Record<State, Mark>> = { online: "good", draining: "attention", offline: "unknown", waiting: "attention" };

export function NodeState({ node }: { readonly node: NodeRow }): VNode {
  const state: State = node.waits ? "waiting" : !node.connected ? "offline" : node.draining ? "draining" : "online";
  return <StateMark state={MARKS[state]} word={words.states[state]} />;
}

export function NodeTable({ nodes }: { readonly nodes: Nodes }): VNode {
  useEffect(useClockWhileShown, []);
  const samples = nodes.samples.value;
  const rows = nodes.rows.value;
  return (
    <Table
      label={words.list} rows={rows} keyOf={({ id }) => id}
      columns={[
        {
          title: words.name, wide: true, cell: (node) => (
            <><a href={pathOf("nodes", node.id)}>{node.name}</a>{node.local ? <span class="soft small"> {words.here}</span> : null}</>
          ),
        },
        { title: words.state, as: "stated", cell: (node) => <NodeState node={node} /> },
        { title: words.tags, as: "tagged", cell: ({ tags }) => (tags.length === 0 ? null : <Tags tags={tags} />) },
        {
          title: words.load, cell: ({ id, name, connected }) => (connected ? (
            <Sparkline
              title={`${name}, ${words.cpu}`} max={1} format={words.percent}
              values={placesOf(samples.get(id) ?? [], nowMs.value, ({ cpu }) => cpu)}
            />
          ) : null),
        },
        { title: words.work, side: "right", cell: (node) => (node.connected ? countOf(node) : "") },
        ...(rows.every(({ connected }) => connected) ? [] : [{
          title: words.seen, cell: ({ connected, lastSeenAtMs }: NodeRow) => (
            connected ? null : lastSeenAtMs === undefined ? words.never : <Time atMs={lastSeenAtMs} />
          ),
        }]),
      ]}
    />
  );
}

/** Commands that run there: what the gateway asked for, and programs that were left in the background. */
export function countOf({ running, stats }: NodeRow): number {
  return Math.max(running, stats.jobsRunning ?? 0);
}

export function Tags({ tags }: { readonly tags: readonly string[] }): VNode {
  return <span class="tags">{tags.map((tag) => <span key={tag} class="tag">{tag}</span>)}</span>;
}
