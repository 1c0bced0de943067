import { isAside, readMessages, type NewEvent, type SessionLog } from "../../fabric/journal.ts";
import { CONTEXT_DEFAULTS, ESTIMATES, estimateAhead, labelOfSummary, makeSummary, planBudget, planSummary } from "../context.ts";
import { agentFor } from "./begin-turn.ts";
import type { RuntimeDeps } from "./turn-work.ts";

/**
 * The event that condenses the older part of a session, where one is due; undefined where none is. It is not recorded here:
 * whoever has the session's lane does that between two turns. A crash before that loses nothing but the work.
 */
export async function summariseSession(
  log: SessionLog, deps: RuntimeDeps, options: { readonly force?: boolean }, signal: AbortSignal,
): Promise<Extract<NewEvent, { type: "summary.recorded" }> | undefined> {
  const { state } = log;
  const { agent, gone } = agentFor(state, deps.agentOf);
  const model = state.settings.model ?? agent.model;
  const resolved = gone === undefined ? await deps.models.resolveModel(model).catch(() => undefined) : undefined;
  const budget = planBudget(resolved?.info.contextTokens ?? CONTEXT_TOKENS_UNKNOWN);
  await estimateAhead(state.messages);
  const plan = planSummary(state, budget, ESTIMATES, options.force);
  if (plan === undefined) return undefined;
  const { summary: previous, window } = state;
  const firstHeld = plan.held[0]?.seq ?? plan.upToSeq + 1;
  const older = firstHeld > plan.fromSeq + 1 ? await readMessages(log, Math.max(plan.fromSeq, firstHeld - OLDER_MAX), firstHeld - 1) : [];
  const messages = [...older.filter((message) => !isAside(message)), ...plan.held];
  const { summaries, summaryTimeoutMs } = deps.context?.() ?? CONTEXT_DEFAULTS;
  const id = deps.ids.sortable(deps.clock.now());
  const { tenant, token } = log.address;
  const terms = { charge: { tenant, agentId: agent.id, session: token, purpose: "summary" } };
  const canAsk = summaries === "model" && resolved !== undefined && resolved.info.condenses !== false;
  const { refused: _, ...made } = await makeSummary({
    previous, messages, budget, clock: deps.clock, timeoutMs: summaryTimeoutMs,
    ...(canAsk ? { ask: (request, stop) => deps.models.streamModel(model, { ...request, idempotencyKey: id, terms }, stop) } : {}),
  }, signal);
  if (made.text === "") return undefined;
  const body = { id, window, upToSeq: plan.upToSeq, ...made, ...(made.by === "model" ? { model } : {}) };
  return { type: "summary.recorded", label: labelOfSummary(previous, messages), body };
}

/** Messages that memory no longer held when they should have been covered: of very many, the newest. */
const OLDER_MAX = 2_000;
const CONTEXT_TOKENS_UNKNOWN = 32_768;
