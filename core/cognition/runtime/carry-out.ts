import type { Intent, Tool, ToolCall } from "@openclaw/sdk";
import type { Label } from "@openclaw/protocol";
import { LABELS, hasCode, joinLabels } from "@openclaw/protocol";
import { crashPoint } from "../../base/crash-point.ts";
import { relaysOf, type Attachment, type ExpectedReply, type GateRecord } from "../../fabric/journal.ts";
import { speaksFromOutside, type IntentEvent, type IntentOrder } from "../../execution/intents.ts";
import { presentOutcome, type ToolOutcome } from "../../execution/tools.ts";
import { OutputGatherer } from "./gather-output.ts";
import { keepOutput, outputBytesKept, type KeptOutcome, type StoredText } from "./keep-output.ts";
import { readOutput } from "./read-output.ts";
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
  const made = { stepId, kind: "tool" as const, call, intent, effect: intent.effect, invocationId: stepId, nodeId, decision };
  const body = { ...made, ...relaysOf(session.log.state) };
  await work.record(carry, [{ type: "step.started", body, label: decision.label }]);
  crashPoint("intent.recorded");
  const sinceMs = session.log.state.turn?.openSinceMs ?? deps.clock.now();
  return await collectOutcome(work, placed, tool, begin(work, placed, "carryOut", signal), sinceMs, signal);
}

/** Hands an intent to its actuator, or asks what became of it; the session's own are carried out here. */
export function begin(work: TurnWork, placed: PlacedCall, how: "carryOut" | "resume", signal: AbortSignal): AsyncIterable<IntentEvent> {
  const { intent } = placed;
  if (intent.actuator === "session") return readOutput(work.session.log, intent);
  return work.deps.intents[how](orderOf(work, placed), signal);
}

export function orderOf({ session: { log, claim } }: TurnWork, { stepId, intent, nodeId, decision }: PlacedCall): IntentOrder {
  const fence = { slot: claim.slot, epoch: claim.epoch };
  return {
    invocationId: stepId, intent, nodeId, sessionKey: log.state.key, label: decision.label, fence, ...relaysOf(log.state),
    ...(decision.rule === "approved" ? { approved: true } : {}),
  };
}

/** Streams what the actuator says and turns its end into the step's end. */
export async function collectOutcome(
  work: TurnWork, placed: PlacedCall, tool: Tool | undefined, events: AsyncIterable<IntentEvent>, sinceMs: number, signal: AbortSignal,
): Promise<Carry> {
  const { call, stepId, intent, nodeId, decision } = placed;
  const { deps } = work;
  const gatherer = intent.actuator === "node" ? new OutputGatherer(work.session.log.blobs, outputBytesKept(deps)) : undefined;
  let end: IntentEnd = { type: "end", ok: false, code: "TOOL_FAILED", why: "The actuator ended without an answer." };
  for await (const event of untilGivenUp(work, intent, events, signal)) {
    if (event.type === "end") {
      end = event;
      continue;
    }
    const { text, stream, offset, bytes, marked } = event;
    gatherer?.add(event);
    const more = { ...(bytes === undefined ? {} : { bytes }), ...(marked === true ? { marked } : {}) };
    work.calls.news(call, { text, details: { stream, offset, nodeId, ...more } });
  }
  crashPoint("result.received");
  // What was stopped has an outcome like any other; what its owner let go of has none, and the next owner asks.
  const stopped = signal.aborted && hasCode(signal.reason, "TURN_STOPPED");
  if (!stopped && signal.aborted) gatherer?.giveUp(); // the next owner hears it all again
  if (!stopped) signal.throwIfAborted();
  const presented = presentOutcome(tool, end);
  const gathered = await gatherer?.finish(presented, end.ok ? end.payload : undefined);
  const outcome = await keepOutcome(work, stepId, gathered?.outcome ?? presented, gathered?.kept);
  const durationMs = Math.max(0, deps.clock.now() - sinceMs);
  const exit = exitCodeOf(end);
  const code = outcome.code === undefined ? {} : { code: outcome.code };
  work.calls.end(call, {
    isError: outcome.isError, text: outcome.text,
    details: { nodeId, durationMs, effect: intent.effect, rule: decision.rule, ...exit, ...code },
  });
  const label = labelOf(work, intent, end);
  const more = { ...(nodeId === null ? {} : { nodeId }), ...exit, ...expectsOf(intent, end), ...relaysOf(work.session.log.state) };
  return {
    events: [{
      type: "step.ended", label,
      body: { stepId, kind: "tool", call, ...outcome, label, durationMs, ...more, ...(stopped ? { stopped } : {}) },
    }],
    recorded: () => {
      work.session.log.blobs.attachments.offered((outcome.files ?? []).map(({ id }) => id));
      deps.intents.acknowledge(orderOf(work, placed));
    },
  };
}

/** Keeps the whole of a shortened text, and the files that came with it. */
export async function keepOutcome(
  work: TurnWork, stepId: string, presented: ToolOutcome, gathered?: StoredText,
): Promise<KeptOutcome & { readonly files?: readonly Attachment[] }> {
  const outcome = await keepOutput(work, presented, gathered);
  if (presented.files === undefined) return outcome;
  return await (await import("./keep-files.ts")).keepFiles(work, stepId, presented.files, outcome);
}

/** Whoever carries an intent out has this long to say what became of it after it was stopped. */
const STOP_WAIT_MS = 15_000;

/** The events of an intent; after a stop they end in time, whatever whoever carries it out does. */
async function* untilGivenUp(
  { deps }: TurnWork, { effect }: Intent, events: AsyncIterable<IntentEvent>, signal: AbortSignal,
): AsyncGenerator<IntentEvent> {
  const givenUp = Promise.withResolvers<"given up">();
  let timer: { close(): void } | undefined;
  const onAbort = (): void => {
    timer = deps.clock.after(STOP_WAIT_MS, () => givenUp.resolve("given up"));
  };
  if (signal.aborted) onAbort();
  else signal.addEventListener("abort", onAbort, { once: true });
  const iterator = events[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await Promise.race([iterator.next(), givenUp.promise]);
      if (next === "given up") {
        const code = effect === "unsafe" ? "OUTCOME_UNKNOWN" : "TURN_STOPPED";
        return yield { type: "end", ok: false, code, why: "It did not end in time after it was stopped." };
      }
      if (next.done === true) return;
      yield next.value;
    }
  } finally {
    timer?.close();
    signal.removeEventListener("abort", onAbort);
    void iterator.return?.(undefined);
  }
}

type IntentEnd = Extract<IntentEvent, { type: "end" }>;

/** The message that another session will send here because of this call. */
function expectsOf(intent: Intent, end: IntentEnd): { readonly expects?: ExpectedReply } {
  if (intent.actuator !== "sessions" || !end.ok || typeof end.payload !== "object" || end.payload === null) return {};
  const { expects } = end.payload as { readonly expects?: ExpectedReply };
  return expects === undefined ? {} : { expects };
}

/**
 * Whatever a node or the world says is from outside, what went wrong as well; a memory's facts and another session's words
 * carry their own labels, and so do kept outputs.
 */
function labelOf({ session: { log } }: TurnWork, intent: Intent, end: IntentEnd): Label {
  if (!end.ok) return speaksFromOutside(end) ? "outside" : "agent";
  if (intent.actuator === "session") return log.state.outputs.find(({ id }) => id === intent.params["id"])?.label ?? "outside";
  if (intent.actuator === "sessions" || intent.actuator === "schedule") return joinLabels("agent", labelIn(end.payload));
  if (intent.actuator === "outside" && (intent.quiet === true || intent.handOver === true)) return "agent";
  if (intent.actuator !== "memory") return "outside";
  const facts: unknown = typeof end.payload === "object" && end.payload !== null && "facts" in end.payload ? end.payload.facts : [];
  return (Array.isArray(facts) ? facts : []).reduce<Label>((label, fact: unknown) => joinLabels(label, labelIn(fact)), "owner");
}

function labelIn(value: unknown): Label {
  const own = typeof value === "object" && value !== null && "label" in value ? value.label : undefined;
  return LABELS.find((known) => known === own) ?? "outside";
}

function exitCodeOf(end: IntentEnd): { readonly exitCode?: number | null } {
  const payload = end.ok ? end.payload : undefined;
  if (typeof payload !== "object" || payload === null || !("exitCode" in payload)) return {};
  return { exitCode: typeof payload.exitCode === "number" ? payload.exitCode : null };
}
