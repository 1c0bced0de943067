/**
 * Finds everything a command started, so that ending it leaves nothing behind.
 *
 * A process belongs to a command when it is in the group of its leader, descends from it, or carries its mark in the
 * environment. The mark finds those that made a group of their own and whose parent is gone. Read from /proc; where there
 * is none, only the group is known.
 */
import { readFileSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";

export interface TreeRoot {
  /** Of the leader, which is also the number of its group; 0 when it is not known. */
  readonly pid: number;
  /** Of the leader, from `startTicks`; tells a process from a later one with the same number. */
  readonly startTicks: number;
  /** `NAME=value` in the environment of all its processes. */
  readonly mark: string;
}

interface ProcessFacts {
  readonly pid: number;
  readonly parent: number;
  readonly group: number;
  readonly startTicks: number;
  readonly isGone: boolean;
}

const READS_AT_ONCE = 64;
/** A process that forks while it is being ended is caught in a later round. */
const KILL_ROUNDS = 6;

/** When the process started, in clock ticks since boot; 0 when there is no such process, or no /proc. */
export function startTicks(pid: number): number {
  try {
    return parseStat(pid, readFileSync(`/proc/${pid}/stat`, "latin1"))?.startTicks ?? 0;
  } catch {
    return 0;
  }
}

/** Changes with every start of the machine: process numbers and start times mean nothing across it. */
export function bootId(): string {
  boot ??= readBootId();
  return boot;
}

let boot: string | undefined;

function readBootId(): string {
  try {
    return readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim();
  } catch {
    return "";
  }
}

/** Sends the signal to every process of the tree, the leader's group first. Returns how many there were. */
export async function signalTree(root: TreeRoot, signal: "SIGTERM" | "SIGKILL"): Promise<number> {
  const members = await findTree(root);
  // Without /proc the group is all there is to go by; with it, a group is only signalled while members of it are seen.
  const isGroupKnown = root.pid > 1;
  if (isGroupKnown && (root.startTicks === 0 || members.some((member) => member.group === root.pid))) signalOne(-root.pid, signal);
  for (const member of members) if (!isGroupKnown || member.group !== root.pid) signalOne(member.pid, signal);
  return members.length;
}

/** Resolves when no process of the tree is left, or after a bounded number of rounds. */
export async function killTree(root: TreeRoot): Promise<void> {
  for (let round = 0; round < KILL_ROUNDS; round++) {
    if ((await signalTree(root, "SIGKILL")) === 0) return;
  }
}

/** Ends at once what is left in the group of a leader that has ended. */
export function killGroup(leader: number): void {
  signalOne(-leader, "SIGKILL");
}

async function findTree(root: TreeRoot): Promise<readonly ProcessFacts[]> {
  // Whatever a command started, started after it: the rest of the machine needs no closer look.
  const younger = (await listProcesses()).filter((facts) => facts.startTicks >= root.startTicks && facts.pid !== process.pid);
  const members = new Map<number, ProcessFacts>();
  // A number is not given out again while its group has members: a stranger under it means that the group is gone.
  const reused = younger.some((facts) => facts.pid === root.pid && facts.startTicks !== root.startTicks);
  for (const facts of younger) if (root.pid > 1 && !reused && facts.group === root.pid) members.set(facts.pid, facts);
  for (let grew = true; grew; ) {
    grew = false;
    for (const facts of younger) {
      if (!members.has(facts.pid) && members.has(facts.parent)) {
        members.set(facts.pid, facts);
        grew = true;
      }
    }
  }
  const unknown = younger.filter((facts) => !members.has(facts.pid));
  await inBatches(unknown, async (facts) => {
    if (await carriesMark(facts.pid, root.mark)) members.set(facts.pid, facts);
  });
  return [...members.values()];
}

async function listProcesses(): Promise<readonly ProcessFacts[]> {
  const pids = (await readdir("/proc").catch(() => [])).filter((name) => /^[1-9][0-9]*$/.test(name)).map(Number);
  const found: ProcessFacts[] = [];
  await inBatches(pids, async (pid) => {
    const facts = parseStat(pid, await readFile(`/proc/${pid}/stat`, "latin1").catch(() => ""));
    if (facts !== undefined && !facts.isGone) found.push(facts);
  });
  return found;
}

/**
 * The name, second field, may hold spaces and brackets: everything is counted from its last bracket. A zombie is gone, but
 * still has its number.
 */
function parseStat(pid: number, stat: string): ProcessFacts | undefined {
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  if (fields.length < 20) return undefined;
  const isGone = fields[0] === "Z" || fields[0] === "X";
  return { pid, isGone, parent: Number(fields[1]), group: Number(fields[2]), startTicks: Number(fields[19]) };
}

async function carriesMark(pid: number, mark: string): Promise<boolean> {
  const environment = await readFile(`/proc/${pid}/environ`, "latin1").catch(() => "");
  return environment.startsWith(`${mark}\0`) || environment.includes(`\0${mark}\0`);
}

async function inBatches<T>(items: readonly T[], each: (item: T) => Promise<void>): Promise<void> {
  for (let at = 0; at < items.length; at += READS_AT_ONCE) {
    await Promise.all(items.slice(at, at + READS_AT_ONCE).map(each));
  }
}

function signalOne(pid: number, signal: "SIGTERM" | "SIGKILL"): void {
  try {
    process.kill(pid, signal);
  } catch {
    // it is gone, which is what was wanted
  }
}
