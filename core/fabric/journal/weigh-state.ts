import { charsOf } from "./push-message.ts";
import type { SessionState } from "./session-state.ts";

/** Measured on Node 24; what is counted is about what the heap grows by. */
const WEIGHTS = { session: 12_000, message: 340, run: 170, id: 60, waiting: 800 } as const;

/** About how many bytes of memory a session takes, from what it holds: cheap enough to be asked after every turn. */
export function weighState({ messages, runs, seen, queue, outputs, index, summary }: SessionState): number {
  let bytes = WEIGHTS.session + messages.length * WEIGHTS.message + runs.size * WEIGHTS.run + seen.size * WEIGHTS.id;
  for (const { content } of messages) bytes += charsOf(content);
  for (const { message } of queue) bytes += WEIGHTS.waiting + message.text.length;
  return bytes + (outputs.length + index.length) * WEIGHTS.run + (summary?.text.length ?? 0);
}
