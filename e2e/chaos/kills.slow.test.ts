/** The short form of `npm run chaos`, against witnesses outside the program. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { runChaos, type Report } from "./run-chaos.ts";

function assertNothingLost({ verdict = {} }: Report): void {
  const { lost, duplicated, reordered, wrong, unfound, happenedTwice, misreported, rekeyed } = verdict;
  assert.deepEqual(
    { lost, duplicated, reordered, wrong, unfound, happenedTwice, misreported, rekeyed },
    { lost: 0, duplicated: 0, reordered: 0, wrong: 0, unfound: 0, happenedTwice: 0, misreported: 0, rekeyed: 0 },
  );
}

for (const share of ["1/2", "2/2"]) {
  test(`killed at every labelled point between two writes (${share}), alone and with other processes: no message is lost, doubled `
    + "or reordered, and every unsafe command ran once or is reported as unknown (S0.16, S0.19, S0.20, S0.40, S1.10, S3.2)", async (t) => {
    const report = await runChaos(t, "--only", "points", "--share", share);
    assert.deepEqual(report.points?.missed, []);
    assertNothingLost(report);
    const { messages = 0, effects = 0 } = report.verdict ?? {};
    assert.ok(messages > 60 && effects > 20, `${messages} messages with ${effects} effects`);
  });
}

test("killed and stopped at random moments, gateway, nodes and jobs, the same holds, and what lands outside "
  + "or in a queue is asked for under one key, told of once and heard of "
  + "(S0.16, S0.19, S0.20, S0.40, S1.10, S1.20, S2.38, S2.41, S2.42)", async (t) => {
  const report = await runChaos(t, "--only", "kills");
  assertNothingLost(report);
  assert.equal(report.verdict?.["messages"], 60);
});
