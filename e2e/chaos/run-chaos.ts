/** Runs `scripts/chaos.ts` as a person would, and reads the figures it leaves for a machine. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { PROGRAM_ROOT } from "@openclaw/testkit/real-gateway";

export interface Report {
  readonly seed: number;
  readonly failures: readonly string[];
  readonly points?: { readonly reached: readonly string[]; readonly missed: readonly string[] };
  readonly verdict?: Readonly<Record<string, number>>;
  readonly power?: Readonly<Record<string, number>>;
}

/** Another seed each run, unless one is given; the one that failed stands in the output. */
const SEED = Number(process.env["OPENCLAW_TEST_SEED"] ?? Date.now() % 1_000_000);

/** Throws with everything it printed when it did not end well. */
export async function runChaos(t: TestContext, ...options: readonly string[]): Promise<Report> {
  const home = await mkdtemp(join(tmpdir(), "chaos-test-"));
  t.after(() => rm(home, { recursive: true, force: true }));
  const file = join(home, "report.json");
  const args = [join(PROGRAM_ROOT, "scripts", "chaos.ts"), "--short", "--seed", String(SEED), "--json", file, ...options];
  const child = spawn(process.execPath, args, { env: process.env, stdio: ["ignore", "pipe", "pipe"] });
  t.after(() => child.kill("SIGTERM"));
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text: string) => (output += text));
  await once(child, "close");
  assert.equal(child.exitCode, 0, output);
  const report = JSON.parse(await readFile(file, "utf8")) as Report;
  assert.deepEqual(report.failures, []);
  return report;
}
