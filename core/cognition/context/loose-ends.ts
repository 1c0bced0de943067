import type { TranscriptMessage } from "../../fabric/journal.ts";

/**
 * A result without its call, a call without its result or a reply without its question would be refused by most providers:
 * they are left out.
 */
export function withoutLooseEnds(messages: readonly TranscriptMessage[]): readonly TranscriptMessage[] {
  const start = messages.findIndex(({ content }) => content.role === "user");
  const kept: TranscriptMessage[] = [];
  let open = new Set<string>();
  messages.slice(Math.max(start, 0)).forEach((message, index, all) => {
    const { content } = message;
    if (content.role === "tool") {
      if (open.delete(content.callId)) kept.push(message);
      return;
    }
    if (content.role === "user") {
      open = new Set();
      kept.push(message);
      return;
    }
    const results = resultsAfter(all, index);
    const calls = content.calls.filter((call) => results.has(call.id));
    open = new Set(calls.map((call) => call.id));
    if (calls.length === content.calls.length && calls.length > 0) kept.push(message);
    else if (calls.length > 0 || content.text !== "") kept.push({ ...message, content: { ...content, calls } });
  });
  return kept;
}

/** Ids of the results that follow an answer; ids of calls are only its own, another answer may use them again. */
function resultsAfter(messages: readonly TranscriptMessage[], index: number): ReadonlySet<string> {
  const ids = new Set<string>();
  for (let at = index + 1; ; at++) {
    const content = messages[at]?.content;
    if (content?.role !== "tool") return ids;
    ids.add(content.callId);
  }
}
