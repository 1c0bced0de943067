/** Ten thousand jobs: one that is due costs what one job costs, and a thousand of one second do not come at once. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { hasCode } from "@openclaw/protocol";
import type { Job, JobState } from "./job.ts";
import { SCHEDULE_LIMITS } from "./job.ts";
import { openBench, OWNER_AUTHOR, pass, START_MS, type Bench } from "./schedule-world.testing.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** As earlier gateways left them. */
async function seed({ engine }: Bench, count: number, nextMs: (at: number) => number): Promise<void> {
  for (let at = 0; at < count; at++) {
    const schedule = { kind: "every" as const, everyMs: 24 * HOUR, anchorMs: nextMs(at) };
    const job: Job = {
      id: `j${at}`, tenant: "home", name: `job ${at}`, enabled: true, schedule, sessionTarget: `session:s${at % 7}`, wakeMode: "now",
      payload: { kind: "agentTurn", message: `m${at}` }, delivery: { mode: "none" }, deleteAfterRun: false, catchUp: "last", graceMs: HOUR,
      overlap: "skip", createdAtMs: START_MS, updatedAtMs: START_MS, by: "owner", label: "owner",
    };
    const state: JobState = { cursorMs: START_MS, sinceMs: START_MS, nextMs: nextMs(at), generation: 0, open: [], entries: 0 };
    await engine.records.write("schedule-jobs", `home.j${at}`, Buffer.from(JSON.stringify({ v: 1, job, state })), 0);
  }
}

test("among ten thousand jobs the one that is due is found without touching the others (C11)", async (t) => {
  const bench = await openBench(t);
  await seed(bench, SCHEDULE_LIMITS.jobs, (at) => START_MS + (at === 7_777 ? 10 * MINUTE : 12 * HOUR + at));
  const life = await bench.open();
  assert.equal((await life.scheduler.status()).jobs, SCHEDULE_LIMITS.jobs);
  assert.equal((await life.scheduler.status()).nextWakeAtMs, START_MS + 10 * MINUTE);
  const touched = new Set<string>();
  const { write, get } = bench.engine.records;
  bench.engine.records.write = (bucket, key, ...rest) => {
    if (bucket.startsWith("schedule")) touched.add(`write ${key}`);
    return write.call(bench.engine.records, bucket, key, ...rest);
  };
  bench.engine.records.get = (bucket, key) => {
    if (bucket.startsWith("schedule")) touched.add(`get ${key}`);
    return get.call(bench.engine.records, bucket, key);
  };
  await pass(bench.clock, 11 * MINUTE, 22);
  assert.deepEqual(life.offered.map(({ text }) => text), ["m7777"]);
  assert.deepEqual([...touched].map((what) => what.split(".")[1]), ["j7777", "j7777", "j7777"], [...touched].join());
  const one = { schedule: { kind: "every", everyMs: HOUR }, payload: { kind: "agentTurn", message: "x" } };
  await assert.rejects(life.scheduler.add(one, OWNER_AUTHOR), (error) => hasCode(error, "CRON_JOBS_FULL"));
  life.kill();
});

test("a thousand jobs of one second come a few at a time, each once (C12)", async (t) => {
  const bench = await openBench(t);
  await seed(bench, 1_000, () => START_MS + MINUTE);
  const life = await bench.open();
  await pass(bench.clock, MINUTE, 2);
  for (let wait = 0; wait < 200 && life.offered.length < 1_000; wait++) await pass(bench.clock, 0, 1);
  assert.equal(new Set(life.offered.map(({ idempotencyKey }) => idempotencyKey)).size, 1_000);
  assert.equal(life.offered.length, 1_000);
  assert.ok(life.offeredAtOnce() <= 16, `${life.offeredAtOnce()} at once`);
  life.kill();
});

test("jobs of one second that are staggered spread over that time, the same way each day (C12)", async (t) => {
  const bench = await openBench(t);
  const life = await bench.open();
  const schedule = { kind: "cron", expr: "0 13 * * *", staggerMs: 10 * MINUTE };
  for (let at = 0; at < 40; at++) {
    const payload = { kind: "agentTurn", message: `m${at}` };
    await life.scheduler.add({ schedule, payload, sessionTarget: `session:s${at}` }, OWNER_AUTHOR);
  }
  await pass(bench.clock, HOUR);
  assert.ok(life.offered.length < 10, `${life.offered.length} on the hour`);
  await pass(bench.clock, 11 * MINUTE, 66);
  assert.equal(life.offered.length, 40, "all within the time");
  const isOfTheHour = life.offered.every(({ idempotencyKey }) => idempotencyKey.endsWith(`:${START_MS + HOUR}`));
  assert.ok(isOfTheHour, "the occurrence is still the hour's");
  const order = life.offered.map(({ text }) => text);
  await pass(bench.clock, 24 * HOUR, 1_440);
  assert.deepEqual(life.offered.slice(40).map(({ text }) => text), order);
  life.kill();
});
