/** The queues of the SQLite engine, on the calling thread: reads look at committed state, writes go through the writer. */
import { ENGINE_LIMITS, type Queues } from "@openclaw/sdk";
import type { Clock } from "../../base/clock.ts";
import { crashPoint } from "../../base/crash-point.ts";
import { checkFrame, checkNumber, checkToken, pageRows } from "./check-arguments.ts";
import type { JobStore } from "./job-store.ts";
import { JobWorkers } from "./job-workers.ts";
import type { SqliteReader } from "./sqlite-reader.ts";
import type { WriterQueue } from "./writer-queue.ts";

export interface SqliteQueuesDeps {
  readonly reader: SqliteReader;
  readonly writer: WriterQueue;
  readonly clock: Clock;
  readonly checkOpen: () => void;
}

export function createSqliteQueues(
  { reader, writer, clock, checkOpen }: SqliteQueuesDeps,
): { readonly queues: Queues; close(): Promise<void> } {
  const store: JobStore = {
    due: (queue, nowMs, limit) => reader.dueJobs(queue, nowMs, limit),
    nextDueMs: (queue) => reader.nextDueMs(queue),
    take: async (queue, id) => {
      const { value: attempt, count } = await writer.submit({ op: "take", queue, id }, 0);
      crashPoint("queue.taken");
      const body = attempt === 0 ? null : reader.jobBody(queue, id);
      return body === null ? null : { id, body, attempt, interrupted: count === 1 };
    },
    settle: async (queue, id, attempt, settlement) => {
      await writer.submit({ op: "settle", queue, id, attempt, settlement }, 0);
      if (settlement.end === "done") crashPoint("queue.acknowledged");
      else if (settlement.end === "dead") crashPoint("queue.dead");
      else crashPoint("queue.put-back");
    },
  };
  const workers = new JobWorkers(store, clock);
  // The directory has one owner: whatever is marked as under way, nobody is working on any more.
  if (reader.hasJobsUnderWay()) writer.submit({ op: "requeue" }, 0, () => workers.wake()).catch(() => undefined);

  return {
    close: () => workers.close(),
    queues: {
      enqueue: async (queue, body, options) => {
        const { id, delayMs = 0, jobsMax = ENGINE_LIMITS.queueJobs, bytesMax = ENGINE_LIMITS.queueBytes, dead } = options;
        checkToken("queue", queue);
        checkToken("id", id);
        checkFrame(body);
        checkOpen();
        const own = new Uint8Array(body);
        const letter = dead === undefined ? null : { code: dead.code, note: dead.note ?? null };
        const op = { op: "enqueue", queue, id, body: own, delayMs, jobsMax, bytesMax, dead: letter } as const;
        const { duplicate } = await writer.submit(op, own.byteLength, (done) => {
          if (!done.duplicate && letter === null) workers.wake(queue);
        });
        crashPoint("queue.enqueued");
        return { duplicate };
      },
      work: (queue, on, options) => workers.work(queue, on, options),
      depth: async (queue) => {
        checkToken("queue", queue);
        checkOpen();
        return reader.depth(queue);
      },
      depths: async () => {
        checkOpen();
        return reader.depths();
      },
      dead: async (queue, { after = 0, limit } = {}) => {
        checkToken("queue", queue);
        checkNumber("position", after);
        checkOpen();
        return reader.deadJobs(queue, after, pageRows(limit));
      },
      revive: async (queue, id) => {
        checkToken("queue", queue);
        checkToken("id", id);
        checkOpen();
        return (await writer.submit({ op: "revive", queue, id }, 0, () => workers.wake(queue))).count > 0;
      },
      discard: async (queue, id) => {
        checkToken("queue", queue);
        checkToken("id", id);
        checkOpen();
        return (await writer.submit({ op: "discard", queue, id }, 0)).count > 0;
      },
    },
  };
}
