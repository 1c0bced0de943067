/** A life that ends at each write of claiming, firing and ending, before it and after it: every occurrence runs once. */
import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { OpenClawError } from "@openclaw/protocol";
import { openBench, OWNER_AUTHOR, pass, START_MS, type Bench, type Life } from "./schedule-world.testing.ts";

const MINUTE = 60_000;

async function seed(bench: Bench, input: Readonly<Record<string, unknown>>): Promise<string> {
  const life = await bench.open();
  const schedule = { kind: "every", everyMs: 10 * MINUTE };
  const { job } = await life.scheduler.add({ schedule, payload: { kind: "agentTurn", message: "look" }, ...input }, OWNER_AUTHOR);
  life.kill();
  return job.id;
}

/** Turns that were started, by the run's id, read from the log itself. */
async function turnsOf(life: Life, key: string): Promise<string[]> {
  const log = await life.world.journal.load(life.world.journal.address(key));
  return (await log.read(0, 10_000)).flatMap((entry) => (entry.type === "turn.started" ? [entry.body.runId] : []));
}

interface Death {
  readonly dieAt: number;
  readonly dieAfter: boolean;
}

type Input = Readonly<Record<string, unknown>>;

async function liveThrough(t: TestContext, { dieAt, dieAfter }: Death, input: Input, key: (id: string) => string) {
  const bench = await openBench(t);
  const id = await seed(bench, input);
  const mortal = await bench.open({ dieAt, dieAfter });
  await pass(bench.clock, 11 * MINUTE, 22);
  mortal.kill();
  const heir = await bench.open();
  await pass(bench.clock, 2 * MINUTE, 20);
  const occurrence = `cron:${id}:${START_MS + 10 * MINUTE}`;
  const { state } = await heir.scheduler.get(id);
  const entries = await heir.scheduler.entries(id, 10);
  const runs = await turnsOf(heir, key(id));
  heir.kill();
  return { occurrence, state, entries, runs, offered: mortal.offered.length + heir.offered.length };
}

for (const [name, input, key] of [
  ["the main session", { sessionTarget: "main" }, () => "agent:main:main"],
  ["an isolated session", {}, (id: string) => `agent:main:cron:${id}`],
] as const) {
  for (const dieAfter of [false, true]) {
    const when = dieAfter ? "after" : "before";
    test(`killed ${when} each write of a firing into ${name}, it runs once and its end is written once (C12, S0.16)`, async (t) => {
      let again = 0;
      for (let dieAt = 1; dieAt <= 14; dieAt++) {
        const { occurrence, state, entries, runs, offered } = await liveThrough(t, { dieAt, dieAfter }, input, key);
        const at = `write ${dieAt}`;
        assert.deepEqual(runs, [occurrence], at);
        assert.deepEqual(entries.map(({ occurrenceId, status }) => [occurrenceId, status]), [[occurrence, "ok"]], at);
        assert.deepEqual([state.open.length, state.entries, state.cursorMs], [0, 1, START_MS + 10 * MINUTE], at);
        if (offered > 1) again += 1;
      }
      assert.ok(again >= 2, `only ${again} lives ended between claim and end`);
    });
  }
}

test("killed after its claim and opened long after its grace, an occurrence still runs: a claim is a promise (C11, S4.44)", async (t) => {
  const bench = await openBench(t);
  const id = await seed(bench, { sessionTarget: "main" });
  // The first write of this life is the claim.
  const mortal = await bench.open({ dieAt: 1, dieAfter: true });
  await pass(bench.clock, 11 * MINUTE, 22);
  assert.equal(mortal.offered.length, 0);
  await pass(bench.clock, 2 * 86_400_000);
  const heir = await bench.open();
  await pass(bench.clock, MINUTE);
  assert.equal(heir.offered[0]?.idempotencyKey, `cron:${id}:${START_MS + 10 * MINUTE}`);
  heir.kill();
});

test("a claim so old that no session remembers its id is ended as unknown, not run again (C12)", async (t) => {
  const bench = await openBench(t);
  const id = await seed(bench, { sessionTarget: "main" });
  await bench.open({ dieAt: 1, dieAfter: true });
  await pass(bench.clock, 11 * MINUTE, 22);
  await pass(bench.clock, 8 * 86_400_000);
  const heir = await bench.open();
  await pass(bench.clock, MINUTE);
  const entries = await heir.scheduler.entries(id, 10);
  assert.ok(entries.some(({ dueMs, code }) => dueMs === START_MS + 10 * MINUTE && code === "OUTCOME_UNKNOWN"));
  assert.ok(heir.offered.every(({ idempotencyKey }) => idempotencyKey !== `cron:${id}:${START_MS + 10 * MINUTE}`));
  heir.kill();
});

test("an engine that did not confirm a write has the claim read again: nothing runs twice (C12)", async (t) => {
  const bench = await openBench(t);
  const life = await bench.open();
  const schedule = { kind: "every", everyMs: 10 * MINUTE };
  const payload = { kind: "agentTurn", message: "look" };
  const { job } = await life.scheduler.add({ schedule, payload, sessionTarget: "main" }, OWNER_AUTHOR);
  // Another peer changes the job under this one's feet: its claim loses, and is decided again.
  const [stored] = await bench.engine.records.list("schedule-jobs", "");
  await bench.engine.records.write("schedule-jobs", stored?.key ?? "", stored?.value ?? new Uint8Array(), stored?.revision ?? 0);
  await pass(bench.clock, 11 * MINUTE, 22);
  assert.deepEqual(life.offered.map(({ idempotencyKey }) => idempotencyKey), [`cron:${job.id}:${START_MS + 10 * MINUTE}`]);
  life.kill();
});

test("a full disk at the claim, the history or the end delays a run and neither loses nor doubles it (C11, C12)", async (t) => {
  for (let failing = 1; failing <= 3; failing++) {
    const bench = await openBench(t);
    const life = await bench.open();
    const payload = { kind: "agentTurn", message: "look" };
    const schedule = { kind: "every", everyMs: 10 * MINUTE };
    const { job } = await life.scheduler.add({ schedule, payload, sessionTarget: "main" }, OWNER_AUTHOR);
    const { write } = bench.engine.records;
    let writes = 0;
    bench.engine.records.write = async (bucket, ...rest) => {
      if (bucket.startsWith("schedule") && ++writes === failing) throw new OpenClawError("DISK_FULL");
      return await write.call(bench.engine.records, bucket, ...rest);
    };
    await pass(bench.clock, 12 * MINUTE, 120);
    const occurrence = `cron:${job.id}:${START_MS + 10 * MINUTE}`;
    assert.deepEqual(await turnsOf(life, "agent:main:main"), [occurrence], `write ${failing}`);
    const entries = await life.scheduler.entries(job.id, 10);
    assert.deepEqual(entries.map(({ occurrenceId, status }) => [occurrenceId, status]), [[occurrence, "ok"]], `write ${failing}`);
    assert.ok(writes > failing);
    life.kill();
  }
});

test("a write that was applied and not confirmed stops no job: its run is started, ended and told, and the next one follows "
  + "(C11)", async (t) => {
  for (let failing = 1; failing <= 4; failing++) {
    const bench = await openBench(t);
    const life = await bench.open();
    const { write } = bench.engine.records;
    let writes = 0;
    bench.engine.records.write = async (bucket, ...rest) => {
      const revision = await write.call(bench.engine.records, bucket, ...rest);
      if (bucket.startsWith("schedule") && ++writes === failing) throw new OpenClawError("ENGINE_UNAVAILABLE");
      return revision;
    };
    const payload = { kind: "agentTurn", message: "look" };
    const schedule = { kind: "every", everyMs: 10 * MINUTE };
    const { job } = await life.scheduler.add({ schedule, payload, sessionTarget: "main" }, OWNER_AUTHOR);
    await pass(bench.clock, 22 * MINUTE, 220);
    const occurrences = [10, 20].map((minute) => `cron:${job.id}:${START_MS + minute * MINUTE}`);
    assert.deepEqual(await turnsOf(life, "agent:main:main"), occurrences, `write ${failing}`);
    const entries = await life.scheduler.entries(job.id, 10);
    const ended = entries.map(({ occurrenceId, status }) => `${occurrenceId} ${status}`).toReversed();
    assert.deepEqual(ended, occurrences.map((id) => `${id} ok`));
    const finished = life.told.filter(({ payload: { action } }) => action === "finished");
    assert.equal(finished.length, 2, `write ${failing}`);
    life.kill();
  }
});
