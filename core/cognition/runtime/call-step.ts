import { joinLabels, type ErrorCode, type Label } from "@openclaw/protocol";
import type { Intent, ToolCall, ToolFile } from "@openclaw/sdk";
import { crashPoint } from "../../base/crash-point.ts";
import { relaysOf, type GateRecord, type SessionState, type StepEnded } from "../../fabric/journal.ts";
import type { PlannedRun } from "../../execution/nodes.ts";
import { APPROVAL_LIMITS, hashIntent } from "../../execution/policy.ts";
import { presentOutcome, TOOL_LIMITS, type ToolOutcome } from "../../execution/tools.ts";
import { awaitAnswer } from "./await-answer.ts";
import { carryOut, keepOutcome } from "./carry-out.ts";
import { toolsFor, type Carry, type TurnWork } from "./turn-work.ts";
import { contextOf, weighCall, type WeighedCall } from "./weigh-call.ts";

/** One call on its way to its result, and what waits to be recorded with it. */
interface Calling {
  readonly stepId: string;
  readonly call: ToolCall;
  readonly carry: Carry;
}

/**
 * One tool call up to its result, or up to the question a person has to answer first.
 *
 * Whatever is wrong with the call itself is a result the model reads. An intent is recorded before it is carried out, with
 * the gate's decision; a refused one is recorded with the refusal.
 */
export async function callStep(work: TurnWork, view: SessionState, call: ToolCall, carry: Carry, signal: AbortSignal): Promise<Carry> {
  const { deps } = work;
  const calling: Calling = { stepId: deps.ids.sortable(deps.clock.now()), call, carry };
  const prepared = deps.tools.prepare(call, contextOf(work.agent, view), toolsFor(work.agent, view));
  work.calls.start(call, prepared.kind === "intent" ? prepared.intent : undefined);
  if (prepared.kind === "intent" && prepared.intent.actuator === "node") await deps.nodesReady();
  const weighed = weighCall(view, call.id, prepared, deps, work.agent);
  switch (weighed.do) {
    case "refuse": return refuse(work, calling, weighed, weighed.decision);
    case "ask": return await ask(work, calling, weighed, signal);
    case "act": return await carryOut(work, { ...calling, ...weighed }, weighed.tool, carry, signal);
    case "run": {
      const { label, ...ran } = await runPure(work, view, weighed, signal);
      const outcome = await keepOutcome(work, calling.stepId, ran);
      return finish(work, carry, { stepId: calling.stepId, kind: "tool", call, ...outcome, label });
    }
  }
}

/**
 * Suspends the turn: the question is durable before anyone is asked. A node that plans how it would run something is asked for
 * its plan before, so that what a person sees and answers for is what will run.
 */
async function ask(work: TurnWork, calling: Calling, { intent: wanted, nodeId, decision }: Asking, signal: AbortSignal): Promise<Carry> {
  const { deps } = work;
  const { stepId, call, carry } = calling;
  const planned = await planOf(work, stepId, wanted, nodeId, signal);
  signal.throwIfAborted();
  if (planned?.ok === false) return refuse(work, calling, planned, decision.record);
  const intent = planned === null ? wanted : { ...wanted, params: planned.params };
  const { remember, rememberHash, record } = decision;
  const now = deps.clock.now();
  const wait = {
    stepId, kind: "wait" as const, call, intent, nodeId, approvalId: deps.ids.sortable(now), intentHash: hashIntent(intent),
    remember, rememberHash, decision: record, expiresAtMs: now + APPROVAL_LIMITS.lifetimeMs,
    ...relaysOf(work.session.log.state),
  };
  await work.record(carry, [{ type: "step.started", body: wait }]);
  crashPoint("question.recorded");
  return await awaitAnswer(work, wait, signal);
}

async function planOf(
  { deps, session }: TurnWork, stepId: string, intent: Intent, nodeId: string | null, signal: AbortSignal,
): Promise<PlannedRun | null> {
  if (intent.actuator !== "node" || nodeId === null) return null;
  const { command, params } = intent;
  // It stands for a run that a person approves, or for none.
  const approval = { decision: "allow-once" } as const;
  return await deps.nodes.plan({ id: stepId, nodeId, command, params, sessionKey: session.log.state.key, approval }, signal);
}

type Runnable = Extract<WeighedCall, { do: "run" }>;
type Asking = Extract<WeighedCall, { do: "ask" }>;

async function runPure(
  work: TurnWork, view: SessionState, { tool, args }: Runnable, signal: AbortSignal,
): Promise<ToolOutcome & { readonly label: Label }> {
  let text = "";
  let isError = false;
  let label: Label = "agent";
  let files: readonly ToolFile[] = [];
  try {
    for await (const event of tool.run(args, contextOf(work.agent, view), signal)) {
      if (event.type !== "result") continue;
      [text, isError, files] = [event.text, event.isError ?? false, event.files ?? []];
      label = joinLabels("agent", event.label ?? "agent");
    }
  } catch (error) {
    signal.throwIfAborted();
    return { ...presentOutcome(tool, { ok: false, code: "TOOL_FAILED", why: error instanceof Error ? error.message : "" }), label };
  }
  const brought = files.length === 0 ? {} : { files: files.slice(0, TOOL_LIMITS.files) };
  return { ...presentOutcome(tool, { ok: true, payload: text }), isError, label, ...brought };
}

interface Failure {
  readonly code: ErrorCode;
  readonly why: string;
}

function refuse(work: TurnWork, { stepId, call, carry }: Calling, { code, why }: Failure, decision?: GateRecord): Carry {
  const { whole: _, files: __, ...outcome } = presentOutcome(undefined, { ok: false, code, why });
  return finish(work, carry, {
    stepId, kind: "tool", call, ...outcome, label: "agent", ...relaysOf(work.session.log.state),
    ...(decision === undefined ? {} : { decision }),
  });
}

function finish({ calls }: TurnWork, carry: Carry, body: Extract<StepEnded, { kind: "tool" }>): Carry {
  const { call, text, isError, code, label } = body;
  calls.end(call, { isError, text, details: { code } });
  return { ...carry, events: [...carry.events, { type: "step.ended", body, label }] };
}
