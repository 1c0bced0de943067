/**
 * A language model behind one interface.
 *
 * A provider never throws: whatever goes wrong is the stream's last event. It keeps no state between requests.
 */
import type { ErrorCode, JsonSchema } from "@openclaw/protocol";

export interface ToolFace {
  /** `[a-z][a-z0-9_]{0,63}`: what the model writes in a call. */
  readonly name: string;
  /** One or two sentences for the model. */
  readonly summary: string;
  readonly args: JsonSchema;
}

export interface ToolCall {
  readonly id: string;
  readonly name: string;
  /** As the model wrote it; parsed and checked by whoever dispatches. */
  readonly arguments: string;
}

/** A picture that is shown to a model. */
export interface ImagePart {
  /** Names it in the gateway's own records; no server is told. */
  readonly id: string;
  readonly mimeType: string;
  /** Empty while it is only spoken of. */
  readonly base64: string;
}

export type ModelMessage =
  | { readonly role: "system"; readonly text: string }
  /** Pictures come before the words; only a model that takes `image` is given any. */
  | { readonly role: "user"; readonly text: string; readonly images?: readonly ImagePart[] }
  | { readonly role: "assistant"; readonly text: string; readonly calls?: readonly ToolCall[] }
  | {
      readonly role: "tool"; readonly callId: string; readonly name: string; readonly text: string; readonly isError: boolean;
      /** Pictures the call brought; as those of a person, only for a model that takes any. */
      readonly images?: readonly ImagePart[];
    };

export interface ModelRequest {
  /** The model's name at its provider, without the provider's id. */
  readonly model: string;
  readonly messages: readonly ModelMessage[];
  readonly tools: readonly ToolFace[];
  readonly outputTokensMax?: number;
  readonly temperature?: number;
  readonly logprobs?: boolean;
  /** How much the model is to think, in the words of THINKING_LEVELS; a provider that cannot leaves it out. */
  readonly thinking?: string;
  /** Which of the provider's credentials is used: the gateway resolves it, and breakers are kept by it. */
  readonly profile?: string;
  /** Same key for every attempt of one step. */
  readonly idempotencyKey: string;
}

export interface Usage {
  /** All of the prompt, what came from a cache too. */
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** Of the prompt: read from the provider's cache, written into it. */
  readonly cacheReadTokens?: number;
  readonly cacheWriteTokens?: number;
  /** The provider did not count; this is a guess. */
  readonly estimated?: boolean;
}

export type FinishReason = "stop" | "tools" | "length" | "refusal";

export type ModelEvent =
  | { readonly type: "text"; readonly delta: string; readonly logprob?: number }
  | { readonly type: "thinking"; readonly delta: string }
  /** `attempt` comes after `waitMs`; `attemptsMax`: there will not be more than these. */
  | { readonly type: "retry"; readonly attempt: number; readonly attemptsMax?: number; readonly waitMs: number; readonly code: ErrorCode }
  /** Exactly one of these two ends the stream. */
  | { readonly type: "end"; readonly finish: FinishReason; readonly calls: readonly ToolCall[]; readonly usage: Usage }
  | {
      readonly type: "error";
      readonly code: ErrorCode;
      readonly why: string;
      readonly retryAfterMs?: number;
      readonly detail?: Readonly<Record<string, unknown>>;
    };

export interface ProviderContext {
  /** The checked configuration of this provider: `models.providers.<id>`. */
  readonly config: unknown;
  /** The secret the configuration names, read at each call; null when there is none. Never logged. */
  apiKey(): Promise<string | null>;
  /** Milliseconds since the epoch. */
  now(): number;
  /** Waits on the gateway's clock; rejects when `signal` aborts. */
  wait(ms: number, signal: AbortSignal): Promise<void>;
  /** In [0, 1). */
  random(): number;
}

export interface ModelInfo {
  readonly id: string;
  readonly name: string;
  readonly contextTokens: number;
  readonly outputTokens?: number;
  /** Encoding that counts its tokens, such as `o200k_base`; otherwise found by the model's name. */
  readonly tokenizer?: string;
  /** How much it can be told to think, least first; it cannot unless given. */
  readonly thinkingLevels?: readonly string[];
  /** What it takes besides text; nothing unless given. */
  readonly input?: readonly ("text" | "image")[];
  /** False: it cannot condense a text, so long conversations are condensed without it. */
  readonly condenses?: boolean;
  /** In the owner's currency, for a million tokens. */
  readonly cost?: { readonly input: number; readonly output: number; readonly cacheRead?: number; readonly cacheWrite?: number };
}

export interface Provider {
  readonly id: string;
  /** Shown wherever the model is named: `Demo model (offline, rule-based, free)`. */
  readonly label: string;
  readonly config: JsonSchema;
  /** What its models take of which the configuration does not tell; text alone unless given. */
  readonly input?: ModelInfo["input"];
  /** Interfaces of servers it speaks, as `models.providers.<id>.api` names them. */
  readonly apis?: readonly string[];
  /** Models it offers under this configuration, without asking the network. */
  models(config: unknown): readonly ModelInfo[];
  stream(request: ModelRequest, ctx: ProviderContext, signal: AbortSignal): AsyncIterable<ModelEvent>;
}
