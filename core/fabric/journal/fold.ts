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
import type { EntryHeader, NewEvent, Recorded, StepEnded, StepStarted } from "./event.ts";
import { STATE_LIMITS, type QueuedMessage, type SessionState, type TranscriptMessage, type TurnState } from "./session-state.ts";

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
    case "patch.requested": case "reset.requested": case "deletion.requested": {
      if (!remember(state, entry)) return;
      state.requests.push({
        offerId: entry.id, type: entry.type, requestId: entry.body.requestId,
        ...("patch" in entry.body ? { patch: entry.body.patch } : {}), ...("reason" in entry.body ? { reason: entry.body.reason } : {}),
      });
      return;
    }
    case "session.opened": {
      const { body: { key, agentId, sessionId }, header: { timeMs } } = entry;
      Object.assign(state, { key, agentId, sessionId, createdAtMs: timeMs, updatedAtMs: timeMs });
      return;
    }
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
      state.allowed.clear();
      state.updatedAtMs = entry.header.timeMs;
      return;
    case "session.deleted":
      Object.assign(state, { deleted: true, messages: [], queue: [], requests: [], turn: null, index: [], messageCount: 0, settings: {} });
      state.allowed.clear();
      return;
    case "turn.started": return foldTurnStarted(state, entry);
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
    case "note.recorded": return;
    default: return unreachable(entry);
  }
}

function settle(state: SessionState, requestId: string): void {
  state.requests = state.requests.filter((request) => request.requestId !== requestId);
}

/** False when this offer was folded before. Forgets the oldest ids beyond the limits. */
function remember(state: SessionState, entry: Recorded): boolean {
  if (state.seen.has(entry.id)) return false;
  state.seen.set(entry.id, entry.header.timeMs);
  if (state.seen.size > STATE_LIMITS.seenIds) {
    const oldest = state.seen.entries().next().value;
    if (oldest !== undefined && entry.header.timeMs - oldest[1] > STATE_LIMITS.seenMs) state.seen.delete(oldest[0]);
    else if (state.seen.size > 4 * STATE_LIMITS.seenIds && oldest !== undefined) state.seen.delete(oldest[0]);
  }
  return true;
}

function foldMessage(state: SessionState, entry: Extract<Recorded, { type: "message.offered" }>): void {
  if (!remember(state, entry)) return;
  const { id: offerId, position, body: message, header: { principal, label, timeMs } } = entry;
  state.queue.push({ offerId, position, principal, label, timeMs, message });
  state.updatedAtMs = timeMs;
}

function foldAbort(state: SessionState, entry: Extract<Recorded, { type: "abort.requested" }>): void {
  const { turn } = state;
  const { runId, by } = entry.body;
  if (remember(state, entry) && turn !== null && (runId === null || runId === turn.runId)) turn.abort = by;
}

function foldAnswer(state: SessionState, entry: Extract<Recorded, { type: "approval.answered" }>): void {
  if (!remember(state, entry)) return;
  const open = state.turn?.open;
  if (state.turn === null || open?.kind !== "wait" || open.approvalId !== entry.body.approvalId || state.turn.answer !== null) return;
  state.turn.answer = { decision: entry.body.decision, by: entry.body.by };
}

function foldTurnStarted(state: SessionState, entry: Extract<Recorded, { type: "turn.started" }>): void {
  markTurn(state, entry.position);
  const inputs: QueuedMessage[] = [];
  state.queue = state.queue.filter((queued) => {
    if (!entry.body.inputs.includes(queued.offerId)) return true;
    inputs.push(queued);
    return false;
  });
  state.turn = {
    runId: entry.body.runId, startedAtMs: entry.header.timeMs, model: entry.body.model, inputs,
    principal: inputs[0]?.principal ?? entry.header.principal,
    modelSteps: 0, toolSteps: 0, open: null, openSinceMs: entry.header.timeMs, waitedMs: 0, answer: null, calls: [], text: "",
    granted: null, failed: null, abort: null, answered: false,
  };
  state.lastRunId = entry.body.runId;
  state.updatedAtMs = entry.header.timeMs;
  for (const input of inputs) {
    pushMessage(state, entry.position, input.timeMs, entry.body.runId, input.label, { role: "user", text: input.message.text });
  }
}

function markTurn({ index, messageCount, queue }: SessionState, position: number): void {
  const last = index.at(-1);
  if (last !== undefined && messageCount - last.count < STATE_LIMITS.indexEvery) return;
  const firstOffer = queue.reduce((first, queued) => Math.min(first, queued.position), position);
  index.push({ after: position - 1, offersAfter: firstOffer - 1, count: messageCount });
}

function foldStepEnded(state: SessionState, turn: TurnState | null, body: StepEnded, { position, header }: Recorded): void {
  if (turn === null) return;
  const started: StepStarted | null = turn.open;
  turn.open = null;
  turn.answer = null;
  if (body.kind === "model") {
    if ("failed" in body) {
      turn.failed = body.failed;
      return;
    }
    turn.text = body.text;
    turn.calls = [...body.calls];
    turn.answered = body.calls.length === 0;
    state.usage.inputTokens += body.usage.inputTokens;
    state.usage.outputTokens += body.usage.outputTokens;
    pushMessage(state, position, header.timeMs, turn.runId, "agent", {
      role: "assistant", text: body.text, calls: body.calls, model: turn.model, finish: body.finish,
      usage: { inputTokens: body.usage.inputTokens, outputTokens: body.usage.outputTokens },
    });
  } else if (body.kind === "tool") {
    turn.calls = turn.calls.filter((call) => call.id !== body.call.id);
    turn.granted = null;
    turn.toolSteps += 1;
    const { call, text, isError, nodeId } = body;
    pushMessage(state, position, header.timeMs, turn.runId, body.label, {
      role: "tool", callId: call.id, name: call.name, text, isError, ...(nodeId === undefined ? {} : { nodeId }),
    });
  } else if (started?.kind === "wait") {
    turn.waitedMs += Math.max(0, header.timeMs - turn.openSinceMs);
    turn.granted = { callId: started.call.id, decision: body.decision, by: body.by, intent: started.intent, label: started.decision.label };
    if (body.decision === "allow-always") state.allowed.add(started.rememberHash);
  }
}

function foldTurnEnded(state: SessionState, entry: Extract<Recorded, { type: "turn.ended" }>): void {
  const { runId, status, text, code, why } = entry.body;
  const endedAtMs = entry.header.timeMs;
  if (status !== "ok" && text !== "" && state.turn?.answered !== true) {
    pushMessage(state, entry.position, endedAtMs, runId, "agent", {
      role: "assistant", text, calls: [], model: state.turn?.model ?? "", finish: status, usage: { inputTokens: 0, outputTokens: 0 },
    });
  }
  state.turn = null;
  state.runs.set(runId, { status, endedAtMs, ...(code === undefined ? {} : { code }), ...(why === undefined ? {} : { why }) });
  const oldest = state.runs.keys().next().value;
  if (state.runs.size > STATE_LIMITS.runsKept && oldest !== undefined) state.runs.delete(oldest);
  state.updatedAtMs = entry.header.timeMs;
}

function pushMessage(
  state: SessionState, position: number, timeMs: number, runId: string, label: Label, content: TranscriptMessage["content"],
): void {
  state.messageCount += 1;
  state.messages.push({ position, seq: state.messageCount, timeMs, runId, label, content });
  if (state.messages.length <= STATE_LIMITS.messagesKept / 2) return;
  let chars = 0;
  for (const message of state.messages) chars += message.content.text.length;
  while (state.messages.length > 1 && (state.messages.length > STATE_LIMITS.messagesKept || chars > STATE_LIMITS.messageCharsKept)) {
    chars -= state.messages.shift()?.content.text.length ?? 0;
  }
}

/**
 * The state as it will be once `events` are appended; nothing is shared that the fold would change. Positions in it are
 * not the real ones, so it serves for deciding and for assembling a prompt, and is thrown away.
 */
export function previewState(state: SessionState, events: readonly NewEvent[], timeMs: number): SessionState {
  const view: SessionState = {
    ...state, messages: [...state.messages], queue: [...state.queue], requests: [...state.requests], index: [...state.index],
    ahead: new Set(state.ahead), allowed: new Set(state.allowed), runs: new Map(state.runs), usage: { ...state.usage },
    turn: state.turn === null ? null : { ...state.turn, calls: [...state.turn.calls] },
  };
  events.forEach(({ type, body, label = "agent" }, index) => {
    const header: EntryHeader = { v: 1, type, tenant: "", session: "", principal: "", label, cause: null, timeMs, commitment: "" };
    foldEntry(view, { kind: "event", type, body, position: state.position + index + 1, id: "", header } as Recorded, state.link);
  });
  return view;
}

/** The label of everything a model sees when it is shown these messages. */
export function labelOfMessages(messages: readonly TranscriptMessage[]): Label {
  return messages.reduce<Label>((label, message) => (message.label === "agent" ? label : joinLabels(label, message.label)), "owner");
}
