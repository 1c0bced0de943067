/** Processes that are not our children: who they are, whether they live, how their group is ended. */
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";
import type { Clock } from "../../base/clock.ts";

const POLL_MS = 20;

/**
 * When the process was started, in a form that no later process with the same number shares (boot and start tick); undefined
 * when there is none or it is only waiting to be collected.
 */
export async function processStart(pid: number): Promise<string | undefined> {
  if (process.platform !== "linux") return startByCommand(pid);
  try {
    const text = await readFile(`/proc/${pid}/stat`, "latin1");
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    const state = fields[0];
    if (state === "Z" || state === "X") return undefined;
    const boot = (await readFile("/proc/sys/kernel/random/boot_id", "latin1")).trim();
    return `${boot}:${fields[19]}`;
  } catch {
    return undefined;
  }
}

/** Ends the group led by `pid`: TERM, `graceMs` later KILL. Does nothing unless the leader is the process that `start` names. */
export async function endGroup(pid: number, start: string, graceMs: number, clock: Clock): Promise<void> {
  if ((await processStart(pid)) !== start) return;
  signalGroup(pid, "SIGTERM");
  if (await gone(pid, start, graceMs, clock)) return;
  signalGroup(pid, "SIGKILL");
  await gone(pid, start, graceMs, clock);
}

export function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch {
    // Nobody is left in it.
  }
}

/** Resolves when that process has ended, looking every `everyMs`. Looking does not keep this process alive. */
export async function watchEnd(pid: number, start: string, everyMs: number, clock: Clock): Promise<void> {
  while ((await processStart(pid)) === start) await new Promise<void>((resolve) => void clock.after(everyMs, resolve));
}

async function gone(pid: number, start: string, withinMs: number, clock: Clock): Promise<boolean> {
  const never = new AbortController().signal;
  const until = clock.monotonic() + withinMs;
  for (;;) {
    if ((await processStart(pid)) !== start) return true;
    if (clock.monotonic() >= until) return false;
    await clock.wait(POLL_MS, never);
  }
}

async function startByCommand(pid: number): Promise<string | undefined> {
  try {
    const { stdout } = await promisify(execFile)("/bin/ps", ["-o", "stat=,lstart=", "-p", String(pid)], { env: { LC_ALL: "C" } });
    const text = stdout.trim();
    return text === "" || text.startsWith("Z") ? undefined : text.replace(/^\S+\s+/, "");
  } catch {
    return undefined;
  }
}
