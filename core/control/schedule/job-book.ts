/**
 * All jobs in memory, as the records hold them, and the order in which they fall due.
 *
 * A change is a compare-and-set of the whole job: what lost against another peer's is decided again on the newer state.
 */
import { OpenClawError, hasCode } from "@openclaw/protocol";
import { crashPoint } from "../../base/crash-point.ts";
import { DueHeap } from "./due-heap.ts";
import type { Job, JobState, RunEntry, StoredJob } from "./job.ts";
import type { JobStore } from "./job-store.ts";

/** What a job becomes, and the entries of its history that come with it. */
export interface JobChange {
  readonly job?: Job;
  readonly state: JobState;
  readonly entries?: readonly RunEntry[];
}

export interface JobBook {
  readonly due: DueHeap;
  readonly size: number;
  load(signal: AbortSignal): Promise<void>;
  get(id: string): StoredJob | undefined;
  all(): Iterable<StoredJob>;
  /** Throws CONFLICT where one of that id is there already. */
  create(job: Job, state: JobState): Promise<StoredJob>;
  /**
   * One change at a time for each job. `decide` may be called again on a newer state; undefined changes nothing. Durable
   * when it resolves; null when there is no such job.
   */
  change(id: string, decide: (stored: StoredJob) => JobChange | undefined): Promise<StoredJob | null>;
  remove(id: string): Promise<boolean>;
  entries(stored: StoredJob, limit: number): Promise<readonly RunEntry[]>;
}

const ATTEMPTS_MAX = 8;

export function createJobBook(store: JobStore): JobBook {
  const jobs = new Map<string, StoredJob>();
  const lanes = new Map<string, Promise<unknown>>();
  const due = new DueHeap();

  const keep = (stored: StoredJob): StoredJob => {
    jobs.set(stored.job.id, stored);
    due.set(stored.job.id, stored.job.enabled ? stored.state.nextMs : null);
    return stored;
  };

  const forget = (id: string): void => {
    jobs.delete(id);
    due.set(id, null);
  };

  const inLane = <T>(id: string, work: () => Promise<T>): Promise<T> => {
    const done = (lanes.get(id) ?? Promise.resolve()).then(work, work);
    const settled = done.then(() => undefined, () => undefined).finally(() => {
      if (lanes.get(id) === settled) lanes.delete(id);
    });
    lanes.set(id, settled);
    return done;
  };

  const reread = async (id: string): Promise<void> => {
    const stored = await store.read(id);
    if (stored === null) forget(id);
    else keep(stored);
  };

  const changeNow = async (id: string, decide: (stored: StoredJob) => JobChange | undefined): Promise<StoredJob | null> => {
    for (let attempt = 1; ; attempt++) {
      const stored = jobs.get(id);
      if (stored === undefined) return null;
      const change = decide(stored);
      if (change === undefined) return stored;
      const { job = stored.job, state, entries = [] } = change;
      try {
        if (entries.length > 0) {
          await store.writeEntries(id, stored.state.entries, entries);
          crashPoint("schedule.entry-written");
        }
        return keep(await store.write(job, { ...state, entries: stored.state.entries + entries.length }, stored.revision));
      } catch (error) {
        // An engine that did not confirm may have written: what is there now decides.
        if ((!hasCode(error, "CONFLICT") && !hasCode(error, "ENGINE_UNAVAILABLE")) || attempt >= ATTEMPTS_MAX) throw error;
        await reread(id);
      }
    }
  };

  return {
    due,
    get size() {
      return jobs.size;
    },
    load: async (signal) => {
      for await (const page of store.all()) {
        if (signal.aborted) return;
        for (const stored of page) if (!jobs.has(stored.job.id)) keep(stored);
      }
    },
    get: (id) => jobs.get(id),
    all: () => jobs.values(),
    create: (job, state) => inLane(job.id, async () => {
      if (jobs.has(job.id)) throw new OpenClawError("CONFLICT", { why: `The job ${job.id} is there already.` });
      try {
        return keep(await store.write(job, state, 0));
      } catch (error) {
        if (!hasCode(error, "ENGINE_UNAVAILABLE")) throw error;
        await reread(job.id);
        return jobs.get(job.id) ?? keep(await store.write(job, state, 0));
      }
    }),
    change: (id, decide) => inLane(id, () => changeNow(id, decide)),
    remove: (id) => inLane(id, async () => {
      for (let attempt = 1; ; attempt++) {
        const stored = jobs.get(id);
        if (stored === undefined) return false;
        try {
          await store.remove(stored);
          forget(id);
          return true;
        } catch (error) {
          if (!hasCode(error, "CONFLICT") || attempt >= ATTEMPTS_MAX) throw error;
          await reread(id);
        }
      }
    }),
    entries: ({ job, state }, limit) => store.readEntries(job.id, state.entries, limit),
  };
}
