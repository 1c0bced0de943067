/** Jobs that another program kept, written into the store of a gateway that does not run. */
import type { Label } from "@openclaw/protocol";
import { codeOf } from "@openclaw/protocol";
import { HOME_TENANT } from "../../fabric/identity.ts";
import { openCalendar } from "./calendar.ts";
import { createJobStore, type JobStoreDeps } from "./job-store.ts";
import type { Job, RunEntry } from "./job.ts";
import { parseJob } from "./parse-job.ts";
import { nextWake } from "./plan-due.ts";
import { hostZone } from "./zone.ts";

export interface AdoptedJob {
  readonly id: string;
  /** As `cron.add` takes it. */
  readonly input: Readonly<Record<string, unknown>>;
  readonly createdAtMs: number;
  /** What became of its occurrences there, the oldest first. */
  readonly runs?: readonly RunEntry[];
}

export interface AdoptJobsDeps {
  /** Absent: every job is read and judged, and none is written. */
  readonly store: Pick<JobStoreDeps, "records" | "sealer"> | undefined;
  readonly nowMs: number;
  readonly zone: string | undefined;
  readonly by: string;
  readonly label: Label;
}

export type Adoption =
  | { readonly id: string; readonly outcome: "new" | "here" }
  | { readonly id: string; readonly outcome: "refused"; readonly why: string };

/** In order; a job that is here already, under its id, stays as it is. Throws what the engine throws. */
export async function adoptJobs(jobs: readonly AdoptedJob[], deps: AdoptJobsDeps): Promise<readonly Adoption[]> {
  const { nowMs, by, label, zone } = deps;
  const calendar = await openCalendar();
  const store = deps.store === undefined ? undefined : createJobStore({ ...deps.store, tenant: HOME_TENANT, onDamaged: () => undefined });
  const adoptions: Adoption[] = [];
  for (const { id, input, createdAtMs, runs = [] } of jobs) {
    try {
      const spec = parseJob(input, { calendar, nowMs, defaultZone: zone ?? hostZone() });
      const job: Job = { ...spec, id, tenant: HOME_TENANT, createdAtMs, updatedAtMs: nowMs, by, label };
      if (store !== undefined && (await store.read(id)) !== null) {
        adoptions.push({ id, outcome: "here" });
        continue;
      }
      const nextMs = nextWake(job, calendar.next(job.schedule, nowMs));
      const last = runs.at(-1);
      await store?.writeEntries(id, 0, runs);
      await store?.write(job, {
        generation: 0, open: [], entries: runs.length, cursorMs: nowMs, sinceMs: nowMs, nextMs,
        ...(last === undefined ? {} : { lastRunAtMs: last.startedAtMs ?? last.atMs, lastRunStatus: last.status }),
      }, 0);
      adoptions.push({ id, outcome: "new" });
    } catch (error) {
      if (!JUDGED.has(codeOf(error) ?? "")) throw error;
      adoptions.push({ id, outcome: "refused", why: error instanceof Error ? error.message : String(error) });
    }
  }
  return adoptions;
}

const JUDGED: ReadonlySet<string> = new Set([
  "PARAMS_INVALID", "CRON_KIND_UNSUPPORTED", "CRON_EXPRESSION_INVALID", "TIME_ZONE_UNKNOWN", "CRON_NEVER_FIRES", "SESSION_KEY_INVALID",
]);
