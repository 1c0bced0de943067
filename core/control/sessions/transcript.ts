/** The transcript: a view of the journal, in the wire's shape. */
import type { Label } from "@openclaw/protocol";
import {
  filesOf, isAside, readMessages, type Attachment, type QueuedMessage, type SessionLog, type TranscriptMessage,
} from "../../fabric/journal.ts";
import type { SessionRow } from "./session-row.ts";

export interface HistoryMarks {
  /** Of this message within its session. */
  readonly id: string;
  /** Counted from 1 within the present window. */
  readonly seq: number;
  readonly runId: string;
  readonly recordTimestampMs: number;
  readonly label: Label;
  readonly senderIsOwner?: boolean;
  /** Shown to people, and to no model. */
  readonly aside?: true;
}

/** One message as `chat.history` gives it. */
export interface HistoryItem {
  readonly role: "user" | "assistant" | "toolResult";
  readonly content: readonly Readonly<Record<string, unknown>>[];
  readonly timestamp: number;
  readonly __openclaw: HistoryMarks;
  readonly [extra: string]: unknown;
}

export interface HistoryPage {
  /** Oldest first. */
  readonly messages: readonly HistoryItem[];
  readonly totalMessages: number;
  readonly hasMore: boolean;
  readonly nextOffset: number | null;
}

/** All of it as it was at one moment: a message is part of the page, or waits. */
export interface History extends HistoryPage {
  readonly row: SessionRow | null;
  /** Messages that no turn has taken yet, oldest first. */
  readonly waiting: readonly QueuedMessage[];
  /** Rises with every reset. */
  readonly window: number;
}

/** Characters of text one page may hold. */
const PAGE_CHARS_MAX = 6_000_000;
/** Most messages one page may hold. */
const PAGE_MESSAGES_MAX = 2_000;

/**
 * The newest `limit` messages before the newest `offset` ones, oldest first. Reads the log only for what memory no longer
 * holds. A page whose texts are too long together holds fewer, and says where to go on.
 */
export async function readTranscript(log: SessionLog, limit: number, offset: number): Promise<HistoryPage> {
  const { state } = log;
  const end = Math.max(0, state.messageCount - offset);
  const start = Math.max(0, end - Math.min(limit, PAGE_MESSAGES_MAX));
  const firstHeld = state.messages[0]?.seq ?? state.messageCount + 1;
  const messages = start + 1 >= firstHeld ? state.messages : await readMessages(log, start, end);
  const shown = newestWithin(messages.filter(({ seq }) => seq > start && seq <= end), PAGE_CHARS_MAX);
  const hasMore = end - shown.length > 0;
  return {
    messages: shown.map(formatHistoryItem), totalMessages: state.messageCount, hasMore, nextOffset: hasMore ? offset + shown.length : null,
  };
}

/** The newest one always. */
function newestWithin(messages: readonly TranscriptMessage[], chars: number): readonly TranscriptMessage[] {
  let left = chars;
  let first = messages.length;
  while (first > 0) {
    left -= messages[first - 1]?.content.text.length ?? 0;
    if (left < 0 && first < messages.length) break;
    first -= 1;
  }
  return messages.slice(first);
}

export function formatHistoryItem(message: TranscriptMessage): HistoryItem {
  const { position, seq, timeMs: timestamp, runId, content, label } = message;
  const aside = isAside(message) ? { aside: true } as const : {};
  const marks: HistoryMarks = { id: `${position}-${seq}`, seq, runId, recordTimestampMs: timestamp, label, ...aside };
  const text = content.text === "" && content.role === "assistant" ? [] : [{ type: "text", text: content.text }];
  const files = filesOf(content).map(formatFile);
  switch (content.role) {
    case "user": {
      const __openclaw = { ...marks, senderIsOwner: label === "owner" };
      const parts = files.length > 0 && content.text === "" ? files : [...text, ...files];
      return { role: "user", content: parts, timestamp, idempotencyKey: `${runId}:user`, __openclaw };
    }
    case "tool": {
      const { callId: toolCallId, name: toolName, isError, nodeId, durationMs, exitCode, output } = content;
      const where = nodeId === undefined ? {} : { nodeId };
      const facts = { ...(durationMs === undefined ? {} : { durationMs }), ...(exitCode === undefined ? {} : { exitCode }) };
      const details = Object.keys(facts).length === 0 ? {} : { details: facts };
      const said = { toolCallId, toolName, isError, ...where, ...details, ...(output === undefined ? {} : { output }) };
      return { role: "toolResult", content: [...text, ...files], timestamp, ...said, __openclaw: marks };
    }
    case "assistant": {
      const calls = content.calls.map(({ id, name, arguments: args }) => ({ type: "toolCall", id, name, arguments: parseArguments(args) }));
      const { inputTokens: input, outputTokens: output } = content.usage;
      const slash = content.model.indexOf("/");
      return {
        role: "assistant", content: [...text, ...calls], timestamp, __openclaw: marks,
        provider: content.model.slice(0, Math.max(slash, 0)), model: content.model.slice(slash + 1),
        usage: { input, output, totalTokens: input + output },
        stopReason: content.calls.length > 0 ? "toolUse" : content.finish,
      };
    }
  }
}

/** What a client asks for by `artifacts.download`; its bytes are no part of a transcript. */
export function formatFile(
  { id: artifactId, kind, mimeType, name: fileName, bytes: sizeBytes, width, height, thumbnailId, transcript }: Attachment,
): HistoryItem["content"][number] {
  const size = width === undefined ? {} : { width, height };
  const small = thumbnailId === undefined ? {} : { thumbnailId };
  const heard = transcript === undefined ? {} : { transcript };
  return { type: kind === "text" ? "file" : kind, artifactId, mimeType, fileName, sizeBytes, ...size, ...small, ...heard };
}

function parseArguments(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
