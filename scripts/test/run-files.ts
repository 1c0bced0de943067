/** Runs test files under `node --test` and hands on what the reporter says. */
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Summary } from "./reporter.ts";
import type { TestHome } from "./home.ts";

export interface FilesRun {
  /** Relative to the root. */
  readonly files: readonly string[];
  readonly concurrency: number;
  /** For one test. */
  readonly testTimeoutMs: number;
  /** For one file, from its start until its process has ended. */
  readonly fileTimeoutMs: number;
}

/** Resolves with what was counted. A run that ends without a summary counts as one failure. */
export async function runFiles(root: string, home: TestHome, run: FilesRun, write: (text: string) => void): Promise<Summary> {
  const summary = join(home.path, `summary-${run.files.length}-${process.hrtime.bigint()}.json`);
  const args = [
    "--test", `--test-concurrency=${run.concurrency}`, `--test-timeout=${run.testTimeoutMs}`,
    `--import=${pathToFileURL(join(import.meta.dirname, "end-of-file.mjs")).href}`,
    `--test-reporter=${join(import.meta.dirname, "reporter.ts")}`, "--test-reporter-destination=stdout", ...run.files,
  ];
  const env = { ...home.env, OPENCLAW_TEST_SUMMARY: summary, OPENCLAW_TEST_FILE_MS: String(run.fileTimeoutMs) };
  const code = await spawnAndWait(args, root, env, write);
  const counted = readSummary(summary);
  if (counted === undefined || (code !== 0 && counted.failed === 0)) {
    write(`\nThe test runner itself ended with code ${code ?? "of a signal"}.\n`);
    return { passed: counted?.passed ?? 0, failed: 1, skipped: counted?.skipped ?? 0, slowest: counted?.slowest ?? [] };
  }
  return counted;
}

/** Runs Node with `args`; everything it writes goes to `write`. */
export function spawnAndWait(
  args: readonly string[], cwd: string, env: Readonly<Record<string, string>>, write: (text: string) => void,
): Promise<number | null> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
    const stop = (): void => void child.kill("SIGTERM");
    process.once("exit", stop);
    child.stdout.setEncoding("utf8").on("data", write);
    child.stderr.setEncoding("utf8").on("data", write);
    child.on("error", reject);
    child.on("close", (code) => {
      process.off("exit", stop);
      resolve(code);
    });
  });
}

function readSummary(file: string): Summary | undefined {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as Summary;
  } catch {
    return undefined;
  }
}
