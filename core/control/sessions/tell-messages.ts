/** Messages of a transcript, told to whoever watches as they are added to it. */
import type { Clock } from "../../base/clock.ts";
import type { LiveEvent } from "../../cognition/runtime.ts";
import type { SessionLog } from "../../fabric/journal.ts";
import { formatHistoryItem, type HistoryItem } from "./transcript.ts";

/** Text that is told of one message; all of it is in the transcript. */
const TOLD_CHARS_MAX = 65_536;

/** Call what it returns after each append: it publishes what has been added since, once. What was there before is known. */
export function createTellMessages(log: SessionLog, clock: Clock, publish: (event: LiveEvent) => void): () => void {
  const { state } = log;
  let { window, messageCount: told } = state;
  return () => {
    if (state.window !== window) [window, told] = [state.window, 0];
    if (state.messageCount <= told) return;
    const { key: sessionKey, agentId } = state;
    for (const message of state.messages) {
      if (message.seq <= told) continue;
      const item = shorten(formatHistoryItem(message));
      const data = { message: item, messageId: item.__openclaw.id, messageSeq: message.seq };
      publish({ runId: message.runId, sessionKey, agentId, stream: "message", seq: 0, ts: clock.now(), data });
    }
    told = state.messageCount;
  };
}

function shorten(item: HistoryItem): HistoryItem {
  if (item.content.every(({ text }) => typeof text !== "string" || text.length <= TOLD_CHARS_MAX)) return item;
  const content = item.content.map((part) => {
    const { text } = part;
    return typeof text === "string" && text.length > TOLD_CHARS_MAX
      ? { ...part, text: `${text.slice(0, TOLD_CHARS_MAX)}…`, truncated: true }
      : part;
  });
  return { ...item, content };
}
