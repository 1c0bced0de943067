/**
 * A recorded session, decided again: folded entry by entry, and every decision in it made anew and compared.
 *
 * Nothing is carried out, nothing is written and nobody is asked. An owner folds its own events before the log shows it the
 * offers that lie between them (see the journal), so an offer counts here from where a decision first shows that it was
 * seen: a decision is equal when it follows from what its owner can have known.
 */
import { emptyState, foldEntry, type Recorded, type Revision, type SessionState } from "../../fabric/journal.ts";
import type { ComposedRequest } from "./compose-request.ts";
import { redecide, type Redecided, type ReplayDeps } from "./replay-event.ts";
import type { ReplayDifference, ReplayReport } from "./replay-report.ts";

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
  readonly stepId: string | null;
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
  const state = emptyState();
  const pending: Recorded[] = [];
  const counts = { entries: 0, events: 0, turns: 0, steps: 0, decisions: 0 };
  const revision: { recorded: Revision | null; present: Revision | null } = { recorded: null, present: null };
  const changed = new Set<keyof Revision>();
  let difference: ReplayDifference | null = null;
  const last: { asked: AskedStep | null } = { asked: null };
  let stepId: string | null = null;
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
      const early = attempt(() => redecide(state, entry, lastMs, deps));
      if (early.difference === undefined) return early;
      const late = attempt(() => redecide(state, entry, entry.header.timeMs, deps));
      if (late.difference === undefined || pending.length === 0) return late.difference === undefined ? late : early;
      foldNext();
    }
  };

  for await (const entry of entries) {
    if (begins(entry, state) && isReached(at, counts.steps, stepId)) break;
    counts.entries += 1;
    position = entry.position;
    if (entry.kind === "offer") {
      pending.push(entry);
      continue;
    }
    counts.events += 1;
    if (begins(entry, state)) {
      counts.steps += 1;
      stepId = "stepId" in entry.body ? (entry.body.stepId ?? null) : null;
    }
    if (entry.type === "turn.started") {
      counts.turns += 1;
      revision.recorded = entry.body.revision;
      revision.present ??= await presentRevision(deps, state, entry);
      for (const part of PARTS) if (revision.recorded[part] !== revision.present?.[part]) changed.add(part);
    }
    const again = decideAgain(entry);
    if (again.decided) counts.decisions += 1;
    if (again.difference !== undefined) {
      difference ??= { step: counts.steps, position: entry.position, event: entry.type, ...again.difference };
    }
    last.asked = askedBy(entry, again.request, counts.steps) ?? answeredBy(entry, last.asked);
    foldEntry(state, entry, "");
    lastMs = entry.header.timeMs;
  }
  while (pending.length > 0) foldNext();
  return { report: { ...counts, equal: difference === null, difference, revision: { ...revision, changed: [...changed] } }, state, asked: last.asked, stepId, position };
}

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

/** The first record of a step: calls that are refused have no start. */
function begins(entry: Recorded, { turn }: SessionState): boolean {
  if (entry.type === "step.started") return true;
  return entry.type === "step.ended" && entry.body.kind === "tool" && turn !== null && turn.open === null;
}

function isReached(at: number | string | undefined, steps: number, stepId: string | null): boolean {
  if (at === undefined) return false;
  return typeof at === "number" ? steps >= at : stepId === at;
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
