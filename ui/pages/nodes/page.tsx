/** The machines that do the work: a table first; one of them by its address; and the way to add another. */
import type { VNode } from "preact";
import { useEffect } from "preact/hooks";
import { Icon } from "../../kit/icon.tsx";
import { pathOf, route } from "../../shell/route.ts";
import { openNodes } from "../../stores/nodes.ts";
import { words } from "../../words/en/nodes.ts";
import type { PageProps } from "../page.ts";
import { AddNode } from "./add-node.tsx";
import { NodeDetail } from "./node-detail.tsx";
import { NodeTable } from "./node-table.tsx";
import { Requests } from "./requests.tsx";

export function Page({ link }: PageProps): VNode {
  const nodes = openNodes(link);
  const [view] = route.value.rest;
  useEffect(() => nodes.followWork(), []);
  if (view === "add") return <AddNode link={link} nodes={nodes} />;
  if (view !== undefined) return <NodeDetail key={view} link={link} nodes={nodes} id={view} />;
  const rows = nodes.rows.value;
  const state = nodes.state.value;
  return (
    <section class="page nodes">
      <header class="page-head">
        <h1>{words.title}</h1>
        {rows.length === 0 ? null : <p class="soft">{words.online(rows.filter(({ connected }) => connected).length, rows.length)}</p>}
        <a class="button push" href={pathOf("nodes", "add")}><Icon name="plus" />{words.add}</a>
      </header>
      {typeof state === "object" ? <p class="bar problem" role="alert">{state.why} <code>{state.code}</code></p> : null}
      <Requests link={link} nodes={nodes} />
      {state === "ready" && rows.length === 0 ? (
        <div class="empty"><p>{words.none}</p><p class="soft">{words.noneHint}</p></div>
      ) : <NodeTable nodes={nodes} />}
    </section>
  );
}
