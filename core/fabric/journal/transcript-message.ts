/** What is said in a session, and what is kept of it: part of the state, and of what a branch takes along. */
import type { ErrorCode, Label } from "@openclaw/protocol";
import type { ToolCall, Usage } from "@openclaw/sdk";
import type { OutputNamed } from "./output-kept.ts";

/** What came with a message. Its bytes are a blob under the session's key; here is what a reader needs without them. */
export interface Attachment {
  /** Digest of the sealed blob: its name everywhere. */
  readonly id: string;
  /** As its bytes say, whatever was claimed. */
  readonly kind: "image" | "audio" | "video" | "text" | "file";
  readonly mimeType: string;
  readonly name: string;
  readonly bytes: number;
  readonly width?: number;
  readonly height?: number;
  /** The beginning of a text, for models. */
  readonly text?: string;
  /** A small picture of it, as the sender made it: another file of the session. */
  readonly thumbnailId?: string;
  /** What a recording says, as a program heard it; or why nobody knows. */
  readonly transcript?: Transcript;
}

export type Transcript = { readonly text: string } | { readonly code: ErrorCode; readonly why: string };

/** A file as it comes in: looked at, and not yet kept. */
export interface NewFile extends Omit<Attachment, "id"> { readonly content: Uint8Array }
/** It, or one that was brought here before. */
export type IncomingFile = NewFile | { readonly id: string };

export interface TranscriptMessage {
  readonly position: number;
  readonly seq: number;
  readonly timeMs: number;
  readonly runId: string;
  readonly label: Label;
  readonly content:
    | { readonly role: "user"; readonly text: string; readonly attachments?: readonly Attachment[]; readonly aside?: true }
    | {
        readonly role: "assistant";
        readonly text: string;
        readonly calls: readonly ToolCall[];
        readonly model: string;
        readonly finish: string;
        readonly usage: { readonly inputTokens: number; readonly outputTokens: number };
        /** Said between a person and the gateway: shown to people, and to no model. */
        readonly aside?: true;
      }
    | {
        readonly role: "tool";
        readonly callId: string;
        readonly name: string;
        readonly text: string;
        readonly isError: boolean;
        /** Files the call brought. */
        readonly attachments?: readonly Attachment[];
        readonly nodeId?: string;
        readonly durationMs?: number;
        readonly exitCode?: number;
        /** Its text is shortened, and more of it was kept then. */
        readonly output?: OutputNamed;
      };
}

/** What stands for the older part of a window. Its label is the least trusted of what it covers. */
export interface SummaryRecorded {
  readonly id: string;
  /** The window it belongs to: one that was made while the session was reset is of no use. */
  readonly window: number;
  /** It covers every message of the window up to this one, and the summary before it. */
  readonly upToSeq: number;
  readonly text: string;
  readonly by: "model" | "extract";
  readonly model?: string;
  /** As counted when it was made. */
  readonly tokens: number;
  /** What asking a model for it took. */
  readonly usage?: Usage;
}

export interface SessionSummary extends Omit<SummaryRecorded, "window" | "usage"> {
  readonly label: Label;
  readonly timeMs: number;
}

export interface PinnedFact {
  readonly id: string;
  readonly text: string;
  readonly label: Label;
  readonly timeMs: number;
}
