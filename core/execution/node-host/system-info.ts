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
}

/** The short form that is sent every minute. */
export function readHostStats(jobsRunning: number, jobsRunningMax: number): HostStats {
  return {
    cpuCount: os.availableParallelism(), loadAverage: os.loadavg(), memoryTotalBytes: os.totalmem(), memoryFreeBytes: os.freemem(),
    jobsRunning, jobsRunningMax,
  };
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
