import { crashPoint } from "../../base/crash-point.ts";
import { deadline } from "../../base/clock.ts";
import { OpenClawError, hasCode } from "@openclaw/protocol";
import { APPROVAL_LIMITS, type ApprovalOpening } from "../../execution/policy.ts";
import type { StepStarted, TurnState } from "../../fabric/journal.ts";
import type { Carry, TurnWork } from "./turn-work.ts";

type Wait = Extract<StepStarted, { kind: "wait" }>;
type Answer = NonNullable<TurnState["answer"]>;

const EXPIRED: Answer = { decision: "expired", by: "clock" };

/**
 * Waits for a person. The answer comes as an offer to the session's slot, so it is not lost whoever is killed; asking again
 * after a restart shows the same question under the same id.
 */
export async function awaitAnswer(work: TurnWork, wait: Wait, signal: AbortSignal): Promise<Carry> {
  const { deps, live } = work;
  const { stepId, approvalId, intent, call, decision: asked, expiresAtMs } = wait;
  await deps.approvals.open(openingOf(work, wait));
  const shown = { kind: "exec", approvalId, toolCallId: call.id };
  live.emit("approval", { phase: "pending", ...shown, title: intent.summary, reason: asked.reason, expiresAtMs });
  const { decision, by } = await answerOf(work, wait, signal);
  crashPoint("answer.received");
  live.emit("approval", { phase: "resolved", ...shown, decision, by });
  return { events: [{ type: "step.ended", body: { stepId, kind: "wait", approvalId, decision, by } }] };
}

async function answerOf({ deps, session }: TurnWork, { approvalId, expiresAtMs }: Wait, signal: AbortSignal): Promise<Answer> {
  const { state } = session.log;
  const leftMs = Math.max(0, expiresAtMs - deps.clock.now());
  const left = deadline(deps.clock, leftMs, () => new OpenClawError("REQUEST_TIMEOUT"), signal);
  try {
    while (state.turn?.answer == null) {
      signal.throwIfAborted();
      await session.changed(left.signal);
    }
  } catch (error) {
    if (signal.aborted) void deps.approvals.cancel(approvalId).catch(() => undefined);
    signal.throwIfAborted();
    if (!hasCode(error, "REQUEST_TIMEOUT")) throw error;
  } finally {
    left.close();
  }
  return state.turn?.answer ?? EXPIRED;
}

/** What people are shown of the question. */
function openingOf({ deps, session, agent, runId }: TurnWork, wait: Wait): ApprovalOpening {
  const { stepId, approvalId: id, intentHash, intent, call, decision, nodeId, remember, expiresAtMs } = wait;
  const node = nodeId === null ? null : deps.nodes.describe(nodeId);
  const { command, cwd, systemRunPlan } = intent.actuator === "node" ? intent.params : {};
  return {
    id, sessionKey: session.log.state.key, agentId: agent.id, runId, stepId, toolCallId: call.id, intentHash, summary: intent.summary,
    labels: [decision.label], reason: decision.reason, rule: decision.rule, remember, expiresAtMs,
    createdAtMs: expiresAtMs - APPROVAL_LIMITS.lifetimeMs,
    ...(node === null ? {} : { nodeId: node.nodeId, nodeName: node.displayName, localNode: node.local }),
    ...(Array.isArray(command) ? { commandArgv: command as string[] } : {}),
    ...(typeof cwd === "string" ? { cwd } : {}),
    ...(systemRunPlan === undefined ? {} : { asked: { host: "node", systemRunPlan: systemRunPlan as Readonly<Record<string, unknown>> } }),
  };
}
