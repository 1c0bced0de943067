/** Jobs and what became of their occurrences, in the engine's records: sealed, by compare-and-set, the tenant in every key. */
import { OpenClawError } from "@openclaw/protocol";
import type { RecordEntry, Records } from "@openclaw/sdk";
import { crashPoint } from "../../base/crash-point.ts";
import { SCHEDULE_BUCKETS, SCHEDULE_LIMITS, type Job, type JobState, type RunEntry, type StoredJob } from "./job.ts";

export interface Sealer {
  seal(belongsTo: string, plain: Uint8Array): Uint8Array;
  unseal(belongsTo: string, sealed: Uint8Array): Uint8Array;
}

export interface JobStoreDeps {
  readonly records: Records;
  readonly sealer: Sealer;
  readonly tenant: string;
  /** A record that cannot be opened: the others are not held up by it. */
  onDamaged(key: string, error: unknown): void;
}

export interface JobStore {
  /** Every job, in pages; between pages others get their turn. */
  all(): AsyncIterable<readonly StoredJob[]>;
  read(id: string): Promise<StoredJob | null>;
  /** Throws CONFLICT when somebody else changed it since `revision` (0: it must not exist). Durable when it resolves. */
  write(job: Job, state: JobState, revision: number): Promise<StoredJob>;
  remove(stored: StoredJob): Promise<void>;
  /**
   * Writes entries at their places in the job's history, before the state that counts them: what a crash leaves behind is
   * written over. Pages beyond the limit are deleted, the oldest first.
   */
  writeEntries(id: string, from: number, entries: readonly RunEntry[]): Promise<void>;
  /** The newest `limit` of the first `count` entries, newest first. */
  readEntries(id: string, count: number, limit: number): Promise<readonly RunEntry[]>;
}

const { jobs: JOBS, runs: RUNS } = SCHEDULE_BUCKETS;
const PAGE = 256;
/** Opening one takes a tenth of a millisecond. */
const OPENED_AT_ONCE = 32;
const { runsPerPage, runPages } = SCHEDULE_LIMITS;

export function createJobStore({ records, sealer, tenant, onDamaged }: JobStoreDeps): JobStore {
  const keyOf = (id: string): string => `${tenant}.${id}`;
  const pageKey = (id: string, page: number): string => `${keyOf(id)}.${String(page).padStart(9, "0")}`;
  const seal = (bucket: string, key: string, value: unknown): Uint8Array =>
    sealer.seal(`${bucket}/${key}`, Buffer.from(JSON.stringify(value)));
  const open = (bucket: string, key: string, value: Uint8Array): unknown =>
    JSON.parse(Buffer.from(sealer.unseal(`${bucket}/${key}`, value)).toString("utf8"));

  const openJob = (key: string, value: Uint8Array, revision: number): StoredJob => {
    const stored = open(JOBS, key, value) as { readonly v: number; readonly job: Job; readonly state: JobState };
    if (stored.v !== 1) throw new OpenClawError("STATE_NEWER", { why: `The job ${stored.job.id} is of version ${stored.v}.` });
    return { job: stored.job, state: stored.state, revision };
  };

  const openOrSkip = ({ key, value, revision }: RecordEntry): readonly StoredJob[] => {
    try {
      return [openJob(key, value, revision)];
    } catch (error) {
      onDamaged(key, error);
      return [];
    }
  };

  const readPage = async (key: string): Promise<{ readonly entries: RunEntry[]; readonly revision: number }> => {
    const stored = await records.get(RUNS, key);
    if (stored === null) return { entries: [], revision: 0 };
    return { entries: open(RUNS, key, stored.value) as RunEntry[], revision: stored.revision };
  };

  const drop = async (bucket: string, key: string): Promise<void> => {
    const stored = await records.get(bucket, key);
    if (stored !== null) await records.write(bucket, key, null, stored.revision);
  };

  return {
    all: async function* () {
      for (let after: string | undefined; ; ) {
        const page = await records.list(JOBS, `${tenant}.`, { limit: PAGE, ...(after === undefined ? {} : { after }) });
        for (let from = 0; from < page.length; from += OPENED_AT_ONCE) {
          yield page.slice(from, from + OPENED_AT_ONCE).flatMap(openOrSkip);
          await new Promise(setImmediate);
        }
        after = page.at(-1)?.key;
        if (page.length < PAGE) return;
      }
    },
    read: async (id) => {
      const stored = await records.get(JOBS, keyOf(id));
      return stored === null ? null : openJob(stored.key, stored.value, stored.revision);
    },
    write: async (job, state, revision) => {
      const key = keyOf(job.id);
      const saved = await records.write(JOBS, key, seal(JOBS, key, { v: 1, job, state }), revision);
      crashPoint("schedule.job-saved");
      return { job, state, revision: saved };
    },
    remove: async ({ job: { id }, revision }) => {
      await records.write(JOBS, keyOf(id), null, revision);
      const pages = await records.list(RUNS, `${keyOf(id)}.`, { limit: runPages + 2 });
      for (const { key, revision: at } of pages) await records.write(RUNS, key, null, at);
    },
    writeEntries: async (id, from, entries) => {
      for (let at = 0; at < entries.length; ) {
        const place = from + at;
        const page = Math.floor(place / runsPerPage);
        const key = pageKey(id, page);
        const before = await readPage(key);
        const kept = before.entries.slice(0, place % runsPerPage);
        const fits = entries.slice(at, at + runsPerPage - kept.length);
        await records.write(RUNS, key, seal(RUNS, key, [...kept, ...fits]), before.revision);
        if (kept.length === 0 && page >= runPages) await drop(RUNS, pageKey(id, page - runPages));
        at += fits.length;
      }
    },
    readEntries: async (id, count, limit) => {
      const found: RunEntry[] = [];
      for (let page = Math.floor((count - 1) / runsPerPage); page >= 0 && found.length < limit; page -= 1) {
        const { entries } = await readPage(pageKey(id, page));
        if (entries.length === 0) break;
        const counted = entries.slice(0, count - page * runsPerPage);
        found.push(...counted.toReversed().slice(0, limit - found.length));
      }
      return found;
    },
  };
}
