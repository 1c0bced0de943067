/**
 * The nodes as they are now. One for the whole page: read when the connection comes up, then kept by the gateway's events.
 *
 * Opened by the first page that needs it, and kept: what it hears is told to every operator anyway.
 */
import { signal, type ReadonlySignal } from "@preact/signals";
import type { Ended, Link } from "../link.ts";
import { describe } from "../link/open-link.ts";
import { fieldsOf, listOf, textOf } from "./fields.ts";
import { LINE, parseNode, parseRequest, parseSample, parseStats, type NodeRequest, type NodeRow, type Sample } from "./parse-node.ts";

export interface Nodes {
  readonly state: ReadonlySignal<"loading" | "ready" | Ended>;
  readonly rows: ReadonlySignal<readonly NodeRow[]>;
  readonly requests: ReadonlySignal<readonly NodeRequest[]>;
  readonly samples: ReadonlySignal<ReadonlyMap<string, readonly Sample[]>>;
  /** After a change of our own; others are heard of. */
  reload(): Promise<void>;
  /** While somebody looks at what runs where: read again, a moment after each tool that begins or ends. The answer ends it. */
  followWork(): () => void;
}

let opened: Nodes | undefined;

export function openNodes(link: Link): Nodes {
  return (opened ??= createNodes(link));
}

/** Several events of one change are read once. */
const GATHER_MS = 60;
const WORK_MS = 400;

function createNodes(link: Link): Nodes {
  const state = signal<"loading" | "ready" | Ended>("loading");
  const rows = signal<readonly NodeRow[]>([]);
  const requests = signal<readonly NodeRequest[]>([]);
  const samples = signal<ReadonlyMap<string, readonly Sample[]>>(new Map());
  let timer: ReturnType<typeof setTimeout> | undefined;

  const reload = async (): Promise<void> => {
    try {
      const [{ nodes }, pairs] = await Promise.all([link.call("node.list", {}), link.call("node.pair.list", {}).catch(() => undefined)]);
      rows.value = sorted(nodes.flatMap((row) => parseNode(row) ?? []));
      requests.value = listOf(pairs?.pending).flatMap((row) => parseRequest(row) ?? []);
      state.value = "ready";
    } catch (error) {
      const ended = describe(error);
      if (ended.code !== "CONNECTION_LOST") state.value = ended;
    }
  };
  const reloadSoon = (): void => {
    timer ??= setTimeout(() => {
      timer = undefined;
      void reload();
    }, GATHER_MS);
  };

  const followWork = (): (() => void) => {
    let soon: ReturnType<typeof setTimeout> | undefined;
    const off = link.on("session.tool", (payload: unknown) => {
      if (fieldsOf(fieldsOf(payload)["data"])["phase"] === "update") return;
      soon ??= setTimeout(() => {
        soon = undefined;
        void reload();
      }, WORK_MS);
    });
    return () => {
      off();
      clearTimeout(soon);
    };
  };

  const loadSamples = async (): Promise<void> => {
    const { nodes } = await link.call("node.telemetry", {});
    samples.value = new Map(nodes.map(({ nodeId, samples: all }) => [nodeId, all.flatMap((one) => parseSample(one) ?? [])]));
  };

  link.onUp(() => {
    void reload();
    void loadSamples().catch(() => undefined);
  });
  link.on("node.presence", reloadSoon);
  link.on("node.pair.requested", reloadSoon);
  link.on("node.pair.resolved", reloadSoon);
  link.on("node.hostStats", (payload: unknown) => {
    const told = fieldsOf(payload);
    const id = textOf(told["nodeId"]);
    const sample = parseSample(told["sample"]);
    if (id === undefined) return;
    rows.value = rows.peek().map((row) => (row.id === id ? { ...row, stats: parseStats(told["hostStats"]) } : row));
    if (sample === undefined) return;
    const kept = (samples.peek().get(id) ?? []).filter(({ atMs }) => atMs > sample.atMs - LINE.spanMs);
    samples.value = new Map(samples.peek()).set(id, [...kept, sample]);
  });
  return { state, rows, requests, samples, reload, followWork };
}

/** Those that can work first, then by name. */
function sorted(rows: readonly NodeRow[]): readonly NodeRow[] {
  return rows.toSorted((a, b) => Number(b.connected) - Number(a.connected) || a.name.localeCompare(b.name));
}
