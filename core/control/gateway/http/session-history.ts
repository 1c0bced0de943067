/**
 * `GET /sessions/<key>/history`: a session's messages, once or from now on.
 *
 * As server-sent events the first is `history`, with the same object; then one `message` for each that is added. Nothing is
 * missed between the two and nothing comes twice.
 */
import { parseSessionKey, type HistoryItem } from "../../sessions.ts";
import { sendJson } from "../send-json.ts";
import type { ApiCall } from "./api-call.ts";
import { openEventStream } from "./event-stream.ts";
import { HttpRefusal, invalidRequest } from "./http-refusal.ts";
import { HTTP_LIMITS } from "./http-limits.ts";

interface Added {
  readonly message: HistoryItem;
  readonly messageId: string;
  readonly messageSeq: number;
}

interface Page {
  readonly sessionKey: string;
  readonly items: readonly HistoryItem[];
  readonly hasMore: boolean;
  readonly [field: string]: unknown;
}

const RETRY_MS = 1_000;

export async function answerHistory(call: ApiCall, named: string): Promise<void> {
  const { request, response, door, clock, feed, gone } = call;
  const { key } = parseSessionKey(named, door.agents.defaultId);
  const wantsEvents = (request.headers.accept ?? "").toLowerCase().includes("text/event-stream");
  if (!wantsEvents) return sendJson(request, response, 200, await readPage(call, key));

  const early: Added[] = [];
  let add = (added: Added): void => void early.push(added);
  const ear = feed.ofSession(key, ({ stream, data }) => {
    if (stream === "message") add(data as unknown as Added);
  });
  try {
    const page = await readPage(call, key);
    const events = openEventStream(response, { clock, retryMs: RETRY_MS });
    events.send(page, "history");
    let last = page.items.at(-1)?.__openclaw.seq ?? 0;
    const held: Added[] = [];
    const flush = (): void => {
      for (let next = held.shift(); next !== undefined && events.isFree; next = held.shift()) tell(next);
    };
    const tell = ({ message, messageId, messageSeq }: Added): void => {
      // A reset begins to count anew.
      if (messageSeq === last) return;
      last = messageSeq;
      events.send({ sessionKey: key, message, messageId, messageSeq }, "message");
    };
    for (const added of early) if (added.messageSeq > last) tell(added);
    add = (added) => {
      if (events.isFree && held.length === 0) return tell(added);
      held.push(added);
      // Whoever is so far behind asks anew, and is given the history.
      if (held.length > HTTP_LIMITS.historyMax) events.close();
    };
    events.onFree(flush);
    await new Promise<void>((resolve) => gone.addEventListener("abort", () => resolve(), { once: true }));
    events.close();
  } finally {
    ear.close();
  }
}

async function readPage({ query, door }: ApiCall, key: string): Promise<Page> {
  const limit = limitOf(query.get("limit"));
  const before = cursorOf(query.get("cursor"));
  const { totalMessages, row } = await door.sessions.history(key, 1, 0);
  if (row === null) throw new HttpRefusal(404, `Session not found: ${key}`);
  const offset = before === undefined ? 0 : Math.max(0, totalMessages - (before - 1));
  const { messages, hasMore } = await door.sessions.history(key, limit, offset);
  const first = messages[0]?.__openclaw.seq;
  return {
    sessionKey: key, sessionId: row.sessionId, items: messages, messages, hasMore, totalMessages,
    ...(hasMore && first !== undefined ? { nextCursor: `seq:${first}` } : {}),
  };
}

function limitOf(text: string | null): number {
  if (text === null) return HTTP_LIMITS.historyDefault;
  const limit = /^\d{1,9}$/.test(text) ? Number(text) : 0;
  if (limit < 1) throw invalidRequest("limit is a number of at least 1.", "limit");
  return Math.min(limit, HTTP_LIMITS.historyMax);
}

/** The message before which the page ends. */
function cursorOf(text: string | null): number | undefined {
  if (text === null) return undefined;
  const found = /^(?:seq:)?(\d{1,15})$/.exec(text)?.[1];
  if (found === undefined || Number(found) < 1) throw invalidRequest("cursor is one that was given as nextCursor.", "cursor");
  return Number(found);
}
