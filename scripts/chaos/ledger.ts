/**
 * What the world outside knows: which messages were acknowledged, in which order, which of them were answered, and when.
 *
 * It lives in the process that strikes, never in one that is struck, and is written to a file as it grows, so that a run
 * that failed can be looked at.
 */
import { appendFileSync } from "node:fs";
import type { Errand } from "./errand.ts";

export interface Acknowledged {
  readonly errand: Errand;
  /** On the monotonic clock. */
  readonly atMs: number;
  readonly wallMs: number;
  answeredAtMs: number | undefined;
  /** How often somebody asked for the acknowledged run alone and was told that there is none. */
  notFound: number;
  /** As the gateway names the turn's end; undefined while it has none. */
  status: string | undefined;
}

export interface Ledger {
  acknowledge(errand: Errand): void;
  answer(runId: string, status: string): void;
  /** The gateway did not know the run when it was asked for it alone. */
  notFound(runId: string): void;
  /** In the order in which they were acknowledged. */
  readonly all: readonly Acknowledged[];
  readonly waiting: number;
  /** Resolves with the first answer from now on. */
  nextAnswer(): Promise<Acknowledged>;
}

export function createLedger(file: string): Ledger {
  const all: Acknowledged[] = [];
  const byRun = new Map<string, Acknowledged>();
  const listeners: ((answered: Acknowledged) => void)[] = [];
  let waiting = 0;
  const note = (what: string, runId: string, more: object): void => appendFileSync(file, `${JSON.stringify({ what, runId, ...more })}\n`);
  return {
    all,
    get waiting() {
      return waiting;
    },
    acknowledge: (errand) => {
      const one: Acknowledged = {
        errand, atMs: performance.now(), wallMs: Date.now(), answeredAtMs: undefined, notFound: 0, status: undefined,
      };
      all.push(one);
      byRun.set(errand.runId, one);
      waiting += 1;
      note("acknowledged", errand.runId, { session: errand.session, kind: errand.kind, wallMs: one.wallMs });
    },
    notFound: (runId) => {
      const one = byRun.get(runId);
      if (one === undefined || (one.notFound += 1) > 1) return;
      note("not found", runId, { wallMs: Date.now() });
    },
    answer: (runId, status) => {
      const one = byRun.get(runId);
      if (one === undefined || one.status !== undefined) return;
      one.status = status;
      one.answeredAtMs = performance.now();
      waiting -= 1;
      note("answered", runId, { status, wallMs: Date.now() });
      for (const listen of listeners.splice(0)) listen(one);
    },
    nextAnswer: () => new Promise((resolve) => listeners.push(resolve)),
  };
}
