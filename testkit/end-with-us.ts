/** A test that is cut off must not leave the programs it started: they end with the process that runs the test. */
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";

const children = new Set<ChildProcess>();
let watching = false;

/** From now on this child is killed when our process ends, however that happens, SIGKILL apart. */
export function endWithUs(child: ChildProcess): void {
  children.add(child);
  child.once("exit", () => children.delete(child));
  if (watching) return;
  watching = true;
  process.once("exit", () => {
    for (const each of children) each.kill("SIGKILL");
  });
  // By default these end the process without a word.
  for (const [signal, code] of [["SIGTERM", 143], ["SIGINT", 130], ["SIGHUP", 129]] as const) {
    process.once(signal, () => process.exit(code));
  }
}

/** Sends the signal, waits for the end and resolves with the exit code: null for one that a signal ended, or that never was. */
export async function endChild(child: ChildProcess | undefined, signal: NodeJS.Signals): Promise<number | null> {
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return child?.exitCode ?? null;
  const ended = once(child, "exit");
  child.kill(signal);
  await ended;
  return child.exitCode;
}

/** Resolves when the child has ended; at once for one that has, or never was. */
export async function untilEnd(child: ChildProcess | undefined): Promise<void> {
  if (child !== undefined && child.exitCode === null && child.signalCode === null) await once(child, "exit");
}

/** From its start on: resolves when it has ended and all it wrote has come. An end alone does not say that of what lies in its pipes. */
export function untilClosed(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => child.once("close", () => resolve()));
}
