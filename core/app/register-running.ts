/**
 * Leaves a note that this process runs from the clone, so that set-up does not replace `node_modules` under it. The form of
 * the note is described in scripts/launch/running.mjs.
 */
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

export async function registerRunning({
  programRoot,
  what,
}: {
  readonly programRoot: string;
  readonly what: string;
}): Promise<AsyncDisposable> {
  const dir = join(programRoot, ".cache", "running");
  const file = join(dir, `${process.pid}.json`);
  try {
    await mkdir(dir, { recursive: true });
    // Whole or not at all: set-up sweeps up what is no note.
    await writeFile(`${file}.new`, `${JSON.stringify({ pid: process.pid, startedAt: await startTime(), what })}\n`);
    await rename(`${file}.new`, file);
  } catch {
    // A program that cannot be written to cannot be replaced by this user either.
  }
  return { [Symbol.asyncDispose]: () => rm(file, { force: true }) };
}

/** Field 22 of `/proc/self/stat`; null where there is none. */
async function startTime(): Promise<string | null> {
  try {
    const text = await readFile("/proc/self/stat", "utf8");
    return text.slice(text.lastIndexOf(")") + 2).split(" ")[19] ?? null;
  } catch {
    return null;
  }
}
