/**
 * What `npm test` and `npm run check` run: types, layers, tidy, generated pages, the wire's requirements, unit and contract tests,
 * end to end.
 *
 *   npm test                    everything
 *   npm run check               everything but the slow tests; under a minute
 *   npm test -- core/fabric     only the tests whose path holds one of these words
 *   npm test -- --only=layers   only one phase
 *
 * Every phase runs, whatever the ones before found. Nothing outside the clone is changed, nothing is tried twice, and what
 * was left out stands at the end. Exits 0 if everything holds, 1 if something does not, 2 if the call itself is wrong.
 */
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Skip } from "../testkit/skip.ts";
import { findStalePages } from "./docs.ts";
import { findBrokenLinks, formatBrokenLinks } from "./docs/links.ts";
import { checkLayers, formatViolations } from "./layers.ts";
import { createPainter, formatDuration } from "./paint.mjs";
import { checkRequirements, formatWaiting } from "./requirements.ts";
import { isSource, isTest, listFiles } from "./source/files.ts";
import { groupFiles } from "./test/group-files.ts";
import { makeTestHome, type TestHome } from "./test/home.ts";
import { endLeftProcesses } from "./test/left-behind.ts";
import { showPhase, type PhaseResult } from "./test/progress.ts";
import { formatSlowest, type Timing } from "./test/reporter.ts";
import { runFiles, spawnAndWait, type FilesRun } from "./test/run-files.ts";
import { formatSkips, readSkips } from "./test/skipped.ts";
import { provideSystemPackages } from "./test/system-packages.ts";
import { checkTidiness, formatFindings } from "./tidy.ts";

const root = dirname(import.meta.dirname);
const paint = createPainter(process.stdout);
const phaseNames = ["types", "layers", "tidy", "docs", "wire", "unit", "e2e"] as const;
type PhaseName = (typeof phaseNames)[number];

/**
 * Limits for failures only: what holds takes a small part of them. Fewer seconds would fail on a machine that is busy. Three files at
 * once keep two cores at work, for one of three waits.
 */
const limits = {
  unit: { concurrency: 3, testTimeoutMs: 30_000, fileTimeoutMs: 90_000 },
  e2e: { concurrency: 3, testTimeoutMs: 120_000, fileTimeoutMs: 300_000 },
} as const;

interface Request {
  readonly everything: boolean;
  readonly phases: ReadonlySet<PhaseName>;
  readonly words: readonly string[];
}

/** What a run adds up over its phases. */
interface Tally {
  passed: number;
  failed: number;
  phasesFailed: number;
  slowest: readonly Timing[];
}

type Phase = (write: (text: string) => void) => Promise<PhaseResult>;

async function runTests(request: Request): Promise<boolean> {
  const started = performance.now();
  const mayInstall = request.everything && process.env["OPENCLAW_TEST_SYSTEM"] === "1";
  const provided = provideSystemPackages({ root, env: process.env, mayInstall, mayDownload: request.everything });
  for (const line of provided.lines) process.stdout.write(`${paint.dim(`${paint.dot} ${line}`)}\n`);
  const home = makeTestHome(root, provided.tools);
  const tally: Tally = { passed: 0, failed: 0, phasesFailed: 0, slowest: [] };
  const files = chooseFiles(request);
  const phases: Record<PhaseName, readonly [string, Phase] | undefined> = {
    types: ["types", (write) => checkTypes(home, write)],
    layers: ["layers", async (write) => checkedLayers(write)],
    tidy: ["tidy", async (write) => checkedTidiness(write)],
    docs: ["pages and links", checkedPages],
    wire: ["wire requirements", async (write) => checkedRequirements(write)],
    unit: ["unit, contract", (write) => runPhase(home, groupFiles(root, files.unit, home.path), limits.unit, tally, write)],
    e2e: ["end to end", (write) => runPhase(home, files.e2e, limits.e2e, tally, write)],
  };
  for (const name of phaseNames) {
    const phase = phases[name];
    if (phase === undefined || !request.phases.has(name)) continue;
    if (!(await showPhase(...phase)).good) tally.phasesFailed++;
  }
  await showLeftProcesses(home, tally);
  return showEnd(home, tally, files.slow, performance.now() - started);
}

// ── the phases ───────────────────────────────────────────────────────────────────────────────────────────────────────

async function checkTypes(home: TestHome, write: (text: string) => void): Promise<PhaseResult> {
  let output = "";
  const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
  let good = true;
  for (const project of [root, join(root, "ui")].filter((folder) => existsSync(join(folder, "tsconfig.json")))) {
    good = (await spawnAndWait([tsc, "-p", project, "--pretty", "false"], root, home.env, (text) => void (output += text))) === 0 && good;
  }
  if (good) return { good, note: "" };
  write(output);
  return { good: false, note: countOf(output.match(/error TS/g)?.length ?? 0, "error") };
}

function checkedLayers(write: (text: string) => void): PhaseResult {
  const violations = checkLayers(root);
  write(formatViolations(violations));
  return { good: violations.length === 0, note: violations.length === 0 ? "imports look down" : countOf(violations.length, "violation") };
}

function checkedTidiness(write: (text: string) => void): PhaseResult {
  const { findings, questions } = checkTidiness(root);
  write(formatFindings(findings));
  for (const question of questions) write(`${paint.dim(`? ${question}`)}\n`);
  const files = listFiles(root).filter(isSource).length;
  return { good: findings.length === 0, note: findings.length === 0 ? countOf(files, "file") : countOf(findings.length, "finding") };
}

async function checkedPages(write: (text: string) => void): Promise<PhaseResult> {
  const stale = await findStalePages(root);
  for (const { file } of stale) write(`${file} is out of date. Run: npm run docs\n`);
  const broken = findBrokenLinks(root, listFiles(root));
  write(formatBrokenLinks(broken));
  const faults = [[stale.length, "stale page"], [broken.length, "broken link"]] as const;
  const notes = faults.filter(([count]) => count > 0).map(([count, noun]) => countOf(count, noun));
  return { good: notes.length === 0, note: notes.join(", ") };
}

function checkedRequirements(write: (text: string) => void): PhaseResult {
  const judgement = checkRequirements(root);
  for (const fault of judgement.faults) write(`${fault}\n`);
  for (const line of formatWaiting(judgement)) write(`${paint.dim(`? ${line}`)}\n`);
  const { faults, proved } = judgement;
  return { good: faults.length === 0, note: faults.length === 0 ? `${countOf(proved, "row")} cited` : countOf(faults.length, "fault") };
}

async function runPhase(
  home: TestHome, files: readonly string[], limits: Omit<FilesRun, "files">, tally: Tally, write: (text: string) => void,
): Promise<PhaseResult> {
  if (files.length === 0) return { good: true, note: "no tests" };
  const summary = await runFiles(root, home, { files, ...limits }, write);
  tally.passed += summary.passed;
  tally.failed += summary.failed;
  tally.slowest = [...tally.slowest, ...summary.slowest].sort((a, b) => b.ms - a.ms).slice(0, 10);
  const skipped = summary.skipped === 0 ? "" : `, ${summary.skipped} skipped`;
  const note = summary.failed === 0 ? countOf(summary.passed, "test") : `${summary.failed} of ${summary.passed + summary.failed} failed`;
  return { good: summary.failed === 0, note: note + skipped };
}

function chooseFiles({ everything, words }: Request): Record<"unit" | "e2e" | "slow", readonly string[]> {
  const wanted = (file: string): boolean => words.length === 0 || words.some((word) => file.includes(word));
  const tests = listFiles(root).filter((file) => isTest(file) && wanted(file));
  const isSlow = (file: string): boolean => !everything && words.length === 0 && file.includes(".slow.test.");
  const isEndToEnd = (file: string): boolean => file.startsWith("e2e/");
  return {
    unit: tests.filter((file) => !isEndToEnd(file) && !isSlow(file)),
    e2e: tests.filter((file) => isEndToEnd(file) && !isSlow(file)),
    slow: tests.filter(isSlow),
  };
}

// ── the end ──────────────────────────────────────────────────────────────────────────────────────────────────────────

async function showLeftProcesses(home: TestHome, tally: Tally): Promise<void> {
  const left = await endLeftProcesses(home.path);
  if (left.length === 0) return;
  tally.phasesFailed++;
  process.stdout.write(`${paint.red(paint.bad)} ${countOf(left.length, "process", "es")} left running by the tests, now ended\n`);
  for (const { pid, command } of left) process.stdout.write(`    ${pid}  ${command}\n`);
}

function showEnd(home: TestHome, tally: Tally, slow: readonly string[], ms: number): boolean {
  const good = tally.phasesFailed === 0;
  const leftOut: Skip[] = slow.length === 0 ? [] : [
    { what: countOf(slow.length, "file of slow tests", "", "files of slow tests"), why: "check stays under a minute", enable: "npm test" },
  ];
  const skips = readSkips(home.skips, leftOut);
  if (tally.slowest.length > 0) process.stdout.write(`\n${paint.dim("  slowest")}\n${formatSlowest(tally.slowest)}`);
  if (skips.length > 0) process.stdout.write(`\n${formatSkips(skips)}`);
  const counts = `${countOf(tally.passed, "test")} passed${tally.failed === 0 ? "" : `, ${tally.failed} failed`}`;
  const verdict = good ? `${paint.green(paint.good)} Everything holds` : `${paint.red(paint.bad)} Something does not hold`;
  process.stdout.write(`\n${verdict}: ${counts}, in ${formatDuration(ms)}.\n`);
  if (good) home.remove();
  else if (existsSync(home.path)) {
    const where = home.path.slice(root.length + 1);
    process.stdout.write(`  ${paint.dim(`What the tests wrote is kept in ${where} until the next run.`)}\n`);
  }
  return good;
}

function countOf(count: number, noun: string, plural = "s", nouns = `${noun}${plural}`): string {
  return `${count} ${count === 1 ? noun : nouns}`;
}

// ── the call ─────────────────────────────────────────────────────────────────────────────────────────────────────────

function parseRequest([verb, ...args]: readonly string[]): Request | string {
  if (verb !== "test" && verb !== "check") return "Say test or check.";
  const words: string[] = [];
  const only = new Set<PhaseName>();
  for (const arg of args) {
    const name = /^--only=(.+)$/.exec(arg)?.[1];
    const phase = phaseNames.find((each) => each === name);
    if (phase !== undefined) only.add(phase);
    else if (arg.startsWith("-")) return `There is no option ${arg}. Phases to name with --only: ${phaseNames.join(", ")}.`;
    else words.push(arg);
  }
  const all = words.length === 0 ? phaseNames : (["unit", "e2e"] as const);
  return { everything: verb === "test", phases: only.size > 0 ? only : new Set<PhaseName>(all), words };
}

// An end by signal must still end what we started.
for (const signal of ["SIGTERM", "SIGHUP", "SIGINT"] as const) process.once(signal, () => process.exit(130));
const request = parseRequest(process.argv.slice(2));
if (typeof request === "string") {
  process.stderr.write(`${paint.bad} ${request}\n`);
  process.exitCode = 2;
} else {
  process.exitCode = (await runTests(request)) ? 0 : 1;
}
