import { OpenClawError, hasCode } from "@openclaw/protocol";
import { previewState, type NewEvent, type SessionState } from "../../fabric/journal.ts";
import { callStep } from "./call-step.ts";
import { decide, TURN_LIMITS, type Next } from "./decide.ts";
import { createLive } from "./emit-live.ts";
import { modelStep } from "./model-step.ts";
import { resumeStep } from "./resume-step.ts";
import type { Carry, RuntimeDeps, TurnSession, TurnWork } from "./turn-work.ts";

const NOTHING: Carry = { events: [] };

/**
 * Runs the session's open turn, or starts one from its queue, to its end. Returns false when there was nothing to do.
 *
 * `signal` stops it where it stands, without an end: the state stays open for the next owner. A person's abort comes
 * through the log instead. Throws FENCED when the session has a newer owner, and the engine's errors.
 */
export async function runTurn(session: TurnSession, deps: RuntimeDeps, signal: AbortSignal): Promise<boolean> {
  const { state } = session.log;
  const first = decide(state);
  if (first.do === "nothing") return false;
  const begin = first.do === "start" ? startEvents(state, deps) : undefined;
  const runId = begin?.runId ?? state.turn?.runId ?? "";
  const agent = deps.agentOf(begin?.agentId ?? state.agentId);
  const live = createLive(session, deps.clock, { runId, sessionKey: begin?.sessionKey ?? state.key, agentId: agent.id, resumed: begin === undefined });
  const work: TurnWork = {
    session, deps, live, agent, runId,
    record: async (carried, more) => {
      const events = [...carried.events, ...more];
      if (events.length > 0) await session.log.append(session.claim, `agent:${agent.id}`, events);
      carried.recorded?.();
    },
  };
  live.emit("lifecycle", begin === undefined ? { phase: "resumed", startedAt: state.turn?.startedAtMs } : { phase: "start", startedAt: deps.clock.now() });
  await runSteps(work, begin === undefined ? NOTHING : { events: begin.events }, signal);
  return true;
}

async function runSteps(work: TurnWork, begin: Carry, signal: AbortSignal): Promise<void> {
  const { session, deps } = work;
  const { state } = session.log;
  for (let carry = begin; ; ) {
    signal.throwIfAborted();
    const view = carry.events.length === 0 ? state : previewState(state, carry.events, deps.clock.now());
    const next = pastDeadline(view, deps) ?? decide(view);
    // An abort is offered through the log and ends whatever is under way; the fold then decides the end.
    const step = withAbort(session, signal);
    try {
      if (next.do === "model") carry = await modelStep(work, view, carry, step.signal);
      else if (next.do === "call") carry = await callStep(work, view, next.call, carry, step.signal);
      else if (next.do === "resume") carry = await resumeStep(work, view, next.open, carry, step.signal);
      else if (next.do === "end") return await endTurn(work, next, carry);
      else return;
    } catch (error) {
      if (!step.aborted() || signal.aborted) throw error;
      carry = NOTHING;
    } finally {
      step.close();
    }
  }
}

async function endTurn({ record, live, runId, deps }: TurnWork, next: Extract<Next, { do: "end" }>, carry: Carry): Promise<void> {
  const text = next.status === "aborted" || next.status === "halted" ? live.partialText() || next.text : next.text;
  await record(carry, [{
    type: "turn.ended",
    body: { runId, status: next.status, text, ...(next.code === undefined ? {} : { code: next.code }), ...(next.why === undefined ? {} : { why: next.why }) },
  }]);
  live.emit("lifecycle", {
    phase: next.status === "ok" ? "end" : "error", endedAt: deps.clock.now(), status: next.status, text, aborted: next.status === "aborted",
    ...(next.code === undefined ? {} : { code: next.code }), ...(next.why === undefined ? {} : { error: next.why }), stopReason: next.status === "ok" ? "stop" : next.status,
  });
}

/** The first events of a turn: the session's own first event where it is new, and what the turn answers. */
function startEvents(state: SessionState, deps: RuntimeDeps): { readonly events: NewEvent[]; readonly runId: string; readonly agentId: string; readonly sessionKey: string } {
  const input = state.queue[0];
  if (input === undefined) throw new OpenClawError("INTERNAL", { why: "A turn was started without a message." });
  const { message, offerId } = input;
  const agentId = state.agentId === "" ? message.agentId : state.agentId;
  const events: NewEvent[] = [];
  if (state.key === "") events.push({ type: "session.opened", body: { key: message.sessionKey, agentId, sessionId: deps.ids.uuid() }, cause: offerId });
  const model = message.model ?? state.settings.model ?? deps.agentOf(agentId).model;
  events.push({ type: "turn.started", body: { runId: message.runId, inputs: [offerId], model, revision: deps.revisionOf(agentId) }, cause: offerId });
  return { events, runId: message.runId, agentId, sessionKey: message.sessionKey };
}

function pastDeadline(view: SessionState, deps: RuntimeDeps): Extract<Next, { do: "end" }> | undefined {
  const { turn } = view;
  if (turn === null || turn.answered || turn.open?.kind === "wait") return undefined;
  const limitMs = turn.inputs[0]?.message.timeoutMs ?? TURN_LIMITS.timeoutMs;
  if (deps.clock.now() - turn.startedAtMs <= limitMs) return undefined;
  return { do: "end", status: "halted", text: turn.text, code: "TURN_TIMEOUT", why: `It ran for more than ${Math.round(limitMs / 1_000)} s.` };
}

/** A signal for one step that also aborts when the folded turn says so. */
function withAbort(session: TurnSession, signal: AbortSignal): { readonly signal: AbortSignal; aborted(): boolean; close(): void } {
  const controller = new AbortController();
  const onAbort = (): void => controller.abort(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  const watch = async (): Promise<void> => {
    while (session.log.state.turn?.abort == null) await session.changed(controller.signal);
    controller.abort(new OpenClawError("TOOL_FAILED", { why: "Stopped by a person." }));
  };
  watch().catch((error: unknown) => {
    if (!controller.signal.aborted && !hasCode(error, "CLOSED")) controller.abort(error);
  });
  return {
    signal: controller.signal,
    aborted: () => session.log.state.turn?.abort != null,
    close: () => {
      signal.removeEventListener("abort", onAbort);
      controller.abort(CLOSED);
    },
  };
}

const CLOSED = new OpenClawError("CLOSED");
