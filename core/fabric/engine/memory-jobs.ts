/** The jobs of the engine in memory. */
import { OpenClawError } from "@openclaw/protocol";
import { ENGINE_LIMITS, type DeadJob, type EnqueueOptions, type Queues } from "@openclaw/sdk";
import type { Clock } from "../../base/clock.ts";
import { checkFrame, checkNumber, checkToken, pageRows } from "./check-arguments.ts";
import type { JobStore } from "./job-store.ts";
import { JobWorkers } from "./job-workers.ts";

interface Kept {
  readonly id: string;
  readonly body: Uint8Array;
  readonly cameMs: number;
  made: number;
  dueMs: number;
  state: "waiting" | "taken" | "dead";
  attempts: number;
  interrupted: boolean;
  letter: Pick<DeadJob, "code" | "note" | "deadAtMs" | "position"> | undefined;
}

export interface MemoryJobsDeps {
  readonly clock: Clock;
  readonly next: () => number;
  readonly checkOpen: () => void;
}

export function createMemoryJobs({ clock, next, checkOpen }: MemoryJobsDeps): { readonly queues: Queues; close(): Promise<void> } {
  const queues = new Map<string, Map<string, Kept>>();
  const seen = new Map<string, number>();
  const jobsOf = (queue: string): Kept[] => [...(queues.get(queue)?.values() ?? [])];
  const drop = (queue: string, id: string): void => {
    queues.get(queue)?.delete(id);
    if (queues.get(queue)?.size === 0) queues.delete(queue);
  };
  const wasSeen = (key: string): boolean => {
    const before = clock.now() - ENGINE_LIMITS.dedupeMs;
    for (const [old, atMs] of seen) {
      if (atMs >= before) break;
      seen.delete(old);
    }
    return seen.has(key);
  };
  const waiting = (queue: string): Kept[] =>
    jobsOf(queue).filter(({ state }) => state === "waiting").sort((a, b) => a.dueMs - b.dueMs || a.made - b.made);

  const store: JobStore = {
    due: (queue, nowMs, limit) => waiting(queue).filter(({ dueMs }) => dueMs <= nowMs).slice(0, limit).map(({ id }) => id),
    nextDueMs: (queue) => waiting(queue)[0]?.dueMs ?? null,
    take: async (queue, id) => {
      checkOpen();
      const job = queues.get(queue)?.get(id);
      if (job?.state !== "waiting") return null;
      job.state = "taken";
      job.attempts += 1;
      return { id, body: job.body, attempt: job.attempts, interrupted: job.interrupted };
    },
    settle: async (queue, id, attempt, settlement) => {
      checkOpen();
      const job = queues.get(queue)?.get(id);
      if (job?.state !== "taken" || job.attempts !== attempt) return;
      if (settlement.end === "done") return drop(queue, id);
      if (settlement.end === "dead") {
        const { code, note } = settlement;
        job.state = "dead";
        job.letter = { code, note, deadAtMs: clock.now(), position: next() };
        return;
      }
      job.state = "waiting";
      job.interrupted = settlement.interrupted;
      job.attempts = settlement.attempts;
      job.dueMs = clock.now() + settlement.delayMs;
    },
  };
  const workers = new JobWorkers(store, clock);

  const enqueue = async (queue: string, body: Uint8Array, options: EnqueueOptions): Promise<{ duplicate: boolean }> => {
    const { id, delayMs = 0, jobsMax = ENGINE_LIMITS.queueJobs, bytesMax = ENGINE_LIMITS.queueBytes, dead } = options;
    checkToken("queue", queue);
    checkToken("id", id);
    checkFrame(body);
    checkOpen();
    const key = `${queue}/${id}`;
    const known = queues.get(queue);
    if (known?.has(id) === true || wasSeen(key)) return { duplicate: true };
    const bytes = jobsOf(queue).reduce((sum, job) => sum + job.body.byteLength, body.byteLength);
    const rows = jobsOf(queue).filter(({ state }) => (state === "dead") === (dead !== undefined)).length;
    if (rows >= jobsMax || bytes > bytesMax) throw new OpenClawError("BACKPRESSURE", { detail: { queue } });
    const now = clock.now();
    const letter = dead === undefined
      ? undefined
      : { code: dead.code, note: dead.note ?? null, deadAtMs: now, position: next() };
    const job: Kept = {
      id, body: new Uint8Array(body), cameMs: now, made: next(), dueMs: now + delayMs, state: letter === undefined ? "waiting" : "dead",
      attempts: 0, interrupted: false, letter,
    };
    if (known === undefined) queues.set(queue, new Map([[id, job]]));
    else known.set(id, job);
    seen.set(key, now);
    workers.wake(queue);
    return { duplicate: false };
  };

  const depthOf = (queue: string) => {
    const jobs = jobsOf(queue);
    const alive = jobs.filter(({ state }) => state !== "dead");
    return {
      queue, jobs: alive.length, dead: jobs.length - alive.length, bytes: jobs.reduce((sum, { body }) => sum + body.byteLength, 0),
      oldestMs: alive.length === 0 ? null : Math.min(...alive.map(({ cameMs }) => cameMs)),
    };
  };

  const deadOne = (queue: string, id: string): Kept | undefined => {
    checkToken("queue", queue);
    checkToken("id", id);
    checkOpen();
    const job = queues.get(queue)?.get(id);
    return job?.state === "dead" ? job : undefined;
  };

  return {
    close: () => workers.close(),
    queues: {
      enqueue,
      work: (queue, on, options) => workers.work(queue, on, options),
      depth: async (queue) => {
        checkToken("queue", queue);
        checkOpen();
        return queues.has(queue) ? depthOf(queue) : null;
      },
      depths: async () => {
        checkOpen();
        return [...queues.keys()].sort().map(depthOf);
      },
      dead: async (queue, { after = 0, limit } = {}) => {
        checkToken("queue", queue);
        checkNumber("position", after);
        checkOpen();
        return jobsOf(queue)
          .flatMap(({ id, body, attempts, letter }) => (letter === undefined ? [] : [{ id, body, attempts, ...letter }]))
          .filter(({ position }) => position > after)
          .sort((a, b) => a.position - b.position)
          .slice(0, pageRows(limit));
      },
      revive: async (queue, id) => {
        const job = deadOne(queue, id);
        if (job === undefined) return false;
        Object.assign(job, { state: "waiting", attempts: 0, interrupted: false, dueMs: clock.now(), made: next(), letter: undefined });
        workers.wake(queue);
        return true;
      },
      discard: async (queue, id) => {
        if (deadOne(queue, id) === undefined) return false;
        drop(queue, id);
        return true;
      },
    },
  };
}
