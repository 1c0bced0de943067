/**
 * Which node does it: capability first, placement second.
 *
 * Candidates are the connected nodes that fit what was asked for. Only among candidates does placement order: where the
 * session's work ran before, then the fewest invocations under way, then the least load, then the longest connection. No
 * rule adds a candidate. When there is none, the error says which condition failed and who would have fitted.
 */
import { OpenClawError } from "@openclaw/protocol";
import type { NodeSelector } from "@openclaw/sdk";
import { unknownNode, type KnownNode, type KnownNodes } from "./known-nodes.ts";

/** A node by id or name (or a tag, where no node has that name), by tag, or by command alone. */
export type NodeWish = NodeSelector & {
  /** Id of the node that did this session's work last; decides only among equals. */
  readonly sticky?: string;
};

export interface NodeChoice {
  readonly nodeId: string;
  readonly displayName: string;
  readonly local: boolean;
  /** What settled it, for the log: `name`, `tag`, `only candidate`, `local`, `sticky`, `load`. */
  readonly by: string;
  readonly candidates: number;
}

/** Throws NODE_UNKNOWN, NODE_TAG_NONE, NODE_OFFLINE, NODE_DRAINING or NODE_COMMAND_NOT_ALLOWED. */
export function chooseNode(wish: NodeWish, nodes: KnownNodes): NodeChoice {
  const { named, by, what } = namedNodes(wish, nodes);
  const online = named.filter(({ live }) => live !== null);
  const able = online.filter(({ live }) => live?.usable.has(wish.command) === true);
  const candidates = able.filter(({ record }) => record.draining !== true || GOES_ON.test(wish.command));
  if (candidates.length === 0 && able.length > 0) throw allDraining(wish, able, nodes);
  const anywhere = wish.node === undefined && wish.tag === undefined;
  if (candidates.length === 0) throw nobodyFits(wish, what, named, online, nodes);
  const local = anywhere ? candidates.find(({ record }) => record.local) : undefined;
  if (local !== undefined) return choice(local, "local", candidates.length);
  const [best = candidates[0], second] = candidates.toSorted((a, b) => compare(a, b, wish.sticky));
  if (best === undefined) throw nobodyFits(wish, what, named, online, nodes);
  const settled = second === undefined ? (anywhere ? "only candidate" : by) : best.record.nodeId === wish.sticky ? "sticky" : "load";
  return choice(best, settled, candidates.length);
}

/** What a node that is drained still answers: for the jobs it has, and for its owner's rules. Nothing of this is new work. */
const GOES_ON = /^(?:job\.(?:poll|wait|kill)|system\.execApprovals\.)/;

function allDraining({ command }: NodeWish, able: readonly KnownNode[], nodes: KnownNodes): OpenClawError {
  const [first] = able;
  const name = first?.record.displayName ?? "";
  const others = nodes.all().filter(({ live, record }) => live?.usable.has(command) === true && record.draining !== true);
  return new OpenClawError("NODE_DRAINING", {
    why: `${capital(listNames(able))} ${able.length === 1 ? "is" : "are"} being drained and given no new work. `
      + (others.length === 0 ? "No other connected node offers it." : `Connected and able: ${listNames(others)}.`),
    ...(/^[\w.-]+$/.test(name) ? { next: `Give it work again: openclaw nodes drain ${name} --off` } : {}),
    detail: { command, nodes: able.slice(0, 8).map(({ record }) => record.nodeId) },
  });
}

function choice({ record }: KnownNode, by: string, candidates: number): NodeChoice {
  return { nodeId: record.nodeId, displayName: record.displayName, local: record.local, by, candidates };
}

/** The nodes a wish speaks of, connected or not. Throws when there is none of that name or tag. */
function namedNodes({ node, tag }: NodeWish, nodes: KnownNodes): {
  readonly named: readonly KnownNode[]; readonly by: string; readonly what: string;
} {
  let named = nodes.all();
  let by = "command";
  let what = "";
  if (node !== undefined) {
    const found = findByName(node, nodes);
    named = found.length > 0 ? found : named.filter(({ record }) => hasTag(record.tags, node));
    by = found.length > 0 ? "name" : "tag";
    what = found.length > 0 ? `"${node}"` : `every node tagged "${node}"`;
    if (named.length === 0) throw unknownNode(node, nodes);
  }
  if (tag !== undefined) {
    named = named.filter(({ record }) => hasTag(record.tags, tag));
    by = node === undefined ? "tag" : by;
    what = node === undefined ? `every node tagged "${tag}"` : what;
    if (named.length === 0) throw noSuchTag(tag, nodes);
  }
  return { named, by, what };
}

/** By id, else by display name; without regard to case. More than one node may have a name. */
export function findByName(name: string, nodes: KnownNodes): readonly KnownNode[] {
  const known = nodes.get(name);
  if (known !== undefined) return [known];
  const wanted = name.trim().toLowerCase();
  return nodes.all().filter(({ record }) => record.displayName.toLowerCase() === wanted);
}

function hasTag(tags: readonly string[], tag: string): boolean {
  const wanted = tag.trim().toLowerCase();
  return tags.some((candidate) => candidate.toLowerCase() === wanted);
}

function compare(a: KnownNode, b: KnownNode, sticky: string | undefined): number {
  const same = Number(b.record.nodeId === sticky) - Number(a.record.nodeId === sticky);
  if (same !== 0) return same;
  const running = (a.live?.running.size ?? 0) - (b.live?.running.size ?? 0);
  if (running !== 0) return running;
  // A node that has not told its load is taken to be idle: it has just connected.
  const load = (a.live?.load ?? 0) - (b.live?.load ?? 0);
  return load !== 0 ? load : (a.live?.connectedAtMs ?? 0) - (b.live?.connectedAtMs ?? 0);
}

function nobodyFits(
  wish: NodeWish, what: string, named: readonly KnownNode[], online: readonly KnownNode[], nodes: KnownNodes
): OpenClawError {
  const { command } = wish;
  const detail = { command, ...(wish.node === undefined ? {} : { node: wish.node }), ...(wish.tag === undefined ? {} : { tag: wish.tag }) };
  const others = nodes.all().filter(({ live }) => live?.usable.has(command) === true).map(({ record }) => record.displayName);
  const fitting = others.length === 0 ? "No connected node offers it." : `Connected and able: ${others.slice(0, 8).join(", ")}.`;
  const away = named.filter(({ live, record }) => live === null && record.approved?.commands.includes(command) === true);
  if (online.length === 0 || away.length > 0) {
    const who = what === "" ? `${listNames(away)}` : what;
    const are = away.length > 1 && what === "" ? "are" : "is";
    const why = who === "" ? `Nobody is connected that offers ${command}.` : `${capital(who)} ${are} not connected.`;
    return new OpenClawError("NODE_OFFLINE", { why: `${why} ${what === "" ? "" : fitting}`.trim(), detail });
  }
  const waiting = online.find(({ record }) => record.pending?.commands.includes(command) === true);
  if (waiting !== undefined) {
    return new OpenClawError("NODE_COMMAND_NOT_ALLOWED", {
      why: `"${waiting.record.displayName}" offers ${command}, but nobody has approved it yet. ${fitting}`,
      next: `Approve it: openclaw nodes approve ${waiting.record.pending?.requestId ?? ""}`.trim(), detail,
    });
  }
  return new OpenClawError(
    what === "" ? "NODE_OFFLINE" : "NODE_COMMAND_NOT_ALLOWED",
    {
      why: what === "" ? `None of the connected nodes offers ${command}.` : `${capital(what)} does not offer ${command}. ${fitting}`,
      detail,
    }
  );
}

function noSuchTag(tag: string, nodes: KnownNodes): OpenClawError {
  const tags = [...new Set(nodes.all().flatMap(({ record }) => record.tags))].sort();
  return new OpenClawError("NODE_TAG_NONE", {
    why: `Nobody is tagged "${tag}"; ${tags.length === 0 ? "no node has any tag" : `the tags are: ${tags.slice(0, 16).join(", ")}`}.`,
    next: `Start one: openclaw node start --tags=${/^[\w.-]+$/.test(tag) ? tag : "TAG"}`,
    detail: { tag },
  });
}

function listNames(nodes: readonly KnownNode[]): string {
  return nodes.slice(0, 8).map(({ record }) => `"${record.displayName}"`).join(", ");
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
