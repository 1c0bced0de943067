/**
 * Processes that a test run left behind. They are known by their environment: whatever our tests start carries the path
 * of the run's home. Only where there is a /proc.
 */
import { readFileSync, readdirSync } from "node:fs";
import { setTimeout as wait } from "node:timers/promises";

export interface LeftProcess {
  readonly pid: number;
  readonly command: string;
}

const graceMs = 2_000;

/** Gives what is ending a moment to end; ends the rest, and says what it was. */
export async function endLeftProcesses(home: string): Promise<readonly LeftProcess[]> {
  const left = await waitForNone(home);
  for (const { pid } of left) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It ended by itself just now.
    }
  }
  if (left.length > 0) await waitForNone(home); // a killed process may still be there for a moment
  return left;
}

/** Those that are still there after the grace. */
async function waitForNone(home: string): Promise<readonly LeftProcess[]> {
  for (let waited = 0; waited < graceMs && findProcesses(home).length > 0; waited += 50) await wait(50);
  return findProcesses(home);
}

function findProcesses(home: string): readonly LeftProcess[] {
  const marker = `OPENCLAW_TEST_HOME=${home}`;
  const found: LeftProcess[] = [];
  for (const name of readFolder("/proc")) {
    const pid = Number(name);
    if (!Number.isInteger(pid) || pid === process.pid) continue;
    const environment = readProcessFile(pid, "environ").split("\0");
    if (!environment.includes(marker)) continue;
    found.push({ pid, command: readProcessFile(pid, "cmdline").replaceAll("\0", " ").trim().slice(0, 160) });
  }
  return found;
}

function readFolder(path: string): readonly string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}

function readProcessFile(pid: number, name: string): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, "utf8");
  } catch {
    return "";
  }
}
