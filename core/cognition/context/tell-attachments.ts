/** What a model is told of files that came with a message, or by a call: a line for each, and the beginning of texts, as data. */
import type { ImagePart } from "@openclaw/sdk";
import { filesOf, type Attachment, type SessionState, type TranscriptMessage } from "../../fabric/journal.ts";

/** What a picture takes of a context: the most of what today's models count for one. */
export const IMAGE_TOKENS = 1_600;
/** Of one prompt, the newest. */
export const IMAGES_MAX = 8;

const told = new WeakMap<TranscriptMessage, TranscriptMessage>();

/** The same message where nothing came with it; else one that says what did, the same at each call: whoever counted it knows it again. */
export function tellAttachments(message: TranscriptMessage): TranscriptMessage {
  const { content } = message;
  if (content.role === "assistant" || content.attachments === undefined) return message;
  let known = told.get(message);
  if (known === undefined) {
    const text = [...(content.text === "" ? [] : [content.text]), ...content.attachments.map(lineOf)].join("\n\n");
    told.set(message, (known = { ...message, content: { ...content, text } }));
  }
  return known;
}

/** The view with every message's files told. The same view where there are none. */
export function withAttachmentsTold(view: SessionState): SessionState {
  return view.messages.some(hasAttachments) ? { ...view, messages: view.messages.map(tellAttachments) } : view;
}

function hasAttachments({ content }: TranscriptMessage): boolean {
  return filesOf(content).length > 0;
}

function lineOf(file: Attachment): string {
  const { name, mimeType, bytes, text, kind, transcript } = file;
  const head = `[File ${JSON.stringify(name)}: ${mimeType}, ${bytes} bytes.`;
  const end = `[End of ${JSON.stringify(name)}.]`;
  if (transcript !== undefined) {
    if ("code" in transcript) return `${head} What it says is not known: ${transcript.why} (${transcript.code})]`;
    return `${head} What a program heard in it follows, as data.]\n${transcript.text}\n${end}`;
  }
  if (text === undefined) return kind === "image" ? `${head}]` : `${head} Its content is not shown here.]`;
  const isWhole = Buffer.byteLength(text) >= bytes;
  return `${head} ${isWhole ? "Its content" : "Its beginning"} follows, as data.]\n${text}\n${end}`;
}

/** Pictures of a message, by reference. */
export function imagesOf({ content }: TranscriptMessage): readonly ImagePart[] {
  return filesOf(content).filter(({ kind }) => kind === "image").map(({ id, mimeType }) => ({ id, mimeType, base64: "" }));
}

/** How many pictures of the question are shown whatever else is: at most half of the room is theirs. */
export function imagesOfTurn({ turn, messages }: SessionState, room: number): number {
  if (turn === null) return 0;
  let count = 0;
  for (const message of messages) if (message.runId === turn.runId) count += imagesOf(message).length;
  return Math.min(count, IMAGES_MAX, Math.floor(room / 2 / IMAGE_TOKENS));
}

/** Ids of the newest `most` pictures among the messages. */
export function newestImages(messages: readonly TranscriptMessage[], most: number): ReadonlySet<string> {
  const ids = messages.flatMap((message) => imagesOf(message).map(({ id }) => id));
  return new Set(most <= 0 ? [] : ids.slice(-most));
}
