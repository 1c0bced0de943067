/** What an engine keeps of its jobs, as the workers need it: the same workers serve every engine of one process. */
import type { Job } from "@openclaw/sdk";

export type Settlement =
  | { readonly end: "done" }
  | { readonly end: "again"; readonly delayMs: number; readonly attempts: number; readonly interrupted: boolean }
  | { readonly end: "dead"; readonly code: string; readonly note: Uint8Array | null };

export interface JobStore {
  /** Ids of jobs that wait and are due, the earliest first. */
  due(queue: string, nowMs: number, limit: number): readonly string[];
  /** When the next waiting job falls due; null when none waits. */
  nextDueMs(queue: string): number | null;
  /** Marks the start of an attempt, durably; null when the job is no longer there. */
  take(queue: string, id: string): Promise<Job | null>;
  /** Ends the attempt; without effect when the job has moved on since. */
  settle(queue: string, id: string, attempt: number, settlement: Settlement): Promise<void>;
}
