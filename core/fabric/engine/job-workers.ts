/**
 * Delivers jobs from a store to whoever works on them: concurrency, back-off, time limits, dead letters.
 *
 * One worker for each queue. It sleeps until a job is put in, falls due or ends; a job that is stuck costs its own queue a
 * place and nobody else anything.
 */
import { codeOf, hasCode, OpenClawError } from "@openclaw/protocol";
import type { Job, JobVerdict, QueueWorker, WorkOptions } from "@openclaw/sdk";
import { assert } from "../../base/assert.ts";
import type { Clock } from "../../base/clock.ts";
import { checkToken } from "./check-arguments.ts";
import type { JobStore, Settlement } from "./job-store.ts";

const RETRY_FIRST_MS = 1_000;
const RETRY_LAST_MS = 300_000;
const ACK_WAIT_MS = 600_000;
/** A clock may be set in between: nobody sleeps longer without looking. */
const SLEEP_MS_MAX = 60_000;
/** After a read or a write that failed. */
const FAULT_WAIT_MS = 250;
/** How long a closing worker waits for what it interrupted. */
const CLOSE_WAIT_MS = 5_000;

type OnJob = (job: Job, signal: AbortSignal) => Promise<JobVerdict | void>;

export class JobWorkers {
  readonly #store: JobStore;
  readonly #clock: Clock;
  readonly #workers = new Map<string, Worker>();
  #closed = false;

  constructor(store: JobStore, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  work(queue: string, on: OnJob, options: WorkOptions): QueueWorker {
    checkToken("queue", queue);
    if (this.#closed) throw new OpenClawError("CLOSED");
    assert(!this.#workers.has(queue), `the queue ${queue} has a worker already`);
    assert(options.concurrency > 0 && options.attemptsMax > 0, "a worker without concurrency or attempts");
    const worker = new Worker({ store: this.#store, clock: this.#clock, queue, on, options });
    this.#workers.set(queue, worker);
    worker.wake();
    return {
      get running() {
        return worker.running;
      },
      [Symbol.asyncDispose]: async () => {
        await worker.close();
        if (this.#workers.get(queue) === worker) this.#workers.delete(queue);
      },
    };
  }

  /** Something in this queue, or in all of them, may be due. */
  wake(queue?: string): void {
    if (queue !== undefined) this.#workers.get(queue)?.wake();
    else for (const worker of this.#workers.values()) worker.wake();
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#workers.values()].map((worker) => worker.close()));
  }
}

interface WorkerDeps {
  readonly store: JobStore;
  readonly clock: Clock;
  readonly queue: string;
  readonly on: OnJob;
  readonly options: WorkOptions;
}

class Worker {
  readonly #deps: WorkerDeps;
  readonly #underWay = new Map<string, Promise<void>>();
  readonly #stop = new AbortController();
  readonly #left = new AbortController();
  #timer: { close(): void } | undefined;
  #scheduled = false;
  #closing: Promise<void> | undefined;

  constructor(deps: WorkerDeps) {
    this.#deps = deps;
  }

  get running(): number {
    return this.#underWay.size;
  }

  wake(): void {
    if (this.#scheduled || this.#closing !== undefined) return;
    this.#scheduled = true;
    queueMicrotask(() => {
      this.#scheduled = false;
      if (this.#closing === undefined) this.#look();
    });
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#end());
  }

  #look(): void {
    const { store, clock, queue, options } = this.#deps;
    this.#timer?.close();
    this.#timer = undefined;
    const room = options.concurrency - this.#underWay.size;
    if (room <= 0) return; // the next one that ends looks again
    const now = clock.now();
    try {
      // A job whose take is not yet durable still looks as if it waited.
      const due = store.due(queue, now, options.concurrency + this.#underWay.size).filter((id) => !this.#underWay.has(id)).slice(0, room);
      for (const id of due) {
        const run = this.#run(id).finally(() => {
          this.#underWay.delete(id);
          this.wake();
        });
        this.#underWay.set(id, run);
      }
      if (due.length === room) return;
      const next = store.nextDueMs(queue);
      if (next !== null && next > now) this.#sleep(Math.min(next - now, SLEEP_MS_MAX));
    } catch (error) {
      if (!hasCode(error, "CLOSED")) this.#sleep(FAULT_WAIT_MS);
    }
  }

  #sleep(ms: number): void {
    this.#timer = this.#deps.clock.after(ms, () => this.wake());
  }

  async #run(id: string): Promise<void> {
    const { store, queue, options } = this.#deps;
    const job = await this.#surely(() => store.take(queue, id));
    if (job === null || job === undefined) return;
    const settlement = job.attempt > options.attemptsMax
      ? { end: "dead", code: "OUTCOME_UNKNOWN", note: null } as const
      : await this.#attempt(job);
    if (settlement !== undefined) await this.#surely(() => store.settle(queue, id, job.attempt, settlement));
  }

  /** Undefined when the worker was closed and the attempt did not come to an end: the job stays marked as begun. */
  async #attempt(job: Job): Promise<Settlement | undefined> {
    const { clock, on, options } = this.#deps;
    const own = new AbortController();
    const late = Promise.withResolvers<"late">();
    const timer = clock.after(options.ackWaitMs ?? ACK_WAIT_MS, () => {
      own.abort(new OpenClawError("REQUEST_TIMEOUT"));
      late.resolve("late");
    });
    const gone = Promise.withResolvers<"gone">();
    const onLeft = (): void => gone.resolve("gone");
    this.#left.signal.addEventListener("abort", onLeft, { once: true });
    try {
      const signal = AbortSignal.any([own.signal, this.#stop.signal]);
      const answered = (async () => on(job, signal))();
      const verdict = await Promise.race([answered, late.promise, gone.promise]);
      answered.catch(() => undefined); // what comes after its time is nobody's
      if (verdict === "gone") return undefined;
      return verdict === "late" ? this.#failed(job, "REQUEST_TIMEOUT", true) : this.#settlement(job, verdict ?? { end: "done" });
    } catch (error) {
      // Interrupted by us: as if it had not begun.
      if (this.#stop.signal.aborted) return { end: "again", delayMs: 0, attempts: job.attempt - 1, interrupted: job.interrupted };
      return this.#failed(job, codeOf(error) ?? "INTERNAL");
    } finally {
      timer.close();
      this.#left.signal.removeEventListener("abort", onLeft);
    }
  }

  #settlement(job: Job, verdict: JobVerdict): Settlement {
    switch (verdict.end) {
      case "done": return { end: "done" };
      case "dead": return { end: "dead", code: verdict.code, note: verdict.note ?? null };
      case "again": {
        if (verdict.counted === false) return { end: "again", delayMs: verdict.afterMs, attempts: job.attempt - 1, interrupted: false };
        return job.attempt < this.#deps.options.attemptsMax
          ? { end: "again", delayMs: verdict.afterMs, attempts: job.attempt, interrupted: false }
          : { end: "dead", code: "REQUEST_TIMEOUT", note: null };
      }
    }
  }

  /** `interrupted`: it has no end that anybody knows of. */
  #failed({ attempt }: Job, code: string, interrupted = false): Settlement {
    const { attemptsMax, retryFirstMs = RETRY_FIRST_MS, retryLastMs = RETRY_LAST_MS } = this.#deps.options;
    if (attempt >= attemptsMax) return { end: "dead", code, note: null };
    return { end: "again", delayMs: Math.min(retryFirstMs * 2 ** (attempt - 1), retryLastMs), attempts: attempt, interrupted };
  }

  /** A full disk and a locked file pass; while they last the job is neither lost nor delivered again. */
  async #surely<T>(run: () => Promise<T>): Promise<T | undefined> {
    for (;;) {
      try {
        return await run();
      } catch (error) {
        if (hasCode(error, "CLOSED")) return undefined;
        await this.#deps.clock.wait(FAULT_WAIT_MS, this.#left.signal).catch(() => undefined);
        if (this.#left.signal.aborted) return undefined;
      }
    }
  }

  async #end(): Promise<void> {
    this.#timer?.close();
    this.#stop.abort(new OpenClawError("CLOSED"));
    if (this.#underWay.size === 0) return;
    const patience = this.#deps.clock.after(CLOSE_WAIT_MS, () => this.#left.abort());
    await Promise.all([...this.#underWay.values()].map((run) => run.catch(() => undefined)));
    patience.close();
  }
}
