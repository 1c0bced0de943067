import assert from "node:assert/strict";
import { OpenClawError } from "@openclaw/protocol";
import {
  ENGINE_LIMITS, type EnqueueOptions, type Job, type JobVerdict, type QueueDepth, type QueueWorker, type WorkOptions,
} from "@openclaw/sdk";
import { bytes, text, turn, until, type Bench, type Stage } from "./bench.ts";

const ONE: WorkOptions = { concurrency: 1, attemptsMax: 3, retryFirstMs: 1_000, retryLastMs: 10_000 };

function put(stage: Stage, id: string, options: Partial<EnqueueOptions> = {}, queue = "q"): Promise<{ readonly duplicate: boolean }> {
  return stage.patient(() => stage.engine.queues.enqueue(queue, bytes(`body of ${id}`), { id, ...options }));
}

/** A worker that writes down what it gets and answers as it is told; nothing is `done`. */
function work(
  stage: Stage, answer: (job: Job, signal: AbortSignal) => Promise<JobVerdict | void> | JobVerdict | void = () => {},
  options: WorkOptions = ONE, queue = "q",
): { readonly jobs: Job[]; readonly worker: QueueWorker } {
  const jobs: Job[] = [];
  const worker = stage.engine.queues.work(queue, async (job, signal) => {
    jobs.push(job);
    return await answer(job, signal);
  }, options);
  return { jobs, worker };
}

async function depth(stage: Stage, queue = "q"): Promise<Pick<QueueDepth, "jobs" | "dead"> | null> {
  const found = await stage.patient(() => stage.engine.queues.depth(queue));
  return found === null ? null : { jobs: found.jobs, dead: found.dead };
}

async function empty(stage: Stage, queue = "q"): Promise<void> {
  while ((await depth(stage, queue)) !== null) await turn();
}

/** Ids in the order of their first delivery: a job may be delivered more than once, and says so nowhere. */
const firsts = (jobs: readonly Job[]): string[] => [...new Set(jobs.map(({ id }) => id))];

const never = (_: Job, signal: AbortSignal): Promise<void> =>
  new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true }));

export function queuesContract(bench: Bench): void {
  bench.test("jobs are delivered in the order they came, with id, body and attempt, and are gone when done (S1.20)", async (stage) => {
    for (const id of ["a", "b", "c"]) assert.deepEqual(await put(stage, id).then(() => null), null);
    assert.deepEqual(await depth(stage), { jobs: 3, dead: 0 });
    const { jobs } = work(stage);
    await empty(stage);
    assert.deepEqual(firsts(jobs), ["a", "b", "c"]);
    assert.deepEqual([text(jobs[0]!.body), jobs[0]!.attempt, jobs[0]!.interrupted], ["body of a", 1, false]);
    assert.deepEqual(await stage.patient(() => stage.engine.queues.depths()), []);
  });

  bench.test("a worker that was there first gets what comes later, each queue its own", async (stage) => {
    const [mine, other] = [work(stage), work(stage, undefined, ONE, "other")];
    await put(stage, "a");
    await put(stage, "b", {}, "other");
    await empty(stage);
    await empty(stage, "other");
    assert.deepEqual([firsts(mine.jobs), firsts(other.jobs)], [["a"], ["b"]]);
  });

  bench.test("an id that is there, or was within the window, is a duplicate and changes nothing", async (stage) => {
    const first = await put(stage, "a");
    if (!stage.traits.retrying) assert.equal(first.duplicate, false);
    assert.equal((await put(stage, "a", { delayMs: 5 })).duplicate, true);
    assert.equal((await put(stage, "a", {}, "elsewhere").then(() => depth(stage, "elsewhere")))?.jobs, 1);
    const { jobs } = work(stage);
    await empty(stage);
    await stage.clock.advance(ENGINE_LIMITS.dedupeMs);
    assert.equal((await put(stage, "a")).duplicate, true);
    assert.equal(await depth(stage), null);
    assert.deepEqual(firsts(jobs), ["a"]);
  });

  bench.test("a delay is kept, and what is due earlier goes first", async (stage) => {
    await put(stage, "late", { delayMs: 5_000 });
    await put(stage, "soon", { delayMs: 1_000 });
    const { jobs } = work(stage);
    for (let turns = 0; turns < 20; turns += 1) await turn();
    assert.deepEqual(jobs, []);
    await stage.clock.advance(1_000);
    await until(() => jobs.length > 0);
    assert.deepEqual(firsts(jobs), ["soon"]);
    await stage.clock.advance(4_000);
    await empty(stage);
    assert.deepEqual(firsts(jobs), ["soon", "late"]);
  });

  bench.test("no more than `concurrency` are under way, and one that stalls holds up nobody else's queue", async (stage) => {
    for (let at = 0; at < 5; at += 1) await put(stage, `s${at}`, {}, "stalled");
    for (let at = 0; at < 20; at += 1) await put(stage, `h${at}`, {}, "healthy");
    const stalled = work(stage, never, { ...ONE, concurrency: 2 }, "stalled");
    const healthy = work(stage, undefined, { ...ONE, concurrency: 4 }, "healthy");
    await empty(stage, "healthy");
    assert.equal(firsts(healthy.jobs).length, 20);
    await until(() => stalled.jobs.length === 2);
    assert.equal(stalled.worker.running, 2);
    assert.equal((await depth(stage, "stalled"))?.jobs, 5);
  });

  bench.test("a failed attempt is tried again with back-off, then is a dead letter that can be read", async (stage) => {
    await put(stage, "a");
    const { jobs } = work(stage, () => { throw new OpenClawError("NODE_OFFLINE"); });
    await until(() => jobs.length === 1);
    for (let attempt = 2; attempt <= 3; attempt += 1) {
      const waitMs = attempt === 2 ? 1_000 : 2_000;
      while (stage.clock.nextInMs === undefined) await turn();
      await stage.clock.advance(waitMs - 1);
      assert.equal(jobs.length, attempt - 1);
      await stage.clock.advance(1);
      await until(() => jobs.length === attempt);
    }
    while ((await depth(stage))?.dead !== 1) await turn();
    const [letter] = await stage.patient(() => stage.engine.queues.dead("q"));
    const { id, body, attempts, code, note } = letter!;
    assert.deepEqual([id, text(body), attempts, code, note], ["a", "body of a", 3, "NODE_OFFLINE", null]);
    assert.deepEqual(jobs.map(({ attempt }) => attempt), [1, 2, 3]);
    assert.ok(letter!.deadAtMs > 0);
  });

  bench.test("a verdict may wait without costing an attempt, and may give up at once with a note", async (stage) => {
    await put(stage, "a");
    let calls = 0;
    const { jobs } = work(stage, () =>
      (calls += 1) <= 5 ? { end: "again", afterMs: 0, counted: false } : { end: "dead", code: "GATE_REFUSED", note: bytes("why") });
    while ((await depth(stage))?.dead !== 1) await turn();
    assert.ok(jobs.every(({ attempt }) => attempt === 1));
    const [letter] = await stage.patient(() => stage.engine.queues.dead("q"));
    assert.deepEqual([letter!.code, text(letter!.note!)], ["GATE_REFUSED", "why"]);
  });

  bench.test("dead letters are listed page by page, come to life again, or are discarded", async (stage) => {
    for (let at = 0; at < 5; at += 1) await put(stage, `d${at}`, { dead: { code: "BACKPRESSURE", note: bytes(`${at}`) } });
    assert.deepEqual(await depth(stage), { jobs: 0, dead: 5 });
    const page = await stage.patient(() => stage.engine.queues.dead("q", { limit: 2 }));
    const rest = await stage.patient(() => stage.engine.queues.dead("q", { after: page[1]!.position }));
    assert.deepEqual([...page, ...rest].map(({ id }) => id), ["d0", "d1", "d2", "d3", "d4"]);
    assert.equal((await put(stage, "d0")).duplicate, true);
    const revived = await stage.patient(() => stage.engine.queues.revive("q", "d1"));
    const discarded = await stage.patient(() => stage.engine.queues.discard("q", "d2"));
    if (!stage.traits.retrying) assert.deepEqual([revived, discarded], [true, true]);
    assert.equal(await stage.patient(() => stage.engine.queues.discard("q", "nobody")), false);
    assert.equal(await stage.patient(() => stage.engine.queues.revive("q", "nobody")), false);
    const { jobs } = work(stage);
    while ((await depth(stage))?.jobs !== 0) await turn();
    assert.deepEqual([firsts(jobs), jobs[0]!.attempt, jobs[0]!.interrupted], [["d1"], 1, false]);
    assert.deepEqual(await depth(stage), { jobs: 0, dead: 3 });
  });

  bench.test("the living can not be discarded", async (stage) => {
    await put(stage, "a");
    assert.equal(await stage.patient(() => stage.engine.queues.discard("q", "a")), false);
    assert.equal(await stage.patient(() => stage.engine.queues.revive("q", "a")), false);
    assert.deepEqual(await depth(stage), { jobs: 1, dead: 0 });
  });

  bench.test("a queue that holds its bound refuses with BACKPRESSURE, other queues do not", async (stage) => {
    await put(stage, "a", { jobsMax: 2 });
    await put(stage, "b", { jobsMax: 2 });
    await stage.refuses("BACKPRESSURE", () => put(stage, "c", { jobsMax: 2 }));
    assert.equal((await put(stage, "b", { jobsMax: 2 })).duplicate, true);
    await stage.refuses("BACKPRESSURE", () => put(stage, "c", { bytesMax: 20 }));
    await put(stage, "c", { jobsMax: 2 }, "other");
    await put(stage, "d", { jobsMax: 1, dead: { code: "X" } });
    await stage.refuses("BACKPRESSURE", () => put(stage, "e", { jobsMax: 1, dead: { code: "X" } }));
    await stage.patient(() => stage.engine.queues.discard("q", "d"));
    await stage.refuses("TOO_LARGE", () =>
      stage.engine.queues.enqueue("q", new Uint8Array(ENGINE_LIMITS.frameBytes + 1), { id: "large" }));
    work(stage);
    await empty(stage);
    await put(stage, "c", { jobsMax: 2 });
  });

  bench.test("an attempt that takes too long is aborted and tried again, and its late answer counts for nothing", async (stage) => {
    await put(stage, "a");
    const late = Promise.withResolvers<void>();
    let calls = 0;
    const { jobs } = work(stage, () => (++calls === 1 ? late.promise : undefined), { ...ONE, ackWaitMs: 500 });
    await until(() => jobs.length === 1);
    await stage.clock.advance(500);
    while (stage.clock.nextInMs === undefined) await turn();
    await stage.clock.advance(1_000);
    await until(() => jobs.length >= 2);
    late.resolve();
    await empty(stage);
    assert.deepEqual([jobs[1]!.attempt, jobs[1]!.interrupted], [2, true], "what the first did is not known");
  });

  bench.test("depth tells jobs, dead letters, bytes and the age of the oldest", async (stage) => {
    const since = stage.clock.now();
    await put(stage, "a");
    await stage.clock.advance(250);
    await put(stage, "b");
    await put(stage, "c", { dead: { code: "X" } });
    await put(stage, "z", {}, "another");
    const all = await stage.patient(() => stage.engine.queues.depths());
    assert.deepEqual(all.map(({ queue }) => queue), ["another", "q"]);
    assert.deepEqual(all[1], { queue: "q", jobs: 2, dead: 1, bytes: 27, oldestMs: since });
  });

  bench.test("disposing a worker gives what it was doing back, uncounted, and delivers no more", async (stage) => {
    await put(stage, "a");
    await put(stage, "b");
    const { jobs, worker } = work(stage, never);
    await until(() => jobs.length === 1);
    await worker[Symbol.asyncDispose]();
    assert.deepEqual(await depth(stage), { jobs: 2, dead: 0 });
    for (let turns = 0; turns < 20; turns += 1) await turn();
    assert.equal(jobs.length, 1);
    const next = work(stage);
    await empty(stage);
    assert.deepEqual(firsts(next.jobs).toSorted(), ["a", "b"]);
    assert.equal(next.jobs.find(({ id }) => id === "a")!.attempt, 1);
  });

  bench.test("wrong names are assertions, and so is a second worker of one queue", async (stage) => {
    const { queues } = stage.engine;
    await stage.asserts(() => queues.enqueue("no spaces", bytes("x"), { id: "a" }));
    await stage.asserts(() => queues.enqueue("q", bytes("x"), { id: "" }));
    work(stage);
    await stage.asserts(async () => queues.work("q", async () => {}, ONE));
  });
}

/** For engines that keep what they were given. */
export function queuesReopeningContract(bench: Bench): void {
  bench.test("jobs, delays and dead letters outlive the engine; one that was under way comes again and says so (S1.20)", async (stage) => {
    await put(stage, "a");
    await put(stage, "later", { delayMs: 60_000 });
    await put(stage, "dead", { dead: { code: "X", note: bytes("n") } });
    const { jobs } = work(stage, () => new Promise(() => {}));
    await until(() => jobs.length === 1);
    const closing = stage.reopen();
    while (stage.clock.nextInMs === undefined) await turn();
    await stage.clock.advance(30_000); // nobody answers: the engine closes without it
    await closing;
    assert.deepEqual(await depth(stage), { jobs: 2, dead: 1 });
    const again = work(stage);
    await until(() => again.jobs.length > 0);
    const { id, attempt, interrupted } = again.jobs[0]!;
    assert.deepEqual([id, attempt, interrupted], ["a", 2, true]);
    assert.equal((await put(stage, "a")).duplicate, true);
    await stage.clock.advance(60_000);
    while ((await depth(stage))?.jobs !== 0) await turn();
    assert.deepEqual(firsts(again.jobs), ["a", "later"]);
    assert.equal((await stage.patient(() => stage.engine.queues.dead("q")))[0]!.id, "dead");
  });

  bench.test("a job that ends every worker it meets becomes a dead letter of unknown outcome", async (stage) => {
    await put(stage, "poison");
    for (let death = 1; death <= 2; death += 1) {
      const { jobs } = work(stage, () => new Promise(() => {}), { ...ONE, attemptsMax: 2 });
      await until(() => jobs.length === 1);
      const closing = stage.reopen();
      while (stage.clock.nextInMs === undefined) await turn();
      await stage.clock.advance(30_000);
      await closing;
    }
    const { jobs } = work(stage, undefined, { ...ONE, attemptsMax: 2 });
    while ((await depth(stage))?.dead !== 1) await turn();
    assert.deepEqual(jobs, []);
    assert.equal((await stage.patient(() => stage.engine.queues.dead("q")))[0]!.code, "OUTCOME_UNKNOWN");
  });
}
