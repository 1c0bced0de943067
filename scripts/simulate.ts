/**
 * Runs the simulation of core/control/sessions/simulation over many seeds, and says which one told a mistake.
 *
 *   npm run simulate                     1,000 seeds from 1
 *   npm run simulate -- --count 10000 --from 5000
 *   npm run simulate -- --seed 42        one seed, twice, with its last steps
 *
 * Exits 1 when a seed fails or does not repeat itself.
 */
import { parseArgs } from "node:util";
import { runSimulation, type SimulationReport } from "../core/control/sessions/simulation/run-simulation.testing.ts";

const { values } = parseArgs({
  options: { seed: { type: "string" }, count: { type: "string", default: "1000" }, from: { type: "string", default: "1" } },
});
const PROGRESS_EVERY_MS = 5_000;

const say = (text: string): void => void process.stdout.write(`${text}\n`);

if (values.seed === undefined) process.exitCode = await runMany(Number(values.from), Number(values.count));
else process.exitCode = await runOne(Number(values.seed));

async function runOne(seed: number): Promise<number> {
  const [first, second] = [await runSimulation(seed), await runSimulation(seed)];
  for (const line of first.tail) say(`  ${line}`);
  say(`seed ${seed}  ${JSON.stringify(first.counts)}  ${first.digest}`);
  if (first.digest !== second.digest) say(`It did not repeat itself: ${second.digest}`);
  return tell(first) || first.digest !== second.digest ? 1 : 0;
}

async function runMany(from: number, count: number): Promise<number> {
  const began = performance.now();
  let told = began;
  let failed = 0;
  for (let at = 0; at < count; at++) {
    if (tell(await runSimulation(from + at))) failed += 1;
    if (performance.now() - told < PROGRESS_EVERY_MS && at + 1 < count) continue;
    told = performance.now();
    say(`${at + 1} of ${count} schedules, ${failed} failed, ${Math.round(((at + 1) / (told - began)) * 60_000)} a minute`);
  }
  return failed === 0 ? 0 : 1;
}

/** True when something is wrong. */
function tell({ seed, wrong }: SimulationReport): boolean {
  if (wrong.length === 0) return false;
  say(`seed ${seed} failed; again: npm run simulate -- --seed ${seed}`);
  for (const line of wrong) say(`  ${line}`);
  return true;
}
