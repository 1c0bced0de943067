/**
 * State from log: pure, total, and the only place where state changes.
 *
 * What was accepted once is never accepted again: a repeated offer is dropped here, whatever the engine's own window
 * forgot. An owner folds its events as soon as they are durable, so an offer that lies before them in the log may be folded
 * after them; the end is the same in both orders, and every case below keeps it so. An entry that makes no sense in the
 * present state changes nothing, so that a log is always foldable.
 */
import { joinLabels, type Label } from "@openclaw/protocol";
import { unreachable } from "../../base/assert.ts";
import type { Recorded } from "./event.ts";
import { foldAdvanced, foldCopied, foldImported } from "./fold-import.ts";
import { foldResumed, foldStepEnded } from "./fold-step.ts";
import { abandon, foldJobEnded, stopAsked, stopOf, takeAnswer } from "./fold-stop.ts";
import { labelSeen } from "./label-seen.ts";
import type { Debt } from "./offer.ts";
import { foldTranscribed, markTurn, pushMessage, saidIn } from "./push-message.ts";
import { STATE_LIMITS, type OwedOutcome, type QueuedMessage, type RunOutcome, type SessionState } from "./session-state.ts";

export function foldEntry(state: SessionState, entry: Recorded, link: string): void {
  if (entry.kind === "event") {
    state.link = link;
    state.events += 1;
  }
  if (state.deleted) return;
  switch (entry.type) {
    case "message.offered": return foldMessage(state, entry);
    case "approval.answered": return foldAnswer(state, entry);
    case "abort.requested": return foldAbort(state, entry);
    case "patch.requested": case "reset.requested": case "deletion.requested": case "withdrawal.requested":
    case "pin.requested": {
      if (!remember(state, entry)) return;
      const { body, position } = entry;
      state.requests.push({
        offerId: entry.id, type: entry.type, requestId: body.requestId,
        ...("patch" in body ? { patch: body.patch } : {}), ...("reason" in body ? { reason: body.reason } : {}),
        ...("by" in body ? { withdraws: { runId: body.runId, by: body.by, before: position } } : {}),
        ...(entry.type === "pin.requested" ? { pin: { id: entry.body.id, text: entry.body.text, label: entry.header.label } } : {}),
      });
      return;
    }
    case "session.opened": {
      const { body: { key, agentId, sessionId, spawnedBy = null, spawnDepth = 0 }, header: { timeMs } } = entry;
      Object.assign(state, { key, agentId, sessionId, spawnedBy, spawnDepth, createdAtMs: timeMs, updatedAtMs: timeMs });
      return;
    }
    case "session.branched": return foldBranched(state, entry);
    case "transcript.copied": return foldCopied(state, entry);
    case "session.imported": return foldImported(state, entry);
    case "import.advanced": return foldAdvanced(state, entry);
    case "session.patched": {
      const kept = Object.entries({ ...state.settings, ...entry.body.patch }).filter(([, value]) => value !== null);
      state.settings = Object.fromEntries(kept);
      settle(state, entry.body.requestId);
      state.updatedAtMs = entry.header.timeMs;
      return;
    }
    case "session.reset":
      settle(state, entry.body.requestId);
      state.window += 1;
      state.windowPosition = entry.position;
      state.messages = [];
      state.messageCount = 0;
      state.index = [];
      state.summary = null;
      state.allowed.clear();
      state.dropped = null;
      state.leastLabel = "owner";
      state.updatedAtMs = entry.header.timeMs;
      state.activeAtMs = entry.header.timeMs;
      return;
    case "session.deleted":
      Object.assign(state, { deleted: true, messages: [], queue: [], requests: [], turn: null, index: [], messageCount: 0, settings: {} });
      Object.assign(state, { summary: null, pinned: [], outputs: [], owed: [], deferred: [], expected: [] });
      state.allowed.clear();
      return;
    case "turn.started": return foldTurnStarted(state, entry);
    case "turn.resumed":
      if (state.turn !== null) foldResumed(state.turn, entry.body.cut === true);
      return;
    case "input.joined": return foldJoined(state, entry);
    case "message.dropped": return foldDropped(state, entry);
    case "message.noted":
      for (const { timeMs, label, message } of takeFromQueue(state, entry.body.inputs)) {
        pushMessage(state, entry.position, timeMs, message.runId, label, saidIn(message));
        endRun(state, message.runId, { status: "ok", endedAtMs: entry.header.timeMs });
      }
      return;
    case "profile.pinned": {
      const { provider, profile, failed } = entry.body;
      state.profiles = { ...state.profiles, [provider]: profile };
      if (state.turn === null) return;
      state.turn.profile = profile;
      state.turn.profilesFailed = [...state.turn.profilesFailed, failed];
      state.turn.failed = null;
      return;
    }
    case "file.transcribed": return foldTranscribed(state, entry.body);
    case "step.started": {
      if (state.turn === null) return;
      state.turn.open = entry.body;
      state.turn.openSinceMs = entry.header.timeMs;
      state.turn.answer = null;
      if (entry.body.kind === "model") state.turn.modelSteps += 1;
      return;
    }
    case "step.ended": return foldStepEnded(state, state.turn, entry.body, entry);
    case "turn.ended": return foldTurnEnded(state, entry);
    case "job.ended": return foldJobEnded(state.turn, entry.body);
    case "reply.delivered":
      state.owed = state.owed.filter(({ id }) => id !== entry.body.id);
      return;
    case "turn.warned": {
      const { rule, text } = entry.body;
      if (state.turn !== null) state.turn.warned = { rule, text, toolSteps: state.turn.toolSteps };
      return;
    }
    case "note.recorded": return;
    case "summary.recorded": return foldSummary(state, entry);
    case "fact.pinned": return foldPinned(state, entry);
    case "fact.unpinned":
      settle(state, entry.body.requestId);
      state.pinned = state.pinned.filter(({ id }) => id !== entry.body.id);
      return;
    default: return unreachable(entry);
  }
}

function foldBranched(state: SessionState, { body, header: { timeMs }, position }: Extract<Recorded, { type: "session.branched" }>): void {
  const { key, agentId, sessionId, from, settings, firstSeq, summary, pinned } = body;
  Object.assign(state, { key, agentId, sessionId, settings, summary, branchedFrom: from, createdAtMs: timeMs, updatedAtMs: timeMs });
  state.pinned = [...pinned];
  state.messageCount = firstSeq - 1;
  state.index = [{ after: position - 1, offersAfter: position - 1, count: firstSeq - 1 }];
}

function settle(state: SessionState, requestId: string): void {
  state.requests = state.requests.filter((request) => request.requestId !== requestId);
}

/** False when this offer was folded before. Forgets the oldest ids beyond the limits. */
function remember(state: SessionState, entry: Recorded): boolean {
  const { seen } = state;
  const { timeMs } = entry.header;
  if (!seen.add(entry.id, timeMs)) return false;
  const isOld = timeMs - (seen.oldestMs ?? timeMs) > STATE_LIMITS.seenMs;
  if (seen.size > STATE_LIMITS.seenIds && (isOld || seen.size > 4 * STATE_LIMITS.seenIds)) seen.forgetOldest();
  return true;
}

function foldMessage(state: SessionState, entry: Extract<Recorded, { type: "message.offered" }>): void {
  if (!remember(state, entry)) return;
  const { id: offerId, position, body: message, header: { principal, label, timeMs } } = entry;
  state.queue.push({ offerId, position, principal, label, timeMs, ...takeAnswer(state, offerId, message) });
  // Somebody speaks in it again, so it is no longer put away.
  if (state.settings.archived === true) {
    const { archived: _, ...settings } = state.settings;
    state.settings = settings;
  }
  state.updatedAtMs = timeMs;
}

function foldAbort(state: SessionState, entry: Extract<Recorded, { type: "abort.requested" }>): void {
  const { turn } = state;
  const { runId, by } = entry.body;
  if (!remember(state, entry)) return;
  if (turn !== null && (runId === null || runId === turn.runId)) turn.abort = by;
  stopAsked(state, entry.body);
}

function foldAnswer(state: SessionState, entry: Extract<Recorded, { type: "approval.answered" }>): void {
  if (!remember(state, entry)) return;
  const open = state.turn?.open;
  if (state.turn === null || open?.kind !== "wait" || open.approvalId !== entry.body.approvalId || state.turn.answer !== null) return;
  state.turn.answer = { decision: entry.body.decision, by: entry.body.by };
}

function foldTurnStarted(state: SessionState, entry: Extract<Recorded, { type: "turn.started" }>): void {
  markTurn(state, entry.position);
  const inputs = takeFromQueue(state, entry.body.inputs);
  const { model, profile = null, thinking = null } = entry.body;
  if (profile !== null) state.profiles = { ...state.profiles, [providerOf(model)]: profile };
  state.turn = {
    runId: entry.body.runId, startedAtMs: entry.header.timeMs, model, inputs, thinking, profile, profilesFailed: [], resumes: 0, cuts: 0,
    acts: [], tokens: 0, costMicros: 0, warned: null,
    principal: inputs[0]?.principal ?? entry.header.principal,
    modelSteps: 0, toolSteps: 0, open: null, openSinceMs: entry.header.timeMs, waitedMs: 0, answer: null, calls: [], text: "",
    granted: null, failed: null, abort: stopOf(inputs), answered: false, jobs: [], asked: [],
  };
  state.lastRunId = entry.body.runId;
  state.updatedAtMs = entry.header.timeMs;
  state.activeAtMs = entry.header.timeMs;
  tellDropped(state, entry);
  pushInputs(state, entry, inputs);
}

/** Those of the offers that still wait, in their order; they wait no longer. */
function takeFromQueue(state: SessionState, offerIds: readonly string[]): readonly QueuedMessage[] {
  if (offerIds.length === 0) return [];
  const wanted = new Set(offerIds);
  const taken = state.queue.filter(({ offerId }) => wanted.has(offerId));
  if (taken.length > 0) state.queue = state.queue.filter(({ offerId }) => !wanted.has(offerId));
  return taken;
}

type WithRun = Extract<Recorded, { type: "turn.started" | "input.joined" }>;

function pushInputs(state: SessionState, { position, body: { runId } }: WithRun, inputs: readonly QueuedMessage[]): void {
  for (const { timeMs, label, message } of inputs) pushMessage(state, position, timeMs, runId, label, saidIn(message));
}

function foldJoined(state: SessionState, entry: Extract<Recorded, { type: "input.joined" }>): void {
  const { turn } = state;
  if (turn === null) return;
  const joined = takeFromQueue(state, entry.body.inputs);
  turn.inputs = [...turn.inputs, ...joined];
  pushInputs(state, entry, joined);
}

function foldDropped(state: SessionState, { position, body, header: { timeMs } }: Extract<Recorded, { type: "message.dropped" }>): void {
  if (body.requestId !== undefined) settle(state, body.requestId);
  const dropped = takeFromQueue(state, body.inputs);
  const why = body.policy === "withdrawn" ? `It was taken back by ${body.by ?? "somebody"}.` : "Too many messages were waiting.";
  const status = body.policy === "withdrawn" ? "aborted" : "error";
  const outcome = { status, endedAtMs: timeMs, code: "MESSAGE_DROPPED", why } as const;
  for (const { offerId: id, message: { runId, replyTo: to } } of dropped) {
    endRun(state, runId, outcome);
    if (to === undefined || to.kind === "caller") continue;
    state.owed = [...state.owed, owe(state, { id, runId, to }, { ...outcome, text: "" }, position)];
  }
  state.updatedAtMs = timeMs;
  if (body.policy !== "summarize" || dropped.length === 0) return;
  const { count = 0, lines = [], label = "owner" } = state.dropped ?? {};
  const firstWords = dropped.map(({ message }) => message.text.slice(0, STATE_LIMITS.droppedChars).toWellFormed());
  state.dropped = {
    count: count + dropped.length, lines: [...lines, ...firstWords].slice(-STATE_LIMITS.droppedShown),
    // Words cut short may say the opposite: nobody's order is read from them.
    label: dropped.reduce<Label>((least, one) => joinLabels(least, one.label), joinLabels(label, "agent")),
  };
}

/** Before the turn's own messages: what it will not see in full. */
function tellDropped(state: SessionState, { position, header: { timeMs }, body: { runId } }: WithRun): void {
  if (state.dropped === null) return;
  const { count, lines, label } = state.dropped;
  state.dropped = null;
  const text = `[${count} earlier messages were dropped unanswered because too many waited. The newest of them began:]`;
  pushMessage(state, position, timeMs, runId, label, { role: "user", text: [text, ...lines.map((line) => `- ${line}`)].join("\n") });
}

function providerOf(model: string): string {
  return model.slice(0, Math.max(model.indexOf("/"), 0));
}

function endRun(state: SessionState, runId: string, outcome: RunOutcome): void {
  state.runs.set(runId, outcome);
  const oldest = state.runs.keys().next().value;
  if (state.runs.size > STATE_LIMITS.runsKept && oldest !== undefined) state.runs.delete(oldest);
}

/** A summary only ever reaches further; one of another window came too late. What it took was spent all the same. */
function foldSummary(state: SessionState, { body, header: { label, timeMs } }: Extract<Recorded, { type: "summary.recorded" }>): void {
  const { window, usage, ...summary } = body;
  state.usage.inputTokens += usage?.inputTokens ?? 0;
  state.usage.outputTokens += usage?.outputTokens ?? 0;
  if (window !== state.window || summary.upToSeq <= (state.summary?.upToSeq ?? 0) || summary.upToSeq > state.messageCount) return;
  state.summary = { ...summary, label, timeMs };
}

function foldPinned(state: SessionState, { body, header: { label, timeMs } }: Extract<Recorded, { type: "fact.pinned" }>): void {
  settle(state, body.requestId);
  const { id, text } = body;
  state.pinned = [...state.pinned.filter((fact) => fact.id !== id), { id, text, label, timeMs }].slice(-STATE_LIMITS.pinned);
}

function foldTurnEnded(state: SessionState, entry: Extract<Recorded, { type: "turn.ended" }>): void {
  const { runId, status, text, code, why, report } = entry.body;
  const endedAtMs = entry.header.timeMs;
  const seen = state.turn?.answered === true ? "" : text;
  const told = [seen, ...(report === undefined ? [] : [`[${report}]`])].filter((part) => part !== "").join("\n\n");
  if (status !== "ok" && told !== "") {
    pushMessage(state, entry.position, endedAtMs, runId, "agent", {
      role: "assistant", text: told, calls: [], model: state.turn?.model ?? "", finish: status, usage: { inputTokens: 0, outputTokens: 0 },
    });
  }
  const outcome = { status, endedAtMs, ...(code === undefined ? {} : { code }), ...(why === undefined ? {} : { why }) };
  for (const { message } of state.turn?.inputs ?? []) {
    if (message.runId !== runId) endRun(state, message.runId, { ...outcome, answeredBy: runId });
  }
  endRun(state, runId, outcome);
  state.turn = null;
  state.updatedAtMs = endedAtMs;
  state.activeAtMs = endedAtMs;
  const { owes = [], defers = [], abandons = [] } = entry.body;
  abandon(state, abandons);
  // A run whose sub-agents answered only now ended as this one did.
  if (defers.length === 0) for (const debt of state.deferred) endRun(state, debt.runId, { ...outcome, answeredBy: runId });
  state.deferred = defers;
  if (owes.length === 0) return;
  const end = { ...outcome, text };
  state.owed = [...state.owed, ...owes.map((debt) => owe(state, debt, end, entry.position, owes.length > 1))];
}

type Ended = RunOutcome & { readonly text: string };

function owe(
  state: SessionState, debt: Debt, { status, endedAtMs, text, code, why }: Ended, position: number, shared = false,
): OwedOutcome {
  return {
    ...debt, position, sinceMs: endedAtMs, status, text: text.slice(0, STATE_LIMITS.owedChars).toWellFormed(), label: labelSeen(state),
    ...(code === undefined ? {} : { code }), ...(why === undefined ? {} : { why }), ...(shared ? { shared } : {}),
  };
}
