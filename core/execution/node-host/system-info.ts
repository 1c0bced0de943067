import { readFileSync } from "node:fs";
import { stat, statfs } from "node:fs/promises";
import os from "node:os";
import type { NodeCommandResult } from "@openclaw/protocol";
import { listGpus } from "./list-gpus.ts";

/** What this machine is and how busy it is. `places` are the paths whose disks are reported, each disk once. */
export async function readSystemInfo(places: readonly string[]): Promise<NodeCommandResult<"system.info">> {
  const processors = os.cpus();
  const label = osLabel();
  return {
    hostname: os.hostname(),
    platform: process.platform,
    release: os.release(),
    arch: process.arch,
    ...(label === undefined ? {} : { osLabel: label }),
    nodeVersion: process.version,
    cpuCount: os.availableParallelism(),
    cpuModel: processors[0]?.model.trim() ?? "unknown",
    loadAverage: os.loadavg(),
    memoryTotalBytes: os.totalmem(),
    memoryFreeBytes: os.freemem(),
    uptimeMs: Math.round(os.uptime() * 1_000),
    disks: await readDisks(places),
    gpus: await listGpus(),
  };
}

export interface HostStats {
  readonly cpuCount: number;
  /** Over 1, 5 and 15 minutes. */
  readonly loadAverage: readonly number[];
  readonly memoryTotalBytes: number;
  readonly memoryFreeBytes: number;
  readonly jobsRunning: number;
  readonly jobsRunningMax: number;
  /** These three since the look before; absent at the first, and where the system does not tell. Of all processors, 0 to 1. */
  readonly cpuUsed?: number;
  readonly receivedBytesPerSecond?: number;
  readonly sentBytesPerSecond?: number;
}

interface Counters {
  readonly atMs: number;
  readonly busyMs: number;
  readonly allMs: number;
  readonly receivedBytes: number | undefined;
  readonly sentBytes: number | undefined;
}

/** Looks closer together than this say nothing. */
const LOOK_MS_MIN = 500;

/** The short form that is sent again and again: each look tells what happened since the one before. */
export function createHostStats(nowMs: () => number): (jobsRunning: number, jobsRunningMax: number) => HostStats {
  let before: Counters | undefined;
  return (jobsRunning, jobsRunningMax) => {
    const atMs = nowMs();
    const enough = before === undefined || atMs - before.atMs >= LOOK_MS_MIN;
    const now = enough ? readCounters(atMs) : undefined;
    const since = before === undefined || now === undefined ? {} : ratesOf(before, now);
    before = now ?? before;
    return {
      cpuCount: os.availableParallelism(), loadAverage: os.loadavg(), memoryTotalBytes: os.totalmem(), memoryFreeBytes: os.freemem(),
      jobsRunning, jobsRunningMax, ...since,
    };
  };
}

function readCounters(atMs: number): Counters {
  let busyMs = 0;
  let allMs = 0;
  for (const { times: { user, nice, sys, irq, idle } } of os.cpus()) {
    busyMs += user + nice + sys + irq;
    allMs += user + nice + sys + irq + idle;
  }
  return { atMs, busyMs, allMs, ...readNetwork() };
}

function ratesOf(before: Counters, now: Counters): Partial<HostStats> {
  const seconds = (now.atMs - before.atMs) / 1_000;
  const allMs = now.allMs - before.allMs;
  const rate = (from: number | undefined, to: number | undefined): number | undefined =>
    from === undefined || to === undefined || to < from ? undefined : Math.round((to - from) / seconds);
  const received = rate(before.receivedBytes, now.receivedBytes);
  const sent = rate(before.sentBytes, now.sentBytes);
  return {
    ...(allMs > 0 ? { cpuUsed: Math.min(1, Math.max(0, (now.busyMs - before.busyMs) / allMs)) } : {}),
    ...(received === undefined ? {} : { receivedBytesPerSecond: received }), ...(sent === undefined ? {} : { sentBytesPerSecond: sent }),
  };
}

/** All interfaces but the machine's own; a system without /proc does not tell. */
function readNetwork(): Pick<Counters, "receivedBytes" | "sentBytes"> {
  try {
    const rows = [...readFileSync("/proc/net/dev", "utf8").matchAll(/^\s*([^\s:]+):\s*(\d+)(?:\s+\d+){7}\s+(\d+)/gm)];
    const others = rows.filter(([, name]) => name !== "lo");
    const sum = (column: 2 | 3): number => others.reduce((all, row) => all + Number(row[column]), 0);
    return { receivedBytes: sum(2), sentBytes: sum(3) };
  } catch {
    return { receivedBytes: undefined, sentBytes: undefined };
  }
}

async function readDisks(places: readonly string[]): Promise<NodeCommandResult<"system.info">["disks"]> {
  const disks: NodeCommandResult<"system.info">["disks"] = [];
  const seen = new Set<number>();
  for (const path of places) {
    try {
      const { dev } = await stat(path);
      if (seen.has(dev)) continue;
      seen.add(dev);
      const facts = await statfs(path);
      disks.push({ path, totalBytes: facts.blocks * facts.bsize, freeBytes: facts.bavail * facts.bsize });
    } catch {
      // a place that is gone has no disk to report
    }
  }
  return disks;
}

function osLabel(): string | undefined {
  try {
    return /^PRETTY_NAME="?([^"\n]*)"?$/m.exec(readFileSync("/etc/os-release", "utf8"))?.[1];
  } catch {
    return undefined;
  }
}
