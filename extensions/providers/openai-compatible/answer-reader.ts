/**
 * One answer, from bytes to model events.
 *
 * Fed chunk by chunk; text comes out as it comes in, tool calls when the answer is complete. Understands server-sent events
 * and a single JSON body (some servers ignore `stream`), tells them apart by their first byte, and holds no more than the
 * bounds below whatever the server sends.
 */
import { EventParser, ModelFailure } from "@openclaw/sdk/model-wire";
import type { FinishReason, ModelEvent, ToolCall, Usage } from "@openclaw/sdk";
import { CallCollector, type CallDelta } from "./call-collector.ts";
import { failureOfErrorBody } from "./chat-failure.ts";

export interface AnswerLimits {
  /** Characters of text, thinking and arguments together; the answer is ended with `length` beyond. */
  readonly outputCharsMax: number;
}

/** Everything on the wire, framing included: an answer of 4 MiB with log probabilities stays far below. */
const WIRE_BYTES_MAX = 268_435_456;
const JSON_BODY_BYTES_MAX = 16_777_216;
const OPEN_BRACE = 0x7b;
const OPEN_ANGLE = 0x3c;

interface Choice {
  readonly delta?: Delta | null;
  readonly message?: Delta | null;
  readonly finish_reason?: string | null;
  readonly logprobs?: { readonly content?: readonly { readonly token?: unknown; readonly logprob?: unknown }[] | null } | null;
}

interface Chunk {
  readonly choices?: readonly (Choice | null)[] | null;
  readonly usage?: unknown;
  readonly error?: unknown;
  readonly object?: unknown;
}

interface Delta {
  readonly content?: unknown;
  readonly refusal?: unknown;
  readonly reasoning_content?: unknown;
  readonly reasoning?: unknown;
  readonly tool_calls?: readonly CallDelta[] | null;
}

export class AnswerReader {
  readonly #limits: AnswerLimits;
  readonly #calls: CallCollector;
  readonly #events = new EventParser((data) => this.#data(data));
  #ready: ModelEvent[] = [];
  #mode: "unknown" | "events" | "json" = "unknown";
  #body: Buffer[] = [];
  #wireBytes = 0;
  #outputChars = 0;
  #finish: FinishReason | undefined;
  #usage: Usage | undefined;
  #marked = false;
  #refused = false;
  #choiceSeen = false;

  constructor(limits: AnswerLimits, random: () => number) {
    this.#limits = limits;
    this.#calls = new CallCollector(random);
  }

  /** The answer is complete: nothing that may follow matters. */
  get complete(): boolean {
    return this.#marked;
  }

  /** Throws a ModelFailure; what was read before it can still be taken. */
  push(chunk: Buffer): void {
    this.#wireBytes += chunk.length;
    if (this.#wireBytes > WIRE_BYTES_MAX) {
      throw new ModelFailure("MODEL_OUTPUT_INVALID", `The server sent more than ${WIRE_BYTES_MAX} bytes.`);
    }
    if (this.#mode === "unknown") {
      const first = chunk.find((byte) => byte > 0x20);
      if (first === undefined) return;
      if (first === OPEN_ANGLE) throw new ModelFailure("MODEL_OUTPUT_INVALID", "The server sent a web page; baseUrl does not name an API.");
      this.#mode = first === OPEN_BRACE ? "json" : "events";
    }
    if (this.#mode === "events") return this.#events.push(chunk);
    if (this.#wireBytes > JSON_BODY_BYTES_MAX) {
      throw new ModelFailure("MODEL_OUTPUT_INVALID", `The server sent a body of more than ${JSON_BODY_BYTES_MAX} bytes.`);
    }
    this.#body.push(chunk);
  }

  /** The events read since the last call. */
  take(): readonly ModelEvent[] {
    const ready = this.#ready;
    if (ready.length > 0) this.#ready = [];
    return ready;
  }

  /** The server closed its answer. Throws a ModelFailure; takes may follow. */
  end(): void {
    if (this.#mode === "events") this.#lastLine();
    else if (this.#mode === "json") this.#chunk(parseJson(Buffer.concat(this.#body).toString("utf8")), true);
    if (this.#marked) return;
    if (!this.#choiceSeen) throw new ModelFailure("MODEL_UNAVAILABLE", "The server sent an empty answer.", { passing: true });
    if (!this.settled) throw new ModelFailure("MODEL_UNAVAILABLE", "The answer was cut in mid-stream.", { passing: true });
  }

  /** The model said that it had finished; only the accounting may be missing. */
  get settled(): boolean {
    return this.#marked || this.#finish !== undefined;
  }

  /** The server said what the answer cost. */
  get counted(): boolean {
    return this.#usage !== undefined;
  }

  /** The last event of the stream. `requestChars` serves to estimate what the server did not count. */
  finalEvent(requestChars: number): ModelEvent {
    const calls: readonly ToolCall[] = this.#calls.finished();
    const finish = this.#refused ? "refusal" : (this.#finish ?? "stop");
    return {
      type: "end",
      // Several servers say `stop` although they call tools.
      finish: calls.length > 0 && finish === "stop" ? "tools" : calls.length === 0 && finish === "tools" ? "stop" : finish,
      calls,
      usage: this.#usage ?? { inputTokens: Math.ceil(requestChars / 4), outputTokens: Math.ceil(this.#outputChars / 4), estimated: true },
    };
  }

  #lastLine(): void {
    try {
      this.#events.end();
    } catch (error) {
      // Half an event at the very end is a cut, not a server that cannot write JSON.
      if (!(error instanceof ModelFailure) || error.code !== "MODEL_OUTPUT_INVALID") throw error;
    }
  }

  #data(data: string): void {
    if (this.#marked) return;
    if (data === "[DONE]") this.#marked = true;
    else if (data !== "") this.#chunk(parseJson(data), false);
  }

  #chunk(value: unknown, whole: boolean): void {
    if (typeof value !== "object" || value === null) {
      throw new ModelFailure("MODEL_OUTPUT_INVALID", "The server sent JSON that is not an object.");
    }
    const chunk = value as Chunk;
    if (chunk.error !== undefined && chunk.error !== null) throw failureOfErrorBody(chunk.error);
    if (chunk.object === "error") throw failureOfErrorBody(chunk);
    this.#usage = parseUsage(chunk.usage) ?? this.#usage;
    const choice = Array.isArray(chunk.choices) ? chunk.choices[0] : undefined;
    if (typeof choice !== "object" || choice === null) {
      // The accounting comes last, in a chunk without choices: waiting for the mark would only delay the end.
      if (this.#usage !== undefined && this.#finish !== undefined) this.#marked = true;
      else if (whole) throw new ModelFailure("MODEL_OUTPUT_INVALID", "The answer holds no choice.");
      return;
    }
    this.#choiceSeen = true;
    const delta = whole ? choice.message : choice.delta;
    if (typeof delta === "object" && delta !== null) this.#delta(delta, choice, whole);
    if (typeof choice.finish_reason === "string") this.#finish = parseFinish(choice.finish_reason);
    if (whole) this.#marked = true;
    if (this.#outputChars > this.#limits.outputCharsMax) {
      this.#finish = "length";
      this.#marked = true;
    }
  }

  #delta(delta: Delta, choice: Choice, whole: boolean): void {
    const thinking = delta.reasoning_content ?? delta.reasoning;
    if (typeof thinking === "string" && thinking !== "") {
      this.#outputChars += thinking.length;
      this.#ready.push({ type: "thinking", delta: thinking });
    }
    if (typeof delta.content === "string" && delta.content !== "") this.#text(delta.content, choice);
    if (typeof delta.refusal === "string" && delta.refusal !== "") {
      this.#text(delta.refusal, choice);
      this.#refused = true;
    }
    if (Array.isArray(delta.tool_calls)) {
      const calls = delta.tool_calls as readonly CallDelta[];
      for (const [at, call] of calls.entries()) this.#outputChars += this.#calls.add(whole ? { ...call, index: at } : call);
    }
  }

  /** One event for each token where the tokens spell the text, else one with the sum of their log probabilities. */
  #text(text: string, choice: Choice): void {
    this.#outputChars += text.length;
    const tokens = choice.logprobs?.content;
    if (!Array.isArray(tokens) || tokens.length === 0) return void this.#ready.push({ type: "text", delta: text });
    const known = tokens.filter((token): token is { token: string; logprob: number } =>
      typeof token?.logprob === "number" && typeof token.token === "string");
    if (known.length === tokens.length && known.map((token) => token.token).join("") === text) {
      for (const token of known) if (token.token !== "") this.#ready.push({ type: "text", delta: token.token, logprob: token.logprob });
    } else {
      const logprob = known.reduce((sum, token) => sum + token.logprob, 0);
      this.#ready.push(known.length === 0 ? { type: "text", delta: text } : { type: "text", delta: text, logprob });
    }
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new ModelFailure("MODEL_OUTPUT_INVALID", "The server sent something that is not JSON.");
  }
}

function parseFinish(reason: string): FinishReason {
  if (reason === "content_filter") return "refusal";
  if (reason === "length") return "length";
  return reason === "tool_calls" || reason === "function_call" ? "tools" : "stop";
}

function parseUsage(value: unknown): Usage | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { prompt_tokens: input, completion_tokens: output } = value as { prompt_tokens?: unknown; completion_tokens?: unknown };
  if (!Number.isSafeInteger(input) || !Number.isSafeInteger(output)) return undefined;
  const usage = { inputTokens: input as number, outputTokens: output as number };
  if (usage.inputTokens < 0 || usage.outputTokens < 0) return undefined;
  const details = (value as { prompt_tokens_details?: { cached_tokens?: unknown } | null }).prompt_tokens_details;
  const cached = typeof details === "object" ? details?.cached_tokens : undefined;
  return typeof cached === "number" && Number.isSafeInteger(cached) && cached > 0 ? { ...usage, cacheReadTokens: cached } : usage;
}
