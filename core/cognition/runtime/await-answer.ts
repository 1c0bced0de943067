import { deadline } from "../../base/clock.ts";
import { OpenClawError, hasCode } from "@openclaw/protocol";
import { APPROVAL_LIMITS } from "../../execution/policy.ts";
import type { StepStarted } from "../../fabric/journal.ts";
import type { Carry, TurnWork } from "./turn-work.ts";

/**
 * Waits for a person. The answer comes as an offer to the session's slot, so it is not lost whoever is killed; asking again
 * after a restart shows the same question under the same id.
 */
export async function awaitAnswer(work: TurnWork, wait: Extract<StepStarted, { kind: "wait" }>, signal: AbortSignal): Promise<Carry> {
  const { deps, session, agent, runId, live } = work;
  const { state } = session.log;
  const { intent, call, decision, nodeId } = wait;
  const node = nodeId === null ? null : deps.nodes.describe(nodeId);
  await deps.approvals.open({
    id: wait.approvalId, sessionKey: state.key, agentId: agent.id, runId, stepId: wait.stepId, toolCallId: call.id, intentHash: wait.intentHash, summary: intent.summary,
    labels: [decision.label], reason: decision.reason, rule: decision.rule, remember: wait.remember, createdAtMs: wait.expiresAtMs - APPROVAL_LIMITS.lifetimeMs, expiresAtMs: wait.expiresAtMs,
    ...(node === null ? {} : { nodeId: node.nodeId, nodeName: node.displayName, localNode: node.local }),
    ...(intent.actuator === "node" && Array.isArray(intent.params["command"]) ? { commandArgv: intent.params["command"] as string[] } : {}),
    ...(intent.actuator === "node" && typeof intent.params["cwd"] === "string" ? { cwd: intent.params["cwd"] } : {}),
  });
  live.emit("approval", { phase: "pending", kind: "exec", approvalId: wait.approvalId, toolCallId: call.id, title: intent.summary, reason: decision.reason, expiresAtMs: wait.expiresAtMs });
  const left = deadline(deps.clock, Math.max(0, wait.expiresAtMs - deps.clock.now()), () => new OpenClawError("REQUEST_TIMEOUT"), signal);
  try {
    while (state.turn?.answer == null) {
      signal.throwIfAborted();
      await session.changed(left.signal);
    }
  } catch (error) {
    if (signal.aborted) void deps.approvals.cancel(wait.approvalId).catch(() => undefined);
    signal.throwIfAborted();
    if (!hasCode(error, "REQUEST_TIMEOUT")) throw error;
  } finally {
    left.close();
  }
  const answer = state.turn?.answer ?? { decision: "expired" as const, by: "clock" };
  live.emit("approval", { phase: "resolved", kind: "exec", approvalId: wait.approvalId, toolCallId: call.id, decision: answer.decision, by: answer.by });
  return { events: [{ type: "step.ended", body: { stepId: wait.stepId, kind: "wait", approvalId: wait.approvalId, decision: answer.decision, by: answer.by } }] };
}

