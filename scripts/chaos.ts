/**
 * `npm run chaos`: the real processes, killed at every labelled point and at random moments, against what the world saw.
 *
 *   npm run chaos                              every crash point, then 1,000 messages over 100 kills
 *   npm run chaos -- --seed 7 --kills 20 --messages 200
 *   npm run chaos -- --short                   every crash point and a handful of kills; what `npm test` runs
 *   npm run chaos -- --power                   power loss as well: needs Debian's strace
 *   npm run chaos -- --power --states 100     how many of the syncs are looked at, each with three kinds of loss (600)
 *   npm run chaos -- --only points|kills|power one part; of the points with --share 1/2 every second one
 *   npm run chaos -- --json file               the figures for a machine
 *
 * Ends with 0 when nothing was lost, doubled, reordered or misreported; with 1 and the seed when something was, and then the
 * directories are kept; with 2 when the call itself is wrong.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { ALL_LABELS, runCrashPoints, type CrashPointCounts } from "./chaos/crash-points.ts";
import { isClean, judge, type Seen, type Verdict } from "./chaos/judge.ts";
import { createLedger } from "./chaos/ledger.ts";
import { createLine } from "./chaos/line.ts";
import { runRandomKills, type KillCounts } from "./chaos/random-kills.ts";
import { describeRun, formatReport, type ChaosReport } from "./chaos/report.ts";
import { openStage } from "./chaos/stage.ts";
import { openTalk } from "./chaos/talk.ts";
import { createPainter, formatDuration } from "./paint.mjs";

const PARTS = ["points", "kills", "power"] as const;
type Part = (typeof PARTS)[number];

interface Request {
  readonly seed: number;
  readonly kills: number;
  readonly messages: number;
  /** Syncs at which power is lost; as the form says unless given. */
  readonly states: number | undefined;
  readonly parts: ReadonlySet<Part>;
  readonly json: string | undefined;
  /** Every which crash point, beginning with which. */
  readonly share: { readonly first: number; readonly of: number };
}

const paint = createPainter(process.stdout);
const say = (text: string): void => void process.stdout.write(`${text}\n`);

async function runChaos(request: Request): Promise<boolean> {
  const began = performance.now();
  const directory = mkdtempSync(join(tmpdir(), "openclaw-chaos-kept-"));
  say(`${paint.bold(`Chaos, seed ${request.seed}`)}  ${paint.dim(describeRun(request))}`);
  const report: ChaosReport = { seed: request.seed, failures: [] };
  if (request.parts.has("points") || request.parts.has("kills")) Object.assign(report, await runKills(request, directory, report.failures));
  if (request.parts.has("power")) {
    const { runPowerLoss } = await import("./chaos/power-loss.ts");
    const { seed, kills, states } = request;
    const power = await runPowerLoss({ seed, short: kills < 20, states, directory, say: (text) => say(paint.dim(text)) });
    Object.assign(report, { power });
    report.failures.push(...power.findings);
  }
  const tookMs = performance.now() - began;
  process.stdout.write(formatReport(report, paint));
  if (request.json !== undefined) {
    mkdirSync(dirname(request.json), { recursive: true });
    writeFileSync(request.json, `${JSON.stringify({ at: new Date().toISOString(), tookMs: Math.round(tookMs), ...report }, null, 2)}\n`);
  }
  if (report.failures.length === 0) {
    rmSync(directory, { recursive: true, force: true });
    say(`\n${paint.green(paint.good)} Nothing was lost, doubled, reordered or misreported, in ${formatDuration(tookMs)}.`);
    return true;
  }
  say(`\n${paint.red(paint.bad)} ${report.failures.length} found with seed ${request.seed}:`);
  for (const failure of report.failures.slice(0, 40)) say(`  ${failure}`);
  say(paint.dim(`  Again: npm run chaos -- --seed ${request.seed} --kills ${request.kills} --messages ${request.messages}`));
  say(paint.dim(`  Kept:  ${directory}`));
  return false;
}

interface KillParts {
  points?: CrashPointCounts;
  kills?: KillCounts;
  verdict?: Verdict;
}

/** Whatever breaks off a part is a failure like any other: what was acknowledged until then is judged all the same. */
async function runKills(request: Request, directory: string, failures: string[]): Promise<KillParts> {
  const found: KillParts = {};
  const stage = await openStage();
  const line = createLine(stage.gateway);
  const ledger = createLedger(join(directory, "ledger.jsonl"));
  const talk = openTalk(line, ledger);
  const progress = (text: string): void => {
    if (paint.live) process.stdout.write(`\r${text.slice(0, paint.columns - 1)}\x1b[K`);
  };
  try {
    if (request.parts.has("points")) {
      let done = 0;
      const labels = ALL_LABELS.filter((_, at) => at % request.share.of === request.share.first - 1);
      found.points = await runCrashPoints(request.seed, labels, {
        stage, talk, line, ledger, onCrash: (label) => progress(`  ${(done += 1)} of ${labels.length}  ${label}`),
      });
      failures.push(...found.points.findings, ...found.points.missed.map((label) => `${label} was not reached`));
    }
    if (request.parts.has("kills")) {
      found.kills = await runRandomKills(request, {
        stage, talk, ledger, onKill: (done, what) => progress(`  ${done} of ${request.kills}  ${what}`),
      });
    }
  } catch (error) {
    failures.push(error instanceof Error ? error.message : String(error));
    await stage.revive().catch(() => undefined);
  }
  progress("");
  try {
    const { receiver } = stage;
    const look = (): Seen => ({ times: stage.witnessed(), keys: receiver.keys(), heard: receiver.heard() });
    found.verdict = await judge(line, ledger.all, look);
    failures.push(...found.verdict.findings);
    if (failures.length > 0 || !isClean(found.verdict)) await stage.keep(directory);
  } catch (error) {
    failures.push(`the verdict could not be read: ${String(error)}`);
    await stage.keep(directory);
  } finally {
    talk.close();
    line.close();
    await stage[Symbol.asyncDispose]();
  }
  return found;
}

// ── the call ─────────────────────────────────────────────────────────────────────────────────────────────────────────

function parseRequest(args: readonly string[]): Request {
  const { values } = parseArgs({
    args: [...args], strict: true, allowPositionals: false,
    options: {
      seed: { type: "string" }, kills: { type: "string" }, messages: { type: "string" }, states: { type: "string" }, json: { type: "string" },
      only: { type: "string" }, share: { type: "string", default: "1/1" }, short: { type: "boolean", default: false }, power: { type: "boolean", default: false },
    },
  });
  const count = (name: "seed" | "kills" | "messages" | "states", otherwise: number): number => {
    const text = values[name];
    if (text === undefined) return otherwise;
    if (!/^\d{1,9}$/.test(text)) throw new Error(`--${name} takes a whole number.`);
    return Number(text);
  };
  const only = PARTS.find((part) => part === values.only);
  if (values.only !== undefined && only === undefined) throw new Error(`--only takes one of: ${PARTS.join(", ")}.`);
  const [, first = "1", of = "1"] = /^([1-9])\/([1-9])$/.exec(values.share) ?? [];
  if (`${first}/${of}` !== values.share || first > of) throw new Error("--share takes a part of a whole, such as 1/2.");
  return {
    share: { first: Number(first), of: Number(of) },
    // A run without a seed is another one each day it is run; the seed stands in the first line.
    seed: count("seed", Date.now() % 1_000_000), kills: count("kills", values.short ? 6 : 100),
    messages: count("messages", values.short ? 60 : 1_000), json: values.json,
    states: values.states === undefined ? undefined : count("states", 0),
    parts: new Set(only === undefined ? ["points", "kills", ...(values.power ? ["power" as const] : [])] : [only]),
  };
}

for (const [signal, code] of [["SIGINT", 130], ["SIGTERM", 143], ["SIGHUP", 129]] as const) process.once(signal, () => process.exit(code));
let request: Request | undefined;
try {
  request = parseRequest(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`${paint.bad} ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 2;
}
if (request !== undefined) process.exitCode = (await runChaos(request)) ? 0 : 1;
