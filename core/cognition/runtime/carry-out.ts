import type { Intent, Tool, ToolCall } from "@openclaw/sdk";
import type { Label } from "@openclaw/protocol";
import { LABELS, joinLabels } from "@openclaw/protocol";
import type { GateRecord } from "../../fabric/journal.ts";
import type { IntentEvent, IntentOrder } from "../../execution/intents.ts";
import { presentOutcome } from "../../execution/tools.ts";
import type { Carry, TurnWork } from "./turn-work.ts";

export interface PlacedCall {
  readonly stepId: string;
  readonly call: ToolCall;
  readonly intent: Intent;
  readonly nodeId: string | null;
  readonly decision: GateRecord;
}

/** Records the intent and its decision, then hands it to its actuator. The record is durable before the act begins. */
export async function carryOut(work: TurnWork, placed: PlacedCall, tool: Tool, carry: Carry, signal: AbortSignal): Promise<Carry> {
  const { stepId, call, intent, nodeId, decision } = placed;
  const { deps, session } = work;
  await work.record(carry, [{ type: "step.started", body: { stepId, kind: "tool", call, intent, effect: intent.effect, invocationId: stepId, nodeId, decision }, label: decision.label }]);
  const order = orderOf(work, placed);
  return await collectOutcome(work, placed, order, tool, deps.intents.carryOut(order, signal), session.log.state.turn?.openSinceMs ?? deps.clock.now(), signal);
}

export function orderOf({ session }: TurnWork, { stepId, intent, nodeId, decision }: PlacedCall): IntentOrder {
  return { invocationId: stepId, intent, nodeId, sessionKey: session.log.state.key, label: decision.label, fence: { slot: session.claim.slot, epoch: session.claim.epoch } };
}

/** Streams what the actuator says and turns its end into the step's end. */
export async function collectOutcome(
  work: TurnWork, placed: PlacedCall, order: IntentOrder, tool: Tool | undefined, events: AsyncIterable<IntentEvent>, sinceMs: number, signal: AbortSignal,
): Promise<Carry> {
  const { call, stepId, intent, nodeId } = placed;
  const { deps, live } = work;
  let end: Extract<IntentEvent, { type: "end" }> = { type: "end", ok: false, code: "TOOL_FAILED", why: "The actuator ended without an answer." };
  for await (const event of events) {
    if (event.type === "end") end = event;
    else {
      live.emit("tool", {
        phase: "update", name: call.name, toolCallId: call.id,
        partialResult: { content: [{ type: "text", text: event.text }], details: { stream: event.stream, offset: event.offset, nodeId } },
      });
    }
  }
  signal.throwIfAborted();
  const outcome = presentOutcome(tool, end);
  const durationMs = Math.max(0, deps.clock.now() - sinceMs);
  const exitCode = end.ok ? exitCodeOf(end.payload) : undefined;
  live.emit("tool", {
    phase: "result", name: call.name, toolCallId: call.id, isError: outcome.isError,
    result: { content: [{ type: "text", text: outcome.text }], details: { nodeId, durationMs, effect: intent.effect, rule: placed.decision.rule, ...(exitCode === undefined ? {} : { exitCode }), ...(outcome.code === undefined ? {} : { code: outcome.code }) } },
  });
  const label = labelOf(intent, end);
  return {
    events: [{
      type: "step.ended", label,
      body: {
        stepId, kind: "tool", call, ...outcome, label, durationMs, ...(nodeId === null ? {} : { nodeId }), ...(exitCode === undefined ? {} : { exitCode }),
      },
    }],
    recorded: () => deps.intents.acknowledge(order),
  };
}

/** Whatever a node says is from outside; a memory's facts carry their own labels. */
function labelOf(intent: Intent, end: Extract<IntentEvent, { type: "end" }>): Label {
  if (!end.ok) return "agent";
  if (intent.actuator === "node") return "outside";
  const facts: unknown = typeof end.payload === "object" && end.payload !== null && "facts" in end.payload ? end.payload.facts : [];
  return (Array.isArray(facts) ? facts : []).reduce<Label>((label, fact: unknown) => {
    const own = typeof fact === "object" && fact !== null && "label" in fact ? LABELS.find((known) => known === fact.label) : undefined;
    return joinLabels(label, own ?? "outside");
  }, "owner");
}

function exitCodeOf(payload: unknown): number | null | undefined {
  if (typeof payload !== "object" || payload === null || !("exitCode" in payload)) return undefined;
  return typeof payload.exitCode === "number" ? payload.exitCode : null;
}
