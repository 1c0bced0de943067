import type { SessionState, StepStarted } from "../../fabric/journal.ts";
import { awaitAnswer } from "./await-answer.ts";
import { begin, collectOutcome } from "./carry-out.ts";
import { modelStep } from "./model-step.ts";
import type { Carry, TurnWork } from "./turn-work.ts";

/**
 * Goes on with a step that was started and has no end, by the crash table:
 *
 * - a model call is asked again: its partial text is withdrawn;
 * - an intent that is harmless to repeat is carried out again under the same id;
 * - an unsafe one is asked after at the node that has it, and never repeated on a guess;
 * - a wait repeats nothing: the answer arrives, or has arrived, as an offer.
 */
export async function resumeStep(work: TurnWork, view: SessionState, open: StepStarted, carry: Carry, signal: AbortSignal): Promise<Carry> {
  if (open.kind === "model") return await modelStep(work, view, carry, signal);
  const { deps } = work;
  if (open.kind === "wait") return await awaitAnswer(work, open, signal);
  const { call, stepId, intent, nodeId, decision } = open;
  work.calls.start(call, intent, { resumed: true });
  const placed = { stepId, call, intent, nodeId, decision };
  const events = begin(work, placed, "resume", signal);
  return await collectOutcome(work, placed, deps.tools.get(call.name), events, view.turn?.openSinceMs ?? deps.clock.now(), signal);
}
