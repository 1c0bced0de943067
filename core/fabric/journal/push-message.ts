import type { Label } from "@openclaw/protocol";
import type { MessageOffer } from "./offer.ts";
import type { EventBodies } from "./event.ts";
import type { Attachment } from "./transcript-message.ts";
import { STATE_LIMITS, leastOf, type SessionState, type TranscriptMessage } from "./session-state.ts";

/** A message as the transcript holds it. */
export function saidIn({ text, attachments }: Pick<MessageOffer, "text" | "attachments">): TranscriptMessage["content"] {
  return attachments === undefined ? { role: "user", text } : { role: "user", text, attachments };
}

/** What came with it: from a person, or by a call. */
export function filesOf(content: TranscriptMessage["content"]): readonly Attachment[] {
  return content.role === "assistant" ? NO_FILES : (content.attachments ?? NO_FILES);
}

/** What a model reads of it: the beginning of a text, or what a recording says. */
export function wordsIn({ text, transcript }: Attachment): string {
  return text ?? (transcript !== undefined && "text" in transcript ? transcript.text : "");
}

/** What came with a message was written, drawn or said by anybody: whoever has seen it has seen words from outside. */
export function labelWith(label: Label, content: TranscriptMessage["content"]): Label {
  return filesOf(content).length === 0 ? label : leastOf(label, "outside");
}

/** The message is another one then: whoever keeps something about it keeps it by its identity. */
export function foldTranscribed(state: SessionState, { fileId, transcript }: EventBodies["file.transcribed"]): void {
  const told = <T extends { readonly attachments?: readonly Attachment[] }>(said: T): T => {
    if (said.attachments?.some(({ id }) => id === fileId) !== true) return said;
    return { ...said, attachments: said.attachments.map((file) => (file.id === fileId ? { ...file, transcript } : file)) };
  };
  state.messages = state.messages.map((message) => {
    if (message.content.role !== "user") return message;
    const content = told(message.content);
    return content === message.content ? message : { ...message, content };
  });
  if (state.turn !== null) state.turn.inputs = state.turn.inputs.map((input) => ({ ...input, message: told(input.message) }));
}

const NO_FILES: readonly Attachment[] = [];

/** What it takes in memory: its own words, and those of texts that came with it. */
export function charsOf(content: TranscriptMessage["content"]): number {
  return filesOf(content).reduce((sum, file) => sum + wordsIn(file).length + file.name.length, content.text.length);
}

/** Adds to the transcript, and lets go of the oldest of it where it is too much to be kept at hand. Part of the fold. */
export function pushMessage(
  state: SessionState, position: number, timeMs: number, runId: string, label: Label, content: TranscriptMessage["content"],
): void {
  state.messageCount += 1;
  state.leastLabel = leastOf(state.leastLabel, labelWith(label, content));
  state.messages.push({ position, seq: state.messageCount, timeMs, runId, label, content });
  if (state.messages.length <= STATE_LIMITS.messagesKept / 2) return;
  let chars = 0;
  for (const message of state.messages) chars += charsOf(message.content);
  while (state.messages.length > 1 && (state.messages.length > STATE_LIMITS.messagesKept || chars > STATE_LIMITS.messageCharsKept)) {
    const oldest = state.messages.shift();
    if (oldest !== undefined) chars -= charsOf(oldest.content);
  }
}

/** The index never grows beyond its limit: the longer the window, the wider its marks stand apart. */
export function markTurn(state: SessionState, position: number): void {
  const { messageCount, queue, dropped } = state;
  if (dropped !== null) return; // what it is told of lies before it
  if (state.index.length >= STATE_LIMITS.indexMarks) state.index = state.index.filter((_, at) => at % 2 === 0);
  const { index } = state;
  const last = index.at(-1);
  const apart = Math.max(STATE_LIMITS.indexEvery, Math.floor(messageCount / STATE_LIMITS.indexMarks));
  if (last !== undefined && messageCount - last.count < apart) return;
  const firstOffer = queue.reduce((first, queued) => Math.min(first, queued.position), position);
  index.push({ after: position - 1, offersAfter: firstOffer - 1, count: messageCount });
}
