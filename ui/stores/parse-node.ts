/** A node, and how busy it was, as the gateway tells it. */
import { plainLine } from "../kit/plain-line.ts";
import { fieldsOf, lineOf, listOf, numberOf, textOf, textsOf, type Fields } from "./fields.ts";

const namesOf = (value: unknown): readonly string[] => textsOf(value).map(plainLine);

export interface NodeRow {
  readonly id: string;
  readonly name: string;
  readonly connected: boolean;
  readonly draining: boolean;
  /** It declares more than was approved. */
  readonly waits: boolean;
  readonly local: boolean;
  readonly platform: string;
  readonly version: string;
  readonly clientId: string;
  readonly address?: string | undefined;
  readonly caps: readonly string[];
  readonly commands: readonly string[];
  readonly tags: readonly string[];
  readonly approvedVia?: string | undefined;
  readonly approvedBy?: string | undefined;
  readonly approvedAtMs?: number | undefined;
  readonly connectedAtMs?: number | undefined;
  readonly lastSeenAtMs?: number | undefined;
  /** Invocations under way, when the list was read. */
  readonly running: number;
  /** What they are, and for which session. */
  readonly work: readonly NodeWork[];
  readonly stats: NodeStats;
  /** Only of a node that was described. */
  readonly words: readonly string[];
}

export interface NodeWork { readonly command: string; readonly sessionKey?: string | undefined }

export interface NodeStats {
  readonly cpuCount?: number | undefined;
  readonly memoryTotalBytes?: number | undefined;
  readonly memoryFreeBytes?: number | undefined;
  readonly jobsRunning?: number | undefined;
  readonly jobsRunningMax?: number | undefined;
}

/** More than was approved, and who asks for it. */
export interface NodeRequest {
  readonly requestId: string;
  readonly nodeId: string;
  readonly name: string;
  readonly platform: string;
  readonly commands: readonly string[];
  readonly atMs: number;
}

export interface Sample {
  readonly atMs: number;
  readonly cpu?: number | undefined;
  readonly memory?: number | undefined;
  readonly received?: number | undefined;
  readonly sent?: number | undefined;
}

/** Undefined for what has no id. */
export function parseNode(value: unknown): NodeRow | undefined {
  const row = fieldsOf(value);
  const id = textOf(row["nodeId"]);
  if (id === undefined) return undefined;
  return {
    id, name: lineOf(row["displayName"]) ?? id.slice(0, 12), connected: row["connected"] === true, draining: row["draining"] === true,
    waits: row["approvalState"] === "pending", local: row["local"] === true, platform: lineOf(row["platform"]) ?? "",
    version: lineOf(row["version"]) ?? "", clientId: lineOf(row["clientId"]) ?? "", address: textOf(row["remoteIp"]),
    caps: namesOf(row["caps"]), commands: namesOf(row["commands"]).toSorted(), tags: namesOf(row["tags"]),
    approvedVia: textOf(row["approvedVia"]), approvedBy: textOf(row["approvedBy"]), approvedAtMs: numberOf(row["approvedAtMs"]),
    connectedAtMs: numberOf(row["connectedAtMs"]), lastSeenAtMs: numberOf(row["lastSeenAtMs"]),
    running: numberOf(row["running"]) ?? 0,
    work: listOf(row["work"]).map((each) => ({ command: lineOf(each["command"]) ?? "", sessionKey: textOf(each["sessionKey"]) })),
    stats: parseStats(row["hostStats"]), words: textsOf(row["fingerprintWords"]),
  };
}

export function parseStats(value: unknown): NodeStats {
  const stats: Fields = fieldsOf(value);
  return {
    cpuCount: numberOf(stats["cpuCount"]), memoryTotalBytes: numberOf(stats["memoryTotalBytes"]),
    memoryFreeBytes: numberOf(stats["memoryFreeBytes"]), jobsRunning: numberOf(stats["jobsRunning"]),
    jobsRunningMax: numberOf(stats["jobsRunningMax"]),
  };
}

export function parseRequest(value: unknown): NodeRequest | undefined {
  const row = fieldsOf(value);
  const requestId = textOf(row["requestId"]);
  const nodeId = textOf(row["nodeId"]);
  if (requestId === undefined || nodeId === undefined) return undefined;
  return {
    requestId, nodeId, name: lineOf(row["displayName"]) ?? nodeId.slice(0, 12), platform: lineOf(row["platform"]) ?? "",
    commands: namesOf(row["commands"]), atMs: numberOf(row["ts"]) ?? 0,
  };
}

export function parseSample(value: unknown): Sample | undefined {
  const row = fieldsOf(value);
  const atMs = numberOf(row["ts"]);
  if (atMs === undefined) return undefined;
  return {
    atMs, cpu: numberOf(row["cpu"]), memory: numberOf(row["memory"]), received: numberOf(row["receivedBytesPerSecond"]),
    sent: numberOf(row["sentBytesPerSecond"]),
  };
}

/** A line of the last quarter of an hour has one place for each look. */
export const LINE = { spanMs: 900_000, places: 60 } as const;

/** What stands in each place of a line that ends now; undefined where nothing was told. */
export function placesOf(
  samples: readonly Sample[], endMs: number, pick: (sample: Sample) => number | undefined,
): readonly (number | undefined)[] {
  const places: (number | undefined)[] = Array.from({ length: LINE.places }, () => undefined);
  const stepMs = LINE.spanMs / LINE.places;
  for (const sample of samples) {
    const place = LINE.places - 1 - Math.floor(Math.max(0, endMs - sample.atMs) / stepMs);
    if (place >= 0) places[place] = pick(sample) ?? places[place];
  }
  return bridge(places);
}

/** One place without a figure is a look that came a moment late, and no gap; the first figure of all is a short line. */
function bridge(places: readonly (number | undefined)[]): readonly (number | undefined)[] {
  const first = places.findIndex((value) => value !== undefined);
  return places.map((value, at) => {
    const before = places[at - 1];
    const after = places[at + 1];
    if (value !== undefined) return value;
    if (before === undefined) return at === first - 1 ? after : undefined;
    return after !== undefined ? (before + after) / 2 : at === places.length - 1 ? before : undefined;
  });
}
