/**
 * A recorded session, decided again: folded entry by entry, and every decision in it made anew and compared.
 *
 * Nothing is carried out, nothing is written and nobody is asked. An owner folds its own events before the log shows it the
 * offers that lie between them (see the journal), so an offer counts here from where a decision first shows that it was
 * seen: a decision is equal when it follows from what its owner can have known.
 */
import { emptyState, foldEntry, previewState, type Recorded, type Revision, type SessionState } from "../../fabric/journal.ts";
import type { ComposedRequest } from "./compose-request.ts";
import { redecide, type Redecided, type ReplayDeps } from "./replay-event.ts";
import type { ReplayDifference, ReplayReport } from "./replay-report.ts";
import { StepCount, upToStep } from "./up-to-step.ts";

export interface ReplayOptions {
  /** The last step to look at: its number, or its id. All unless given. */
  readonly at?: number | string;
}

export interface Replayed {
  readonly report: ReplayReport;
  /** The session as it was after the last entry that was looked at. */
  readonly state: SessionState;
  /** The last model call that was looked at: what it was shown, and what it answered if it did. */
  readonly asked: AskedStep | null;
  readonly position: number;
}

export interface AskedStep {
  readonly step: number;
  readonly stepId: string;
  readonly model: string;
  readonly request: ComposedRequest;
  readonly answer: { readonly text: string; readonly calls: readonly { readonly name: string; readonly arguments: string }[] } | null;
}

const PARTS = ["program", "config", "prompt", "skills", "memory"] as const satisfies (keyof Revision)[];

/** Never throws for what the log says: a program that cannot decide something again differs there. */
export async function replaySession(entries: AsyncIterable<Recorded>, deps: ReplayDeps, { at }: ReplayOptions = {}): Promise<Replayed> {
  await deps.tools.ready();
  const state = emptyState();
  const pending: Recorded[] = [];
  const counts = { entries: 0, events: 0, turns: 0, steps: 0, decisions: 0 };
  const revision: { recorded: Revision | null; present: Revision | null } = { recorded: null, present: null };
  const changed = new Set<keyof Revision>();
  let difference: ReplayDifference | null = null;
  const last: { asked: AskedStep | null } = { asked: null };
  /** Pins and withdrawals are recorded at once: the turn may have decided just before, whichever is recorded first. */
  let earlier: SessionState[] = [];
  /** What is appended together was decided after what was appended before, one after another, and has one time. */
  let batch = { id: "", afterMs: 0 };
  let lastMs = 0;
  let position = 0;

  const foldNext = (): void => {
    const offer = pending.shift();
    if (offer !== undefined) foldEntry(state, offer, "");
  };
  /** From as few of the waiting offers as make it equal; with all of them if none does. */
  const decideAgain = (entry: Recorded): Redecided => {
    for (const id of entry.header.inputs ?? []) while (pending.length > 0 && !state.seen.has(id)) foldNext();
    for (;;) {
      const early = attempt(() => redecide(state, entry, batch.afterMs, deps));
      if (early.difference === undefined) return early;
      for (const known of [state, ...earlier]) {
        const late = attempt(() => redecide(known, entry, entry.header.timeMs, deps));
        if (late.difference === undefined) return late;
      }
      if (pending.length === 0) return early;
      foldNext();
    }
  };

  const steps = new StepCount();
  for await (const entry of upToStep(entries, at)) {
    counts.entries += 1;
    position = entry.position;
    if (entry.kind === "offer") {
      pending.push(entry);
      continue;
    }
    counts.events += 1;
    const id = entry.id.replace(/#.*$/, "");
    if (id !== batch.id) batch = { id, afterMs: lastMs };
    steps.see(entry);
    counts.steps = steps.count;
    if (entry.type === "turn.started") {
      counts.turns += 1;
      revision.recorded = entry.body.revision;
      revision.present ??= await presentRevision(deps, state, entry);
      for (const part of PARTS) if (revision.recorded[part] !== revision.present?.[part]) changed.add(part);
    }
    const keep = AT_ONCE.has(entry.type) && state.turn !== null && earlier.length < EARLIER_MAX;
    if (keep) earlier.push(previewState(state, [], lastMs));
    const again = decideAgain(entry);
    if (keep) earlier.push(previewState(state, [], lastMs)); // with what it settles
    if (again.decided) counts.decisions += 1;
    if (again.difference !== undefined) {
      difference ??= { step: counts.steps, position: entry.position, event: entry.type, ...again.difference };
    }
    last.asked = askedBy(entry, again.request, counts.steps) ?? answeredBy(entry, last.asked);
    if (entry.type === "step.started" || entry.type === "turn.ended") earlier = [];
    else if (!AT_ONCE.has(entry.type)) for (const then of earlier) foldEntry(then, entry, "");
    foldEntry(state, entry, "");
    lastMs = entry.header.timeMs;
  }
  while (pending.length > 0) foldNext();
  const all = { ...revision, changed: [...changed] };
  return { report: { ...counts, equal: difference === null, difference, revision: all }, state, asked: last.asked, position };
}

/** Copies of the state that are looked at beside it. */
const EARLIER_MAX = 8;
const AT_ONCE: ReadonlySet<Recorded["type"]> = new Set(["fact.pinned", "fact.unpinned", "message.dropped"]);

function askedBy(entry: Recorded, request: ComposedRequest | undefined, step: number): AskedStep | undefined {
  if (request === undefined || entry.type !== "step.started" || entry.body.kind !== "model") return undefined;
  const { stepId, model } = entry.body;
  return { step, stepId, model, request, answer: null };
}

function answeredBy(entry: Recorded, asked: AskedStep | null): AskedStep | null {
  if (asked === null || entry.type !== "step.ended" || entry.body.kind !== "model" || !("text" in entry.body)) return asked;
  const { stepId, text, calls } = entry.body;
  return stepId === asked.stepId ? { ...asked, answer: { text, calls } } : asked;
}

async function presentRevision(deps: ReplayDeps, state: SessionState, entry: Recorded): Promise<Revision | null> {
  const agentId = state.agentId === "" ? entry.header.principal.replace(/^agent:/, "") : state.agentId;
  try {
    return await deps.revisionOf(agentId);
  } catch {
    return null; // the agent is gone: the turns will say so
  }
}

function attempt(run: () => Redecided): Redecided {
  try {
    return run();
  } catch (error) {
    const got = error instanceof Error ? error.message : String(error);
    return { decided: true, difference: { field: "decision", expected: "one that can be made", got: got.slice(0, 300) } };
  }
}
