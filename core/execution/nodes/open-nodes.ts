import { CLOSE, NODE_JOURNAL_CAP, OpenClawError } from "@openclaw/protocol";
import type { Blobs, Records } from "@openclaw/sdk";
import type { Clock } from "../../base/clock.ts";
import type { Ids } from "../../base/ids.ts";
import type { Logger } from "../../fabric/telemetry.ts";
import { Artifacts } from "./artifacts.ts";
import { chooseNode, findByName, type NodeChoice, type NodeWish } from "./choose-node.ts";
import { Invocations } from "./invocations.ts";
import { NODE_TIMING, type InvokeEvent, type InvokeRequest, type LateResult, type ReattachRequest } from "./invoke-event.ts";
import {
  KnownNodes, unknownNode, type KnownNode, type LiveNode, type NodeRecord, type NodeSample, type PendingSurface,
} from "./known-nodes.ts";
import type { NodeHello, NodeLink, NodeSession } from "./node-link.ts";
import { presentNode, presentPaired, presentPending, type NodePairView, type NodePendingView, type NodeView } from "./present-node.ts";
import { receiveFromNode } from "./receive.ts";
import type { PlannedRun } from "./planned-run.ts";
import { agentOf, isRun, type ExecWish } from "./run-params.ts";
import { boundTags, declareSurface, isWider, sameSurface, usableCommands, type CommandPolicy, type Surface } from "./surface.ts";

export interface NodesDeps {
  readonly records: Records;
  readonly blobs: Blobs;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Logger;
  /** Commands allowed and denied by configuration; asked anew at each connection and approval. */
  readonly policy: CommandPolicy;
  /** How long a command under way waits for its node after the connection was lost; `NODE_TIMING.reattachWaitMs` by default. */
  readonly reattachWaitMs?: number;
  /** For watching clients; must not throw. */
  readonly onEvent: (name: "node.pair.requested" | "node.pair.resolved" | "node.presence" | "node.hostStats", payload: unknown) => void;
  /** What every node is asked to hold to when it runs programs, for an agent where one runs them; asked anew each time. */
  readonly execWish?: (agentId: string | undefined) => ExecWish;
  /** A result that came after all for what had ended as OUTCOME_UNKNOWN: worth a note in its session. */
  readonly onLateResult?: (late: LateResult) => void;
}

export interface Nodes extends AsyncDisposable {
  /** The node's newest connection takes the place of an older one, which is closed. Never waits, never throws. */
  attach(link: NodeLink, hello: NodeHello): NodeSession;
  /** In the order of their first connection. */
  list(): readonly NodeView[];
  /** By id or display name; null when there is none, or more than one of that name. */
  describe(nodeIdOrName: string): NodeView | null;
  pairs(): { readonly pending: readonly NodePendingView[]; readonly paired: readonly NodePairView[] };
  /** Durable, then usable at once without a new connection. `automatic`: on the strength of a pairing token. Throws NOT_FOUND. */
  approve(
    requestId: string, by: string, options?: { readonly automatic?: boolean }
  ): Promise<{ readonly requestId: string; readonly node: NodePairView }>;
  /** What was approved before stays. Throws NOT_FOUND. */
  reject(requestId: string, by: string): Promise<{ readonly requestId: string; readonly nodeId: string }>;
  /** Forgets the node and closes its connection. Throws NODE_UNKNOWN. */
  remove(nodeId: string): Promise<{ readonly nodeId: string }>;
  /** Throws NODE_UNKNOWN, PARAMS_INVALID, or CONFLICT when another node has the name. */
  rename(nodeId: string, displayName: string): Promise<{ readonly nodeId: string; readonly displayName: string }>;
  /** A node that is drained is given no new work; what runs there goes on. Durable. Throws NODE_UNKNOWN. */
  drain(nodeId: string, draining: boolean): Promise<{ readonly nodeId: string; readonly draining: boolean }>;
  /** Instead of those it brings along; null: its own again. Durable. Throws NODE_UNKNOWN. */
  retag(nodeId: string, tags: readonly string[] | null): Promise<{ readonly nodeId: string; readonly tags: readonly string[] }>;
  /** How busy nodes were lately: all, or one. Throws NODE_UNKNOWN. */
  telemetry(nodeId?: string): readonly { readonly nodeId: string; readonly samples: readonly NodeSample[] }[];
  /** Throws NODE_UNKNOWN, NODE_TAG_NONE, NODE_OFFLINE, NODE_DRAINING or NODE_COMMAND_NOT_ALLOWED, each saying who would fit. */
  choose(wish: NodeWish): NodeChoice;
  /**
   * How a node of another make would run it: ask before a person is asked, and invoke with the parameters it gives. Null where
   * there is nothing to ask: the node plans for itself, or it is no run. Never throws.
   */
  plan(request: InvokeRequest, signal: AbortSignal): Promise<PlannedRun | null>;
  /** Output as it comes, then one end. Never throws; aborting, or leaving the iteration, cancels the command on its node. */
  invoke(request: InvokeRequest, signal: AbortSignal): AsyncIterable<InvokeEvent>;
  /** After a restart: finds out what became of an invocation that was recorded. Waits at most `waitMs` for its node. */
  reattach(request: ReattachRequest, waitMs: number, signal: AbortSignal): AsyncIterable<InvokeEvent>;
  /** The outcome is recorded: the node may forget the invocation. Told later if the node is away. */
  acknowledge(id: string, nodeId: string): void;
  /** The policy has changed: what it denies now is usable no more, also on nodes that are connected. */
  policyChanged(): void;
}

const NAME_CHARS_MAX = 64;

async function* deniedRun(nodeId: string): AsyncGenerator<InvokeEvent> {
  const why = "The gateway's configuration lets nothing be run (tools.exec).";
  yield { type: "end", ok: false, code: "SYSTEM_RUN_DENIED", why, nodeId, detail: { dispatched: false } };
}

/** Reads the known nodes; none is connected yet. Dispose it to end every invocation with GATEWAY_STOPPING; nodes work on. */
export async function openNodes(deps: NodesDeps): Promise<Nodes> {
  const nodes = new KnownNodes(deps.records, deps.log);
  await nodes.load();
  const artifacts = new Artifacts(deps.blobs);
  const execWish = deps.execWish ?? ((): ExecWish => ({}));
  const invocations = new Invocations({
    nodes, artifacts, clock: deps.clock, log: deps.log,
    execWish, reattachWaitMs: deps.reattachWaitMs ?? NODE_TIMING.reattachWaitMs,
    onLateResult: deps.onLateResult ?? (() => undefined),
  });
  const desk = new PairingDesk(deps, nodes, invocations);
  // Whose session it is says the gateway; what the call's own parameters claim does not count.
  const wishFor = ({ sessionKey }: InvokeRequest): ExecWish => execWish(agentOf(sessionKey));
  /** Our own nodes plan for themselves, and are asked without a detour. */
  const mayPlan = ({ command, nodeId }: InvokeRequest): boolean => (
    command === "system.run" && nodes.get(nodeId)?.live?.declared.caps.includes(NODE_JOURNAL_CAP) === false
  );
  const planThenInvoke = async function* (request: InvokeRequest, wish: ExecWish, signal: AbortSignal): AsyncGenerator<InvokeEvent> {
    yield* (await import("./planned-run.ts")).invokePlanned({ nodes, invocations, wish }, request, signal);
  };
  return {
    attach: (link, hello) => {
      const { node, live } = desk.arrive(link, hello);
      return {
        receive: (method, params) => receiveFromNode(
          { nodes, invocations, artifacts, now: () => deps.clock.now(), onEvent: deps.onEvent }, node, live, method, params
        ),
        closed: () => desk.leave(node, live, "disconnect"),
      };
    },
    list: () => nodes.all().map(presentNode),
    describe: (name) => {
      const [found, another] = findByName(name, nodes);
      return found === undefined || another !== undefined ? null : presentNode(found);
    },
    pairs: () => ({
      pending: nodes.all().map(presentPending).filter((view) => view !== null),
      paired: nodes.all().map(presentPaired).filter((view) => view !== null),
    }),
    approve: (requestId, by, options) => desk.approve(requestId, by, options?.automatic === true),
    reject: (requestId, by) => desk.reject(requestId, by),
    remove: (nodeId) => desk.remove(nodeId),
    rename: (nodeId, displayName) => desk.rename(nodeId, displayName),
    drain: (nodeId, draining) => desk.drain(nodeId, draining),
    retag: (nodeId, tags) => desk.retag(nodeId, tags),
    telemetry: (nodeId) => (nodeId === undefined ? nodes.all() : [desk.find(nodeId)]).map(
      ({ record, samples }) => ({ nodeId: record.nodeId, samples }),
    ),
    choose: (wish) => chooseNode(wish, nodes),
    plan: async (request, signal) => {
      if (!mayPlan(request)) return null;
      return await (await import("./planned-run.ts")).planRun({ nodes, invocations, wish: wishFor(request) }, request, signal);
    },
    invoke: (request, signal) => {
      const wish = wishFor(request);
      if (wish.security === "deny" && isRun(request.command)) return deniedRun(request.nodeId);
      return mayPlan(request) ? planThenInvoke(request, wish, signal) : invocations.invoke(request, signal);
    },
    reattach: (request, waitMs, signal) => invocations.reattach(request, waitMs, signal),
    acknowledge: (id, nodeId) => invocations.acknowledge(id, nodeId),
    policyChanged: () => desk.refreshAll(),
    [Symbol.asyncDispose]: async () => {
      invocations.close();
      await nodes.settle();
    },
  };
}

/** Who comes, who goes, and what was approved. */
class PairingDesk {
  readonly #deps: NodesDeps;
  readonly #nodes: KnownNodes;
  readonly #invocations: Invocations;

  constructor(deps: NodesDeps, nodes: KnownNodes, invocations: Invocations) {
    this.#deps = deps;
    this.#nodes = nodes;
    this.#invocations = invocations;
  }

  arrive(link: NodeLink, hello: NodeHello): { readonly node: KnownNode; readonly live: LiveNode } {
    const { clock, log, policy } = this.#deps;
    const { surface, dropped } = declareSurface(hello, policy);
    if (dropped.length > 0) log.info("node.commands_dropped", { nodeId: link.nodeId, commands: dropped.slice(0, 16) });
    const now = clock.now();
    const node = this.#nodes.get(link.nodeId) ?? this.#nodes.add(firstRecord(link.nodeId, now));
    if (node.live !== null) {
      const older = node.live;
      this.leave(node, older, "replaced");
      older.link.close(CLOSE.normal, "replaced by a newer connection");
    }
    const described = describeHello(node.record, hello, now);
    const via = hello.local ? "local" : "automatic";
    const granted = (hello.local || (hello.setUp === true && node.record.approved === null)) && isWider(surface, node.record.approved);
    this.#nodes.note(node, granted ? { ...described, ...grant(surface, via, "gateway", now) } : described);
    const live: LiveNode = {
      link, hello, declared: surface, connectedAtMs: now, usable: usableCommands(surface, node.record.approved, this.#deps.policy),
      running: new Set(), hostStats: null, load: null,
    };
    node.live = live;
    if (granted) {
      log.info("node.granted", { nodeId: link.nodeId, via, commands: surface.commands });
      this.#resolved(node, "", "approved"); // nobody was asked, but everybody can see it
    }
    this.#askFor(node, surface, now);
    this.#tellPresence(node, "connect");
    this.#invocations.connected(node);
    return { node, live };
  }

  leave(node: KnownNode, live: LiveNode, reason: string): void {
    if (node.live !== live) return; // a newer connection has taken its place
    node.live = null;
    if (this.#nodes.get(live.link.nodeId) === node) this.#nodes.note(
      node, { lastSeenAtMs: this.#deps.clock.now(), lastSeenReason: reason }
    );
    this.#invocations.disconnected(live, reason === "removed");
    if (reason !== "replaced") this.#tellPresence(node, reason);
  }

  async approve(requestId: string, by: string, automatic: boolean): Promise<{ requestId: string; node: NodePairView }> {
    const node = this.#findRequest(requestId);
    const now = this.#deps.clock.now();
    await this.#nodes.decide(
      node,
      (record) => (
        record.pending?.requestId === requestId ? {
          ...record, ...grant(record.pending, automatic ? "automatic" : "owner", by, now),
        } : record
      )
    );
    this.#refresh(node);
    this.#resolved(node, requestId, "approved");
    const view = presentPaired(node);
    if (view === null) throw notWaiting(requestId);
    return { requestId, node: view };
  }

  async reject(requestId: string, by: string): Promise<{ requestId: string; nodeId: string }> {
    const node = this.#findRequest(requestId);
    await this.#nodes.decide(node, (record) => (record.pending?.requestId === requestId ? { ...record, pending: null } : record));
    this.#deps.log.info("node.pairing_rejected", { nodeId: node.record.nodeId, by });
    this.#resolved(node, requestId, "rejected");
    return { requestId, nodeId: node.record.nodeId };
  }

  async remove(nodeId: string): Promise<{ nodeId: string }> {
    const node = this.find(nodeId);
    await this.#nodes.remove(node);
    const { live } = node;
    this.#resolved(node, "", "removed");
    if (live !== null) {
      this.leave(node, live, "removed");
      live.link.close(CLOSE.authChanged, "device removed");
    }
    return { nodeId };
  }

  async rename(nodeId: string, displayName: string): Promise<{ nodeId: string; displayName: string }> {
    const node = this.find(nodeId);
    const name = displayName.trim();
    if (name === "" || name.length > NAME_CHARS_MAX) throw new OpenClawError(
      "PARAMS_INVALID", { why: `A name has 1 to ${NAME_CHARS_MAX} characters.` }
    );
    if (findByName(name, this.#nodes).some((other) => other !== node)) throw new OpenClawError(
      "CONFLICT", { why: `Another node is called "${name}".`, next: "Choose another name." }
    );
    await this.#nodes.decide(node, (record) => ({ ...record, displayName: name, renamed: true }));
    this.#tellPresence(node, "renamed");
    return { nodeId, displayName: name };
  }

  async drain(nodeId: string, draining: boolean): Promise<{ nodeId: string; draining: boolean }> {
    const node = this.find(nodeId);
    await this.#nodes.decide(node, (record) => ({ ...record, draining }));
    this.#deps.log.info("node.draining_changed", { nodeId, draining });
    this.#tellPresence(node, draining ? "draining" : "undrained");
    return { nodeId, draining };
  }

  async retag(nodeId: string, tags: readonly string[] | null): Promise<{ nodeId: string; tags: readonly string[] }> {
    const node = this.find(nodeId);
    const wanted = boundTags(tags ?? node.live?.hello.tags ?? node.record.tags);
    await this.#nodes.decide(node, (record) => ({ ...record, tags: wanted, retagged: tags !== null }));
    this.#tellPresence(node, "retagged");
    return { nodeId, tags: wanted };
  }

  /** Asks people to approve what the node declares beyond what they approved; once for the same surface. */
  #askFor(node: KnownNode, surface: Surface, now: number): void {
    const { record } = node;
    if (!isWider(surface, record.approved)) {
      if (record.pending !== null) this.#nodes.note(node, { pending: null }); // it takes its wish back
      return;
    }
    if (record.pending !== null && sameSurface(record.pending, surface)) return;
    const pending: PendingSurface = { ...surface, requestId: this.#deps.ids.uuid(), ts: now };
    this.#nodes.note(node, { pending });
    this.#deps.onEvent("node.pair.requested", presentPending(node));
  }

  refreshAll(): void {
    for (const node of this.#nodes.all()) this.#refresh(node);
  }

  #refresh(node: KnownNode): void {
    if (node.live !== null) node.live.usable = usableCommands(node.live.declared, node.record.approved, this.#deps.policy);
  }

  #resolved(node: KnownNode, requestId: string, decision: "approved" | "rejected" | "removed"): void {
    const payload = { requestId, nodeId: node.record.nodeId, decision, ts: this.#deps.clock.now() };
    this.#deps.onEvent("node.pair.resolved", payload);
    node.live?.link.send("node.pair.resolved", payload);
  }

  #tellPresence(node: KnownNode, reason: string): void {
    const { nodeId, displayName, local, tags } = node.record;
    this.#deps.onEvent(
      "node.presence", { nodeId, displayName, local, tags, connected: node.live !== null, reason, ts: this.#deps.clock.now() }
    );
  }

  /** Throws NODE_UNKNOWN. */
  find(nodeId: string): KnownNode {
    const node = this.#nodes.get(nodeId);
    if (node === undefined) throw unknownNode(nodeId, this.#nodes);
    return node;
  }

  #findRequest(requestId: string): KnownNode {
    const node = this.#nodes.all().find(({ record }) => record.pending?.requestId === requestId);
    if (node === undefined) throw notWaiting(requestId);
    return node;
  }
}

function notWaiting(requestId: string): OpenClawError {
  return new OpenClawError(
    "NOT_FOUND", { why: "No node waits for approval under this id.", next: "Run: openclaw nodes list", detail: { requestId } }
  );
}

function grant(surface: Surface, via: "local" | "owner" | "automatic", by: string, now: number): Partial<NodeRecord> {
  const { caps, commands, permissions } = surface;
  return { approved: { caps, commands, permissions }, approvedVia: via, approvedBy: by, approvedAtMs: now, pending: null };
}

function firstRecord(nodeId: string, now: number): NodeRecord {
  return {
    v: 1, nodeId, displayName: nodeId.slice(0, 12), renamed: false, clientId: "", clientMode: "", platform: "", version: "",
    deviceFamily: null, remoteIp: null,
    local: false, tags: [], approved: null, approvedVia: null, approvedBy: null, approvedAtMs: null, pending: null, createdAtMs: now,
    lastConnectedAtMs: null, lastSeenAtMs: null, lastSeenReason: null,
  };
}

function describeHello(record: NodeRecord, hello: NodeHello, now: number): Partial<NodeRecord> {
  const said = hello.displayName?.trim().slice(0, NAME_CHARS_MAX) ?? "";
  return {
    displayName: record.renamed || said === "" ? record.displayName : said,
    clientId: hello.clientId, clientMode: hello.clientMode, platform: hello.platform, version: hello.version,
    deviceFamily: hello.deviceFamily ?? null, remoteIp: hello.remoteIp ?? null, local: hello.local,
    tags: record.retagged === true ? record.tags : boundTags(hello.tags),
    lastConnectedAtMs: now, lastSeenAtMs: now, lastSeenReason: "connect",
  };
}
