import { hasCode, joinLabels, type ErrorCode, type Label } from "@openclaw/protocol";
import type { Intent, Landing, Tool, ToolCall, ToolContext } from "@openclaw/sdk";
import { crashPoint } from "../../base/crash-point.ts";
import type { GateRecord, SessionState, StepEnded } from "../../fabric/journal.ts";
import { APPROVAL_LIMITS, classifyRun, hashIntent, labelArguments, type Decision, type LabelledText } from "../../execution/policy.ts";
import { presentOutcome, type PreparedCall, type ToolOutcome } from "../../execution/tools.ts";
import { awaitAnswer } from "./await-answer.ts";
import { carryOut } from "./carry-out.ts";
import type { Carry, TurnWork } from "./turn-work.ts";

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
  const { deps, live } = work;
  const calling: Calling = { stepId: deps.ids.sortable(deps.clock.now()), call, carry };
  const prepared = deps.tools.prepare(call, contextOf(work, view));
  live.emit("tool", { phase: "start", name: call.name, toolCallId: call.id, args: parsedArguments(call) });
  if (prepared.kind === "refused") return refuse(work, calling, prepared);
  if (prepared.kind === "run") {
    const outcome = await runPure(work, view, prepared, signal);
    return finish(work, carry, { stepId: calling.stepId, kind: "tool", call, ...outcome, label: "agent" });
  }
  if (prepared.intent.actuator === "node") await deps.nodesReady();
  const granted = view.turn?.granted?.callId === call.id ? view.turn.granted : null;
  if (granted !== null) return await afterAnswer(work, calling, granted, prepared.tool, signal);
  return await throughGate(work, view, calling, prepared, signal);
}

/** What a person decided is decided: the intent is the one that was asked for, on the node it was asked for. */
async function afterAnswer(work: TurnWork, calling: Calling, granted: Granted, tool: Tool, signal: AbortSignal): Promise<Carry> {
  const { decision: answer, by, intent, label } = granted;
  if (!answer.startsWith("allow")) {
    const why = answer === "expired" ? "Nobody answered in time." : `Denied by ${by}.`;
    return refuse(work, calling, { code: "APPROVAL_DENIED", why });
  }
  const decision: GateRecord = { answer: "allow", rule: "approved", reason: `Allowed by ${by}.`, label };
  const nodeId = intent.actuator === "node" ? (intent.target.node ?? null) : null;
  return await carryOut(work, { ...calling, intent, nodeId, decision }, tool, calling.carry, signal);
}

type Granted = NonNullable<NonNullable<SessionState["turn"]>["granted"]>;
type Proposed = Extract<PreparedCall, { kind: "intent" }>;

async function throughGate(
  work: TurnWork, view: SessionState, calling: Calling, { intent: wanted, tool, args }: Proposed, signal: AbortSignal,
): Promise<Carry> {
  const placed = place(work, wanted);
  if ("code" in placed) return refuse(work, calling, placed);
  const decision = judge(work, view, placed, args);
  const { answer, rule, reason, label } = decision;
  const record: GateRecord = { answer, rule, reason, label };
  if (answer === "refuse") return refuse(work, calling, { code: "GATE_REFUSED", why: reason }, record);
  const { intent, nodeId } = placed;
  if (answer === "ask") return await ask(work, calling, { intent, nodeId, decision }, signal);
  return await carryOut(work, { ...calling, intent, nodeId, decision: record }, tool, calling.carry, signal);
}

interface Placed {
  readonly intent: Intent;
  readonly nodeId: string | null;
  readonly landing: Landing;
  readonly readOnly: boolean;
}

const UNPLACEABLE = ["NODE_UNKNOWN", "NODE_TAG_NONE", "NODE_OFFLINE", "NODE_COMMAND_NOT_ALLOWED"] as const satisfies ErrorCode[];

/** Capability first, placement second; the node is part of the intent from here on, so an approval is for that node. */
function place({ deps }: TurnWork, intent: Intent): Placed | Failure {
  if (intent.actuator === "memory") return { intent, nodeId: null, landing: "memory", readOnly: intent.effect === "read" };
  try {
    const { nodeId, local } = deps.nodes.choose(intent.target);
    const readOnly = intent.effect === "read" ||
      (intent.command === "system.run" && classifyRun(intent.params, deps.placeOf(nodeId)).readOnly);
    // Doing a documented read-only command again changes nothing, so a crash need not stop at it.
    const effect = readOnly ? "read" : intent.effect;
    const target = { command: intent.target.command, node: nodeId };
    return { intent: { ...intent, effect, target }, nodeId, landing: local ? "local-node" : "node", readOnly };
  } catch (error) {
    const code = UNPLACEABLE.find((known) => hasCode(error, known));
    if (code === undefined) throw error;
    return { code, why: (error as Error).message };
  }
}

type Judged = Decision & { readonly label: Label };

function judge({ deps }: TurnWork, view: SessionState, { intent, nodeId, landing, readOnly }: Placed, args: unknown): Judged {
  const label = labelArguments(args, sourcesOf(view));
  const decision = deps.gate.decide({
    effect: intent.effect, label, landing, readOnly, intentHash: hashIntent(intent), insideWorkspace: insideWorkspace(intent),
    ...(nodeId === null ? {} : { nodeId }), remembered: (_, hash) => view.allowed.has(hash),
  });
  return { ...decision, label };
}

/**
 * Only what a person said in this turn can be an order. What the owner said earlier was answered then, and a tool that
 * brings it back, from memory or a file, is no person speaking.
 */
function sourcesOf({ messages, turn }: SessionState): readonly LabelledText[] {
  return messages.flatMap(({ runId, label, content }) => {
    if (content.role !== "user") return [{ label: joinLabels(label, "agent"), text: content.text }];
    return runId === turn?.runId || label !== "owner" ? [{ label, text: content.text }] : [];
  });
}

/** A relative path stays in the workspace, where the node resolves it; whether it escapes by a link, the node checks. */
function insideWorkspace(intent: Intent): boolean {
  const path: unknown = intent.params["path"];
  return typeof path === "string" && !path.startsWith("/") && !path.startsWith("~") && !path.split("/").includes("..");
}

interface Question {
  readonly intent: Intent;
  readonly nodeId: string | null;
  readonly decision: Judged;
}

/** Suspends the turn: the question is durable before anyone is asked. */
async function ask(work: TurnWork, calling: Calling, { intent, nodeId, decision }: Question, signal: AbortSignal): Promise<Carry> {
  const { deps } = work;
  const { stepId, call, carry } = calling;
  const { answer, rule, reason, label, remember, rememberHash } = decision;
  const now = deps.clock.now();
  const wait = {
    stepId, kind: "wait" as const, call, intent, nodeId, approvalId: deps.ids.sortable(now), intentHash: hashIntent(intent),
    remember, rememberHash, decision: { answer, rule, reason, label }, expiresAtMs: now + APPROVAL_LIMITS.lifetimeMs,
  };
  await work.record(carry, [{ type: "step.started", body: wait }]);
  crashPoint("question.recorded");
  return await awaitAnswer(work, wait, signal);
}

type Runnable = Extract<PreparedCall, { kind: "run" }>;

async function runPure(work: TurnWork, view: SessionState, { tool, args }: Runnable, signal: AbortSignal): Promise<ToolOutcome> {
  let text = "";
  let isError = false;
  try {
    for await (const event of tool.run(args, contextOf(work, view), signal)) {
      if (event.type === "result") [text, isError] = [event.text, event.isError ?? false];
    }
  } catch (error) {
    signal.throwIfAborted();
    return presentOutcome(tool, { ok: false, code: "TOOL_FAILED", why: error instanceof Error ? error.message : "" });
  }
  return { ...presentOutcome(tool, { ok: true, payload: text }), isError };
}

function contextOf({ agent }: TurnWork, view: SessionState): ToolContext {
  return { workspace: agent.workspace, sessionKey: view.key, agentId: agent.id };
}

interface Failure {
  readonly code: ErrorCode;
  readonly why: string;
}

function refuse(work: TurnWork, { stepId, call, carry }: Calling, { code, why }: Failure, decision?: GateRecord): Carry {
  const outcome = presentOutcome(undefined, { ok: false, code, why });
  return finish(work, carry, { stepId, kind: "tool", call, ...outcome, label: "agent", ...(decision === undefined ? {} : { decision }) });
}

function finish({ live }: TurnWork, carry: Carry, body: Extract<StepEnded, { kind: "tool" }>): Carry {
  const { call, text, isError, code, label } = body;
  live.emit("tool", {
    phase: "result", name: call.name, toolCallId: call.id, isError,
    result: { content: [{ type: "text", text }], details: { code } },
  });
  return { ...carry, events: [...carry.events, { type: "step.ended", body, label }] };
}

function parsedArguments(call: ToolCall): unknown {
  try {
    return call.arguments.length > 65_536 ? { bytes: call.arguments.length } : JSON.parse(call.arguments);
  } catch {
    return {};
  }
}
