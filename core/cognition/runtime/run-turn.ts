import { OpenClawError, hasCode } from "@openclaw/protocol";
import { crashPoint } from "../../base/crash-point.ts";
import { previewState, type SessionState } from "../../fabric/journal.ts";
import { callStep } from "./call-step.ts";
import { agentFor, beginning, nextOf, type Beginning, type End } from "./begin-turn.ts";
import { decide } from "./decide.ts";
import { createLive } from "./emit-live.ts";
import { modelStep } from "./model-step.ts";
import { resumeStep } from "./resume-step.ts";
import type { Carry, RuntimeDeps, TurnAgent, TurnSession, TurnWork } from "./turn-work.ts";

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
  crashPoint("turn.beginning");
  const { agent, gone } = agentFor(state, deps.agentOf);
  const begin = first.do === "start" ? await begun(state, deps, agent) : undefined;
  const { runId, sessionKey } = begin ?? { runId: state.turn?.runId ?? "", sessionKey: state.key };
  const live = createLive(session, deps.clock, { runId, sessionKey, agentId: agent.id, resumed: begin === undefined });
  const work: TurnWork = {
    session, deps, live, agent, runId,
    record: async (carried, more) => {
      const events = [...carried.events, ...more];
      if (events.length > 0) await session.log.append(session.claim, `agent:${agent.id}`, events);
      if (carried.recorded === undefined) return;
      crashPoint("result.recorded");
      carried.recorded();
      crashPoint("result.acknowledged");
    },
  };
  if (begin === undefined) live.emit("lifecycle", { phase: "resumed", startedAt: state.turn?.startedAtMs });
  else live.emit("lifecycle", { phase: "start", startedAt: deps.clock.now() });
  await runSteps(work, begin === undefined ? NOTHING : { events: begin.events }, gone, signal);
  return true;
}

async function begun(state: SessionState, deps: RuntimeDeps, agent: TurnAgent): Promise<Beginning> {
  return beginning(state, agent, { revision: await deps.revisionOf(agent.id), sessionId: () => deps.ids.uuid() });
}

async function runSteps(work: TurnWork, begin: Carry, gone: End | undefined, signal: AbortSignal): Promise<void> {
  const { session, deps } = work;
  const { state } = session.log;
  for (let carry = begin; ; ) {
    signal.throwIfAborted();
    const view = carry.events.length === 0 ? state : previewState(state, carry.events, deps.clock.now());
    const next = nextOf(view, gone, deps.clock.now());
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

/** Longest unfinished text that is kept of a turn that was cut short: with room to spare in one frame of the engine. */
const PARTIAL_CHARS_MAX = 100_000;

async function endTurn({ record, live, runId, deps }: TurnWork, next: End, carry: Carry): Promise<void> {
  const { status, code, why } = next;
  const cutShort = status === "aborted" || status === "halted";
  const text = cutShort ? (live.partialText() || next.text).slice(0, PARTIAL_CHARS_MAX) : next.text;
  const coded = code === undefined ? {} : { code };
  await record(carry, [{ type: "turn.ended", body: { runId, status, text, ...coded, ...(why === undefined ? {} : { why }) } }]);
  crashPoint("turn.ended");
  live.emit("lifecycle", {
    phase: status === "ok" ? "end" : "error", endedAt: deps.clock.now(), status, text, aborted: status === "aborted",
    ...coded, ...(why === undefined ? {} : { error: why }), stopReason: status === "ok" ? "stop" : status,
  });
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
