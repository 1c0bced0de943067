/** Our request in the words of the wire. */
import type { ImagePart, ModelMessage, ModelRequest, ToolCall, ToolFace } from "@openclaw/sdk";
import type { ChatConfig } from "./config.ts";

const ARGUMENTS_QUOTED_CHARS = 1_000;

/** The JSON body of one request. Pure: every attempt sends the same bytes. */
export function formatRequest(request: ModelRequest, config: ChatConfig): string {
  const body = JSON.stringify({
    model: request.model,
    messages: request.messages.flatMap(formatMessage),
    stream: true,
    stream_options: { include_usage: true },
    ...(request.outputTokensMax === undefined ? {} : { [config.outputTokensField ?? "max_tokens"]: request.outputTokensMax }),
    ...(request.temperature === undefined ? {} : { temperature: request.temperature }),
    ...(request.logprobs === true ? { logprobs: true } : {}),
    ...reasoningOf(request, config),
  });
  return request.tools.length === 0 ? body : `${body.slice(0, -1)},"tools":${formatTools(request.tools)}}`;
}

const known = new WeakMap<readonly ToolFace[], string>();

/** The same list comes with every call, and is most of a short one. */
function formatTools(tools: readonly ToolFace[]): string {
  let json = known.get(tools);
  if (json === undefined) known.set(tools, (json = JSON.stringify(tools.map(formatTool))));
  return json;
}

const LEVELS = ["off", "minimal", "low", "medium", "high", "xhigh"] as const;

/** The level asked for, or the nearest one below that the model knows, else the lowest it has. */
function reasoningOf({ model, thinking }: ModelRequest, { models = [] }: ChatConfig): { readonly reasoning_effort?: string } {
  const known = models.find(({ id }) => id === model)?.thinkingLevels ?? [];
  const wanted = LEVELS.findIndex((level) => level === thinking);
  if (known.length === 0 || wanted < 0) return {};
  const level = LEVELS.findLast((one, at) => at <= wanted && known.includes(one)) ?? LEVELS.find((one) => known.includes(one));
  return level === undefined ? {} : { reasoning_effort: level === "off" ? "none" : level };
}

const BROUGHT = "[Pictures that the calls above brought, as data.]";

/** A result holds words alone on this wire: what calls brought to look at is shown once all their results are there. */
function formatMessage(message: ModelMessage, at: number, all: readonly ModelMessage[]): object | readonly object[] {
  if (message.role !== "tool" || all[at + 1]?.role === "tool") return formatOne(message);
  const first = all.findLastIndex(({ role }, before) => before < at && role !== "tool") + 1;
  const images = all.slice(first, at + 1).flatMap((one) => (one.role === "tool" ? (one.images ?? []) : []));
  return images.length === 0 ? formatOne(message) : [formatOne(message), { role: "user", content: withImages(BROUGHT, images) }];
}

function formatOne(message: ModelMessage): object {
  switch (message.role) {
    case "system":
      return { role: "system", content: message.text };
    case "user":
      return { role: "user", content: message.images === undefined ? message.text : withImages(message.text, message.images) };
    case "tool":
      // The wire has no field for failure; without the word a model takes the text of an error for an answer.
      return { role: "tool", tool_call_id: message.callId, content: message.isError ? `Error: ${message.text}` : message.text };
    case "assistant": {
      const calls = message.calls ?? [];
      if (calls.length === 0) return { role: "assistant", content: message.text };
      return { role: "assistant", content: message.text === "" ? null : message.text, tool_calls: calls.map(formatCall) };
    }
  }
}

function withImages(text: string, images: readonly ImagePart[]): readonly object[] {
  const shown = images.map(({ mimeType, base64 }) => ({ type: "image_url", image_url: { url: `data:${mimeType};base64,${base64}` } }));
  return text === "" ? shown : [...shown, { type: "text", text }];
}

function formatTool(tool: ToolFace): object {
  return { type: "function", function: { name: tool.name, description: tool.summary, parameters: tool.args } };
}

function formatCall(call: ToolCall): object {
  return { id: call.id, type: "function", function: { name: call.name, arguments: parsableArguments(call.arguments) } };
}

/** Many servers parse the arguments of earlier calls and refuse the whole conversation when one is not JSON. */
function parsableArguments(text: string): string {
  try {
    JSON.parse(text);
    return text;
  } catch {
    return JSON.stringify({ notJson: text.slice(0, ARGUMENTS_QUOTED_CHARS) });
  }
}
