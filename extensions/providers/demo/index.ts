/**
 * A model that is no model: a table of rules, so that the whole path can be tried with nothing installed and nothing sent.
 *
 * Deterministic and offline. It sees what a real model sees (messages, tools) and answers the same way: words, and calls of
 * the tools it was given. What it does follows from the person's last message alone; tool output is quoted, never obeyed.
 */
import type { ModelEvent, ModelRequest, Provider, ProviderContext } from "@openclaw/sdk";
import { decideMove } from "./decide-move.ts";

export default {
  id: "demo",
  label: "Demo model (offline, rule-based, free)",
  config: { type: "object", additionalProperties: false, properties: {} },
  models: () => [{ id: "demo", name: "Demo", contextTokens: 32_768, cost: { input: 0, output: 0 }, condenses: false }],
  stream,
} satisfies Provider;

async function* stream(request: ModelRequest, _ctx: ProviderContext, signal: AbortSignal): AsyncGenerator<ModelEvent, void, void> {
  try {
    const move = decideMove(request);
    const mark = markOf(`${request.messages.length} ${request.idempotencyKey}`);
    const calls = (move.calls ?? []).map(({ name, args }, index) =>
      ({ id: `call_${mark}_${index + 1}`, name, arguments: JSON.stringify(args) }));
    for (const word of move.say.split(/(?<=\s)(?=\S)/)) {
      if (signal.aborted) return yield aborted(signal);
      yield { type: "text", delta: word };
    }
    if (signal.aborted) return yield aborted(signal);
    const outputChars = move.say.length + calls.reduce((sum, call) => sum + call.name.length + call.arguments.length, 0);
    // No guess: what its rules read and wrote is what it counts.
    const usage = { inputTokens: tokens(requestChars(request)), outputTokens: tokens(outputChars) };
    yield { type: "end", finish: calls.length > 0 ? "tools" : "stop", calls, usage };
  } catch (error) {
    const name = error instanceof Error ? error.name : "unknown";
    yield { type: "error", code: "INTERNAL", why: `The demo model has a mistake in its rules (${name}).` };
  }
}

function aborted(signal: AbortSignal): ModelEvent {
  const reason: unknown = signal.reason;
  if (reason instanceof Error && reason.name === "OpenClawError" && "code" in reason) {
    return { type: "error", code: reason.code as "TURN_TIMEOUT", why: reason.message };
  }
  return { type: "error", code: "MODEL_UNAVAILABLE", why: "The call was aborted.", detail: { aborted: true } };
}

function requestChars(request: ModelRequest): number {
  const spoken = request.messages.reduce((sum, message) => sum + message.text.length, 0);
  return spoken + request.tools.reduce((sum, tool) => sum + tool.name.length + tool.summary.length, 0);
}

function tokens(chars: number): number {
  return Math.max(1, Math.ceil(chars / 4));
}

/** Ids differ between the steps of a conversation and are the same for every attempt of one step. */
function markOf(idempotencyKey: string): string {
  let hash = 0x811c9dc5;
  for (let at = 0; at < idempotencyKey.length; at += 1) hash = Math.imul(hash ^ idempotencyKey.charCodeAt(at), 0x01000193);
  return (hash >>> 0).toString(36);
}
