/** What the kernel knows of a tree of processes: memory and CPU, from /proc. Linux only; elsewhere the figures say so. */
import { readdirSync, readFileSync } from "node:fs";

/** The kernel's tick, which has been 100 a second for all programs since long. */
const TICK_MS = 10;

interface Status {
  readonly pid: number;
  readonly parent: number;
  readonly state: string;
  readonly cpuMs: number;
  readonly childrenCpuMs: number;
}

export interface Memory {
  readonly processes: number;
  readonly rssMb: number;
  /** Undefined when the kernel does not let us read it for each of them. */
  readonly pssMb: number | undefined;
}

export const PSS_WITHHELD = "the kernel keeps the confined node's PSS from this user";
export const hasProc = process.platform === "linux";

/** The process and all that descend from it, and from `more`: processes that were adopted by the system. */
export function treeOf(root: number, more: readonly number[] = []): readonly number[] {
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  const all = pids.flatMap((pid) => statusOf(Number(pid)) ?? []).filter(({ state }) => state !== "Z");
  const tree = new Set([root, ...more]);
  for (let grew = true; grew; ) {
    grew = false;
    for (const { pid, parent } of all) {
      if (tree.has(pid) || !tree.has(parent)) continue;
      tree.add(pid);
      grew = true;
    }
  }
  return all.map(({ pid }) => pid).filter((pid) => tree.has(pid));
}

export function memoryOf(pids: readonly number[]): Memory {
  let rssKb = 0;
  let pssKb: number | undefined = 0;
  for (const pid of pids) {
    rssKb += Number(/VmRSS:\s+(\d+)/.exec(read(`/proc/${pid}/status`))?.[1] ?? 0);
    const pss = /\nPss:\s+(\d+)/.exec(read(`/proc/${pid}/smaps_rollup`))?.[1];
    pssKb = pss === undefined || pssKb === undefined ? undefined : pssKb + Number(pss);
  }
  return { processes: pids.length, rssMb: rssKb / 1_024, pssMb: pssKb === undefined ? undefined : pssKb / 1_024 };
}

/** CPU since their start, children that have ended included. Rises in steps of a tick: divide it by many operations. */
export function cpuMsOf(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => {
    const status = statusOf(pid);
    return sum + (status === undefined ? 0 : status.cpuMs + status.childrenCpuMs);
  }, 0);
}

/** CPU of this process's own children that have ended. */
export function endedChildrenCpuMs(): number {
  return statusOf(process.pid)?.childrenCpuMs ?? 0;
}

function statusOf(pid: number): Status | undefined {
  const text = read(`/proc/${pid}/stat`);
  if (text === "") return undefined;
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const ticks = (at: number): number => Number(fields[at] ?? 0) * TICK_MS;
  return { pid, state: fields[0] ?? "", parent: Number(fields[1]), cpuMs: ticks(11) + ticks(12), childrenCpuMs: ticks(13) + ticks(14) };
}

function read(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return "";
  }
}
