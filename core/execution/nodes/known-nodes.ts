import { hasCode, OpenClawError } from "@openclaw/protocol";
import type { RecordEntry, Records } from "@openclaw/sdk";
import { crashPoint } from "../../base/crash-point.ts";
import type { Logger } from "../../fabric/telemetry.ts";
import type { Invocation } from "./invocation.ts";
import type { NodeHello, NodeLink } from "./node-link.ts";
import type { Surface } from "./surface.ts";

/** What is kept of a node. Nothing in it is secret: keys and tokens belong to device pairing. */
export interface NodeRecord {
  readonly v: 1;
  readonly nodeId: string;
  readonly displayName: string;
  /** The name was given by a person: what the node calls itself does not change it. */
  readonly renamed: boolean;
  readonly clientId: string;
  readonly clientMode: string;
  readonly platform: string;
  readonly version: string;
  readonly deviceFamily: string | null;
  readonly remoteIp: string | null;
  readonly local: boolean;
  readonly tags: readonly string[];
  /** The tags were given by a person: what the node brings along does not change them. */
  readonly retagged?: boolean;
  /** It is given no new work. */
  readonly draining?: boolean;
  readonly approved: Surface | null;
  readonly approvedVia: "local" | "owner" | "automatic" | null;
  readonly approvedBy: string | null;
  readonly approvedAtMs: number | null;
  readonly pending: PendingSurface | null;
  readonly createdAtMs: number;
  readonly lastConnectedAtMs: number | null;
  readonly lastSeenAtMs: number | null;
  readonly lastSeenReason: string | null;
}

export interface PendingSurface extends Surface { readonly requestId: string; readonly ts: number }

/** A node's one connection. */
export interface LiveNode {
  readonly link: NodeLink;
  readonly hello: NodeHello;
  readonly declared: Surface;
  readonly connectedAtMs: number;
  /** Usable now: declared ∩ approved ∩ allowed. Replaced when an approval changes. */
  usable: ReadonlySet<string>;
  readonly running: Set<Invocation>;
  hostStats: Readonly<Record<string, unknown>> | null;
  /** Load average of one minute for each processor; null until the node has told. */
  load: number | null;
}

/** One look at how busy a node's machine was: what it told, as far as it makes sense. */
export interface NodeSample {
  readonly ts: number;
  /** Of all processors, 0 to 1. */
  readonly cpu?: number;
  /** 0 to 1. */
  readonly memory?: number;
  readonly receivedBytesPerSecond?: number;
  readonly sentBytesPerSecond?: number;
}

/** What is kept of each node; in memory only. */
export const NODE_SAMPLES = { keptMs: 900_000, most: 120 } as const;

export interface KnownNode {
  record: NodeRecord;
  live: LiveNode | null;
  /** How busy it was lately, the oldest first; bounded by `NODE_SAMPLES`. */
  readonly samples: NodeSample[];
  revision: number;
  saving: Promise<void>;
  saveQueued: boolean;
}

const BUCKET = "nodes";
const PAGE_ROWS = 256;
const TRIES_MAX = 4;

/** The nodes of this gateway by id, in memory and in `records`. Presence is only in memory. */
export class KnownNodes {
  readonly #records: Records;
  readonly #log: Logger;
  readonly #nodes = new Map<string, KnownNode>();

  constructor(records: Records, log: Logger) {
    this.#records = records;
    this.#log = log;
  }

  async load(): Promise<void> {
    for (let after = ""; ; ) {
      const page = await this.#readPage(after);
      for (const { key, value, revision } of page) {
        const record = JSON.parse(Buffer.from(value).toString("utf8")) as NodeRecord;
        this.#nodes.set(key, { record, live: null, samples: [], revision, saving: Promise.resolve(), saveQueued: false });
      }
      const last = page.at(-1);
      if (last === undefined) return;
      after = last.key;
    }
  }

  /** A start should not fail because one answer of the store was lost. */
  async #readPage(after: string): Promise<readonly RecordEntry[]> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await this.#records.list(BUCKET, "", after === "" ? { limit: PAGE_ROWS } : { after, limit: PAGE_ROWS });
      } catch (error) {
        if (!hasCode(error, "ENGINE_UNAVAILABLE") || tries >= TRIES_MAX) throw error;
      }
    }
  }

  get(nodeId: string): KnownNode | undefined {
    return this.#nodes.get(nodeId);
  }

  /** In the order of their first connection. */
  all(): readonly KnownNode[] {
    return [...this.#nodes.values()];
  }

  /** A node seen for the first time; durable a moment later. */
  add(record: NodeRecord): KnownNode {
    const node: KnownNode = { record, live: null, samples: [], revision: 0, saving: Promise.resolve(), saveQueued: false };
    this.#nodes.set(record.nodeId, node);
    return node;
  }

  /** For facts that may be lost in a crash, such as when it was last seen: counts at once, written in the background. */
  note(node: KnownNode, change: Partial<NodeRecord>): void {
    node.record = { ...node.record, ...change };
    if (node.saveQueued) return;
    node.saveQueued = true;
    void this.#queue(node, async () => {
      node.saveQueued = false;
      if (this.#nodes.get(node.record.nodeId) === node) await this.#write(node, () => node.record);
    }).catch((error: unknown) => this.#log.warn("node.record_not_saved", { nodeId: node.record.nodeId, error }));
  }

  /** For decisions: durable before it counts. Rejects, and changes nothing, when it can not be written. */
  async decide(node: KnownNode, change: (record: NodeRecord) => NodeRecord): Promise<void> {
    await this.#queue(node, async () => {
      await this.#write(node, () => change(node.record));
      node.record = change(node.record);
    });
  }

  async remove(node: KnownNode): Promise<void> {
    await this.#queue(node, async () => {
      await this.#write(node, () => null);
      this.#nodes.delete(node.record.nodeId);
    });
  }

  /** Resolves once everything noted has been written, or given up. */
  async settle(): Promise<void> {
    await Promise.allSettled(this.all().map(({ saving }) => saving));
  }

  #queue(node: KnownNode, work: () => Promise<void>): Promise<void> {
    const next = node.saving.then(work);
    node.saving = next.catch(() => undefined);
    return next;
  }

  /** This gateway holds the node's connection, so its word is the newest: after a conflict it writes over what it finds. */
  async #write(node: KnownNode, make: () => NodeRecord | null): Promise<void> {
    const { nodeId } = node.record;
    for (let tries = 1; ; tries += 1) {
      try {
        const record = make();
        node.revision = await this.#records.write(
          BUCKET, nodeId, record === null ? null : Buffer.from(JSON.stringify(record)), node.revision
        );
        crashPoint("node.recorded");
        return;
      } catch (error) {
        const unsure = hasCode(error, "CONFLICT") || hasCode(error, "ENGINE_UNAVAILABLE");
        if (!unsure || tries >= TRIES_MAX) throw error;
        node.revision = (await this.#records.get(BUCKET, nodeId))?.revision ?? 0;
        if (node.revision === 0 && make() === null) return;
      }
    }
  }
}

/** Throws NODE_UNKNOWN, naming the nodes there are. */
export function unknownNode(name: string, nodes: KnownNodes): OpenClawError {
  const names = nodes.all().map(({ record }) => record.displayName);
  const listed = `there ${names.length === 1 ? "is" : "are"} ${names.slice(0, 8).join(", ")}${names.length > 8 ? ", …" : ""}.`;
  return new OpenClawError("NODE_UNKNOWN", {
    why: names.length === 0 ? `"${name}" is not known, and no node is paired.` : `"${name}" is not known; ${listed}`,
    detail: { node: name },
  });
}
