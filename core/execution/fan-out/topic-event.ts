/** What listeners are told: intents, questions and outcomes, as they stand in a session's log. */
import type { Label } from "@openclaw/protocol";
import type { Intent } from "@openclaw/sdk";
import type { Recorded } from "../../fabric/journal.ts";

export interface TopicEvent {
  /** `intent.<kind>`, `asked.<kind>`, `outcome.<kind>`; the kind is `node`, `memory` or an actuator's. */
  readonly topic: string;
  /** The same however often it is told. */
  readonly id: string;
  readonly timeMs: number;
  readonly sessionKey: string;
  readonly principal: string;
  readonly label: Label;
  readonly stepId: string;
  readonly intent?: Intent;
  readonly rule?: string;
  readonly nodeId?: string;
  readonly isError?: boolean;
  readonly code?: string;
  readonly durationMs?: number;
  readonly text?: string;
  /** How often the program passed something on by itself on the way to this. */
  readonly relays?: number;
}

const TEXT_CHARS_MAX = 4_000;
const PARAMS_CHARS_MAX = 32_768;

export function kindOf(intent: Intent): string {
  return intent.actuator === "outside" ? intent.kind : intent.actuator;
}

/** Undefined for what is no intent and no outcome. `kindOfStep` knows what was started. */
export function topicEventOf(
  recorded: Recorded, kindOfStep: (stepId: string) => string | undefined,
): Omit<TopicEvent, "sessionKey"> | undefined {
  const { header, type, body, id } = recorded;
  const facts = { id: id.replaceAll(/[^A-Za-z0-9_-]/g, "-"), timeMs: header.timeMs, principal: header.principal, label: header.label };
  if (type === "step.started" && body.kind !== "model") {
    const { stepId, intent, decision, nodeId, relays } = body;
    const where = { ...(nodeId === null ? {} : { nodeId }), ...(relays === undefined ? {} : { relays }) };
    return {
      ...facts, ...where, topic: `${body.kind === "tool" ? "intent" : "asked"}.${kindOf(intent)}`, stepId, intent: bounded(intent),
      rule: decision.rule,
    };
  }
  if (type !== "step.ended" || body.kind !== "tool") return undefined;
  const { stepId, isError, code, durationMs, text, decision, nodeId, relays } = body;
  return {
    ...facts, ...(relays === undefined ? {} : { relays }),
    topic: `outcome.${decision === undefined ? (kindOfStep(stepId) ?? "tool") : "refused"}`, stepId, isError,
    text: text.length > TEXT_CHARS_MAX ? `${text.slice(0, TEXT_CHARS_MAX)}…`.toWellFormed() : text,
    ...(code === undefined ? {} : { code }), ...(durationMs === undefined ? {} : { durationMs }),
    ...(decision === undefined ? {} : { rule: decision.rule }), ...(nodeId === undefined ? {} : { nodeId }),
  };
}

/** A listener is told that something large was done, and not all of it. */
function bounded(intent: Intent): Intent {
  const chars = JSON.stringify(intent.params).length;
  return chars <= PARAMS_CHARS_MAX ? intent : { ...intent, params: { leftOut: chars } };
}

/** `intent.webhook` fits itself, `intent.>` and `>`. */
export function fitsTopic(patterns: readonly string[], topic: string): boolean {
  return patterns.some((pattern) =>
    pattern === ">" || pattern === topic || (pattern.endsWith(".>") && topic.startsWith(pattern.slice(0, -1))));
}
