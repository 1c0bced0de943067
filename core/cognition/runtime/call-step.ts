import type { ErrorCode, Label } from "@openclaw/protocol";
import type { Intent, Landing, Tool, ToolCall } from "@openclaw/sdk";
import type { GateRecord, NewEvent, SessionState } from "../../fabric/journal.ts";
import { APPROVAL_LIMITS, classifyRun, hashIntent, labelArguments, type Decision } from "../../execution/policy.ts";
import { presentOutcome, type ToolOutcome } from "../../execution/tools.ts";
import { carryOut } from "./carry-out.ts";
import type { Carry, TurnWork } from "./turn-work.ts";
import { awaitAnswer } from "./await-answer.ts";

/**
 * One tool call up to its result, or up to the question a person has to answer first.
 *
 * Whatever is wrong with the call itself is a result the model reads. An intent is recorded before it is carried out, with
 * the gate's decision; a refused one is recorded with the refusal.
 */
export async function callStep(work: TurnWork, view: SessionState, call: ToolCall, carry: Carry, signal: AbortSignal): Promise<Carry> {
  const { deps, agent, live } = work;
  const stepId = deps.ids.sortable(deps.clock.now());
  const prepared = deps.tools.prepare(call, { workspace: agent.workspace, sessionKey: view.key, agentId: agent.id });
  live.emit("tool", { phase: "start", name: call.name, toolCallId: call.id, args: parsedArguments(call) });
  if (prepared.kind === "refused") return refuse(work, stepId, call, carry, { ok: false, code: prepared.code, why: prepared.why });
  if (prepared.kind === "run") {
    const outcome = await runPure(prepared.tool, prepared.args, work, view, signal);
    return finish(work, carry, { stepId, kind: "tool", call, ...outcome, label: "agent" });
  }
  const granted = view.turn?.granted?.callId === call.id ? view.turn.granted : null;
  if (granted !== null && !granted.decision.startsWith("allow")) {
    return refuse(work, stepId, call, carry, { ok: false, code: "APPROVAL_DENIED", why: granted.decision === "expired" ? "Nobody answered in time." : `Denied by ${granted.by}.` });
  }
  if (prepared.intent.actuator === "node") await deps.nodesReady();
  const placed = granted === null ? place(work, prepared.intent) : { ok: true as const, ...pinned(work, granted.intent) };
  if (!placed.ok) return refuse(work, stepId, call, carry, placed);
  const { intent, nodeId } = placed;
  if (granted !== null) {
    const record: GateRecord = { answer: "allow", rule: "approved", reason: `Allowed by ${granted.by}.`, label: granted.label };
    return await carryOut(work, { stepId, call, intent, nodeId, decision: record }, prepared.tool, carry, signal);
  }
  const decision = judge(work, view, placed, prepared.args);
  const record: GateRecord = { answer: decision.answer, rule: decision.rule, reason: decision.reason, label: decision.label };
  if (decision.answer === "refuse") return refuse(work, stepId, call, carry, { ok: false, code: "GATE_REFUSED", why: decision.reason }, record);
  if (decision.answer === "ask") return await ask(work, { stepId, call, intent, nodeId, decision }, carry, signal);
  return await carryOut(work, { stepId, call, intent, nodeId, decision: record }, prepared.tool, carry, signal);
}

type Placed = { readonly ok: true; readonly intent: Intent; readonly nodeId: string | null; readonly landing: Landing; readonly readOnly: boolean };

/** Capability first, placement second; the node is part of the intent from here on, so an approval is for that node. */
function place({ deps }: TurnWork, intent: Intent): Placed | { readonly ok: false; readonly code: "NODE_UNKNOWN" | "NODE_TAG_NONE" | "NODE_OFFLINE" | "NODE_COMMAND_NOT_ALLOWED"; readonly why: string } {
  if (intent.actuator === "memory") return { ok: true, intent, nodeId: null, landing: "memory", readOnly: intent.effect === "read" };
  try {
    const choice = deps.nodes.choose(intent.target);
    const readOnly = intent.effect === "read" || (intent.command === "system.run" && classifyRun(intent.params, deps.placeOf(choice.nodeId)).readOnly);
    // Doing a documented read-only command again changes nothing, so a crash need not stop at it.
    const effect = readOnly ? "read" : intent.effect;
    return { ok: true, intent: { ...intent, effect, target: { command: intent.target.command, node: choice.nodeId } }, nodeId: choice.nodeId, landing: choice.local ? "local-node" : "node", readOnly };
  } catch (error) {
    const code = typeof error === "object" && error !== null && "code" in error ? error.code : undefined;
    if (code !== "NODE_UNKNOWN" && code !== "NODE_TAG_NONE" && code !== "NODE_OFFLINE" && code !== "NODE_COMMAND_NOT_ALLOWED") throw error;
    return { ok: false, code, why: (error as Error).message };
  }
}

function pinned({ deps }: TurnWork, intent: Intent): Omit<Placed, "ok"> {
  const nodeId = intent.actuator === "node" ? (intent.target.node ?? null) : null;
  return { intent, nodeId, landing: nodeId === null ? "memory" : deps.nodes.describe(nodeId)?.local === true ? "local-node" : "node", readOnly: false };
}

function judge({ deps }: TurnWork, view: SessionState, placed: Placed, args: unknown): Decision & { readonly label: Label } {
  // Only the words of this turn can be an order: what the owner said earlier was answered then.
  const sources = view.messages.filter((message) => message.runId === view.turn?.runId || message.label !== "owner").map((message) => ({ label: message.label, text: message.content.text }));
  const label = labelArguments(args, sources);
  const decision = deps.gate.decide({
    effect: placed.intent.effect, label, landing: placed.landing, readOnly: placed.readOnly, intentHash: hashIntent(placed.intent),
    insideWorkspace: insideWorkspace(placed.intent), ...(placed.nodeId === null ? {} : { nodeId: placed.nodeId }), remembered: (_, hash) => view.allowed.has(hash),
  });
  return { ...decision, label };
}

/** A relative path stays in the workspace, where the node resolves it; whether it escapes by a link, the node checks. */
function insideWorkspace(intent: Intent): boolean {
  const path: unknown = intent.params["path"];
  return typeof path === "string" && !path.startsWith("/") && !path.startsWith("~") && !path.split("/").includes("..");
}

interface Question { readonly stepId: string; readonly call: ToolCall; readonly intent: Intent; readonly nodeId: string | null; readonly decision: Decision & { readonly label: Label } }

/** Suspends the turn: the question is durable before anyone is asked. */
async function ask(work: TurnWork, { stepId, call, intent, nodeId, decision }: Question, carry: Carry, signal: AbortSignal): Promise<Carry> {
  const { deps } = work;
  const now = deps.clock.now();
  const { answer, rule, reason, label, remember, rememberHash } = decision;
  const wait = {
    stepId, kind: "wait" as const, call, intent, nodeId, approvalId: deps.ids.sortable(now), intentHash: hashIntent(intent), remember, rememberHash,
    decision: { answer, rule, reason, label }, expiresAtMs: now + APPROVAL_LIMITS.lifetimeMs,
  };
  await work.record(carry, [{ type: "step.started", body: wait }]);
  return await awaitAnswer(work, wait, signal);
}

async function runPure(tool: Extract<Tool, { effect: "none" }>, args: unknown, work: TurnWork, view: SessionState, signal: AbortSignal): Promise<ToolOutcome> {
  let text = "";
  let isError = false;
  try {
    for await (const event of tool.run(args, { workspace: work.agent.workspace, sessionKey: view.key, agentId: work.agent.id }, signal)) {
      if (event.type === "result") [text, isError] = [event.text, event.isError ?? false];
    }
  } catch (error) {
    signal.throwIfAborted();
    return presentOutcome(tool, { ok: false, code: "TOOL_FAILED", why: error instanceof Error ? error.message : "" });
  }
  return { ...presentOutcome(tool, { ok: true, payload: text }), isError };
}

function refuse(work: TurnWork, stepId: string, call: ToolCall, carry: Carry, failure: { readonly ok: false; readonly code: ErrorCode; readonly why: string }, decision?: GateRecord): Carry {
  const outcome = presentOutcome(undefined, failure);
  return finish(work, carry, { stepId, kind: "tool", call, ...outcome, label: "agent", ...(decision === undefined ? {} : { decision }) });
}

function finish({ live }: TurnWork, carry: Carry, body: Extract<Extract<NewEvent, { type: "step.ended" }>["body"], { kind: "tool" }>): Carry {
  live.emit("tool", { phase: "result", name: body.call.name, toolCallId: body.call.id, isError: body.isError, result: { content: [{ type: "text", text: body.text }], details: { code: body.code } } });
  return { ...carry, events: [...carry.events, { type: "step.ended", body, label: body.label }] };
}

function parsedArguments(call: ToolCall): unknown {
  try {
    return call.arguments.length > 65_536 ? { bytes: call.arguments.length } : JSON.parse(call.arguments);
  } catch {
    return {};
  }
}
