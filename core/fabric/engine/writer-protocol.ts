/**
 * What the main thread and the writer thread say to each other. One group is one transaction and one answer, in order.
 * Types only: neither side imports the other.
 */
import type { ErrorCode } from "@openclaw/protocol";
import type { Settlement } from "./job-store.ts";

export type WriterOp =
  | { readonly op: "offer"; readonly slot: number; readonly session: string; readonly id: string; readonly body: Uint8Array }
  /** The answer's value is the epoch; its count is 1 when another owner had not let the slot go. */
  | { readonly op: "claim"; readonly slot: number; readonly owner: string }
  | { readonly op: "release"; readonly slot: number; readonly epoch: number }
  | {
      readonly op: "append";
      readonly slot: number;
      readonly epoch: number;
      readonly session: string;
      readonly id: string;
      readonly bodies: readonly Uint8Array[];
    }
  /** Deletes at most `TRIM_ROWS`; ask again while the answer's count equals it. */
  | { readonly op: "trim"; readonly slot: number; readonly epoch: number; readonly upTo: number; readonly session: string | null }
  | { readonly op: "write"; readonly bucket: string; readonly key: string; readonly value: Uint8Array | null; readonly expected: number }
  | JobOp;

export type JobOp =
  | {
      readonly op: "enqueue";
      readonly queue: string;
      readonly id: string;
      readonly body: Uint8Array;
      readonly delayMs: number;
      readonly jobsMax: number;
      readonly bytesMax: number;
      readonly dead: { readonly code: string; readonly note: Uint8Array | null } | null;
    }
  /** The answer's value is the attempt, 0 when the job does not wait; its count is 1 when the attempt before was cut off. */
  | { readonly op: "take"; readonly queue: string; readonly id: string }
  | { readonly op: "settle"; readonly queue: string; readonly id: string; readonly attempt: number; readonly settlement: Settlement }
  /** What an earlier process was working on waits again. */
  | { readonly op: "requeue" }
  | { readonly op: "revive" | "discard"; readonly queue: string; readonly id: string };

/** `value` is a first position, an epoch, a revision or an attempt; `count` the entries stored or rows changed. */
export interface WriterDone {
  readonly value: number;
  readonly count: number;
  readonly duplicate: boolean;
}

export interface WriterFault {
  readonly code: ErrorCode;
  readonly why?: string;
}

export interface WriterGroup {
  readonly ops: readonly WriterOp[];
  readonly nowMs: number;
  /** Tombstones up to this revision have been seen by every watch. */
  readonly passed: number;
}

export interface WriterAnswer {
  /** In the order of the ops. */
  readonly results: readonly (WriterDone | WriterFault)[];
  /** Another program wrote to the database in between: what is live must read again. */
  readonly foreign: boolean;
}

export interface WriterOptions {
  readonly path: string;
  readonly batchRows: number;
  readonly dedupeMs: number;
  /** How long a lock held by another program is waited for before FILE_LOCKED. */
  readonly lockWaitMs: number;
  /** Bounds the database; DISK_FULL beyond it. */
  readonly pagesMax: number | undefined;
}
