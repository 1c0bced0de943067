/**
 * A model that says what it was told to: for measuring and testing everything around a model, in one process and without one.
 *
 * It answers with its configured words, a piece for each. A message that ends in `[[call NAME {json}]]` makes it call that tool
 * first. It is offered only where somebody configured it.
 *
 *     models: { providers: { scripted: { answer: "one two three" } } }
 */
import type { Infer, JsonSchema } from "@openclaw/protocol";
import type { ModelEvent, ModelRequest, Provider, ProviderContext } from "@openclaw/sdk";

const scriptedConfig = {
  type: "object",
  additionalProperties: false,
  required: ["answer"],
  properties: { answer: { type: "string", minLength: 1, maxLength: 100_000, description: "What it says, word for word." } },
} as const satisfies JsonSchema;

export default {
  id: "scripted",
  label: "Scripted model (offline, says what it was configured to)",
  config: scriptedConfig,
  models: () => [{ id: "scripted", name: "Scripted", contextTokens: 32_768, cost: { input: 0, output: 0 }, condenses: false }],
  stream,
} satisfies Provider;

async function* stream(request: ModelRequest, ctx: ProviderContext, signal: AbortSignal): AsyncGenerator<ModelEvent, void, void> {
  const { answer } = ctx.config as Infer<typeof scriptedConfig>;
  const last = request.messages.at(-1);
  const call = last?.role === "user" ? /\[\[call ([a-z][a-z0-9_]{0,63}) (\{[^]*\})\]\]/.exec(last.text) : null;
  const inputTokens = tokens(request.messages.reduce((sum, { text }) => sum + text.length, 0));
  const known = call !== null && request.tools.some(({ name }) => name === call[1]);
  if (call !== null && known) {
    const [, name = "", args = "{}"] = call;
    const calls = [{ id: `call_${request.messages.length}`, name, arguments: args }];
    return yield { type: "end", finish: "tools", calls, usage: { inputTokens, outputTokens: tokens(name.length + args.length) } };
  }
  for (const delta of answer.split(/(?<=\s)(?=\S)/)) {
    if (signal.aborted) return yield aborted(signal);
    yield { type: "text", delta };
  }
  if (signal.aborted) return yield aborted(signal);
  yield { type: "end", finish: "stop", calls: [], usage: { inputTokens, outputTokens: tokens(answer.length) } };
}

function aborted({ reason }: AbortSignal): ModelEvent {
  if (reason instanceof Error && reason.name === "OpenClawError" && "code" in reason) {
    return { type: "error", code: reason.code as "TURN_TIMEOUT", why: reason.message };
  }
  return { type: "error", code: "MODEL_UNAVAILABLE", why: "The call was aborted.", detail: { aborted: true } };
}

function tokens(chars: number): number {
  return Math.max(1, Math.ceil(chars / 4));
}
