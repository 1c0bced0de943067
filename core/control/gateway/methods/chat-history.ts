/** A conversation as whoever comes in finds it: what was said, what is being said, and what waits for a turn. */
import type { Agents } from "../../agents.ts";
import { formatFile, parseSessionKey, type History, type HistoryItem, type Sessions } from "../../sessions.ts";

export interface ChatHistoryDeps {
  readonly sessions: Pick<Sessions, "history">;
  readonly agents: Agents;
  /** The text of a run under way that no message holds yet; what that connection is sent next goes on behind it. */
  readonly textSoFar: (runId: string, connId: string) => string;
  /** What a session has that chose nothing for itself, as lists of sessions say it. */
  readonly defaultsOf: (agentId: string) => Promise<object>;
}

export interface HistoryParams {
  readonly sessionKey: string;
  readonly agentId?: string;
  readonly limit?: number;
  readonly offset?: number;
  readonly maxChars?: number;
  readonly maxBytes?: number;
  /** The page with this message in its middle. */
  readonly messageId?: string;
  /** What an earlier answer called `deltaCursor`: only what came since. */
  readonly cursor?: string;
  /** Of the inputs that wait, those before what an earlier answer called `nextBefore`. */
  readonly pendingBefore?: number;
  /** What became of these inputs, as far as the page tells. */
  readonly inputRunIds?: readonly string[];
}

export interface ChatHistory {
  /** `connId`: who asks. */
  read(key: string, params: HistoryParams, connId: string): Promise<Readonly<Record<string, unknown>>>;
}

export const HISTORY_DEFAULT = 200;
/** Inputs that wait, on one page; of each as much as a preview shows. */
const PENDING = { page: 20, chars: 2_000 } as const;

export function createChatHistory({ sessions, agents, textSoFar, defaultsOf }: ChatHistoryDeps): ChatHistory {
  /** A message's id ends in its number. Of one that is not there: the newest page. */
  const offsetAround = async (key: string, messageId: string, limit: number): Promise<number> => {
    const seq = Number(/-(\d{1,15})$/.exec(messageId)?.[1] ?? Number.POSITIVE_INFINITY);
    const { totalMessages } = await sessions.history(key, 1, 0);
    return Math.max(0, totalMessages - seq - Math.floor((limit - 1) / 2));
  };

  return {
    read: async (key, params, connId) => {
      const { sessionKey, limit = HISTORY_DEFAULT, messageId, maxChars, maxBytes, cursor, pendingBefore, inputRunIds } = params;
      const defaults = await defaultsOf(parseSessionKey(key, agents.defaultId).agentId);
      const offset = messageId === undefined ? (params.offset ?? 0) : await offsetAround(key, messageId, limit);
      const seen = await sessions.history(key, limit, cursor === undefined ? offset : 0);
      const { row, totalMessages } = seen;
      const shown = (messages: readonly HistoryItem[]): readonly HistoryItem[] =>
        maxChars === undefined ? messages : messages.map((item) => clip(item, maxChars));
      const deltaCursor = cursorOf(seen);
      const sessionInfo = row === null ? {} : { sessionInfo: row };
      if (cursor !== undefined) {
        const since = sinceCursor(seen, cursor);
        return since === undefined ? { kind: "reset" } : { kind: "delta", messages: shown(since), deltaCursor, ...sessionInfo };
      }
      const messages = maxBytes === undefined ? shown(seen.messages) : newestWithin(shown(seen.messages), maxBytes);
      const hasMore = offset + messages.length < totalMessages;
      const [runId] = row?.activeRunIds ?? [];
      return {
        sessionKey, sessionId: row?.sessionId ?? "", messages, totalMessages, hasMore,
        nextOffset: hasMore ? offset + messages.length : null, deltaCursor, activity: [],
        pendingInputs: pendingOf(seen, pendingBefore),
        ...(inputRunIds === undefined ? {} : { inputReceipts: receiptsOf(seen, inputRunIds) }),
        defaults, ...sessionInfo, ...(row === null ? {} : { thinkingLevel: row.thinkingLevel ?? "off" }),
        ...(runId === undefined ? {} : {
          inFlightRun: {
            runId, startedAt: row?.startedAt ?? row?.updatedAt ?? 0,
            // Read when the answer is written: between the two nothing of the text can leave.
            get text() {
              return textSoFar(runId, connId);
            },
          },
        }),
      };
    },
  };
}

function cursorOf({ row, window, totalMessages }: History): string {
  return `${row?.sessionId ?? ""}.${window}.${totalMessages}`;
}

/** Undefined where the conversation is another one by now, or more came than a page holds. */
function sinceCursor(seen: History, cursor: string): readonly HistoryItem[] | undefined {
  const [, sessionId, window, count = ""] = /^(.*)\.(\d+)\.(\d{1,15})$/.exec(cursor) ?? [];
  const added = seen.totalMessages - Number(count);
  if (seen.row === null || sessionId !== seen.row.sessionId || window !== String(seen.window)) return undefined;
  if (added < 0 || added > seen.messages.length) return undefined;
  return added === 0 ? [] : seen.messages.slice(-added);
}

/** The newest of what waits, oldest first; `nextBefore` names the place where the page before ends. */
function pendingOf({ waiting }: History, before = Number.POSITIVE_INFINITY): object {
  const older = waiting.filter(({ position }) => position < before);
  const page = older.slice(-PENDING.page);
  const items = page.map(({ offerId: id, timeMs: acceptedAt, label, message: { runId, text, attachments = [] } }) => {
    const shown = text.length > PENDING.chars ? `${text.slice(0, PENDING.chars).toWellFormed()}…` : text;
    const words = text === "" && attachments.length > 0 ? [] : [{ type: "text", text: shown }];
    const message = {
      role: "user", content: [...words, ...attachments.map(formatFile)], timestamp: acceptedAt, idempotencyKey: `${runId}:user`,
      __openclaw: { id, runId, recordTimestampMs: acceptedAt, senderIsOwner: label === "owner" },
    };
    return { id, runId, message, acceptedAt, state: "queued" };
  });
  return { items, total: waiting.length, ...(older.length > page.length ? { nextBefore: page[0]?.position } : {}) };
}

function receiptsOf({ waiting, messages }: History, runIds: readonly string[]): readonly object[] {
  return runIds.flatMap((runId): readonly object[] => {
    if (waiting.some(({ message }) => message.runId === runId)) return [{ runId, state: "pending" }];
    const taken = messages.find(({ role, __openclaw }) => role === "user" && __openclaw.runId === runId);
    return taken === undefined ? [] : [{ runId, state: "consumed", consumedByEventId: taken.__openclaw.id }];
  });
}

/** The newest one always. */
function newestWithin(messages: readonly HistoryItem[], bytesMax: number): readonly HistoryItem[] {
  let left = bytesMax;
  let first = messages.length;
  while (first > 0) {
    left -= Buffer.byteLength(JSON.stringify(messages[first - 1]));
    if (left < 0 && first < messages.length) break;
    first -= 1;
  }
  return first === 0 ? messages : messages.slice(first);
}

/** Long texts are cut for the client's sake; the whole one is behind `chat.message.get`. */
function clip(item: HistoryItem, maxChars: number): HistoryItem {
  const content = item.content.map((part) => {
    const { text } = part;
    return typeof text === "string" && text.length > maxChars ? { ...part, text: `${text.slice(0, maxChars)}…`, truncated: true } : part;
  });
  return { ...item, content };
}
