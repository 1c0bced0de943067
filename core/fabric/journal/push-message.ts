import type { Label } from "@openclaw/protocol";
import { STATE_LIMITS, leastOf, type SessionState, type TranscriptMessage } from "./session-state.ts";

/** Adds to the transcript, and lets go of the oldest of it where it is too much to be kept at hand. Part of the fold. */
export function pushMessage(
  state: SessionState, position: number, timeMs: number, runId: string, label: Label, content: TranscriptMessage["content"],
): void {
  state.messageCount += 1;
  state.leastLabel = leastOf(state.leastLabel, label);
  state.messages.push({ position, seq: state.messageCount, timeMs, runId, label, content });
  if (state.messages.length <= STATE_LIMITS.messagesKept / 2) return;
  let chars = 0;
  for (const message of state.messages) chars += message.content.text.length;
  while (state.messages.length > 1 && (state.messages.length > STATE_LIMITS.messagesKept || chars > STATE_LIMITS.messageCharsKept)) {
    chars -= state.messages.shift()?.content.text.length ?? 0;
  }
}
