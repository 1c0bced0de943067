/** A session's log as the transcript that the well-known program reads: a head, then entries, each naming the one before. */
import { emptyState, foldEntry, isAside, type Recorded, type SessionState, type TranscriptMessage } from "../../fabric/journal.ts";

/** One JSON document for each line, in order. Folds what it is given; nothing is kept but the state. */
export async function* formatTranscript(
  entries: AsyncIterable<Recorded>, head: { readonly sessionId: string; readonly createdAtMs: number; readonly cwd: string },
): AsyncGenerator<string> {
  const state = emptyState();
  let parentId: string | null = null;
  const line = (entry: Readonly<Record<string, unknown>> & { readonly id: string }): string => {
    const text = JSON.stringify({ ...entry, parentId });
    parentId = entry.id;
    return text;
  };
  yield JSON.stringify({ type: "session", version: 3, id: head.sessionId, timestamp: timeText(head.createdAtMs), cwd: head.cwd });
  for await (const entry of entries) {
    const { messageCount, window, summary } = state;
    foldEntry(state, entry, "");
    if (state.window !== window) {
      if (messageCount > 0) yield line({ type: "reset", id: `w${state.window}`, timestamp: timeText(entry.header.timeMs),
        reason: "reset" });
      continue;
    }
    if (state.messageCount > messageCount) {
      for (const message of state.messages.slice(messageCount - state.messageCount)) {
        if (!isAside(message)) yield line(formatMessage(message, window)); // elsewhere a model would be shown it
      }
    }
    if (state.summary !== null && state.summary !== summary) yield line(formatSummary(state, state.summary));
  }
}

function formatMessage(message: TranscriptMessage, window: number): Readonly<Record<string, unknown>> & { readonly id: string } {
  const { seq, timeMs: timestamp, runId, content, label } = message;
  const base = { type: "message", id: idOf(window, seq), timestamp: timeText(timestamp) };
  const texts = content.text === "" ? [] : [{ type: "text", text: content.text }];
  switch (content.role) {
    case "user":
      return {
        ...base, message: {
          role: "user", content: [{ type: "text", text: content.text }], timestamp, idempotencyKey: `${runId}:user`,
          __openclaw: { senderIsOwner: label === "owner" },
        },
      };
    case "assistant": {
      const calls = content.calls.map(({ id, name, arguments: args }) => ({ type: "toolCall", id, name, arguments: parseArguments(args) }));
      const slash = content.model.indexOf("/");
      const { inputTokens: input, outputTokens: output } = content.usage;
      return {
        ...base, message: {
          role: "assistant", content: [...texts, ...calls], timestamp, api: "openai-completions",
          provider: content.model.slice(0, Math.max(slash, 0)) || "unknown", model: content.model.slice(slash + 1) || "unknown",
          usage: { input, output, cacheRead: 0, cacheWrite: 0, totalTokens: input + output,
            cost: { input: 0, output: 0, cacheRead: 0, cacheWrite: 0, total: 0 } },
          stopReason: calls.length > 0 ? "toolUse" : "stop", __openclaw: { runId },
        },
      };
    }
    case "tool":
      return {
        ...base, message: {
          role: "toolResult", toolCallId: content.callId, toolName: content.name, content: [{ type: "text", text: content.text }],
          isError: content.isError, timestamp, __openclaw: { runId },
        },
      };
  }
}

function formatSummary({ window, messageCount }: SessionState, { text, upToSeq, tokens, timeMs }: NonNullable<SessionState["summary"]>) {
  const firstKept = upToSeq < messageCount ? { firstKeptEntryId: idOf(window, upToSeq + 1) } : {};
  return { type: "compaction", id: `s${window}-${upToSeq}`, timestamp: timeText(timeMs), summary: text, tokensBefore: tokens,
    ...firstKept };
}

function idOf(window: number, seq: number): string {
  return `m${window}-${seq}`;
}

function timeText(timeMs: number): string {
  return new Date(timeMs).toISOString();
}

function parseArguments(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : { value };
  } catch {
    return { text };
  }
}
