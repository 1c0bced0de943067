/**
 * Bounded: some seeds of the world in run-simulation.testing.ts, those that ever failed first. `npm run simulate` runs as
 * many as one likes.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { runSimulation } from "./run-simulation.testing.ts";

/** Seeds that once told a mistake of the program, or tell one that is made on purpose, and which one. */
const ONCE_FAILED: readonly (readonly [seed: number, mistake: string])[] = [
  [2, "without its own memory of offers the fold takes one up twice after the engine forgot it"],
  [4, "the same"],
  [6, "a wish is carried out twice where two carry out at once and neither looks again"],
  [7, "the same"],
  [63, "what was taken back between two turns was answered for only by the next owner"],
  [1003, "a replay did not know of a message that had interrupted and was taken back"],
  [1033, "a turn stalled whose interruption was taken back"],
  [1279, "a row a crash left unwritten stayed so where the session was in memory"],
  [2055, "condensing began before the slot was read to its end, and broke the chain"],
  [2133, "a replay took what was decided in time for late, because it was recorded late"],
  [5010, "the row of a deleted session came back, written late by another gateway"],
  [2146, "a replay did not know what was not yet seen when a decision was made"],
];

const FRESH = { from: 100, seeds: 80, budgetMs: 7_000 } as const;

function command(seed: number): string {
  return `npm run simulate -- --seed ${seed}`;
}

test("one seed is one run: every step and every byte of the log is the same again (S2.10)", async () => {
  const [first, second, other] = [await runSimulation(7), await runSimulation(7), await runSimulation(8)];
  assert.equal(first.digest, second.digest);
  assert.deepEqual(first.counts, second.counts);
  assert.notEqual(first.digest, other.digest);
  assert.ok(first.counts.accepted > 0 && first.counts.events > 20, JSON.stringify(first.counts));
});

test("seeds that once failed hold (S0.16, S1.10, S2.10)", async () => {
  for (const [seed, mistake] of ONCE_FAILED) {
    const { wrong } = await runSimulation(seed);
    assert.deepEqual(wrong, [], `${mistake}: ${command(seed)}`);
  }
});

test("whatever dies, repeats itself or is lost: nothing accepted is lost, doubled or reordered, no unsafe effect happens twice, "
  + "the chains hold, and memory is the fold of the log (S0.16, S0.19, S0.20, S1.10, S2.10)", async (t) => {
  const began = performance.now();
  const seen = { seeds: 0, steps: 0, accepted: 0, effects: 0, gateways: 0, approvals: 0 };
  for (let seed = FRESH.from; seed < FRESH.from + FRESH.seeds && performance.now() - began < FRESH.budgetMs; seed++) {
    const { wrong, counts } = await runSimulation(seed);
    assert.deepEqual(wrong, [], command(seed));
    seen.seeds += 1;
    for (const what of ["steps", "accepted", "effects", "gateways", "approvals"] as const) seen[what] += counts[what];
  }
  t.diagnostic(JSON.stringify(seen));
  assert.ok(seen.effects > 0 && seen.gateways > seen.seeds, "something happened at all");
});
