/**
 * A messenger that people write in. A drop-in speaks its protocol and nothing else: who may write, which session a message
 * belongs to, what was already seen, what is owed and when something is tried again is the gateway's.
 *
 * One of its halves is pure (`render`), the other is opened once for each account and talks to the world.
 */
import type { JsonSchema } from "@openclaw/protocol";
import type { OutboundRequest, OutboundResponse } from "./actuator.ts";

/** A conversation as the messenger names it. */
export interface ChannelTarget {
  readonly to: string;
  readonly threadId?: string;
}

export interface ChannelLimits {
  /** Of one message, in UTF-16 units of what people see. */
  readonly textMax: number;
  /** The messenger counts them together, over all conversations and in one. */
  readonly sendsPerSecond: number;
  readonly conversationPerSecond: number;
  /** Between two changes of one message; null where a message cannot be changed. */
  readonly editEveryMs: number | null;
  /** How long a sign of typing is shown; null where there is none. */
  readonly typingMs: number | null;
  /** Of one file that comes in; larger ones are named and left. */
  readonly fileBytesMax: number;
}

/** A file that came with a message; its bytes are fetched only where the message is let in. */
export interface ChannelFile {
  readonly id: string;
  readonly name?: string;
  readonly mimeType?: string;
  readonly sizeBytes?: number;
}

/** A message of a person. All of it is words of the outside. */
export interface ChannelMessage {
  /** The same however often the messenger gives it, and unique within the account. */
  readonly id: string;
  readonly at: ChannelTarget;
  /** `id` as bindings and session keys name it. */
  readonly peer: { readonly kind: "direct" | "group" | "channel"; readonly id: string; readonly title?: string };
  readonly sender: { readonly id: string; readonly name?: string; readonly username?: string; readonly isBot: boolean };
  readonly text: string;
  /** The words are somebody else's, and the sender only passes them on: they count as nobody's order. */
  readonly passedOn?: { readonly from?: string };
  readonly files: readonly ChannelFile[];
  /** It speaks to this account: by name, by an answer to it, or by a command of its own. */
  readonly mentionsMe: boolean;
  /** The message it answers, as the messenger names it. */
  readonly replyToId?: string;
  readonly sentAtMs: number;
}

/** How it stands. `since` is the gateway's to add. */
export type ChannelState =
  | { readonly state: "up"; readonly as: string }
  | { readonly state: "down"; readonly why: string; /** Only a person can mend it: nothing is tried again. */ readonly final?: true };

/** What became of one call. */
export type ChannelEnd =
  | { readonly ok: true; readonly messageId: string }
  | {
      readonly ok: false;
      readonly why: string;
      /** `again`: nothing happened, another attempt may succeed. `refused`: nothing happened, and nothing will. `unsure`: it may have. */
      readonly outcome: "again" | "refused" | "unsure";
      readonly retryAfterMs?: number;
    };

/** What an account is lent by the gateway. */
export interface ChannelContext {
  readonly accountId: string;
  /** Checked against the channel's schema. */
  readonly config: unknown;
  /** The account's secret, read at each use. Throws where there is none. Never logged, and no part of an error. */
  credential(): Promise<string>;
  /** Milliseconds since the epoch. */
  now(): number;
  wait(ms: number, signal: AbortSignal): Promise<void>;
  /** One HTTP exchange, as actuators have it. Never throws. */
  http(request: OutboundRequest, signal: AbortSignal): Promise<OutboundResponse>;
  /** Bytes of a file, at most `bytesMax`. Never throws. */
  fetchBytes(wanted: { readonly url: string; readonly bytesMax: number; readonly allowPrivate?: boolean }, signal: AbortSignal):
    Promise<{ readonly ok: true; readonly bytes: Uint8Array } | { readonly ok: false; readonly why: string }>;
  /** What was saved last; undefined at the very first start. */
  readonly cursor: string | undefined;
  /**
   * Resolves when every one of them is stored for good, refused for good, or was already known; only then may the messenger be
   * told that it can forget them. In their order. Throws where the store does not answer: the same are to be brought again.
   */
  receive(messages: readonly ChannelMessage[]): Promise<void>;
  /** After `receive`; may lag behind it. */
  saveCursor(cursor: string): Promise<void>;
  /** Told at every change, and at each sign of life from the messenger: silence for long is told to the owner. */
  report(state: ChannelState): void;
}

export interface OpenChannel extends AsyncDisposable {
  /** Listens until `signal` aborts. Throws what ends it; it is begun again after a while, unless `final` was reported. */
  listen(signal: AbortSignal): Promise<void>;
  /** One message, as `render` gave it. Never throws. */
  send(
    at: ChannelTarget, text: string,
    options: { /** The `id` of a message that came, or of one that was sent. */ readonly replyToId?: string; readonly silent?: boolean },
    signal: AbortSignal,
  ): Promise<ChannelEnd>;
  /** Makes a message sent before say this; the same twice is no error. Only where messages can be changed. Never throws. */
  edit?(at: ChannelTarget, messageId: string, text: string, signal: AbortSignal): Promise<ChannelEnd>;
  /** Says that an answer is being written. Never throws. */
  typing?(at: ChannelTarget, signal: AbortSignal): Promise<void>;
  /** Bytes of a file that came in. Never throws. */
  fetch?(file: ChannelFile, signal: AbortSignal):
    Promise<{ readonly ok: true; readonly bytes: Uint8Array } | { readonly ok: false; readonly why: string }>;
}

export interface Channel {
  /** Its folder's name, its key under `channels`, and what bindings match. */
  readonly id: string;
  readonly label: string;
  /** Of one account, beside what every channel has. */
  readonly config: JsonSchema;
  /** Environment variable that holds the usual account's secret where the configuration names none. */
  readonly credentialVariable?: string;
  readonly limits: ChannelLimits;
  /**
   * Markdown as messages of this messenger, in order, each within `limits`. Pure. No word is lost; a code fence that is cut is
   * closed and opened again; nothing of the text can forge what the messenger would act on (links, mentions of everyone, formatting).
   */
  render(markdown: string): readonly string[];
  open(ctx: ChannelContext): OpenChannel;
}
