/** Nodes in the shapes of `node.list`, `node.describe` and `node.pair.list`. */
import type { KnownNode, LiveNode, NodeRecord } from "./known-nodes.ts";
import { requiredApproveScopes } from "./surface.ts";

/** What every view tells of a node. */
interface NodeIdentityView {
  readonly nodeId: string;
  readonly clientId: string;
  readonly clientMode: string;
  readonly displayName: string;
  readonly platform: string;
  readonly version: string;
  readonly deviceFamily?: string;
  readonly caps: readonly string[];
  readonly commands: readonly string[];
  readonly remoteIp?: string;
}

export interface NodeView extends NodeIdentityView {
  /** Usable now; of a node that is away, what was approved. */
  readonly commands: readonly string[];
  readonly permissions?: Readonly<Record<string, boolean>>;
  readonly pathEnv?: string;
  readonly tags: readonly string[];
  readonly local: boolean;
  readonly draining?: true;
  readonly sessionHost: boolean;
  readonly hostStats?: Readonly<Record<string, unknown>>;
  readonly nodePluginTools: readonly never[];
  readonly approvalState: "approved" | "pending" | "unapproved";
  readonly approvedVia?: string;
  readonly approvedBy?: string;
  readonly approvedAtMs?: number;
  readonly connectedAtMs?: number;
  readonly lastConnectedAtMs?: number;
  readonly lastSeenAtMs?: number;
  readonly lastSeenReason?: string;
  /** Invocations under way. */
  readonly running: number;
  /** What they are, and for which session; the first ones. */
  readonly work?: readonly { readonly command: string; readonly sessionKey?: string }[];
  readonly paired: boolean;
  readonly connected: boolean;
}

export interface NodePendingView extends NodeIdentityView {
  readonly requestId: string;
  readonly permissions?: Readonly<Record<string, boolean>>;
  readonly requiredApproveScopes: readonly string[];
  readonly ts: number;
}

export interface NodePairView extends NodeIdentityView {
  readonly createdAtMs: number;
  readonly approvedAtMs: number;
  readonly approvedVia?: string;
  readonly approvedBy?: string;
  readonly lastSeenAtMs?: number;
  readonly lastSeenReason?: string;
}

export function presentNode({ record, live }: KnownNode): NodeView {
  return {
    ...identity(record),
    caps: live?.declared.caps ?? record.approved?.caps ?? [],
    commands: live === null ? (record.approved?.commands ?? []) : [...live.usable],
    ...(
      record.approved === null || Object.keys(record.approved.permissions).length === 0 ? {} : { permissions: record.approved.permissions }
    ),
    ...(live?.hello.pathEnv === undefined ? {} : { pathEnv: live.hello.pathEnv }),
    tags: record.tags,
    local: record.local,
    ...(record.draining === true ? { draining: true } : {}),
    sessionHost: false,
    ...(live === null || live.hostStats === null ? {} : { hostStats: live.hostStats }),
    nodePluginTools: [],
    approvalState: record.pending !== null ? "pending" : record.approved !== null ? "approved" : "unapproved",
    ...grant(record),
    ...(record.approvedAtMs === null ? {} : { approvedAtMs: record.approvedAtMs }),
    ...(live === null ? {} : { connectedAtMs: live.connectedAtMs }),
    ...(record.lastConnectedAtMs === null ? {} : { lastConnectedAtMs: record.lastConnectedAtMs }),
    ...seen(record),
    running: live?.running.size ?? 0,
    ...(live === null || live.running.size === 0 ? {} : { work: workOf(live) }),
    paired: true,
    connected: live !== null,
  };
}

const WORK_SHOWN = 32;

function workOf({ running }: LiveNode): NonNullable<NodeView["work"]> {
  return [...running].slice(0, WORK_SHOWN).map(
    ({ request: { command, sessionKey } }) => ({ command, ...(sessionKey === undefined ? {} : { sessionKey }) }),
  );
}

/** Null when nothing waits for approval. */
export function presentPending({ record }: KnownNode): NodePendingView | null {
  const { pending } = record;
  if (pending === null) return null;
  return {
    requestId: pending.requestId,
    ...identity(record),
    caps: pending.caps,
    commands: pending.commands,
    ...(Object.keys(pending.permissions).length === 0 ? {} : { permissions: pending.permissions }),
    requiredApproveScopes: requiredApproveScopes(pending.commands),
    ts: pending.ts,
  };
}

/** Null while the node has never been approved. */
export function presentPaired({ record }: KnownNode): NodePairView | null {
  if (record.approved === null) return null;
  return {
    ...identity(record),
    caps: record.approved.caps,
    commands: record.approved.commands,
    createdAtMs: record.createdAtMs,
    approvedAtMs: record.approvedAtMs ?? record.createdAtMs,
    ...grant(record),
    ...seen(record),
  };
}

function identity(record: NodeRecord) {
  const { nodeId, displayName, platform, version, clientId, clientMode, deviceFamily, remoteIp } = record;
  return {
    nodeId, displayName, platform, version, clientId, clientMode, ...(deviceFamily === null ? {} : { deviceFamily }),
    ...(remoteIp === null ? {} : { remoteIp }),
  };
}

function grant({ approvedVia, approvedBy }: NodeRecord) {
  return { ...(approvedVia === null ? {} : { approvedVia }), ...(approvedBy === null ? {} : { approvedBy }) };
}

function seen({ lastSeenAtMs, lastSeenReason }: NodeRecord) {
  return { ...(lastSeenAtMs === null ? {} : { lastSeenAtMs }), ...(lastSeenReason === null ? {} : { lastSeenReason }) };
}
