/** One node: how busy it is, what runs there, what it is and may do, and what can be done with it. */
import { useSignal } from "@preact/signals";
import type { VNode } from "preact";
import { useEffect } from "preact/hooks";
import { confirm } from "../../kit/confirm.tsx";
import { formatBytes } from "../../kit/format.ts";
import { Icon } from "../../kit/icon.tsx";
import { Id } from "../../kit/id.tsx";
import { Time } from "../../kit/time.tsx";
import type { Link } from "../../link.ts";
import { navigate, pathOf } from "../../shell/route.ts";
import type { Nodes } from "../../stores/nodes.ts";
import { parseNode, type NodeRow } from "../../stores/parse-node.ts";
import { sessionName } from "../../stores/session-names.ts";
import { words } from "../../words/en/nodes.ts";
import { act } from "./act.ts";
import { Charts } from "./charts.tsx";
import { EditName, EditTags } from "./edit-node.tsx";
import { NodeState } from "./node-table.tsx";
import { Requests } from "./requests.tsx";

interface NodeDetailProps { readonly link: Link; readonly nodes: Nodes; readonly id: string }

export function NodeDetail({ link, nodes, id }: NodeDetailProps): VNode {
  const node = nodes.rows.value.find((row) => row.id === id || row.name === id);
  const fingerprint = useFingerprint(link, node?.id);
  const isRenaming = useSignal(false);
  if (node === undefined) {
    return (
      <section class="page nodes">
        <header class="page-head"><h1>{words.title}</h1></header>
        {nodes.state.value === "ready" ? <p>{words.gone}</p> : null}
        <p><a href={pathOf("nodes")}>{words.all}</a></p>
      </section>
    );
  }
  const remove = async (): Promise<void> => {
    if (!await confirm({ title: words.removeTitle(node.name), body: words.removeBody, act: words.remove })) return;
    if (await act(nodes, link.call("node.pair.remove", { nodeId: node.id }), words.removed(node.name))) navigate(pathOf("nodes"));
  };
  const drain = (draining: boolean): void => void act(
    nodes, link.call("node.drain", { nodeId: node.id, draining }), draining ? words.drained(node.name) : words.undrained(node.name),
    () => drain(!draining),
  );
  return (
    <section class="page nodes">
      <header class="page-head">
        <h1>{node.name}</h1>
        <NodeState node={node} />
        <a class="soft push" href={pathOf("nodes")}>{words.all}</a>
      </header>
      {node.draining ? <p class="bar attention"><Icon name="alert" /><span>{words.drainHint}</span></p> : null}
      <div class="acts">
        {isRenaming.value ? <EditName link={link} nodes={nodes} node={node} onEnd={() => {
          isRenaming.value = false;
        }} /> : (
          <>
            <button type="button" onClick={() => {
              isRenaming.value = true;
            }}>{words.rename}</button>
            <button type="button" onClick={() => drain(!node.draining)}>{node.draining ? words.undrain : words.drain}</button>
            {node.local ? null : <button type="button" onClick={() => void remove()}>{words.remove}</button>}
          </>
        )}
      </div>
      <Requests link={link} nodes={nodes} nodeId={node.id} />
      <Charts node={node} samples={nodes.samples.value.get(node.id) ?? []} />
      <Work link={link} node={node} />
      <section aria-label={words.tags}><h2>{words.tags}</h2><EditTags link={link} nodes={nodes} node={node} /></section>
      <About node={node} fingerprint={fingerprint.value} />
      <section aria-label={words.commands}>
        <h2>{words.commands}</h2>
        {node.commands.length === 0 ? <p class="soft">{words.commandsNone}</p>
          : <p class="names">{node.commands.map((command) => <code key={command}>{command}</code>)}</p>}
        <p class="soft">{words.rules}: <a href={pathOf("approvals", "rules")}>{words.rulesLink}</a></p>
      </section>
    </section>
  );
}

function Work({ link, node }: { readonly link: Link; readonly node: NodeRow }): VNode {
  const more = Math.max(0, (node.stats.jobsRunning ?? 0) - node.work.length);
  return (
    <section aria-label={words.workHere}>
      <h2>{words.workHere}</h2>
      {node.work.length === 0 && more === 0 ? <p class="soft">{words.workNone}</p> : (
        <ul class="plain-list">
          {node.work.map(({ command, sessionKey }, at) => (
            <li key={at}>
              <code>{command}</code> {sessionKey === undefined ? words.byHand
                : <>{words.inSession} <a href={pathOf("chat", sessionKey)}>{sessionName(link, sessionKey)}</a></>}
            </li>
          ))}
          {more === 0 ? null : <li>{words.jobs(more)}</li>}
        </ul>
      )}
    </section>
  );
}

function About({ node, fingerprint }: { readonly node: NodeRow; readonly fingerprint: readonly string[] }): VNode {
  const { stats } = node;
  const memory = stats.memoryTotalBytes === undefined ? undefined : formatBytes(stats.memoryTotalBytes);
  const size = words.size(stats.cpuCount, memory);
  return (
    <section aria-label={words.about}>
      <h2>{words.about}</h2>
      <dl class="particulars">
        <dt>{words.words}</dt>
        <dd>
          {fingerprint.length === 0 ? null : <strong class="mono">{fingerprint.join(" ")}</strong>}{" "}
          <span class="soft small">{words.wordsHint}</span>
        </dd>
        <dt>{words.id}</dt><dd><Id id={node.id} /></dd>
        <dt>{words.platform}</dt>
        <dd>{node.platform} {node.clientId === "" ? null : <span class="soft">{node.clientId} {node.version}</span>}</dd>
        {size === "" ? null : <><dt>{words.machine}</dt><dd>{size}</dd></>}
        {node.address === undefined ? null : <><dt>{words.address}</dt><dd>{node.address}</dd></>}
        <dt>{words.approved}</dt>
        <dd>
          {words.via[node.approvedVia ?? ""] ?? words.never}
          {node.approvedAtMs === undefined ? null : <>, <Time atMs={node.approvedAtMs} /></>}
        </dd>
        <dt>{node.connected ? words.connected : words.lastSeen}</dt>
        <dd>{whenOf(node)}</dd>
        <dt>{words.caps}</dt><dd>{node.caps.join(", ")}</dd>
      </dl>
    </section>
  );
}

function whenOf({ connected, connectedAtMs, lastSeenAtMs }: NodeRow): VNode | string {
  const atMs = connected ? connectedAtMs : lastSeenAtMs;
  return atMs === undefined ? words.never : <Time atMs={atMs} />;
}

/** Words of a node's key, told only where one node is described. */
export function useFingerprint(link: Link, nodeId: string | undefined): { readonly value: readonly string[] } {
  const found = useSignal<readonly string[]>([]);
  useEffect(() => {
    if (nodeId === undefined) return;
    return link.onUp(() => {
      link.call("node.describe", { nodeId }).then((row) => {
        found.value = parseNode(row)?.words ?? [];
      }, () => undefined);
    });
  }, [nodeId]);
  return found;
}
