import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { hasCode } from "@openclaw/protocol";
import { VirtualClock } from "@openclaw/testkit/virtual-clock";
import { openMemoryEngine } from "../../fabric/engine.ts";
import { createJobStore } from "./job-store.ts";
import { SCHEDULE_LIMITS, type Job, type JobState, type RunEntry } from "./job.ts";

const JOB = { id: "j", name: "secret words", schedule: { kind: "every", everyMs: 1_000, anchorMs: 0 } } as unknown as Job;
const STATE: JobState = { cursorMs: 0, sinceMs: 0, nextMs: 1_000, generation: 0, open: [], entries: 0 };
const entry = (at: number): RunEntry => ({ occurrenceId: `cron:j:${at}`, dueMs: at, status: "ok", atMs: at });
const flip = (belongsTo: string, bytes: Uint8Array): Uint8Array => bytes.map((byte) => byte ^ (belongsTo.length & 0x7f) ^ 0x55);

async function setUp(t: TestContext) {
  const engine = await openMemoryEngine({ clock: new VirtualClock() });
  t.after(() => engine[Symbol.asyncDispose]());
  const damaged: string[] = [];
  const sealer = { seal: flip, unseal: flip };
  const store = createJobStore({ records: engine.records, sealer, tenant: "home", onDamaged: (key) => damaged.push(key) });
  return { records: engine.records, store, damaged };
}

test("the history of a job is bounded: the oldest pages go, and with the job all of them", async (t) => {
  const { records, store } = await setUp(t);
  const stored = await store.write(JOB, STATE, 0);
  let count = 0;
  for (const size of [1, 63, 64, 70, 500, 3, 600]) {
    await store.writeEntries("j", count, Array.from({ length: size }, (_, at) => entry(count + at)));
    count += size;
  }
  assert.ok((await records.list("schedule-runs", "")).length <= SCHEDULE_LIMITS.runPages + 1);
  const kept = await store.readEntries("j", count, 5_000);
  assert.ok(kept.length >= SCHEDULE_LIMITS.runsPerPage * (SCHEDULE_LIMITS.runPages - 1), String(kept.length));
  assert.deepEqual(kept.map(({ dueMs }) => dueMs), kept.map((_, at) => count - 1 - at), "the newest first, without a gap");
  assert.deepEqual((await store.readEntries("j", count, 3)).map(({ dueMs }) => dueMs), [count - 1, count - 2, count - 3]);
  await store.remove(stored);
  assert.equal((await records.list("schedule-runs", "")).length, 0);
});

test("entries that a crash left uncounted are not shown, and written over", async (t) => {
  const { store } = await setUp(t);
  await store.writeEntries("j", 0, [entry(1), entry(2)]);
  assert.deepEqual((await store.readEntries("j", 1, 10)).map(({ dueMs }) => dueMs), [1]);
  await store.writeEntries("j", 1, [entry(3)]);
  assert.deepEqual((await store.readEntries("j", 2, 10)).map(({ dueMs }) => dueMs), [3, 1]);
});

test("a job is sealed, found again, and written only by who knows its newest state", async (t) => {
  const { records, store, damaged } = await setUp(t);
  const { revision } = await store.write(JOB, STATE, 0);
  const [row] = await records.list("schedule-jobs", "home.");
  assert.ok(!Buffer.from(row?.value ?? []).toString("latin1").includes("secret words"));
  await assert.rejects(store.write(JOB, STATE, 0), (error) => hasCode(error, "CONFLICT"));
  await store.write(JOB, { ...STATE, cursorMs: 5 }, revision);
  assert.equal((await store.read("j"))?.state.cursorMs, 5);
  await records.write("schedule-jobs", "home.k", new Uint8Array([1, 2, 3]), 0);
  const found: string[] = [];
  for await (const page of store.all()) found.push(...page.map(({ job }) => job.id));
  assert.deepEqual([found, damaged], [["j"], ["home.k"]], "a damaged one holds up nobody");
});
