/**
 * Counting what a model is shown. A message is counted once: its cost is kept beside it as long as the session's state holds
 * it, so no step of a turn counts the history again and nothing has to be bounded here.
 */
import type { ToolFace } from "@openclaw/sdk";
import { createPauses } from "../../base/pauses.ts";
import type { TranscriptMessage } from "../../fabric/journal.ts";
import { estimateTokens } from "./estimate-tokens.ts";

/** What a message costs beside its text: role, borders. */
export const MESSAGE_TOKENS = 6;
/** What a call or a tool costs beside its words. */
const CALL_TOKENS = 8;

export interface TokenCounts {
  text(text: string): number;
  message(message: TranscriptMessage): number;
  tool(face: ToolFace): number;
}

/** `known` is asked first for a message: what a tokenizer has counted already. */
export function createTokenCounts(
  text: (text: string) => number, known: (message: TranscriptMessage) => number | undefined = () => undefined,
): TokenCounts {
  const messages = new WeakMap<TranscriptMessage["content"], number>();
  const tools = new WeakMap<ToolFace, number>();
  return {
    text,
    message: (message) => {
      const exact = known(message);
      if (exact !== undefined) return exact;
      const counted = messages.get(message.content);
      if (counted !== undefined) return counted;
      const tokens = costOf(message.content, text);
      messages.set(message.content, tokens);
      return tokens;
    },
    tool: (face) => {
      let tokens = tools.get(face);
      if (tokens === undefined) {
        tokens = faceTokens([face.name, face.summary, JSON.stringify(face.args)].join("\n"), text) + CALL_TOKENS;
        tools.set(face, tokens);
      }
      return tokens;
    },
  };
}

/** A schema in English has fewer tokens than the general rule takes it for. */
const FACE_CHARS_PER_TOKEN = 2.8;

function faceTokens(face: string, text: (text: string) => number): number {
  const counted = text(face);
  return /^[\x20-\x7e\n]*$/.test(face) ? Math.min(counted, Math.ceil(face.length / FACE_CHARS_PER_TOKEN)) : counted;
}

/** Every text of a message, in the order in which their costs are added. */
export function textsOf(content: TranscriptMessage["content"]): readonly string[] {
  if (content.role === "tool") return [content.text, content.callId, content.name];
  if (content.role === "user") return [content.text];
  return [content.text, ...content.calls.flatMap(({ id, name, arguments: args }) => [id, name, args])];
}

export function costOf(content: TranscriptMessage["content"], text: (text: string) => number): number {
  return textsOf(content).reduce((sum, part) => sum + (part === "" ? 0 : text(part)), overheadOf(content));
}

/** What a message costs beside its texts. */
export function overheadOf(content: TranscriptMessage["content"]): number {
  return MESSAGE_TOKENS + (content.role === "assistant" ? content.calls.length * CALL_TOKENS : 0);
}

/** Counts on the safe side, without any tokenizer. */
export const ESTIMATES: TokenCounts = createTokenCounts(estimateTokens);

const ahead = new WeakSet<TranscriptMessage["content"]>();

/** Estimates what was not estimated yet, a little at a time: a session that was just loaded brings very much at once. */
export async function estimateAhead(messages: readonly TranscriptMessage[]): Promise<void> {
  const pause = createPauses();
  for (const message of [...messages]) {
    const { content } = message;
    if (ahead.has(content)) continue;
    ESTIMATES.message(message);
    ahead.add(content);
    await pause(content.text.length);
  }
}
