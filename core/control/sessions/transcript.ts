/** The transcript: a view of the journal, in the wire's shape. */
import type { SessionLog, SessionState, TranscriptMessage } from "../../fabric/journal.ts";
import { emptyState, foldEntry } from "../../fabric/journal.ts";

/** One message as `chat.history` gives it. */
export interface HistoryItem {
  readonly role: "user" | "assistant" | "toolResult";
  readonly content: readonly Readonly<Record<string, unknown>>[];
  readonly timestamp: number;
  readonly [extra: string]: unknown;
}

export interface HistoryPage {
  /** Oldest first. */
  readonly messages: readonly HistoryItem[];
  readonly totalMessages: number;
  readonly hasMore: boolean;
  readonly nextOffset: number | null;
}

const PAGE = 256;
/** Bytes of text one page may hold. */
const PAGE_CHARS_MAX = 6_000_000;

/** The newest `limit` messages before the newest `offset` ones, oldest first. Reads the log only for what memory no longer holds. */
export async function readTranscript(log: SessionLog, limit: number, offset: number): Promise<HistoryPage> {
  const { state } = log;
  const end = Math.max(0, state.messageCount - offset);
  const start = Math.max(0, end - limit);
  const firstHeld = state.messages[0]?.seq ?? state.messageCount + 1;
  const messages = start + 1 >= firstHeld ? state.messages : await readOlder(log, start);
  const shown: HistoryItem[] = [];
  let chars = 0;
  for (const message of messages) {
    if (message.seq <= start || message.seq > end) continue;
    shown.push(formatHistoryItem(message));
    chars += message.content.text.length;
    while (chars > PAGE_CHARS_MAX && shown.length > 1) chars -= JSON.stringify(shown.shift()).length;
  }
  return { messages: shown, totalMessages: state.messageCount, hasMore: end - shown.length > 0, nextOffset: end - shown.length > 0 ? offset + shown.length : null };
}

/**
 * Folds from an indexed turn, so a page deep in a long session costs no more than one near its end. It begins some turns
 * early, because a message that had waited in line was offered before the turns ahead of it.
 */
async function readOlder({ state, read }: SessionLog, start: number): Promise<readonly TranscriptMessage[]> {
  const at = state.index.findLastIndex((mark) => mark.count <= start);
  const from = state.index[Math.max(0, at - TURNS_EARLY)] ?? { after: state.windowPosition, count: 0 };
  const view: SessionState = { ...emptyState(), position: from.after, messageCount: from.count };
  const found: TranscriptMessage[] = [];
  for (let after = from.after; found.length < PAGE_MESSAGES_MAX; ) {
    const page = await read(after, PAGE);
    if (page.length === 0) break;
    for (const entry of page) {
      const before = view.messageCount;
      foldEntry(view, entry, "");
      if (view.messageCount > before) found.push(...view.messages.slice(before - view.messageCount).filter((message) => message.seq > start));
    }
    after = page.at(-1)?.position ?? Number.MAX_SAFE_INTEGER;
  }
  return found;
}

const TURNS_EARLY = 4;
const PAGE_MESSAGES_MAX = 2_000;

export function formatHistoryItem({ position, seq, timeMs, runId, content, label }: TranscriptMessage): HistoryItem {
  const marks = { id: `${position}-${seq}`, seq, runId, recordTimestampMs: timeMs, label };
  if (content.role === "user") {
    return { role: "user", content: [{ type: "text", text: content.text }], timestamp: timeMs, idempotencyKey: `${runId}:user`, __openclaw: { ...marks, senderIsOwner: label === "owner" } };
  }
  if (content.role === "tool") {
    return {
      role: "toolResult", content: [{ type: "text", text: content.text }], timestamp: timeMs, toolCallId: content.callId, toolName: content.name, isError: content.isError,
      ...(content.nodeId === undefined ? {} : { nodeId: content.nodeId }), __openclaw: marks,
    };
  }
  const slash = content.model.indexOf("/");
  return {
    role: "assistant",
    content: [
      ...(content.text === "" ? [] : [{ type: "text", text: content.text }]),
      ...content.calls.map((call) => ({ type: "toolCall", id: call.id, name: call.name, arguments: parseArguments(call.arguments) })),
    ],
    timestamp: timeMs, provider: content.model.slice(0, Math.max(slash, 0)), model: content.model.slice(slash + 1),
    usage: { input: content.usage.inputTokens, output: content.usage.outputTokens, totalTokens: content.usage.inputTokens + content.usage.outputTokens },
    stopReason: content.calls.length > 0 ? "toolUse" : content.finish, __openclaw: marks,
  };
}

function parseArguments(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
