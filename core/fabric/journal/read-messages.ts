import { foldEntry } from "./fold.ts";
import type { SessionLog } from "./session-log.ts";
import { emptyState, type SessionState, type TranscriptMessage } from "./session-state.ts";

const PAGE = 256;

/**
 * Messages of the present window after `start` and up to `end`, counted from 1, for what memory no longer holds: read from
 * the log, and folded from an indexed turn, so that a page deep in a long session costs about as much as one near its end.
 * Messages that waited in line lie in the log before the turns ahead of them: of what comes before the indexed turn, the
 * offers are folded too.
 */
export async function readMessages({ state, read }: SessionLog, start: number, end: number): Promise<readonly TranscriptMessage[]> {
  const from = state.index.findLast((mark) => mark.count <= start);
  if (from === undefined) return [];
  const view: SessionState = { ...emptyState(), messageCount: from.count };
  const found: TranscriptMessage[] = [];
  for (let after = from.offersAfter; view.messageCount < end; ) {
    const page = await read(after, PAGE);
    for (const entry of page) {
      if (entry.position <= from.after && entry.kind === "event") continue;
      const before = view.messageCount;
      foldEntry(view, entry, "");
      if (view.messageCount > before) {
        found.push(...view.messages.slice(before - view.messageCount).filter(({ seq }) => seq > start && seq <= end));
      }
    }
    const last = page.at(-1);
    if (last === undefined) break;
    after = last.position;
  }
  // What became known of a message after it was said stands in the view.
  const known = new Map(view.messages.map((message) => [message.seq, message]));
  return found.map((message) => known.get(message.seq) ?? message);
}
