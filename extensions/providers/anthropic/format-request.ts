/**
 * Our request in the words of the messages API.
 *
 * The server wants turns that alternate, results right after their calls, and no empty text; so messages of one side are put
 * together. At most four places are marked for its cache: the tools, the system prompt, and the last two turns of the user,
 * so that each call finds what the one before it left.
 */
import type { ImagePart, ModelMessage, ModelRequest, ToolCall, ToolFace } from "@openclaw/sdk";
import { MESSAGES_DEFAULTS, type MessagesConfig } from "./config.ts";

type Block = Readonly<Record<string, unknown>>;
interface Turn { readonly role: "user" | "assistant"; readonly content: Block[] }

const ARGUMENTS_QUOTED_CHARS = 1_000;
const TURNS_MARKED = 2;

/** The JSON body of one request. Pure: every attempt sends the same bytes. */
export function formatRequest(request: ModelRequest, config: MessagesConfig): string {
  const mark = markOf(config);
  const system = request.messages.flatMap((message) => (message.role === "system" && message.text !== "" ? [textBlock(message.text)] : []));
  const turns = turnsOf(request.messages);
  for (const turn of turns.filter(({ role }) => role === "user").slice(-TURNS_MARKED)) markLast(turn.content, mark);
  markLast(system, mark);
  const tools = request.tools.map(formatTool);
  markLast(tools, mark);
  const model = config.models?.find(({ id }) => id === request.model);
  const maxTokens = request.outputTokensMax ?? model?.outputTokens ?? MESSAGES_DEFAULTS.outputTokens;
  const thinking = model?.reasoning === true ? thinkingOf(request, turns, maxTokens) : undefined;
  return JSON.stringify({
    model: request.model, max_tokens: maxTokens, stream: true,
    ...(system.length === 0 ? {} : { system }),
    messages: turns,
    ...(tools.length === 0 ? {} : { tools }),
    ...(thinking === undefined ? {} : { thinking }),
    // The server takes no temperature while the model thinks.
    ...(request.temperature === undefined || thinking !== undefined ? {} : { temperature: Math.min(1, request.temperature) }),
  });
}

function markOf({ promptCache = "5m" }: MessagesConfig): Block | undefined {
  if (promptCache === "off") return undefined;
  return promptCache === "5m" ? { type: "ephemeral" } : { type: "ephemeral", ttl: promptCache };
}

function markLast(blocks: Block[], mark: Block | undefined): void {
  const last = blocks.pop();
  if (last === undefined) return;
  blocks.push(mark === undefined ? last : { ...last, cache_control: mark });
}

/** Levels as tokens that may be spent on thinking. */
const BUDGETS: Readonly<Record<string, number>> = { minimal: 1_024, low: 4_096, medium: 10_240, high: 24_576, xhigh: 49_152 };
export const LEVELS: readonly string[] = Object.keys(BUDGETS);
const BUDGET_MIN = 1_024;
/** Left for the answer itself. */
const ANSWER_TOKENS_MIN = 1_024;

/**
 * Between a call and its answer the server wants the thoughts that led to the call, signed as it gave them. They are not kept,
 * so the model thinks before its first call and not between calls.
 */
function thinkingOf({ thinking = "off" }: ModelRequest, turns: readonly Turn[], maxTokens: number): Block | undefined {
  const wanted = Object.hasOwn(BUDGETS, thinking) ? BUDGETS[thinking] : undefined;
  const budget = Math.min(wanted ?? 0, maxTokens - ANSWER_TOKENS_MIN);
  const isBetweenCalls = turns.at(-1)?.content.some(({ type }) => type === "tool_result") === true;
  return budget < BUDGET_MIN || isBetweenCalls ? undefined : { type: "enabled", budget_tokens: budget };
}

function turnsOf(messages: readonly ModelMessage[]): readonly Turn[] {
  const turns: Turn[] = [];
  const add = (role: Turn["role"], blocks: readonly Block[]): void => {
    if (blocks.length === 0) return;
    const last = turns.at(-1);
    if (last?.role === role) last.content.push(...blocks);
    else turns.push({ role, content: [...blocks] });
  };
  for (const message of messages) {
    if (message.role === "user") add("user", formatSaid(message));
    else if (message.role === "tool") add("user", [formatResult(message)]);
    else if (message.role === "assistant") add("assistant", formatAnswer(message));
  }
  for (const turn of turns) if (turn.role === "user") turn.content.sort((a, b) => placeOf(a) - placeOf(b));
  // A conversation begins with the user; one cut short may not.
  if (turns[0]?.role !== "user") turns.unshift({ role: "user", content: [textBlock("(The conversation goes on.)")] });
  return turns;
}

/** The server advises to show pictures before the words about them. */
function formatSaid({ text, images = [] }: Extract<ModelMessage, { role: "user" }>): readonly Block[] {
  const shown = images.map(imageBlock);
  return text.trim() === "" ? shown : [...shown, textBlock(text)];
}

/** Results come before what is said along with them. */
function placeOf({ type }: Block): number {
  return type === "tool_result" ? 0 : 1;
}

function formatAnswer(message: Extract<ModelMessage, { role: "assistant" }>): readonly Block[] {
  // The server refuses an answer that ends in white space.
  const text = message.text.trimEnd();
  return [...(text === "" ? [] : [textBlock(text)]), ...(message.calls ?? []).map(formatCall)];
}

function formatCall({ id, name, arguments: args }: ToolCall): Block {
  return { type: "tool_use", id: plainId(id), name: plainId(name), input: parseArguments(args) };
}

function imageBlock({ mimeType, base64 }: ImagePart): Block {
  return { type: "image", source: { type: "base64", media_type: mimeType, data: base64 } };
}

function formatResult({ callId, text, isError, images = [] }: Extract<ModelMessage, { role: "tool" }>): Block {
  const said = text.trim() === "" ? "(nothing)" : text;
  const content = images.length === 0 ? said : [textBlock(said), ...images.map(imageBlock)];
  return { type: "tool_result", tool_use_id: plainId(callId), content, ...(isError ? { is_error: true } : {}) };
}

function formatTool({ name, summary, args }: ToolFace): Block {
  return { name, description: summary, input_schema: args };
}

function textBlock(text: string): Block {
  return { type: "text", text };
}

/** Ids may come from another provider's model, in letters this server refuses. */
function plainId(id: string): string {
  return id.replace(/[^A-Za-z0-9_-]/g, "_").slice(0, 128) || "_";
}

function parseArguments(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value;
  } catch {
    // said below
  }
  return { notJson: text.slice(0, ARGUMENTS_QUOTED_CHARS) };
}
