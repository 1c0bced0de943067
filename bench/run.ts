/**
 * `npm run bench`: what the program costs, each figure beside the bar it has to pass.
 *
 *   npm run bench                          everything, in about ten minutes
 *   npm run bench -- --quick               fewer samples
 *   npm run bench -- --only turns,calls    some of it
 *   npm run bench -- --json FILE           where the figures go (bench/results/DATE.json)
 *
 * Real processes with production settings on a home of their own; load comes from other processes than the gateway. Nothing
 * is estimated: what cannot be measured says why. It stops by itself, and ends everything it started. Exit code 0 when all
 * was measured, whether or not the bars hold: a busy machine is no defect. 1 when something could not be measured, 2 when the
 * call itself is wrong.
 */
import { join } from "node:path";
import type { Bench, Measure } from "./measure.ts";
import { actuators } from "./measures/actuators.ts";
import { commands } from "./measures/commands.ts";
import { calls, connect } from "./measures/calls.ts";
import { configReload } from "./measures/config-reload.ts";
import { crowd } from "./measures/crowd.ts";
import { fairness } from "./measures/fairness.ts";
import { firstMinutes } from "./measures/first-minutes.ts";
import { history } from "./measures/history.ts";
import { memory } from "./measures/memory.ts";
import { nodes } from "./measures/nodes.ts";
import { page } from "./measures/page.ts";
import { rate } from "./measures/rate.ts";
import { recovery } from "./measures/recovery.ts";
import { replay } from "./measures/replay.ts";
import { dormant, live, soak } from "./measures/scale.ts";
import { start } from "./measures/start.ts";
import { exec, tokens, turns } from "./measures/turns.ts";
import { wire } from "./measures/wire.ts";
import { openReport } from "./report.ts";
import { openStand, type Stand } from "./stand.ts";

const MEASURES: readonly Measure[] = [
  start, firstMinutes, memory, commands, connect, calls, wire, configReload, nodes, turns, exec, tokens, rate, recovery, replay,
  fairness, crowd, history, live, dormant, soak, actuators, page,
];
/** One measure that hangs must not cost the others their turn. */
const MEASURE_MS_MAX = 60_000;
const WHOLE_MS_MAX = 1_200_000;

interface Request { readonly measures: readonly Measure[]; readonly quick: boolean; readonly json: string }

async function runBench({ measures, quick, json }: Request): Promise<number> {
  const report = openReport(process.stdout, process.env, join(import.meta.dirname, "baseline.json"));
  const began = performance.now();
  let stand: Promise<Stand> | undefined;
  let complete = true;
  const bench: Bench = {
    quick,
    count: (full) => (quick ? Math.max(2, Math.round(full / 5)) : full),
    put: (id, value, note) => report.put({ id, value, ...(note === undefined ? {} : { note }) }),
    lack: (id, why) => report.lack({ id, why }),
    stand: () => (stand ??= openStand()),
  };
  for (const measure of measures) {
    report.heading(measure.name, measure.about);
    const leftMs = WHOLE_MS_MAX - (performance.now() - began);
    try {
      if (leftMs <= 0) throw new Error("the time for the whole was over");
      await within(Math.min(measure.limitMs ?? MEASURE_MS_MAX, leftMs), measure.run(bench));
    } catch (error) {
      complete = false;
      report.failed(measure.name, error instanceof Error ? error.message : String(error));
      const opened = await stand?.catch(() => undefined);
      const died = opened === undefined ? "" : opened.gateway.died();
      if (died === undefined) continue;
      // A gateway that died takes only one measure with it.
      if (died !== "") report.failed("the gateway", died);
      stand = undefined;
      await opened?.[Symbol.asyncDispose]();
    }
  }
  await (await stand?.catch(() => undefined))?.[Symbol.asyncDispose]();
  report.end(performance.now() - began);
  report.save(json, quick);
  return complete ? 0 : 1;
}

async function within(ms: number, work: Promise<void>): Promise<void> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error(`it took longer than ${Math.round(ms / 1_000)} s`)), ms);
  try {
    await Promise.race([work, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

function parseRequest(args: readonly string[]): Request | string {
  const date = new Date().toISOString().slice(0, 19).replaceAll(":", "-");
  let [measures, quick, json] = [MEASURES, false, join(import.meta.dirname, "results", `${date}.json`)];
  const names = MEASURES.map((measure) => measure.name);
  for (let at = 0; at < args.length; at += 1) {
    const [name = "", inline] = (args[at] ?? "").split("=", 2);
    const value = (): string => inline ?? args[(at += 1)] ?? "";
    if (name === "--quick") quick = true;
    else if (name === "--json") json = value();
    else if (name === "--only") {
      const wanted = value().split(",");
      const unknown = wanted.find((each) => !names.includes(each));
      if (unknown !== undefined) return `There is no measure "${unknown}". There are: ${names.join(", ")}.`;
      measures = MEASURES.filter((measure) => wanted.includes(measure.name));
    } else return `There is no option ${name}. There are: --only NAMES, --quick, --json FILE. Names: ${names.join(", ")}.`;
  }
  return json === "" ? "--json wants a file." : { measures, quick, json };
}

// An end by signal must still end what was started, which the exit handlers of the gateways do.
for (const [signal, code] of [["SIGINT", 130], ["SIGTERM", 143], ["SIGHUP", 129]] as const) process.once(signal, () => process.exit(code));
const request = parseRequest(process.argv.slice(2));
if (typeof request === "string") {
  process.stderr.write(`✗ ${request}\n`);
  process.exit(2);
}
process.exit(await runBench(request));
