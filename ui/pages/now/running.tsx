/** Turns under way: whose, what it does this moment, where, since when; each leads to its conversation. */
import type { VNode } from "preact";
import { StateMark } from "../../kit/state-mark.tsx";
import { Table } from "../../kit/table.tsx";
import { Time } from "../../kit/time.tsx";
import type { Link } from "../../link.ts";
import { pathOf } from "../../shell/route.ts";
import type { Approvals } from "../../stores/approvals.ts";
import type { Nodes } from "../../stores/nodes.ts";
import type { Doing, RunRow } from "../../stores/parse-run.ts";
import type { Runs } from "../../stores/runs.ts";
import { sessionName } from "../../stores/session-names.ts";
import { words } from "../../words/en/now.ts";
import { commandOf } from "../chat/tool-call.ts";

interface RunningProps { readonly link: Link; readonly runs: Runs; readonly nodes: Nodes; readonly approvals: Approvals }

export function Running({ link, runs, nodes, approvals }: RunningProps): VNode {
  const rows = runs.active.value;
  const doing = runs.doing.value;
  const asked = new Map(approvals.waiting.value.map(({ sessionKey, nodeId }) => [sessionKey, nodeId]));
  const nodeOf = ({ key }: RunRow): { readonly id: string; readonly name: string } | undefined => {
    const all = nodes.rows.value;
    const nodeId = doing.get(key)?.nodeId ?? asked.get(key);
    return all.find(({ id }) => id === nodeId) ?? all.find(({ work }) => work.some(({ sessionKey }) => sessionKey === key));
  };
  return (
    <section aria-label={words.running}>
      <h2>{words.running}</h2>
      {rows.length === 0 ? (
        runs.isLoaded.value ? <p class="soft">{words.runningNone} {words.runningHint} <a href={pathOf("chat")}>{words.toChat}</a></p> : null
      ) : (
        <Table
          label={words.running} rows={rows} keyOf={({ key }) => key}
          columns={[
            {
              title: words.session, cell: ({ key, title, agentId }) => (
                <><a href={pathOf("chat", key)}>{title ?? sessionName(link, key)}</a> <span class="soft small">{agentId}</span></>
              ),
            },
            {
              title: words.does, as: "doing", wide: true,
              cell: (row) => <Does row={row} doing={doing.get(row.key)} isAsked={asked.has(row.key)} />,
            },
            {
              title: words.on, as: "placed", cell: (row) => {
                const node = nodeOf(row);
                return node === undefined ? "" : <a href={pathOf("nodes", node.id)}>{node.name}</a>;
              },
            },
            {
              title: words.since, side: "right",
              cell: ({ startedAtMs }) => (startedAtMs === undefined ? "" : <Time atMs={startedAtMs} />),
            },
          ]}
        />
      )}
    </section>
  );
}

function Does({ row, doing, isAsked }: { readonly row: RunRow; readonly doing: Doing | undefined; readonly isAsked: boolean }): VNode {
  const more = row.turns > 1 ? <span class="soft small"> {words.behind(row.turns - 1)}</span> : null;
  if (row.status === "queued") return <StateMark state="unknown" word={words.queued} />;
  if (isAsked) return <><StateMark state="attention" word={words.waitsForYou} />{more}</>;
  if (doing === undefined) return <><StateMark state="live" word={words.thinking} />{more}</>;
  return <><StateMark state="live" word={doing.name} /> <code class="free">{commandOf(doing.name, doing.args)}</code>{more}</>;
}
