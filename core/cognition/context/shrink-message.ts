import type { ToolCall } from "@openclaw/sdk";
import type { TranscriptMessage } from "../../fabric/journal.ts";
import { costOf, overheadOf, type TokenCounts } from "./count-tokens.ts";
import { cutMiddle } from "./cut-text.ts";

type Content = TranscriptMessage["content"];

/**
 * The message with at most `tokens`: whole, or with its texts cut in the middle. Undefined where what cannot be cut, the ids
 * and names that tie a call to its result, is larger already.
 */
export function shrinkMessage(message: TranscriptMessage, tokens: number, counts: TokenCounts): TranscriptMessage | undefined {
  if (counts.message(message) <= tokens) return message;
  const content = shrinkContent(message.content, tokens, counts.text);
  return content === undefined ? undefined : { ...message, content };
}

function shrinkContent(content: Content, tokens: number, count: (text: string) => number): Content | undefined {
  const bare = costOf(withoutTexts(content), count);
  if (bare > tokens) return undefined;
  if (content.role !== "assistant") return { ...content, text: cutMiddle(content.text, tokens - bare, count) };
  let left = tokens - overheadOf(content) - content.calls.reduce((sum, { id, name }) => sum + count(id) + count(name), 0);
  // Every call keeps at least an empty object; the first ones keep what they were asked for where there is room.
  left -= content.calls.length * count(NO_ARGUMENTS);
  const calls = content.calls.map((call): ToolCall => {
    const room = left + count(NO_ARGUMENTS);
    const args = fittingArguments(call.arguments, room - Math.floor(left / 2), count);
    left = room - count(args);
    return args === call.arguments ? call : { ...call, arguments: args };
  });
  return { ...content, calls, text: cutMiddle(content.text, Math.max(0, left), count) };
}

const NO_ARGUMENTS = "{}";

/** Arguments stay JSON: some providers refuse anything else. */
function fittingArguments(args: string, room: number, count: (text: string) => number): string {
  if (args.length <= room * 4 && count(args) <= room) return args;
  const mark = `{"left_out":"${args.length} characters"}`;
  return count(mark) <= room ? mark : NO_ARGUMENTS;
}

function withoutTexts(content: Content): Content {
  if (content.role !== "assistant") return { ...content, text: "" };
  return { ...content, text: "", calls: content.calls.map((call) => ({ ...call, arguments: NO_ARGUMENTS })) };
}
