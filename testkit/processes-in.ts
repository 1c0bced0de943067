/** Processes that outlived what started them, found by the directory they work in. Only where there is a /proc. */
import { readdirSync, readlinkSync } from "node:fs";

/** Ends every process whose working directory lies in `dir`. Never touches the caller. */
export function endProcessesIn(dir: string): void {
  for (const pid of processesIn(dir)) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // it ended by itself just now
    }
  }
}

/** Numbers of the processes whose working directory lies in `dir`, this one left out. */
export function processesIn(dir: string): readonly number[] {
  const found: number[] = [];
  for (const name of readdirSync("/proc")) {
    const pid = Number(name);
    if (!Number.isInteger(pid) || pid === process.pid) continue;
    const cwd = workingDirectory(pid);
    if (cwd === dir || cwd.startsWith(`${dir}/`)) found.push(pid);
  }
  return found;
}

function workingDirectory(pid: number): string {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return "";
  }
}
